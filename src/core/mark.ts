/** The environment mark: a word in the database itself that says what it is for. */
import type { ClientBase } from "pg";
import * as z from "zod";
import type { Connection } from "../db/pool.js";
import { describeTarget } from "../db/target.js";
import { inTransaction } from "../db/transaction.js";
import { ConsentMissingError, MarkedDatabaseError } from "../errors/usage.js";
import { shellWord } from "../shell.js";
import { type Actor, recordChange } from "./audit.js";
import { requireMigrated } from "./migration-record.js";

/** As the table's check constraint has it. */
export const markSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,62}$/,
    "must be a word such as production: small letters, digits, - and _, 63 characters at most",
  );

/**
 * @param client with vocabdb's schema in its search path, as {@link inTransaction} has it
 * @returns such as `production`; null when the database is not marked, or older than marks are
 */
export async function readMark(client: ClientBase): Promise<string | null> {
  const { rows: tables } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('database_mark') IS NOT NULL AS exists",
  );
  if (!tables[0]?.exists) {
    return null;
  }
  const { rows } = await client.query<{ environment: string }>("SELECT environment FROM database_mark");
  return rows[0]?.environment ?? null;
}

/** {@link readMark} in a transaction of its own. */
export function markOf(connection: Connection): Promise<string | null> {
  return inTransaction(connection, { readOnly: true }, readMark);
}

export interface Guard {
  readonly rule: "tell" | "confirm" | { readonly refused: string };
  /** All that the operator confirmed. */
  readonly confirmed: readonly string[];
  /** The command as it was typed, null where it must not be shown. */
  readonly retyped: string | null;
}

/**
 * Before work that can do anything: the mark is told. Before work that cannot be undone: on a marked database only with the database's name among what is confirmed,
 * in addition to what the work itself wants confirmed; or not at all.
 *
 * @throws {MarkedDatabaseError} where the rule is to refuse
 * @throws {ConsentMissingError} where the name is missing
 */
export async function guardMarked<T>(
  connection: Connection,
  { rule, confirmed, retyped }: Guard,
  work: (mark: string | null) => Promise<T>,
): Promise<T> {
  const { target } = connection;
  const mark = await markOf(connection);
  if (mark === null || rule === "tell") {
    return work(mark);
  }
  if (rule !== "confirm") {
    throw new MarkedDatabaseError(rule.refused, describeTarget(target), mark);
  }
  const confirmation = `--confirm ${shellWord(target.database)}`;
  if (!confirmed.includes(target.database)) {
    throw new ConsentMissingError(
      `${describeTarget(target)} is marked ${mark}: what cannot be undone has to be confirmed with the name of the database`,
      retyped === null ? `the same command with ${confirmation} added` : `${retyped} ${confirmation}`,
      { what: `${describeTarget(target)} is marked ${mark}, and this cannot be undone`, name: target.database },
    );
  }
  try {
    return await work(mark);
  } catch (error) {
    // What the work itself asks for comes with a command to type, which has to hold this name as well.
    if (error instanceof ConsentMissingError && error.hint !== null && !error.hint.endsWith(confirmation)) {
      throw new ConsentMissingError(error.message, `${error.hint} ${confirmation}`, error.consent, { cause: error });
    }
    throw error;
  }
}

export interface MarkOptions {
  /** The database's name, to change or remove a mark. */
  readonly confirmed?: readonly string[];
  readonly dryRun?: boolean;
  readonly actor?: Actor;
}

export interface MarkChange {
  readonly mark: string | null;
  readonly previous: string | null;
  readonly changed: boolean;
}

/**
 * Marks the database, or with null removes the mark. The first mark needs no confirmation: it only protects.
 *
 * @throws {MigrationsPendingError} when the database has no place for a mark yet
 * @throws {ConsentMissingError} when another mark would go, and the database's name does not confirm it
 */
export async function setMark(
  connection: Connection,
  mark: string | null,
  { confirmed = [], dryRun = false, actor }: MarkOptions = {},
): Promise<MarkChange> {
  await requireMigrated(connection);
  const { target } = connection;
  return inTransaction(connection, { dryRun }, async (client) => {
    // There may be no row yet to lock, and of two who mark it at once the second has to see the first's.
    await client.query("LOCK TABLE database_mark IN SHARE ROW EXCLUSIVE MODE");
    const previous = await readMark(client);
    if (mark === previous) {
      return { mark, previous, changed: false };
    }
    if (previous !== null && !dryRun && !confirmed.includes(target.database)) {
      throw new ConsentMissingError(
        `${describeTarget(target)} is marked ${previous}, and the mark protects it`,
        `vocabdb db mark ${mark ?? "--clear"} --confirm ${shellWord(target.database)}`,
        { what: `${describeTarget(target)} is marked ${previous}, and the mark protects it`, name: target.database },
      );
    }
    await client.query("DELETE FROM database_mark");
    if (mark !== null) {
      await client.query("INSERT INTO database_mark (environment) VALUES ($1)", [mark]);
    }
    const what = mark === null ? "deleted" : previous === null ? "inserted" : "updated";
    await recordChange(client, { action: "db mark", changes: { database_mark: { [what]: 1 } } }, actor);
    return { mark, previous, changed: true };
  });
}
