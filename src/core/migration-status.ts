/** Where a database stands against the migrations of this version. */
import type { SchemaEngineSession } from "../db/schema-engine.js";
import type { Target } from "../db/target.js";
import { type Drift, findDrift, NO_DRIFT, skipped } from "./drift/drift.js";
import { withEngine } from "./migration-engine.js";
import { listOf, type Migration, NO_FILTER, readMigrations } from "./migration-files.js";
import { readMigrationRecord, standingOf } from "./migration-record.js";

export interface MigrationStatus extends Drift {
  readonly state: "up-to-date" | "pending" | "failed" | "diverged" | "drifted";
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  /** Applied migrations whose file has changed since. */
  readonly edited: readonly string[];
  /** Applied to the database but not part of this version. */
  readonly unknown: readonly string[];
}

/** Where the database stands, and whether it is as the migrations left it. */
export async function migrationStatus(
  target: Target,
  migrations = readMigrations(),
  signal?: AbortSignal,
): Promise<MigrationStatus> {
  const status = await withEngine(target, (session) => diagnoseMigrations(session, migrations), { signal });
  if (status.state === "failed" || status.state === "diverged") {
    const reason = status.state === "failed" ? "a migration failed and is not resolved" : "the histories differ";
    return { ...status, ...skipped(reason) };
  }
  if (status.applied.length === 0) {
    return status;
  }
  const applied = migrations.filter(({ name }) => status.applied.includes(name));
  const found = await findDrift(target, applied, signal);
  return {
    ...status,
    ...found,
    state: found.drift !== null && status.state === "up-to-date" ? "drifted" : status.state,
  };
}

/**
 * The record alone: drift is not looked for. The engine is asked only where something is to be told of it, in Prisma's own
 * judgement.
 *
 * @param session of the engine that has the database already
 */
export async function diagnoseMigrations(
  session: SchemaEngineSession,
  migrations: readonly Migration[],
): Promise<MigrationStatus> {
  const record = await session.onConnection((client) => readMigrationRecord(client, migrations));
  if (record.state === "up-to-date") {
    const { state, pending, failed, edited, unknown } = record;
    const applied = migrations.map(({ name }) => name);
    return { ...{ state, applied, pending, failed, edited, unknown }, ...NO_DRIFT };
  }
  const engine = await session.engine();
  const diagnosis = await engine.diagnoseMigrationHistory({
    migrationsList: listOf(migrations),
    optInToShadowDatabase: false,
    filters: NO_FILTER,
  });
  const { history } = diagnosis;
  const pending = history !== null && "unappliedMigrationNames" in history ? history.unappliedMigrationNames : [];
  const unknown = history !== null && "unpersistedMigrationNames" in history ? history.unpersistedMigrationNames : [];
  const failed = diagnosis.failedMigrationNames;
  const edited = diagnosis.editedMigrationNames;
  const waiting = new Set([...pending, ...failed]);
  return {
    state: standingOf({ pending, failed, edited, unknown }),
    applied: migrations.map(({ name }) => name).filter((name) => !waiting.has(name)),
    pending: pending.filter((name) => !failed.includes(name)),
    failed,
    edited,
    unknown,
    ...NO_DRIFT,
  };
}
