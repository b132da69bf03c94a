/** A deploy that is undone: everything pending, in one transaction on the real database, rolled back. */
import { inLockTries } from "../db/lock-tries.js";
import { withConnection } from "../db/pool.js";
import { runScript, ScriptError, transactionBreaker } from "../db/sql-script.js";
import type { Target } from "../db/target.js";
import { inTransaction } from "../db/transaction.js";
import { UsageError } from "../errors/usage.js";
import { migrationError } from "./migration-failure.js";
import type { Migration } from "./migration-files.js";
import { planMigrations } from "./migration-plan.js";
import type { DeployOptions, DeployResult } from "./migrations.js";

/**
 * @returns what a deploy would
 * @throws {UsageError} if a migration would end the transaction, or cannot run in one
 */
export async function rehearseMigrations(target: Target, options: DeployOptions = {}): Promise<DeployResult> {
  const { pending, alreadyApplied, warnings } = await planMigrations(target, options);
  refuseUnlessUndone(pending);
  await withConnection(target, (connection) =>
    inLockTries(target, options, (begin) =>
      inTransaction(connection, { dryRun: true, signal: options.signal }, async (client) => {
        await begin(client, "transaction");
        for (const { sql } of pending) {
          await runScript(client, sql);
        }
      }),
    ),
  ).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    const migration = pending.find(({ sql }) => error instanceof ScriptError && error.script === sql);
    throw error instanceof ScriptError && migration !== undefined ? migrationError(error, migration, false) : error;
  });
  return { applied: pending.map(({ name }) => name), alreadyApplied, warnings };
}

function refuseUnlessUndone(pending: readonly Migration[]): void {
  for (const { name, sql } of pending) {
    const breaker = transactionBreaker(sql);
    if (breaker !== null) {
      const words = breaker.tokens.slice(0, 3).map(({ text }) => text);
      throw new UsageError(
        `migration ${name} cannot be tried and rolled back: line ${breaker.line} (${words.join(" ")} …) ends a transaction, or cannot run in one`,
        "read what it would do: vocabdb migrate plan",
      );
    }
  }
}
