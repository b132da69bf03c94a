/** Lists of sessions, the newest first, a page at a time. */
import type { PoolClient } from "pg";
import { z } from "zod";
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { defineCursor, pageOf } from "./cursor.js";
import { inState, type SessionState, type SessionSummary, sessionColumns } from "./sessions.js";
import { findUser, requireVisible } from "./users.js";

export interface SessionListOptions {
  /** Only those of this user. */
  readonly email?: string;
  readonly state?: SessionState;
  /** Shows the sessions of soft-deleted users too. */
  readonly deleted?: boolean;
  /** 1 to 1000. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly after?: string;
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

const cursor = defineCursor("session list", z.tuple([z.guid()]));

/**
 * Ids sort by time of creation, so the newest come first by primary key.
 *
 * @throws {UserNotFoundError}
 * @throws {UserDeletedError} when the user is deleted and `deleted` is not set
 * @throws {UsageError} for a foreign cursor
 */
export async function listSessions(connection: Connection, options: SessionListOptions = {}): Promise<SessionPage> {
  const { limit = 50, after, signal } = options;
  const [behind] = after === undefined ? [] : cursor.decode(after);
  const rows = await inTransaction(connection, { readOnly: true, signal }, (client) =>
    readPage(client, behind, { ...options, limit: limit + 1 }),
  );
  const page = pageOf(rows, limit, cursor, ({ id }) => [id]);
  return { sessions: page.rows, nextCursor: page.nextCursor };
}

/** How many sessions are looked through, from the newest, before those in a state count as rare. */
const WALK = 10_000;

/**
 * Where the pages of one state lie, the server cannot know: it takes what is rare for evenly spread, and walks
 * back from the newest session through all that have ended to find the few that have not. So the walk has an
 * end, and only where it does not fill the page are the sessions in that state collected and sorted, active and
 * expired ones by sessions_ended_at_idx. A page costs the walk and at most as many sessions as are in the state.
 */
async function readPage(
  client: PoolClient,
  behind: string | undefined,
  { email, state, deleted = false, limit, now = new Date() }: SessionListOptions & { readonly limit: number },
): Promise<SessionSummary[]> {
  const userId = email === undefined ? null : await visibleUser(client, email, deleted);
  const query = new Bindings();
  const time = query.bind(now);
  const isInState = state === undefined ? null : inState(time)[state];
  const isOfUser = userId === null ? null : `s.user_id = ${query.bind(userId)}`;
  const isBehind = behind === undefined ? null : `s.id < ${query.bind(behind)}`;
  const size = query.bind(limit);
  const read = async (candidates: string): Promise<SessionSummary[]> => {
    const { rows } = await client.query<SessionSummary>(
      `SELECT ${sessionColumns(time)}
         FROM (${candidates}) AS s
         JOIN users AS u ON u.id = s.user_id
        ${where(isInState, deleted ? null : "u.deleted_at IS NULL")}
        ORDER BY s.id DESC
        LIMIT ${size}`,
      query.values,
    );
    return rows;
  };
  const newest = `SELECT * FROM sessions AS s ${where(isBehind)}`;
  // OFFSET keeps the server from walking there as well.
  const collected = `SELECT * FROM sessions AS s ${where(isOfUser, isInState, isBehind)} OFFSET 0`;
  if (isOfUser !== null) {
    return read(collected);
  }
  if (isInState === null) {
    return read(newest);
  }
  const near = await read(`${newest} ORDER BY s.id DESC LIMIT ${WALK}`);
  return near.length === limit ? near : read(collected);
}

async function visibleUser(client: PoolClient, email: string, deleted: boolean): Promise<string> {
  const user = await findUser(client, email);
  requireVisible(user, deleted);
  return user.id;
}
