/** The database's record of migrations against those that ship: two queries, where the engine's diagnosis takes seconds. */
import { createHash } from "node:crypto";
import type { ClientBase } from "pg";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { MigrationsPendingError } from "../errors/migrations.js";
import { type Migration, readMigrations } from "./migration-files.js";

export interface MigrationRecord {
  /** `none`: there is no record at all. Drift is for `migrate status` to find. */
  readonly state: "up-to-date" | "pending" | "failed" | "diverged" | "none";
  readonly applied: number;
  readonly pending: readonly string[];
  /** Begun and neither finished nor resolved. */
  readonly failed: readonly string[];
  /** Applied migrations whose file has changed since. */
  readonly edited: readonly string[];
  /** Applied, but not part of this version. */
  readonly unknown: readonly string[];
}

type Names = Pick<MigrationRecord, "pending" | "failed" | "edited" | "unknown">;

/** What stands in the way of a deploy comes first. */
export function standingOf({ pending, failed, edited, unknown }: Names): Exclude<MigrationRecord["state"], "none"> {
  if (failed.length > 0) {
    return "failed";
  }
  if (edited.length > 0 || unknown.length > 0) {
    return "diverged";
  }
  return pending.length > 0 ? "pending" : "up-to-date";
}

/** @param client with vocabdb's schema in its search path */
export async function readMigrationRecord(
  client: ClientBase,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationRecord> {
  const shipped = migrations.map(({ name }) => name);
  const { rows: tables } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists",
  );
  if (!tables[0]?.exists) {
    return { state: "none", applied: 0, pending: shipped, failed: [], edited: [], unknown: [] };
  }
  const { rows } = await client.query<{ name: string; finished: boolean; checksum: string }>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS finished, checksum
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  const finished = new Map(rows.filter((row) => row.finished).map(({ name, checksum }) => [name, checksum]));
  const failed = rows.filter(({ name }) => !finished.has(name)).map(({ name }) => name);
  const pending = shipped.filter((name) => !finished.has(name) && !failed.includes(name));
  const edited = migrations.filter((migration) => isEdited(migration, finished.get(migration.name)));
  const unknown = [...finished.keys()].filter((name) => !shipped.includes(name));
  const names = { pending, failed, edited: edited.map(({ name }) => name), unknown };
  return { state: standingOf(names), applied: finished.size, ...names };
}

/** As Prisma has it: the sum of the file, whose line ends do not count. */
function isEdited({ sql }: Migration, checksum: string | undefined): boolean {
  const lines = sql.replaceAll("\r\n", "\n");
  const sums = [lines, lines.replaceAll("\n", "\r\n")].map((text) => createHash("sha256").update(text).digest("hex"));
  return checksum !== undefined && !sums.includes(checksum);
}

/**
 * Refuses to go on while the database is behind this version. Asks the record on the shared pool: the engine is far too
 * slow for a check before every load.
 */
export async function requireMigrated(connection: Connection): Promise<void> {
  const migrations = readMigrations();
  const { pending, failed } = await inTransaction(connection, { readOnly: true }, (client) =>
    readMigrationRecord(client, migrations),
  );
  const missing = migrations.map(({ name }) => name).filter((name) => pending.includes(name) || failed.includes(name));
  if (missing.length > 0) {
    throw new MigrationsPendingError(missing);
  }
}
