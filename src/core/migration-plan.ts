/** What a deploy would run, and whether it may. */
import type { SchemaEngineSession } from "../db/schema-engine.js";
import type { Target } from "../db/target.js";
import { MigrationRiskyError, MigrationsDivergedError, MigrationUnfinishedError } from "../errors/migrations.js";
import type { MigrationWarning } from "../finding.js";
import { withEngine } from "./migration-engine.js";
import { type Migration, readMigrations } from "./migration-files.js";
import { lintMigrations } from "./migration-lint.js";
import { diagnoseMigrations } from "./migration-status.js";

export interface PlanOptions {
  /** By default those that ship with this version. */
  readonly migrations?: readonly Migration[];
  /** Refuses what there are warnings about. */
  readonly strict?: boolean;
  readonly onWarning?: (warning: MigrationWarning) => void;
}

export interface MigrationPlan {
  /** In the order in which they would be applied. */
  readonly pending: readonly Migration[];
  readonly alreadyApplied: number;
  readonly warnings: readonly MigrationWarning[];
}

/**
 * Changes nothing and takes no lock.
 *
 * @throws {MigrationUnfinishedError} when an earlier failure is not resolved
 * @throws {MigrationsDivergedError} when the database knows other migrations than this version
 * @throws {MigrationRiskyError} if `strict`
 */
export function planMigrations(target: Target, options: PlanOptions = {}): Promise<MigrationPlan> {
  return withEngine(target, (session) => planIn(session, options));
}

/** The same, for an engine that has the database already. */
export async function planIn(session: SchemaEngineSession, options: PlanOptions): Promise<MigrationPlan> {
  const { migrations = readMigrations(), strict = false, onWarning } = options;
  const status = await diagnoseMigrations(session, migrations);
  if (status.failed.length > 0) {
    throw new MigrationUnfinishedError(status.failed);
  }
  if (status.edited.length > 0 || status.unknown.length > 0) {
    throw new MigrationsDivergedError(status.edited, status.unknown);
  }
  const pending = migrations.filter(({ name }) => status.pending.includes(name));
  const warnings = await session.onConnection((client) => lintMigrations(client, pending));
  if (strict && warnings.length > 0) {
    throw new MigrationRiskyError(warnings);
  }
  for (const warning of warnings) {
    onWarning?.(warning);
  }
  return { pending, alreadyApplied: status.applied.length, warnings };
}
