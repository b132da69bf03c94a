/** What went wrong with a script becomes the error of its migration. */
import { LockNotHadError } from "../db/lock-tries.js";
import { refusesAny, type ScriptError } from "../db/sql-script.js";
import { MigrationBlockedError, MigrationFailedError } from "../errors/migrations.js";
import type { Migration } from "./migration-files.js";

/**
 * @param recorded whether the database's record says that the migration failed
 * @returns what the server said, where it would refuse any other script as well
 */
export function migrationError(failure: ScriptError, { name }: Migration, recorded: boolean): Error {
  const { line, cause, leftNothing } = failure;
  if (failure instanceof LockNotHadError) {
    return new MigrationBlockedError(name, failure.waitedMs, failure.blockers, { cause });
  }
  const sqlState = cause.code ?? null;
  if (leftNothing && refusesAny(cause)) {
    return cause;
  }
  return new MigrationFailedError(
    { migration: name, line, sqlState, reason: cause.message, leftNothing, recorded },
    { cause },
  );
}
