/** Schema migrations: the folder that ships with the package against the database's record of them. */
import type { LockOptions } from "../db/lock-tries.js";
import type { SchemaEngineSession } from "../db/schema-engine.js";
import { isPassing, type ScriptError } from "../db/sql-script.js";
import type { Target } from "../db/target.js";
import { SchemaNotEmptyError } from "../errors/migrations.js";
import { UsageError } from "../errors/usage.js";
import type { MigrationWarning } from "../finding.js";
import { withEngine } from "./migration-engine.js";
import { migrationError } from "./migration-failure.js";
import { listOf, type Migration, NO_FILTER, readMigrations } from "./migration-files.js";
import { type PlanOptions, planIn } from "./migration-plan.js";

export interface DeployOptions extends PlanOptions, LockOptions {}

export interface DeployResult {
  /** Names, in the order they were applied. */
  readonly applied: readonly string[];
  readonly alreadyApplied: number;
  /** About what was pending. */
  readonly warnings: readonly MigrationWarning[];
}

/**
 * Applies what is pending, under Prisma's advisory lock: of several deploys at once one applies, the
 * others wait and then find nothing to do. Locks of tables are tried for again and again, so that nobody queues
 * behind a migration that waits.
 *
 * @throws {MigrationFailedError} naming the migration, the line and PostgreSQL's words
 * @throws {MigrationBlockedError} when others held a lock for longer than `lockTimeoutMs`; deploy again
 * @throws {MigrationUnfinishedError} when an earlier failure is not resolved
 * @throws {MigrationsDivergedError} when the database knows other migrations than this version
 * @throws {MigrationRiskyError} if `strict`
 */
export async function deployMigrations(target: Target, options: DeployOptions = {}): Promise<DeployResult> {
  const { migrations = readMigrations(), signal } = options;
  const deploy = async (session: SchemaEngineSession): Promise<DeployResult> => {
    await session.waitForLock();
    const { pending, alreadyApplied, warnings } = await planIn(session, { ...options, migrations });
    if (pending.length === 0) {
      return { applied: [], alreadyApplied, warnings };
    }
    const engine = await session.engine();
    const { appliedMigrationNames } = await engine
      .applyMigrations({ migrationsList: listOf(migrations), filters: NO_FILTER })
      .catch(async (error: unknown) => {
        const failed = failureIn(session, pending);
        const translated =
          failed === null ? refusalOf(error, target, migrations) : await settle(session, failed, signal);
        signal?.throwIfAborted();
        throw translated;
      });
    return { applied: appliedMigrationNames, alreadyApplied, warnings };
  };
  return withEngine(target, deploy, options);
}

interface Failed {
  readonly migration: Migration;
  readonly failure: ScriptError;
}

/** The engine tells of a failure neither the line nor what is left. */
function failureIn(session: SchemaEngineSession, pending: readonly Migration[]): Failed | null {
  const failure = session.lastFailure();
  const migration = pending.find(({ sql }) => sql === failure?.script);
  return failure === null || migration === undefined ? null : { migration, failure };
}

/** Takes back the engine's record of the failure where there is nothing to resolve. */
async function settle(
  { engine, isFailureRecorded }: SchemaEngineSession,
  { migration, failure }: Failed,
  signal: AbortSignal | undefined,
): Promise<Error> {
  const passing = isPassing(failure, signal?.aborted === true);
  if (passing && isFailureRecorded()) {
    await (await engine()).markMigrationRolledBack({ migrationName: migration.name });
  }
  return migrationError(failure, migration, !passing);
}

/** P3005 is the engine's word for a schema with tables and no history. */
function refusalOf(error: unknown, target: Target, migrations: readonly Migration[]): unknown {
  const { code } = error as { code?: unknown };
  return code === "P3005" ? new SchemaNotEmptyError(target.schema, migrations[0]?.name ?? "", { cause: error }) : error;
}

/** Corrects the record of a migration that failed or was applied by hand; not while a deploy is at work. */
export async function resolveMigration(
  target: Target,
  name: string,
  as: "applied" | "rolled-back",
  options: Pick<DeployOptions, "migrations" | "onWait" | "signal"> = {},
): Promise<void> {
  const { migrations = readMigrations() } = options;
  const known = migrations.map((migration) => migration.name);
  if (as === "applied" && !known.includes(name)) {
    throw new UsageError(`there is no migration ${JSON.stringify(name)}`, `the migrations are: ${known.join(", ")}`);
  }
  const resolve = async ({ engine: start, waitForLock, inOneTransaction }: SchemaEngineSession): Promise<void> => {
    await waitForLock();
    const engine = await start();
    try {
      await inOneTransaction(() =>
        as === "applied"
          ? engine.markMigrationApplied({ migrationName: name, migrationsList: listOf(migrations) })
          : engine.markMigrationRolledBack({ migrationName: name }),
      );
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
  };
  await withEngine(target, resolve, options);
}
