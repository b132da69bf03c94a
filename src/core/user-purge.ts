/** Removes soft-deleted users for good, with everything that hangs on them. */
import type { PoolClient } from "pg";
import type { Connection } from "../db/pool.js";
import { type InBatch, inBatches, inTransaction } from "../db/transaction.js";
import { UserNotDeletedError, UserNotFoundError } from "../errors/users.js";
import { type Actor, recordChange } from "./audit.js";
import type { WriteOptions } from "./user.js";

export interface PurgedRows {
  readonly users: number;
  readonly sessions: number;
  readonly progress: number;
}

export const NOTHING_PURGED: PurgedRows = { users: 0, sessions: 0, progress: 0 };
const ACTION = "user purge";

/**
 * What bounds a transaction, and with it how long locks are held and how much is lost when it fails: so many
 * users, and so many rows of what they learned. A user with more goes alone, and at once: half a user who is
 * then restored would have lost what the other half held.
 */
const MAX_BATCH_USERS = 100;
const MAX_BATCH_PROGRESS = 50_000;

interface UserKey {
  readonly id: string;
  readonly email: string;
}

export interface PurgeOptions extends WriteOptions {
  /** Ends the work; the batches that are done stay done. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each batch what is gone by then. */
  readonly onProgress?: (removed: PurgedRows) => void;
}

/**
 * Removes a deleted user. One who was purged before is no error: there is just nothing left to remove.
 *
 * @throws {UserNotDeletedError} when the user is live
 * @throws {UserNotFoundError} when nobody of that email was ever purged
 */
export async function purgeUser(
  connection: Connection,
  email: string,
  options: PurgeOptions = {},
): Promise<PurgedRows> {
  return inTransaction(connection, options, async (client) => {
    const user = await lockDeleted(client, email);
    return user === null ? NOTHING_PURGED : removeUsers(client, [user], options.actor);
  });
}

/** What {@link purgeUser} would remove. @throws {UserNotDeletedError} @throws {UserNotFoundError} */
export async function countPurgeable(connection: Connection, email: string): Promise<PurgedRows> {
  return inTransaction(connection, { dryRun: true }, async (client) => {
    const user = await lockDeleted(client, email);
    if (user === null) {
      return NOTHING_PURGED;
    }
    const sessions = await countOf(client, "SELECT count(*)::integer FROM sessions WHERE user_id = $1", user.id);
    const progress = await countOf(client, "SELECT count(*)::integer FROM progress WHERE user_id = $1", user.id);
    return { users: 1, sessions, progress };
  });
}

/** How many users {@link purgeUsersDeletedBefore} would remove. */
export async function countDeletedBefore(connection: Connection, deletedBefore: Date): Promise<number> {
  return inTransaction(connection, { readOnly: true }, (client) =>
    countOf(client, "SELECT count(*)::integer FROM users WHERE deleted_at < $1", deletedBefore),
  );
}

/**
 * Removes all users who were deleted before a time, in batches, each of them a transaction with a record of its
 * own. A dry run is one transaction. Users whom somebody else is about to restore or purge are left to them.
 */
export async function purgeUsersDeletedBefore(
  connection: Connection,
  deletedBefore: Date,
  options: PurgeOptions = {},
): Promise<PurgedRows> {
  return inBatches(connection, options, (inBatch) => purgeAll(deletedBefore, options, inBatch));
}

async function purgeAll(
  deletedBefore: Date,
  { actor, signal, onProgress }: PurgeOptions,
  inBatch: InBatch,
): Promise<PurgedRows> {
  let removed = NOTHING_PURGED;
  let after = "";
  for (;;) {
    const candidates = await inBatch((client) => findCandidates(client, deletedBefore, after));
    for (const batch of batchesOf(candidates)) {
      signal?.throwIfAborted();
      const rows = await inBatch(async (client) =>
        removeUsers(client, await lockBatch(client, batch, deletedBefore), actor),
      );
      removed = sum(removed, rows);
      onProgress?.(removed);
    }
    const last = candidates.at(-1);
    if (last === undefined) {
      return removed;
    }
    after = last.email;
  }
}

interface Candidate extends UserKey {
  /** Rows of progress. */
  readonly progress: number;
}

