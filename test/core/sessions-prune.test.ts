/** Pruning sessions: those that have ended, batch after batch, and what is done stays done. */
import { describe, expect } from "vitest";
import { pruneSessions } from "../../src/core/session-prune.js";
import { InterruptedError } from "../../src/errors/interrupted.js";
import { it, type TestDatabase } from "../support/database.js";
import { accessesOf, recordStatements } from "../support/plans.js";
import { failureOf, withDriver } from "../support/seeding.js";
import { ADA, addSessions, addUsers, history, NOW, revocations, sessionId } from "../support/sessions.js";

const TIME = new Date("2026-05-01T00:00:00.000Z");
const BATCH = { action: "session prune", subjects: [], changes: { sessions: { deleted: 1000 } } };

/** @param endedAt in SQL, of a session's number `n` */
async function addEnded(db: TestDatabase, count: number, endedAt: string): Promise<void> {
  await addUsers(db, ADA);
  await db.query(
    `INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
     SELECT u.id, encode(sha256(n::text::bytea), 'hex'), '2025-01-01Z', ${endedAt}
       FROM users AS u, generate_series(1, ${count}) AS n`,
  );
}

async function left(db: TestDatabase): Promise<number> {
  return (await db.query("SELECT FROM sessions")).length;
}

it("removes what expired or was revoked before the time, and nothing else", async ({ db, connection }) => {
  await addUsers(db, ADA);
  await addSessions(
    db,
    { n: 1, expiresAt: "2026-04-30T23:59:59.999Z" },
    { n: 2, expiresAt: TIME.toISOString() },
    { n: 3, expiresAt: "2026-05-02T00:00:00Z" },
    { n: 4, revokedAt: "2026-04-30T23:59:59.999Z" },
    { n: 5, revokedAt: TIME.toISOString() },
    { n: 6 },
    { n: 7, expiresAt: "2026-04-01T00:00:00Z", revokedAt: "2026-05-20T00:00:00Z" },
  );
  expect(await pruneSessions(connection, TIME, { now: NOW })).toEqual({
    ...{ deleted: 3, changed: true, endedBefore: TIME },
  });
  expect(Object.keys(await revocations(db))).toEqual(["2", "3", "5", "6"]);
  expect(await history(db)).toEqual([{ ...BATCH, changes: { sessions: { deleted: 3 } } }]);
});

it("a second time removes nothing and leaves no record", async ({ db, connection }) => {
  await addEnded(db, 10, "'2026-01-01Z'::timestamptz");
  await pruneSessions(connection, TIME, { now: NOW });
  expect(await pruneSessions(connection, TIME, { now: NOW })).toMatchObject({ deleted: 0, changed: false });
  expect(await history(db)).toHaveLength(1);
});

