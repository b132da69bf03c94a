/** What went wrong with a script becomes the error of its migration. */
import { LockNotHadError } from "../db/lock-tries.js";
import type { ScriptError } from "../db/sql-script.js";
import { MigrationBlockedError, MigrationFailedError } from "../errors.js";
import type { Migration } from "./migration-files.js";

const QUERY_CANCELED = "57014";

/** Whether there is nothing to correct before the same migration is tried again, and nothing of it to clear away. */
export function isPassing(failure: ScriptError): boolean {
  return failure.leftNothing && (failure instanceof LockNotHadError || failure.cause.code === QUERY_CANCELED);
}

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
