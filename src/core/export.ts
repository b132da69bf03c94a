/** Tables as files: CSV that the loader reads back, or one JSON object per line. Streamed by the server. */
import type { PoolClient } from "pg";
import { copyOut } from "../db/copy.js";
import { escapeFormulaSql } from "./formulas.js";

export type ExportFormat = "csv" | "ndjson";

export interface ExportColumn {
  /** Header in CSV; in JSON the same in camelCase. */
  readonly name: string;
  /** Its value; never from outside. */
  readonly sql: string;
  /** What people wrote, which a spreadsheet might take for a formula. */
  readonly isText: boolean;
}

/** What machines write. */
export const column = (name: string, sql: string): ExportColumn => ({ name, sql, isText: false });
/** What people wrote. */
export const text = (name: string, sql: string): ExportColumn => ({ name, sql, isText: true });
/** In ISO 8601, in UTC. @param sql a timestamptz */
export const time = (name: string, sql: string): ExportColumn => column(name, isoTime(sql));

export interface ExportOptions {
  readonly columns: readonly ExportColumn[];
  /** FROM … WHERE … ORDER BY …; reads what is from outside with `setting` (see db/copy.ts). */
  readonly source: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly format: ExportFormat;
  /** Puts an apostrophe before texts that begin like a formula; loads with `unescapeFormulas` take it off again. */
  readonly escapeFormulas?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** @returns how many rows were written */
export async function exportRows(
  client: PoolClient,
  sink: NodeJS.WritableStream,
  options: ExportOptions,
): Promise<number> {
  const { columns, source, settings = {}, format, escapeFormulas = false, signal } = options;
  const values = columns.map(({ name, sql, isText }) => {
    const value = escapeFormulas && isText ? escapeFormulaSql(sql) : sql;
    return `${value} AS "${format === "csv" ? name : camelCase(name)}"`;
  });
  const rows = `SELECT ${values.join(", ")} ${source}`;
  const select = format === "csv" ? rows : `SELECT row_to_json(exported)::text FROM (${rows}) AS exported`;
  return copyOut(client, { select, settings, format: format === "csv" ? "csv" : "lines" }, sink, signal);
}

/** `study_count` is `studyCount`. */
function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A time in SQL as ISO 8601 in UTC, with milliseconds. */
export function isoTime(sql: string): string {
  return `to_char((${sql}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
