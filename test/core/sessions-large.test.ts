/** Lists of sessions in a large table: right wherever the wanted ones lie, and read by index. */
import { describe, expect } from "vitest";
import { listSessions, type SessionListOptions } from "../../src/core/session-list.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { accessesOf, recordStatements } from "../support/plans.js";
import { ADA, addUsers, NOW } from "../support/sessions.js";

describe("a page of a large table", () => {
  /** 22,000 sessions, every hundredth of them one of Ada's. @param active which have not expired, in SQL of their number `n` */
  async function fill(db: TestDatabase, active: string): Promise<void> {
    await addUsers(db, ADA);
    await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(0, 4999) AS n");
    await db.query(
      `INSERT INTO sessions (id, user_id, token_hash, created_at, expires_at, revoked_at)
       SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, u.id,
              encode(sha256(n::text::bytea), 'hex'), '2026-01-01Z',
              CASE WHEN ${active} THEN '2026-07-01Z'::timestamptz ELSE '2026-02-01Z'::timestamptz + n * interval '1 s' END,
              CASE WHEN n % 100 = 99 THEN '2026-01-02Z'::timestamptz END
         FROM generate_series(0, 21999) AS n
         JOIN users AS u ON u.email = CASE WHEN n % 100 = 1 THEN '${ADA}' ELSE 'user' || n % 5000 || '@example.org' END`,
    );
    await db.query("ANALYZE");
  }

  /** Numbers of the newest, by a condition on their number. */
  function newest(count: number, condition: (n: number) => boolean): number[] {
    const numbers = Array.from({ length: 22_000 }, (_, n) => 21_999 - n);
    return numbers.filter(condition).slice(0, count);
  }

  const isRevoked = (n: number): boolean => n % 100 === 99;

  async function shown(connection: Connection, options: SessionListOptions): Promise<number[]> {
    const { sessions } = await listSessions(connection, { now: NOW, limit: 50, ...options });
    return sessions.map(({ id }) => Number.parseInt(id.slice(-12), 16));
  }

  it.for([
    ["many and new", "n >= 11000", (n: number) => n >= 11_000],
    ["many and old", "n < 11000", (n: number) => n < 11_000],
    ["nearly all", "n <> 7000", (n: number) => n !== 7_000],
  ] as const)("is right where the active sessions are %s", async ([, sql, isActive], { db, connection }) => {
    await fill(db, sql);
    expect(await shown(connection, {})).toEqual(newest(50, () => true));
    expect(await shown(connection, { state: "active" })).toEqual(newest(50, (n) => isActive(n) && !isRevoked(n)));
    expect(await shown(connection, { state: "expired" })).toEqual(newest(50, (n) => !isActive(n) && !isRevoked(n)));
    expect(await shown(connection, { state: "revoked" })).toEqual(newest(50, isRevoked));
  });

  it.for([
    ["new", "n >= 21980", (n: number) => n >= 21_980],
    ["old", "n < 20", (n: number) => n < 20],
  ] as const)(
    "is right, and found by index, where the active sessions are few and %s",
    async ([, sql, isActive], { db, connection }) => {
      await fill(db, sql);
      const statements = recordStatements(connection);
      expect(await shown(connection, {})).toEqual(newest(50, () => true));
      expect(await shown(connection, { state: "active" })).toEqual(newest(50, (n) => isActive(n) && !isRevoked(n)));
      expect(await shown(connection, { state: "expired" })).toEqual(newest(50, (n) => !isActive(n) && !isRevoked(n)));
      const { scanned, indexes } = await accessesOf(db, statements);
      expect({ scanned, indexes }).toEqual({
        scanned: [],
        indexes: new Set(["sessions_pkey", "users_pkey", "sessions_ended_at_idx"]),
      });
    },
  );

  it("of one user reads the sessions of this user", async ({ db, connection }) => {
    await fill(db, "n < 20");
    const statements = recordStatements(connection);
    const { sessions } = await listSessions(connection, { email: ADA, limit: 20, now: NOW });
    expect(sessions).toHaveLength(20);
    const { scanned, indexes } = await accessesOf(db, statements);
    expect({ scanned, indexes }).toEqual({
      scanned: [],
      indexes: new Set(["users_email_key", "sessions_user_id_idx", "users_pkey"]),
    });
  });
});
