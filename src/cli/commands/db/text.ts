/** How the embedded server and the database are shown. */
import type { DatabaseStatus, TableStatus } from "../../../core/database-status.js";
import type { EmbeddedStatus } from "../../../core/embedded.js";
import type { MigrationRecord } from "../../../core/migration-record.js";
import type { View } from "../../command.js";
import { type Column, table } from "../../render/table.js";
import { count, facts, grouped, lines, size, timestamp } from "../../render/text.js";

type Row = readonly [label: string, value: string];

export function embeddedText(status: EmbeddedStatus, view: View): string {
  return status.state === "absent"
    ? "no embedded server has been created (vocabdb db start)"
    : facts(embeddedRows(status), view);
}

function embeddedRows({ state, url, pid, startedAt, dataDirectory, logFile }: EmbeddedStatus): Row[] {
  return [
    ["state", state],
    ["url", url ?? "–"],
    ["pid", pid === null ? "–" : String(pid)],
    ["started", timestamp(startedAt)],
    ["data", dataDirectory ?? "–"],
    ["log", logFile ?? "–"],
  ];
}

/** @param embedded null where the database is on another server */
export function databaseText(database: DatabaseStatus, embedded: EmbeddedStatus | null, view: View): string {
  return lines(
    facts([...databaseRows(database), ...(embedded === null ? [] : embeddedRows(embedded))], view),
    "",
    table(database.tables, TABLE_COLUMNS, view, "no tables of vocabdb"),
  );
}

function databaseRows(status: DatabaseStatus): Row[] {
  const { connections, tls } = status;
  const { poolMax, max, used, byApplication } = connections;
  const holders = byApplication.map(({ application, used: held }) => `${application || "unnamed"} ${held}`);
  return [
    ["target", status.target],
    ["mark", status.mark ?? "none"],
    ["version", `PostgreSQL ${status.version}`],
    ["latency", `${status.latencyMs} ms`],
    ["size", size(status.sizeBytes)],
    ["migrations", migrationText(status.migrations)],
    ["connections", `${used} of ${max} in use (${holders.join(", ")}); vocabdb opens up to ${poolMax}`],
    ["pooler", status.pooler === "direct" ? "none" : `yes, for each ${status.pooler}`],
    ["tls", tls === null ? "none" : `${tls.protocol}, ${tls.verified ? "verified" : "not verified"}`],
    ["role", status.role],
    ["time zone", status.timeZone],
  ];
}

function migrationText({ state, applied, pending, failed, unknown }: MigrationRecord): string {
  const parts = [
    `${applied} applied`,
    ...(pending.length > 0 ? [`${pending.length} pending`] : []),
    ...(failed.length > 0 ? [`failed: ${failed.join(", ")}`] : []),
    ...(unknown.length > 0 ? [`not of this version: ${unknown.join(", ")}`] : []),
  ];
  return state === "none" ? `none applied, ${count(pending.length, "migration")} pending` : parts.join(", ");
}

const TABLE_COLUMNS: readonly Column<TableStatus>[] = [
  { title: "table", value: ({ name }) => name },
  {
    title: "rows (estimate)",
    value: ({ rows }) => (rows === null ? "–" : grouped(rows)),
    align: "right",
  },
  { title: "size", value: ({ sizeBytes }) => sizeOrLocked(sizeBytes), align: "right" },
  { title: "indexes", value: ({ indexBytes }) => sizeOrLocked(indexBytes), align: "right" },
];

function sizeOrLocked(bytes: number | null): string {
  return bytes === null ? "locked" : size(bytes);
}
