/** Revoking sessions: all that are named or none, once, on record, and never in a deadlock. */
import { describe, expect } from "vitest";
import { revokeSessions, revokeSessionsOf } from "../../src/core/sessions.js";
import { deleteUser, restoreUser } from "../../src/core/users.js";
import { it, type TestDatabase } from "../support/database.js";
import { accessesOf, recordStatements } from "../support/plans.js";
import { allRows, waitingFor, withDriver } from "../support/seeding.js";
import { ADA, addSessions, addUsers, BOB, history, NOW, revocations, sessionId } from "../support/sessions.js";

const EARLIER = new Date("2026-05-20T00:00:00.000Z");
const ACTOR = { commandLine: "vocabdb session revoke", operator: "root@vm", reason: "lost laptop" };

/** Of Ada 1 (active), 2 (expired), 3 (revoked) and 5 (active), of Bob 4 and 6 (both active). */
async function fill(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addSessions(
    db,
    { n: 1 },
    { n: 2, expiresAt: "2026-05-01T00:00:00Z" },
    { n: 3, revokedAt: EARLIER.toISOString() },
    { n: 4, email: BOB },
    { n: 5 },
    { n: 6, email: BOB },
  );
}

const ids = (...numbers: number[]): string[] => numbers.map(sessionId);

describe("revoking by id", () => {
  it("ends the sessions that are named, and shows them, the newest first", async ({ db, connection }) => {
    await fill(db);
    const outcome = await revokeSessions(connection, ids(1, 4), { now: NOW, actor: ACTOR });
    expect(outcome).toMatchObject({
      sessions: [
        { id: sessionId(4), email: BOB, state: "revoked", revokedAt: NOW },
        { id: sessionId(1), email: ADA, state: "revoked", revokedAt: NOW },
      ],
      ...{ changed: true, sessionsRevoked: 2 },
    });
    expect(await revocations(db)).toEqual({ 1: NOW, 2: null, 3: EARLIER, 4: NOW, 5: null, 6: null });
  });

  it("is on record with those whose sessions ended, and why", async ({ db, connection }) => {
    await fill(db);
    await revokeSessions(connection, ids(1, 5, 3), { now: NOW, actor: ACTOR });
    expect(await db.query("SELECT action, subjects, changes, command_line, operator, reason FROM audit_log")).toEqual([
      {
        ...{ action: "session revoke", subjects: [ADA], changes: { sessions: { updated: 2 } } },
        ...{ command_line: "vocabdb session revoke", operator: "root@vm", reason: "lost laptop" },
      },
    ]);
  });

  it("a second time changes nothing and leaves no record", async ({ db, connection }) => {
    await fill(db);
    await revokeSessions(connection, ids(1), { now: NOW });
    const before = await allRows(db);
    const later = new Date(NOW.getTime() + 60_000);
    expect(await revokeSessions(connection, ids(1, 3), { now: later })).toMatchObject({
      sessions: [
        { id: sessionId(3), revokedAt: EARLIER },
        { id: sessionId(1), revokedAt: NOW },
      ],
      ...{ changed: false, sessionsRevoked: 0 },
    });
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toHaveLength(1);
  });

  it("takes an expired session too, which stays expired", async ({ db, connection }) => {
    await fill(db);
    expect(await revokeSessions(connection, ids(2), { now: NOW })).toMatchObject({
      sessions: [{ id: sessionId(2), state: "expired", revokedAt: NOW }],
      ...{ changed: true, sessionsRevoked: 1 },
    });
  });

  it("counts a session that is named twice once", async ({ db, connection }) => {
    await fill(db);
    const { sessions, sessionsRevoked } = await revokeSessions(connection, ids(1, 1, 1), { now: NOW });
    expect({ shown: sessions.map(({ id }) => id), sessionsRevoked }).toEqual({ shown: ids(1), sessionsRevoked: 1 });
  });

  it("ends none of them if one is not there", async ({ db, connection }) => {
    await fill(db);
    const before = await allRows(db);
    await expect(revokeSessions(connection, ids(1, 77, 4, 78), { now: NOW })).rejects.toMatchObject({
      ...{ code: "SESSION_NOT_FOUND", exitCode: 4, ids: ids(77, 78) },
    });
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toEqual([]);
  });
});

describe("revoking by user", () => {
  it("ends every session of this user and of nobody else", async ({ db, connection }) => {
    await fill(db);
    const outcome = await revokeSessionsOf(connection, ADA, { now: NOW });
    expect(outcome).toMatchObject({
      sessions: [{ id: sessionId(5) }, { id: sessionId(2) }, { id: sessionId(1) }],
      ...{ changed: true, sessionsRevoked: 3 },
    });
    expect(await revocations(db)).toEqual({ 1: NOW, 2: NOW, 3: EARLIER, 4: null, 5: NOW, 6: null });
    expect(await history(db)).toEqual([
      { action: "session revoke", subjects: [ADA], changes: { sessions: { updated: 3 } } },
    ]);
  });

  it("has nothing to do a second time, and for a deleted user", async ({ db, database }) => {
    await fill(db);
    await revokeSessionsOf(database, ADA, { now: NOW });
    await deleteUser(database, BOB, { now: NOW });
    const before = await allRows(db);
    for (const email of [ADA, BOB]) {
      expect(await revokeSessionsOf(database, email)).toEqual({ sessions: [], changed: false, sessionsRevoked: 0 });
    }
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toHaveLength(2);
  });

  it("finds nobody where there is nobody", async ({ connection }) => {
    await expect(revokeSessionsOf(connection, ADA)).rejects.toMatchObject({ code: "USER_NOT_FOUND", exitCode: 4 });
  });
});

