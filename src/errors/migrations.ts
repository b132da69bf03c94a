/** Schema migrations. */
import { type Blocker, blockerRemedies, blockerText } from "../blocker.js";
import type { MigrationWarning } from "../finding.js";
import { ExitCode, VocabdbError } from "./base.js";

export class MigrationsPendingError extends VocabdbError {
  readonly code = "MIGRATIONS_PENDING";
  readonly exitCode = ExitCode.findings;

  constructor(readonly pending: readonly string[]) {
    const what = pending.length === 0 ? "its tables are missing" : `${pending.length} pending: ${pending.join(", ")}`;
    super(`the database is not migrated (${what})`, "vocabdb migrate");
  }
}

export interface MigrationFailure {
  readonly migration: string;
  /** 1-based line in the migration's file, where PostgreSQL told a position. */
  readonly line: number | null;
  /** SQLSTATE, where the server answered. */
  readonly sqlState: string | null;
  readonly reason: string;
  /** Whether all of it is rolled back. Not so if it commits by itself, or did what no transaction can undo. */
  readonly leftNothing: boolean;
  /** Whether the database's record says that it failed, so that nothing is applied until that is resolved. */
  readonly recorded: boolean;
}

export class MigrationFailedError extends VocabdbError {
  readonly code = "MIGRATION_FAILED";
  readonly exitCode = ExitCode.unexpected;

  constructor(
    readonly failure: MigrationFailure,
    options?: ErrorOptions,
  ) {
    const { migration, line, sqlState, reason } = failure;
    const where = line === null ? "" : `, migration.sql line ${line}`;
    super(
      `migration ${migration} failed${where}: ${reason}${sqlState === null ? "" : ` (SQLSTATE ${sqlState})`}`,
      afterFailure(failure),
      options,
    );
  }
}

function afterFailure({ migration, leftNothing, recorded }: MigrationFailure): string {
  if (!recorded) {
    return "none of its statements took effect; correct the cause, then: vocabdb migrate";
  }
  return leftNothing
    ? `none of its statements took effect; correct the cause, then: vocabdb migrate resolve --rolled-back ${migration} && vocabdb migrate`
    : "what it did before may be there, for it does not run in one transaction (an index that was being built is left " +
        `invalid: drop it): undo that, then vocabdb migrate resolve --rolled-back ${migration} && vocabdb migrate; ` +
        `or do the rest by hand, then vocabdb migrate resolve --applied ${migration}`;
}

/** Others hold a lock that a migration needs; it gave way to them, and nothing of it is left. */
export class MigrationBlockedError extends VocabdbError {
  readonly code = "MIGRATION_BLOCKED";
  readonly exitCode = ExitCode.conflict;

  /** @param blockers those who were seen to hold it; empty if nobody could be seen */
  constructor(
    readonly migration: string,
    readonly waitedMs: number,
    readonly blockers: readonly Blocker[],
    options?: ErrorOptions,
  ) {
    const holders = blockers.map((blocker) => `\n  ${blockerText(blocker)}`).join("");
    const remedies =
      blockers.length === 0 ? ["see who is at work: SELECT * FROM pg_stat_activity"] : blockerRemedies(blockers);
    super(
      `migration ${migration} got no lock in ${(waitedMs / 1000).toFixed(1)} s, and nothing of it took effect; ` +
        (holders === "" ? "who holds it could not be seen" : `the lock is held by:${holders}`),
      `${remedies.join("; ")}; then run this command again, or let it try longer: --lock-timeout 1m`,
      options,
    );
  }
}

/** What is pending may lose data, or hold up whoever uses the database, and that was not to happen. */
export class MigrationRiskyError extends VocabdbError {
  readonly code = "MIGRATION_RISKY";
  readonly exitCode = ExitCode.findings;

  constructor(readonly warnings: readonly MigrationWarning[]) {
    const list = warnings.map(({ migration, line, message }) => `\n  ${migration}, line ${line}: ${message}`);
    const fixes = new Set(warnings.map(({ fix }) => fix).filter((fix) => fix !== null));
    super(
      `nothing was applied: what is pending is not safe on a database in use${list.join("")}`,
      [...fixes, "without --strict, these are warnings"].join("; "),
    );
  }
}

/** An earlier run left a migration unfinished; nothing may be applied on top of it. */
export class MigrationUnfinishedError extends VocabdbError {
  readonly code = "MIGRATION_UNFINISHED";
  readonly exitCode = ExitCode.conflict;

  constructor(readonly migrations: readonly string[]) {
    super(
      `an earlier run of ${migrations.join(", ")} failed and is not resolved`,
      "see `vocabdb migrate status`; once the cause is corrected: `vocabdb migrate resolve --rolled-back NAME`, then `vocabdb migrate`",
    );
  }
}

/** Tables are there, but no record of migrations: they belong to something else, or were made by hand. */
export class SchemaNotEmptyError extends VocabdbError {
  readonly code = "SCHEMA_NOT_EMPTY";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly schema: string,
    firstMigration: string,
    options?: ErrorOptions,
  ) {
    super(
      `the schema ${schema} holds tables already, but no record of migrations`,
      "give vocabdb a schema of its own with ?schema=vocabdb in the URL; only if the tables are vocabdb's already: " +
        `vocabdb migrate resolve --applied ${firstMigration}`,
      options,
    );
  }
}

/** The database and the shipped migrations tell different histories. */
export class MigrationsDivergedError extends VocabdbError {
  readonly code = "MIGRATIONS_DIVERGED";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly edited: readonly string[],
    readonly unknown: readonly string[],
  ) {
    const parts = [
      edited.length > 0 ? `changed after they were applied: ${edited.join(", ")}` : "",
      unknown.length > 0 ? `applied here but not part of this version of vocabdb: ${unknown.join(", ")}` : "",
    ].filter((part) => part !== "");
    const remedies = [
      edited.length > 0
        ? "restore the edited files as they were when they were applied (reinstall the version of vocabdb that applied them, or take them from version control), and make the change in a new migration"
        : "",
      unknown.length > 0 ? `install the version of vocabdb that knows ${unknown.at(-1)}, or a newer one` : "",
    ].filter((remedy) => remedy !== "");
    super(
      `the history of this database differs from the migrations of this version (${parts.join("; ")})`,
      remedies.join("; "),
    );
  }
}

/** Migrations are authored in a database beside the real one, and there is none that could be used. */
export class ShadowDatabaseError extends VocabdbError {
  readonly code = "SHADOW_DATABASE";
  readonly exitCode = ExitCode.usage;
}

/** A database cannot be started over; nothing of it was dropped. */
export class ResetRefusedError extends VocabdbError {
  readonly code = "RESET_REFUSED";
  readonly exitCode = ExitCode.conflict;
}
