/** Users and their sessions, as the product's backend would leave them. */
import { createHash } from "node:crypto";
import type { TestDatabase } from "./database.js";

export const ADA = "ada@example.org";
export const BOB = "bob@example.org";
export const NOW = new Date("2026-06-01T12:00:00.000Z");

export interface SessionRow {
  /** The higher the newer. */
  readonly n: number;
  readonly email?: string;
  readonly userAgent?: string | null;
  readonly createdAt?: string;
  readonly lastUsedAt?: string | null;
  readonly expiresAt?: string;
  readonly revokedAt?: string | null;
}

/** An id of the form that the database makes: in the order of creation. */
export function sessionId(n: number): string {
  return `01900000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function tokenHash(n: number): string {
  return sha256(`token ${n}`);
}

export async function addUsers(db: TestDatabase, ...emails: string[]): Promise<void> {
  await db.query("INSERT INTO users (email) SELECT unnest($1::text[])", [emails]);
}

/** Without more words a session of Ada that is active at {@link NOW}. */
export async function addSessions(db: TestDatabase, ...rows: readonly SessionRow[]): Promise<void> {
  const sessions = rows.map(({ n, ...given }) => ({
    ...{ id: sessionId(n), token_hash: tokenHash(n), email: given.email ?? ADA },
    ...{ user_agent: given.userAgent ?? null, last_used_at: given.lastUsedAt ?? null },
    ...{ created_at: given.createdAt ?? "2026-01-01T00:00:00Z", expires_at: given.expiresAt ?? "2026-07-01T00:00:00Z" },
    revoked_at: given.revokedAt ?? null,
  }));
  await db.query(
    `INSERT INTO sessions (id, user_id, token_hash, user_agent, created_at, last_used_at, expires_at, revoked_at)
     SELECT s.id, u.id, s.token_hash, s.user_agent, s.created_at, s.last_used_at, s.expires_at, s.revoked_at
       FROM jsonb_to_recordset($1) AS s (id uuid, email text, token_hash text, user_agent text, created_at timestamptz,
                                         last_used_at timestamptz, expires_at timestamptz, revoked_at timestamptz)
       JOIN users AS u USING (email)`,
    [JSON.stringify(sessions)],
  );
}

/** The sessions that are there, by number, and when they were revoked. */
export async function revocations(db: TestDatabase): Promise<Record<number, Date | null>> {
  const rows = await db.query<{ id: string; revoked_at: Date | null }>(
    "SELECT id, revoked_at FROM sessions ORDER BY id",
  );
  return Object.fromEntries(rows.map(({ id, revoked_at }) => [Number.parseInt(id.slice(-12), 16), revoked_at]));
}

/** What the history holds, the oldest first. */
export function history(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query("SELECT action, subjects, changes FROM audit_log ORDER BY id");
}
