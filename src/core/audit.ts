/** The record of every change: written in the transaction of the change itself, read by `vocabdb history`. */
import type { PoolClient } from "pg";
import * as z from "zod";
import { Bindings, where } from "../db/bindings.js";
import type { PrismaTransaction } from "../db/database.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { cursorTime, defineCursor, pageOf } from "./cursor.js";

/** Who asked for a change, as far as this side knows; the server adds role and time itself. */
export interface Actor {
  /** What was typed, without secrets. */
  readonly commandLine: string | null;
  /** The person's account on the machine, or the run of a CI system. */
  readonly operator: string | null;
  readonly reason: string | null;
}

/** Rows by table, named as in the database, and by what became of them. */
export type Changes = Readonly<Record<string, Readonly<Partial<Record<"inserted" | "updated" | "deleted", number>>>>>;

export interface Change {
  /** The command without its arguments, such as `user delete`. */
  readonly action: string;
  /** Emails of the users it is about. */
  readonly subjects?: readonly string[];
  readonly changes: Changes;
}

const NOBODY: Actor = { commandLine: null, operator: null, reason: null };

/**
 * Records a change in the transaction that makes it. A change of no rows is none and leaves no record.
 *
 * @param actor by default nobody, as for changes made through the library
 */
export async function recordChange(
  transaction: PoolClient | PrismaTransaction,
  change: Change,
  actor: Actor = NOBODY,
): Promise<void> {
  const changes = withoutZeros(change.changes);
  if (Object.keys(changes).length === 0) {
    return;
  }
  const { action, subjects = [] } = change;
  const { commandLine, operator, reason } = actor;
  if ("auditLog" in transaction) {
    const data = { action, commandLine, operator, reason, subjects: [...subjects], changes };
    // Only what Prisma itself needs is read back.
    await transaction.auditLog.create({ data, select: { id: true } });
    return;
  }
  await transaction.query(
    `INSERT INTO audit_log (action, command_line, operator, reason, subjects, changes)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [action, commandLine, operator, reason, subjects, JSON.stringify(changes)],
  );
}

function withoutZeros(changes: Changes): Record<string, Record<string, number>> {
  const rows = Object.entries(changes).map(
    ([table, counts]) => [table, Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))] as const,
  );
  return Object.fromEntries(rows.filter(([, counts]) => Object.keys(counts).length > 0));
}

export interface HistoryEntry extends Actor {
  readonly id: string;
  readonly occurredAt: Date;
  readonly action: string;
  readonly databaseRole: string;
  readonly subjects: readonly string[];
  readonly changes: Changes;
}

export interface HistoryOptions {
  /** Email of a user, who need not exist any more. */
  readonly subject?: string;
  readonly since?: Date;
  /** 1 to 1000. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly after?: string;
}

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

const cursor = defineCursor("history", z.tuple([cursorTime, z.guid()]));

/** The newest first. @throws {UsageError} for a foreign cursor */
export async function listHistory(connection: Connection, options: HistoryOptions = {}): Promise<HistoryPage> {
  const { subject, since, limit = 50, after } = options;
  const query = new Bindings();
  const [time, id] = after === undefined ? [] : cursor.decode(after);
  const conditions = where(
    subject === undefined ? null : `subjects @> ARRAY[${query.bind(subject)}]`,
    since === undefined ? null : `occurred_at >= ${query.bind(since)}`,
    time === undefined ? null : `(occurred_at, id) < (${query.bind(time)}, ${query.bind(id)})`,
  );
  // The few entries about one user are found first and sorted then: to a planner that takes them for many,
  // walking back in time until the page is full looks cheaper, and would read the whole table.
  const about = subject === undefined ? "NOT MATERIALIZED" : "MATERIALIZED";
  const rows = await inTransaction(connection, { readOnly: true }, async (client) => {
    const found = await client.query<HistoryEntry>(
      `WITH chosen AS ${about} (SELECT * FROM audit_log ${conditions})
       SELECT id, occurred_at AS "occurredAt", action, command_line AS "commandLine",
              database_role AS "databaseRole", operator, reason, subjects, changes
         FROM chosen
        ORDER BY occurred_at DESC, id DESC
        LIMIT ${query.bind(limit + 1)}`,
      query.values,
    );
    return found.rows;
  });
  const page = pageOf(rows, limit, cursor, (entry) => [entry.occurredAt.toISOString(), entry.id]);
  return { entries: page.rows, nextCursor: page.nextCursor };
}
