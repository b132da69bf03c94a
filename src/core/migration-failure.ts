/** What went wrong with a script becomes the error of its migration. */
import { LockNotHadError } from "../db/lock-tries.js";
import type { ScriptError } from "../db/sql-script.js";
import { MigrationBlockedError, MigrationFailedError } from "../errors/migrations.js";
import type { Migration } from "./migration-files.js";

/** @param recorded whether the database's record says that the migration failed */
export function migrationError(
  failure: ScriptError,
  { name }: Migration,
  recorded: boolean,
): MigrationBlockedError | MigrationFailedError {
  const { line, cause, leftNothing } = failure;
  if (failure instanceof LockNotHadError) {
    return new MigrationBlockedError(name, failure.waitedMs, failure.blockers, { cause });
  }
  const sqlState = cause.code ?? null;
  return new MigrationFailedError(
    { migration: name, line, sqlState, reason: cause.message, leftNothing, recorded },
    { cause },
  );
}
