/** Sessions: who is signed in where, and signing them out. What a token is compared with is never read. */
import type { PoolClient } from "pg";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { SessionNotFoundError } from "../errors/users.js";
import { recordChange } from "./audit.js";
import { findUser, type WriteOptions } from "./user.js";

export const SESSION_STATES = ["active", "expired", "revoked"] as const;

/** `expired` ran out before anybody revoked it. */
export type SessionState = (typeof SESSION_STATES)[number];

export interface SessionSummary {
  readonly id: string;
  /** Of the user. */
  readonly email: string;
  readonly state: SessionState;
  readonly userAgent: string | null;
  /** Eight hexadecimal digits that tell sessions apart; null where the role may not read what they are made of. */
  readonly fingerprint: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

/**
 * In SQL: whether `sessions AS s` is in a state. Each session is in one of them. Where it helps, said of
 * `LEAST(expires_at, revoked_at)`, which sessions_ended_at_idx is made of.
 *
 * @param now placeholder of the time it is asked for
 */
export function inState(now: string): Readonly<Record<SessionState, string>> {
  return {
    active: `(s.revoked_at IS NULL AND LEAST(s.expires_at, s.revoked_at) > ${now})`,
    expired: `(LEAST(s.expires_at, s.revoked_at) <= ${now} AND (s.revoked_at IS NULL OR s.revoked_at >= s.expires_at))`,
    revoked: `(s.revoked_at IS NOT NULL AND (s.revoked_at < s.expires_at OR s.expires_at > ${now}))`,
  };
}

/**
 * In SQL: {@link SessionSummary} of `sessions AS s` and `users AS u`.
 *
 * The fingerprint is a hash of the hash. A list ends up in tickets and logs, where no part of what tokens are
 * compared with should stand: not even its beginning, by which a row could be looked up or a copy completed.
 *
 * @param now placeholder of the time the states are told for
 */
export function sessionColumns(now: string): string {
  const { active, expired } = inState(now);
  return `s.id, u.email,
    CASE WHEN ${active} THEN 'active' WHEN ${expired} THEN 'expired' ELSE 'revoked' END AS state,
    s.user_agent AS "userAgent",
    left(encode(sha256(convert_to(s.token_hash, 'UTF8')), 'hex'), 8) AS fingerprint,
    s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt",
    s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt"`;
}

export interface RevokeOptions extends WriteOptions {
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export interface SessionRevocation {
  /** The sessions that were named, or those of the user that were revoked; the newest first. */
  readonly sessions: readonly SessionSummary[];
  /** false when all of them were revoked already. */
  readonly changed: boolean;
  readonly sessionsRevoked: number;
}

/**
 * Revokes all of these sessions or none. What was revoked before keeps its time.
 *
 * @throws {SessionNotFoundError} when one of them is not there
 */
export async function revokeSessions(
  connection: Connection,
  ids: readonly string[],
  options: RevokeOptions = {},
): Promise<SessionRevocation> {
  return inTransaction(connection, options, async (client) => {
    const owners = await client.query<{ id: string }>(
      "SELECT DISTINCT user_id AS id FROM sessions WHERE id = ANY($1)",
      [ids],
    );
    await lockUsers(client, idsOf(owners.rows));
    const found = await client.query<{ id: string }>(
      "SELECT id FROM sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE",
      [ids],
    );
    const present = new Set(idsOf(found.rows));
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length > 0) {
      throw new SessionNotFoundError(missing);
    }
    return revoke(client, ids, options);
  });
}

/**
 * Revokes every session of the user, those that have expired included. A deleted user has none left.
 *
 * @throws {UserNotFoundError}
 */
export async function revokeSessionsOf(
  connection: Connection,
  email: string,
  options: RevokeOptions = {},
): Promise<SessionRevocation> {
  return inTransaction(connection, options, async (client) => {
    const user = await findUser(client, email);
    await lockUsers(client, [user.id]);
    const found = await client.query<{ id: string }>(
      "SELECT id FROM sessions WHERE live_user_id = $1 ORDER BY id FOR UPDATE",
      [user.id],
    );
    return revoke(client, idsOf(found.rows), options);
  });
}

/**
 * Whoever deletes a user locks the user's row and then the sessions. Taking the same way, in the order of ids,
 * two transactions never wait for each other. Signing in goes on meanwhile: it does not wait for this lock.
 */
async function lockUsers(client: PoolClient, ids: readonly string[]): Promise<void> {
  await client.query("SELECT id FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", [ids]);
}

/** @param ids of sessions that are locked */
async function revoke(client: PoolClient, ids: readonly string[], options: RevokeOptions): Promise<SessionRevocation> {
  const { now = new Date(), actor } = options;
  const updated = await client.query<{ id: string }>(
    "UPDATE sessions SET revoked_at = $2 WHERE id = ANY($1) AND revoked_at IS NULL RETURNING id",
    [ids, now],
  );
  const revoked = new Set(idsOf(updated.rows));
  const { rows: sessions } = await client.query<SessionSummary>(
    `SELECT ${sessionColumns("$2")}
       FROM sessions AS s JOIN users AS u ON u.id = s.user_id
      WHERE s.id = ANY($1)
      ORDER BY s.id DESC`,
    [ids, now],
  );
  const subjects = new Set(sessions.filter(({ id }) => revoked.has(id)).map(({ email }) => email));
  const changes = { sessions: { updated: revoked.size } };
  await recordChange(client, { action: "session revoke", subjects: [...subjects], changes }, actor);
  return { sessions, changed: revoked.size > 0, sessionsRevoked: revoked.size };
}

function idsOf(rows: readonly { readonly id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