/** The next ones by email, which is the order of the index that holds deleted users alone. */
async function findCandidates(client: PoolClient, deletedBefore: Date, after: string): Promise<Candidate[]> {
  const users = await client.query<UserKey>(
    `SELECT id, email FROM users WHERE deleted_at < $1 AND email > $2 ORDER BY email LIMIT ${MAX_BATCH_USERS}`,
    [deletedBefore, after],
  );
  const counts = await client.query<{ id: string; progress: number }>(
    `SELECT user_id AS id, count(*)::integer AS progress FROM progress WHERE user_id = ANY($1) GROUP BY user_id`,
    [users.rows.map(({ id }) => id)],
  );
  const progressOf = new Map(counts.rows.map(({ id, progress }) => [id, progress]));
  return users.rows.map((user) => ({ ...user, progress: progressOf.get(user.id) ?? 0 }));
}

function batchesOf(candidates: readonly Candidate[]): Candidate[][] {
  const batches: Candidate[][] = [];
  let progress = 0;
  for (const candidate of candidates) {
    const batch = batches.at(-1);
    progress += candidate.progress;
    if (batch === undefined || progress > MAX_BATCH_PROGRESS) {
      batches.push([candidate]);
      progress = candidate.progress;
    } else {
      batch.push(candidate);
    }
  }
  return batches;
}

/** @returns those who are still deleted, and whom nobody else has locked */
async function lockBatch(client: PoolClient, batch: readonly UserKey[], deletedBefore: Date): Promise<UserKey[]> {
  const { rows } = await client.query<UserKey>(
    `SELECT id, email FROM users WHERE id = ANY($1) AND deleted_at < $2 ORDER BY id FOR UPDATE SKIP LOCKED`,
    [batch.map(({ id }) => id), deletedBefore],
  );
  return rows;
}

/**
 * The lock makes a restoration or another purge of the same user wait, and then meet what became of the row.
 * Nothing can be hung on the user meanwhile either: foreign keys wait for it too.
 *
 * @returns null when the user was purged before
 */
async function lockDeleted(client: PoolClient, email: string): Promise<UserKey | null> {
  const { rows } = await client.query<UserKey & { deletedAt: Date | null }>(
    `SELECT id, email, deleted_at AS "deletedAt" FROM users WHERE email = $1 FOR UPDATE`,
    [email],
  );
  const [user] = rows;
  if (user !== undefined) {
    if (user.deletedAt === null) {
      throw new UserNotDeletedError(email);
    }
    return user;
  }
  const purges = await client.query("SELECT FROM audit_log WHERE subjects @> ARRAY[$1] AND action = $2 LIMIT 1", [
    email,
    ACTION,
  ]);
  if (purges.rows.length === 0) {
    throw new UserNotFoundError(email);
  }
  return null;
}

/** Table by table, so that the rows are counted, not by the cascade, which would say nothing of how many there were. */
async function removeUsers(
  client: PoolClient,
  users: readonly UserKey[],
  actor: Actor | undefined,
): Promise<PurgedRows> {
  const ids = [users.map(({ id }) => id)];
  const progress = await client.query("DELETE FROM progress WHERE user_id = ANY($1)", ids);
  const sessions = await client.query("DELETE FROM sessions WHERE user_id = ANY($1)", ids);
  const removed = await client.query("DELETE FROM users WHERE id = ANY($1)", ids);
  const rows = {
    users: removed.rowCount ?? 0,
    sessions: sessions.rowCount ?? 0,
    progress: progress.rowCount ?? 0,
  };
  const changes = {
    users: { deleted: rows.users },
    sessions: { deleted: rows.sessions },
    progress: { deleted: rows.progress },
  };
  await recordChange(client, { action: ACTION, subjects: users.map(({ email }) => email), changes }, actor);
  return rows;
}

function sum(a: PurgedRows, b: PurgedRows): PurgedRows {
  return { users: a.users + b.users, sessions: a.sessions + b.sessions, progress: a.progress + b.progress };
}

async function countOf(client: PoolClient, query: string, value: unknown): Promise<number> {
  const { rows } = await client.query<{ count: number }>(query, [value]);
  return rows[0]?.count ?? 0;
}
