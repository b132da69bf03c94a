/** Lists of sessions, the newest first, a page at a time. */
import type { PoolClient } from "pg";
import * as z from "zod";
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { mayRead } from "../db/privileges.js";
import { inTransaction } from "../db/transaction.js";
import { defineCursor, pageOf } from "./cursor.js";
import { inState, type SessionState, type SessionSummary, sessionColumns } from "./sessions.js";
import { findUser, requireVisible } from "./user.js";

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
  const { email, state = null, deleted = false, limit = 50, after, now = new Date(), signal } = options;
  const [behind = null] = after === undefined ? [] : cursor.decode(after);
  const rows = await inTransaction(connection, { readOnly: true, signal }, async (client) => {
    const userId = email === undefined ? null : await visibleUser(client, email, deleted);
    const columns = candidateColumns(await mayRead(client, "sessions", "token_hash"));
    return readRows(client, { userId, state, deleted, behind, count: limit + 1, now, columns });
  });
  const page = pageOf(rows, limit, cursor, ({ id }) => [id]);
  return { sessions: page.rows, nextCursor: page.nextCursor };
}

async function visibleUser(client: PoolClient, email: string, deleted: boolean): Promise<string> {
  const user = await findUser(client, email);
  requireVisible(user, deleted);
  return user.id;
}

interface Wanted {
  readonly userId: string | null;
  readonly state: SessionState | null;
  readonly deleted: boolean;
  /** Only older ones than this. */
  readonly behind: string | null;
  readonly count: number;
  readonly now: Date;
  /** In SQL: what is read of `sessions AS s`. */
  readonly columns: string;
}

/** What {@link sessionColumns} needs. */
function candidateColumns(withHash: boolean): string {
  return `s.id, s.user_id, s.user_agent, s.created_at, s.last_used_at, s.expires_at, s.revoked_at,
    ${withHash ? "s.token_hash" : "NULL AS token_hash"}`;
}

async function readRows(client: PoolClient, wanted: Wanted): Promise<SessionSummary[]> {
  if (wanted.userId !== null) {
    return select(client, wanted, collected);
  }
  return wanted.state === null ? select(client, wanted, all) : readInState(client, wanted);
}

const FIRST_BOUND = 10_000;

/**
 * Those in a state may be found by walking back from the newest session, which never ends where the state is
 * rare, or by collecting and sorting all of them, which never ends where it is common. The server cannot tell:
 * to it the active ones are spread evenly, and they may all be new, or all be old. So both ways are tried with
 * a bound, which grows until one of them gets there: a page costs little more than the cheaper way.
 * Active and expired sessions are collected by sessions_ended_at_idx.
 */
async function readInState(client: PoolClient, wanted: Wanted): Promise<SessionSummary[]> {
  for (let bound = FIRST_BOUND; ; bound *= 10) {
    const found = await select(client, wanted, newest(bound));
    if (found.length === wanted.count) {
      return found;
    }
    if (!(await reaches(client, wanted, bound))) {
      return select(client, wanted, collected);
    }
  }
}

/** Whether so many sessions are in the state. */
async function reaches(client: PoolClient, wanted: Wanted, bound: number): Promise<boolean> {
  const query = new Bindings();
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM (${collected(conditionsOf(wanted, query))} LIMIT ${bound}) AS s`,
    query.values,
  );
  return (rows[0]?.count ?? 0) >= bound;
}

/** In SQL, of `sessions AS s`; null where nothing is asked. */
interface Conditions {
  readonly columns: string;
  readonly now: string;
  readonly isOfUser: string | null;
  readonly isInState: string | null;
  readonly isBehind: string | null;
}

function conditionsOf({ userId, state, behind, now, columns }: Wanted, query: Bindings): Conditions {
  const time = query.bind(now);
  return {
    columns,
    now: time,
    isOfUser: userId === null ? null : `s.user_id = ${query.bind(userId)}`,
    isInState: state === null ? null : inState(time)[state],
    isBehind: behind === null ? null : `s.id < ${query.bind(behind)}`,
  };
}

/** In SQL: the sessions among which those that are wanted are looked for. */
type Candidates = (conditions: Conditions) => string;

const all: Candidates = ({ columns, isBehind }) => `SELECT ${columns} FROM sessions AS s ${where(isBehind)}`;

const newest =
  (bound: number): Candidates =>
  (conditions) =>
    `${all(conditions)} ORDER BY s.id DESC LIMIT ${bound}`;

/** Those that are wanted themselves. OFFSET keeps the server from walking through all to find them. */
const collected: Candidates = ({ columns, isOfUser, isInState, isBehind }) =>
  `SELECT ${columns} FROM sessions AS s ${where(isOfUser, isInState, isBehind)} OFFSET 0`;

async function select(client: PoolClient, wanted: Wanted, candidates: Candidates): Promise<SessionSummary[]> {
  const query = new Bindings();
  const conditions = conditionsOf(wanted, query);
  const { rows } = await client.query<SessionSummary>(
    `SELECT ${sessionColumns(conditions.now)}
       FROM (${candidates(conditions)}) AS s
       JOIN users AS u ON u.id = s.user_id
      ${where(conditions.isOfUser, conditions.isInState, wanted.deleted ? null : "u.deleted_at IS NULL")}
      ORDER BY s.id DESC
      LIMIT ${query.bind(wanted.count)}`,
    query.values,
  );
  return rows;
}
