/** The database's record of migrations against those that ship: two queries, where the engine's diagnosis takes seconds. */
import type { ClientBase } from "pg";
import { readMigrations } from "./migration-files.js";

export interface MigrationRecord {
  /** `none`: there is no record at all. Edited files and drift are for `migrate status` to find. */
  readonly state: "up-to-date" | "pending" | "failed" | "diverged" | "none";
  readonly applied: number;
  readonly pending: readonly string[];
  /** Begun and neither finished nor resolved. */
  readonly failed: readonly string[];
  /** Applied, but not part of this version. */
  readonly unknown: readonly string[];
}

/** @param client with vocabdb's schema in its search path */
export async function readMigrationRecord(client: ClientBase): Promise<MigrationRecord> {
  const shipped = readMigrations().map(({ name }) => name);
  const { rows: tables } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists",
  );
  if (!tables[0]?.exists) {
    return { state: "none", applied: 0, pending: shipped, failed: [], unknown: [] };
  }
  const { rows } = await client.query<{ name: string; finished: boolean }>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
  );
  const finished = new Set(rows.filter((row) => row.finished).map(({ name }) => name));
  const failed = rows.filter(({ name }) => !finished.has(name)).map(({ name }) => name);
  const pending = shipped.filter((name) => !finished.has(name) && !failed.includes(name));
  const unknown = [...finished].filter((name) => !shipped.includes(name));
  const state =
    failed.length > 0 ? "failed" : unknown.length > 0 ? "diverged" : pending.length > 0 ? "pending" : "up-to-date";
  return { state, applied: finished.size, pending, failed, unknown };
}
