/** Schema migrations: the folder that ships with the package against the database's record of them. */
import { type Connection, withConnection } from "../db/pool.js";
import type { SchemaEngineSession } from "../db/schema-engine.js";
import { runScript, ScriptError } from "../db/sql-script.js";
import type { Target } from "../db/target.js";
import { inTransaction } from "../db/transaction.js";
import {
  MigrationFailedError,
  MigrationsDivergedError,
  MigrationsPendingError,
  MigrationUnfinishedError,
  SchemaNotEmptyError,
  UsageError,
} from "../errors.js";
import { withEngine } from "./migration-engine.js";
import { listOf, type Migration, NO_FILTER, readMigrations } from "./migration-files.js";
import { diagnoseMigrations, type MigrationStatus, migrationStatus } from "./migration-status.js";

export interface DeployResult {
  /** Names, in the order they were applied. */
  readonly applied: readonly string[];
  readonly alreadyApplied: number;
}

/**
 * Applies what is pending, under Prisma's advisory lock: of several deploys at once one applies, the
 * others wait and then find nothing to do.
 *
 * @throws {MigrationFailedError} naming the migration, the line and PostgreSQL's words
 * @throws {MigrationUnfinishedError} when an earlier failure is not resolved
 * @throws {MigrationsDivergedError} when the database knows other migrations than this version
 */
export async function deployMigrations(
  target: Target,
  migrations = readMigrations(),
  signal?: AbortSignal,
): Promise<DeployResult> {
  const deploy = async (session: SchemaEngineSession): Promise<DeployResult> => {
    await session.waitForLock();
    const before = await diagnoseMigrations(session, migrations);
    refuseUnlessDeployable(before);
    const { appliedMigrationNames } = await session.engine
      .applyMigrations({ migrationsList: listOf(migrations), filters: NO_FILTER })
      .catch((error: unknown) => {
        throw failureOf(session, migrations) ?? refusalOf(error, target, migrations);
      });
    return {
      applied: appliedMigrationNames,
      alreadyApplied: migrations.length - appliedMigrationNames.length,
    };
  };
  return withEngine(target, deploy, signal);
}

/**
 * Runs the pending migrations on the real database in one transaction and rolls it back.
 *
 * @returns what {@link deployMigrations} would return
 */
export async function rehearseMigrations(
  target: Target,
  migrations = readMigrations(),
  signal?: AbortSignal,
): Promise<DeployResult> {
  const status = await migrationStatus(target, migrations);
  refuseUnlessDeployable(status);
  const pending = migrations.filter((migration) => status.pending.includes(migration.name));
  await withConnection(target, (connection) =>
    inTransaction(connection, { dryRun: true, signal }, async (client) => {
      for (const { name, sql } of pending) {
        await runScript(client, sql).catch((error: unknown) => {
          throw error instanceof ScriptError ? migrationFailed(name, error) : error;
        });
      }
    }),
  );
  return { applied: pending.map(({ name }) => name), alreadyApplied: status.applied.length };
}

function refuseUnlessDeployable(status: MigrationStatus): void {
  if (status.failed.length > 0) {
    throw new MigrationUnfinishedError(status.failed);
  }
  if (status.edited.length > 0 || status.unknown.length > 0) {
    throw new MigrationsDivergedError(status.edited, status.unknown);
  }
}

/** Corrects the record of a migration that failed or was applied by hand. */
export async function resolveMigration(
  target: Target,
  name: string,
  as: "applied" | "rolled-back",
  migrations = readMigrations(),
): Promise<void> {
  const known = migrations.map((migration) => migration.name);
  if (as === "applied" && !known.includes(name)) {
    throw new UsageError(`there is no migration ${JSON.stringify(name)}`, `the migrations are: ${known.join(", ")}`);
  }
  await withEngine(target, async ({ engine }) => {
    try {
      await (as === "applied"
        ? engine.markMigrationApplied({ migrationName: name, migrationsList: listOf(migrations) })
        : engine.markMigrationRolledBack({ migrationName: name }));
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      // P3008: applied already; P3011, P3012: never applied, or not in a failed state.
      if (code === "P3008" || code === "P3011" || code === "P3012") {
        throw new UsageError(
          `${name} cannot be marked as ${as}: ${code === "P3008" ? "it is applied already" : "it is not in a failed state"}`,
          "vocabdb migrate status",
          { cause: error },
        );
      }
      throw error;
    }
  });
}

/**
 * Refuses to go on while the database is behind this version. One query on the shared pool: the engine is
 * far too slow for a check before every load.
 */
export async function requireMigrated(connection: Connection): Promise<void> {
  const finished = await inTransaction(connection, { readOnly: true }, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>(
      "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists",
    );
    if (!rows[0]?.exists) {
      return new Set<string>();
    }
    const applied = await client.query<{ migration_name: string }>(
      "SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
    );
    return new Set(applied.rows.map((row) => row.migration_name));
  });
  const pending = readMigrations()
    .map(({ name }) => name)
    .filter((name) => !finished.has(name));
  if (pending.length > 0) {
    throw new MigrationsPendingError(pending);
  }
}

function failureOf(session: SchemaEngineSession, migrations: readonly Migration[]): MigrationFailedError | null {
  const failure = session.lastFailure();
  const migration = migrations.find(({ sql }) => sql === failure?.script);
  return failure === null || migration === undefined ? null : migrationFailed(migration.name, failure);
}

/** P3005 is the engine's word for a schema with tables and no history. */
function refusalOf(error: unknown, target: Target, migrations: readonly Migration[]): unknown {
  const { code } = error as { code?: unknown };
  return code === "P3005" ? new SchemaNotEmptyError(target.schema, migrations[0]?.name ?? "", { cause: error }) : error;
}

function migrationFailed(migration: string, failure: ScriptError): MigrationFailedError {
  const { line, cause } = failure;
  return new MigrationFailedError({ migration, line, sqlState: cause.code ?? null, reason: cause.message }, { cause });
}