it("never takes a session that has not ended: the time must have come", async ({ db, connection }) => {
  await addUsers(db, ADA);
  await addSessions(db, { n: 1 });
  const tooLate = new Date(NOW.getTime() + 1);
  await expect(pruneSessions(connection, tooLate, { now: NOW })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  expect(await pruneSessions(connection, NOW, { now: NOW })).toMatchObject({ deleted: 0 });
  expect(await left(db)).toBe(1);
});

describe("in batches", () => {
  it.for([
    ["one after the other", "'2026-01-01Z'::timestamptz + n * interval '1 minute'"],
    ["all at the same time", "'2026-01-01Z'::timestamptz"],
  ] as const)("each with its record, removes sessions that ended %s", async ([, endedAt], { db, connection }) => {
    await addEnded(db, 2_500, endedAt);
    const told: number[] = [];
    const options = { now: NOW, onProgress: (deleted: number) => void told.push(deleted) };
    expect(await pruneSessions(connection, TIME, options)).toMatchObject({ deleted: 2_500, changed: true });
    expect(told).toEqual([1000, 2000, 2500]);
    expect(await left(db)).toBe(0);
    expect(await history(db)).toEqual([BATCH, BATCH, { ...BATCH, changes: { sessions: { deleted: 500 } } }]);
  });

  it("as a dry run counts all of them and writes nothing", async ({ db, connection }) => {
    await addEnded(db, 2_500, "'2026-01-01Z'::timestamptz + n * interval '1 minute'");
    const before = await db.query("SELECT ctid::text, xmin::text, id FROM sessions ORDER BY ctid");
    expect(await pruneSessions(connection, TIME, { now: NOW, dryRun: true })).toEqual({
      ...{ deleted: 2_500, changed: true, endedBefore: TIME },
    });
    expect(await db.query("SELECT ctid::text, xmin::text, id FROM sessions ORDER BY ctid")).toEqual(before);
    expect(await history(db)).toEqual([]);
  });

  it.for([false, true])("stops between them when interrupted (dry run: %s)", async (dryRun, { db, connection }) => {
    await addEnded(db, 2_500, "'2026-01-01Z'::timestamptz + n * interval '1 minute'");
    const interruption = new AbortController();
    const reason = new InterruptedError("SIGINT");
    const pruning = pruneSessions(connection, TIME, {
      ...{ now: NOW, dryRun, signal: interruption.signal, onProgress: () => interruption.abort(reason) },
    });
    expect(await failureOf(pruning)).toBe(reason);
    const done = dryRun ? [] : [BATCH];
    expect(await left(db)).toBe(2_500 - done.length * 1000);
    expect(await history(db)).toEqual(done);

    const rest = await pruneSessions(connection, TIME, { now: NOW });
    expect(rest.deleted).toBe(2_500 - done.length * 1000);
    expect(await left(db)).toBe(0);
  });
});

describe("beside others", () => {
  it("leaves to the next run what somebody has locked, without waiting", async ({ db, connection }) => {
    await addUsers(db, ADA);
    await addSessions(db, { n: 1, expiresAt: "2026-03-01T00:00:00Z" }, { n: 2, expiresAt: "2026-03-02T00:00:00Z" });
    await withDriver(db, async (other) => {
      await other.query("BEGIN");
      await other.query("UPDATE sessions SET expires_at = '2026-07-01Z' WHERE id = $1", [sessionId(1)]);
      expect(await pruneSessions(connection, TIME, { now: NOW })).toMatchObject({ deleted: 1 });
      await other.query("COMMIT");
    });
    expect(await pruneSessions(connection, TIME, { now: NOW })).toMatchObject({ deleted: 0 });
    expect(Object.keys(await revocations(db))).toEqual(["1"]);
  });

  it("two runs share the work", async ({ db, connection }) => {
    await addEnded(db, 5_500, "'2026-01-01Z'::timestamptz + n * interval '1 minute'");
    const runs = await Promise.all([1, 2].map(() => pruneSessions(connection, TIME, { now: NOW })));
    const last = await pruneSessions(connection, TIME, { now: NOW });
    expect([...runs, last].reduce((sum, { deleted }) => sum + deleted, 0)).toBe(5_500);
    expect(await left(db)).toBe(0);
  });
});

it("finds what has ended by index, and each batch goes on where the last one came to", async ({ db, connection }) => {
  await addEnded(db, 2_500, "'2026-01-01Z'::timestamptz + n * interval '1 minute'");
  await db.query(`INSERT INTO sessions (user_id, token_hash, expires_at)
    SELECT u.id, encode(sha256(n::text::bytea), 'hex'), '2030-01-01Z' FROM users AS u, generate_series(10001, 30000) AS n`);
  await db.query("ANALYZE");
  const statements = recordStatements(connection);
  await pruneSessions(connection, TIME, { now: NOW, dryRun: true });
  const batches = statements.filter(({ text }) => text.includes("DELETE"));
  const from = batches.map(({ values }) => values[0]);
  expect(from).toEqual(["-infinity", new Date("2026-01-01T16:40:00Z"), new Date("2026-01-02T09:20:00Z")]);
  const { scanned, indexes } = await accessesOf(db, batches);
  expect({ scanned, indexes }).toEqual({
    scanned: [],
    indexes: new Set(["sessions_ended_at_idx", "sessions_pkey"]),
  });
});