it("a dry run tells the truth and writes nothing", async ({ db, connection }) => {
  await fill(db);
  const before = await allRows(db);
  const options = { now: NOW, dryRun: true };
  const one = await revokeSessions(connection, ids(1), options);
  expect(one).toMatchObject({ sessions: [{ state: "revoked", revokedAt: NOW }], changed: true, sessionsRevoked: 1 });
  expect(await revokeSessionsOf(connection, ADA, options)).toMatchObject({ changed: true, sessionsRevoked: 3 });
  expect(await allRows(db)).toEqual(before);
  expect(await history(db)).toEqual([]);
});

describe("at the same time", () => {
  it("eight callers revoke each session once, whatever order they name them in", async ({ db, connection }) => {
    await addUsers(db, ADA, BOB);
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    await addSessions(db, ...numbers.map((n) => ({ n, email: n % 2 === 0 ? ADA : BOB })));
    const calls = Array.from({ length: 8 }, (_, turn) => {
      const named = [...numbers.slice(turn * 5), ...numbers.slice(0, turn * 5)];
      return revokeSessions(connection, ids(...(turn % 2 === 0 ? named : named.reverse())), { now: NOW });
    });
    const outcomes = await Promise.all([
      ...calls,
      revokeSessionsOf(connection, BOB),
      revokeSessionsOf(connection, ADA),
    ]);
    expect(outcomes.reduce((sum, { sessionsRevoked }) => sum + sessionsRevoked, 0)).toBe(40);
    expect(Object.values(await revocations(db))).not.toContain(null);
    const recorded = await history(db);
    expect(recorded).toHaveLength(outcomes.filter(({ changed }) => changed).length);
  });

  it("a user is deleted first or afterwards: whoever waits holds none of the sessions", async ({ db, connection }) => {
    await fill(db);
    const revoking = await withDriver(db, async (deleting) => {
      await deleting.query("BEGIN");
      await deleting.query("UPDATE users SET deleted_at = $2 WHERE email = $1", [ADA, NOW]);
      const waiting = revokeSessions(connection, ids(1, 5), { now: NOW });
      await waitingFor(db, "locktype = 'transactionid'");
      await deleting.query("UPDATE sessions SET revoked_at = $2 WHERE id = ANY($1) AND revoked_at IS NULL", [
        ids(5, 2, 1),
        EARLIER,
      ]);
      await deleting.query("COMMIT");
      return waiting;
    });
    expect(revoking).toMatchObject({ changed: false, sessions: [{ revokedAt: EARLIER }, { revokedAt: EARLIER }] });
  });

  it("a user who signs in does not wait", async ({ db, connection }) => {
    await fill(db);
    await db.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE INSERT ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    const revoking = await withDriver(db, async (client) => {
      await client.query("SELECT pg_advisory_lock(1)");
      const paused = revokeSessionsOf(connection, ADA, { now: NOW });
      await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      await client.query("SET statement_timeout = '5s'");
      await client.query(
        `INSERT INTO sessions (id, user_id, token_hash, expires_at)
         SELECT $1, id, repeat('a', 64), '2030-01-01Z' FROM users WHERE email = $2`,
        [sessionId(7), ADA],
      );
      await client.query("SELECT pg_advisory_unlock(1)");
      return paused;
    });
    expect(revoking.sessionsRevoked).toBe(3);
    expect(await revocations(db)).toMatchObject({ 1: NOW, 5: NOW, 7: null });
  });

  it("with deletions and restorations nobody waits forever", async ({ db, database }) => {
    await addUsers(db, ADA, BOB);
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    await addSessions(db, ...numbers.map((n) => ({ n, email: n % 2 === 0 ? ADA : BOB })));
    const rounds = Array.from({ length: 6 }, async (_, round) => {
      const named = round % 2 === 0 ? numbers : [...numbers].reverse();
      await Promise.all([
        revokeSessions(database, ids(...named.slice(round)), { now: NOW }),
        deleteUser(database, round % 2 === 0 ? ADA : BOB, { now: NOW }),
        revokeSessionsOf(database, BOB, { now: NOW }),
      ]);
      await restoreUser(database, round % 2 === 0 ? ADA : BOB);
    });
    await expect(Promise.all(rounds)).resolves.toHaveLength(6);
    expect(Object.values(await revocations(db))).toEqual(numbers.map(() => NOW));
  });
});

it("every statement finds its rows by index", async ({ db, connection }) => {
  await addUsers(db, ADA);
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 5000) AS n");
  await db.query(`INSERT INTO sessions (user_id, token_hash, expires_at)
    SELECT id, encode(sha256(id::text::bytea), 'hex'), '2030-01-01Z' FROM users WHERE email <> '${ADA}'`);
  await addSessions(db, { n: 1 }, { n: 2 });
  await db.query("ANALYZE");
  const statements = recordStatements(connection);
  await revokeSessions(connection, ids(1));
  await revokeSessionsOf(connection, ADA);
  const { scanned, indexes } = await accessesOf(db, statements);
  expect({ scanned, indexes }).toEqual({
    scanned: [],
    indexes: new Set(["sessions_pkey", "users_pkey", "users_email_key", "sessions_live_user_id_idx"]),
  });
});
