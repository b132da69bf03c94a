/** Removing deleted users for good: one, and all who were deleted before a time. */
import { describe, expect } from "vitest";
import {
  countDeletedBefore,
  countPurgeable,
  type PurgedRows,
  purgeUser,
  purgeUsersDeletedBefore,
} from "../../src/core/user-purge.js";
import { createUser } from "../../src/core/users.js";
import type { Connection } from "../../src/db/pool.js";
import { inTransaction } from "../../src/db/transaction.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople, allRows, history, type Person } from "../support/people.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const DELETED_AT = "2026-05-01T00:00:00.000Z";
const LATER = new Date("2026-06-01T00:00:00Z");
const DELETED_ADA: Person = { email: ADA, deletedAt: DELETED_AT, words: 5, sessions: 2 };
const NOTHING: PurgedRows = { users: 0, sessions: 0, progress: 0 };

function deletedPeople(count: number, more: Partial<Person> = {}): Person[] {
  return Array.from({ length: count }, (_, n) => ({
    ...{ email: `user${String(n).padStart(3, "0")}@example.org`, deletedAt: DELETED_AT },
    ...more,
  }));
}

async function emails(db: TestDatabase): Promise<string[]> {
  return (await db.query<{ email: string }>("SELECT email FROM users ORDER BY email")).map(({ email }) => email);
}

describe("purging a user", () => {
  it("removes the user with sessions and progress, and nothing of anybody else", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA, { email: BOB, deletedAt: DELETED_AT, words: 3, sessions: 1 });
    expect(await purgeUser(connection, ADA)).toEqual({ users: 1, sessions: 2, progress: 5 });
    expect(await emails(db)).toEqual([BOB]);
    expect(await db.query("SELECT FROM progress")).toHaveLength(3);
    expect(await db.query("SELECT FROM sessions")).toHaveLength(1);
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(5);
  });

  it("is recorded with the rows that went, and who gave what reason", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA);
    const actor = { commandLine: "vocabdb user purge", operator: "root@host", reason: "asked to" };
    await purgeUser(connection, ADA, { actor });
    expect(await history(db)).toEqual([
      {
        ...{ action: "user purge", subjects: [ADA] },
        changes: { users: { deleted: 1 }, sessions: { deleted: 2 }, progress: { deleted: 5 } },
      },
    ]);
    expect(await db.query("SELECT operator, reason FROM audit_log")).toEqual([
      { operator: "root@host", reason: "asked to" },
    ]);
  });

  it("a second time changes nothing", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA);
    await purgeUser(connection, ADA);
    const before = await allRows(db);
    expect(await purgeUser(connection, ADA)).toEqual(NOTHING);
    expect(await allRows(db)).toEqual(before);
  });

  it("finds nobody where nobody ever was", async ({ connection, db }) => {
    await addPeople(db, { email: BOB, deletedAt: DELETED_AT });
    await purgeUser(connection, BOB);
    for (const failure of [purgeUser(connection, ADA), countPurgeable(connection, ADA)]) {
      await expect(failure).rejects.toMatchObject({ code: "USER_NOT_FOUND", exitCode: 4, email: ADA });
    }
  });

  it("refuses a live user, also one whose email was purged before", async ({ connection, database, db }) => {
    await addPeople(db, DELETED_ADA);
    await purgeUser(connection, ADA);
    expect(await createUser(database, { email: ADA })).toMatchObject({ changed: true });
    const before = await allRows(db);
    for (const failure of [purgeUser(connection, ADA), countPurgeable(connection, ADA)]) {
      await expect(failure).rejects.toMatchObject({ code: "USER_NOT_DELETED", exitCode: 5, email: ADA });
    }
    expect(await allRows(db)).toEqual(before);
  });

  it("can be counted and rehearsed, with the same numbers and nothing written", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA);
    const before = await allRows(db);
    const rows = { users: 1, sessions: 2, progress: 5 };
    expect(await countPurgeable(connection, ADA)).toEqual(rows);
    expect(await purgeUser(connection, ADA, { dryRun: true })).toEqual(rows);
    expect(await allRows(db)).toEqual(before);
    expect(await purgeUser(connection, ADA)).toEqual(rows);
  });

  it("takes an email for data, whatever it looks like", async ({ connection, db }) => {
    const hostile = "o'brien'--`reboot`$x|y@example.org";
    await addPeople(db, { email: hostile, deletedAt: DELETED_AT }, { email: BOB });
    expect(await purgeUser(connection, hostile)).toEqual({ users: 1, sessions: 0, progress: 0 });
    expect(await history(db)).toMatchObject([{ subjects: [hostile] }]);
    expect(await emails(db)).toEqual([BOB]);
  });

  it("counts what somebody else hangs on the user at the same moment", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA);
    const purge = await inTransaction(connection, {}, async (client) => {
      await client.query(
        `INSERT INTO sessions (user_id, token_hash, expires_at, revoked_at)
         SELECT id, repeat('a', 64), now() + interval '1 day', now() FROM users`,
      );
      const running = purgeUser(connection, ADA);
      await expect.poll(() => waiting(db), { timeout: 20_000 }).toBe(1);
      return { running };
    });
    expect(await purge.running).toEqual({ users: 1, sessions: 3, progress: 5 });
  });
});

/** Transactions that wait for a lock of another. */
async function waiting(db: TestDatabase): Promise<number> {
  const rows = await db.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows.length;
}

describe("purging all who were deleted before a time", () => {
  const purge = (connection: Connection, options = {}) => purgeUsersDeletedBefore(connection, LATER, options);

  it("leaves the live ones and those who were deleted later", async ({ connection, db }) => {
    await addPeople(
      db,
      { email: "live@example.org", words: 1, sessions: 1 },
      { email: "before@example.org", deletedAt: "2026-05-31T23:59:59.999Z", words: 2, sessions: 1 },
      { email: "then@example.org", deletedAt: LATER.toISOString(), words: 1, sessions: 1 },
      { email: "later@example.org", deletedAt: "2026-06-02Z" },
    );
    expect(await countDeletedBefore(connection, LATER)).toBe(1);
    expect(await purge(connection)).toEqual({ users: 1, sessions: 1, progress: 2 });
    expect(await emails(db)).toEqual(["later@example.org", "live@example.org", "then@example.org"]);
    expect(await countDeletedBefore(connection, LATER)).toBe(0);
    expect(await purge(connection)).toEqual(NOTHING);
    expect(await history(db)).toHaveLength(1);
  });

  it("goes in batches of at most 100 users, each with a record of its own", async ({ connection, db }) => {
    const people = deletedPeople(230, { words: 1, sessions: 1 });
    await addPeople(db, ...people);
    const told: number[] = [];
    expect(await purge(connection, { onProgress: ({ users }: PurgedRows) => told.push(users) })).toEqual({
      ...{ users: 230, sessions: 230, progress: 230 },
    });
    expect(told).toEqual([100, 200, 230]);
    const entries = await history(db);
    expect(entries.map(({ changes }) => changes.users?.deleted)).toEqual([100, 100, 30]);
    expect(entries.flatMap(({ subjects }) => subjects).sort()).toEqual(people.map(({ email }) => email));
  });

  it("bounds a batch by the progress in it, and never splits a user", async ({ connection, db }) => {
    const [a, b, c, d, e] = deletedPeople(5).map(({ email }) => email);
    const words = { [`${a}`]: 20_000, [`${b}`]: 29_999, [`${c}`]: 2, [`${d}`]: 50_001, [`${e}`]: 1 };
    await addPeople(
      db,
      ...Object.keys(words).map((email) => ({ email, deletedAt: DELETED_AT, words: words[email] ?? 0 })),
    );
    await purge(connection);
    const batches = (await history(db)).map(({ subjects, changes }) => [subjects, changes.progress?.deleted]);
    expect(batches).toEqual([
      [[a, b], 49_999],
      [[c], 2],
      [[d], 50_001],
      [[e], 1],
    ]);
  });

  it("rehearses all batches at once and writes nothing", async ({ connection, db }) => {
    await addPeople(db, ...deletedPeople(120, { words: 1, sessions: 1 }));
    const before = await allRows(db);
    expect(await purge(connection, { dryRun: true })).toEqual({ users: 120, sessions: 120, progress: 120 });
    expect(await allRows(db)).toEqual(before);
  });

  it("stops between batches: what is done stays done, and the next run goes on", async ({ connection, db }) => {
    await addPeople(db, ...deletedPeople(150));
    const abort = new AbortController();
    const reason = new Error("enough");
    const stopped = purge(connection, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(stopped).rejects.toBe(reason);
    expect(await emails(db)).toHaveLength(50);
    expect(await history(db)).toHaveLength(1);
    expect(await purge(connection)).toMatchObject({ users: 50 });
  });

  it("does not wait for a user whom somebody else is about to restore", async ({ connection, db }) => {
    await addPeople(db, DELETED_ADA, { email: BOB, deletedAt: DELETED_AT });
    await inTransaction(connection, { dryRun: true }, async (client) => {
      await client.query("UPDATE users SET deleted_at = NULL WHERE email = $1", [ADA]);
      expect(await purge(connection)).toEqual({ users: 1, sessions: 0, progress: 0 });
    });
    // The restoration was rolled back after all.
    expect(await purge(connection)).toEqual({ users: 1, sessions: 2, progress: 5 });
  });

  it("is shared by 4 at the same time, and nobody goes twice", async ({ connection, db }) => {
    await addPeople(db, ...deletedPeople(400, { words: 1, sessions: 1 }));
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => purge(connection)));
    expect(outcomes.reduce((total, { users }) => total + users, 0)).toBeLessThanOrEqual(400);
    await purge(connection);
    const subjects = (await history(db)).flatMap((entry) => entry.subjects);
    expect(subjects).toHaveLength(400);
    expect(new Set(subjects).size).toBe(400);
    expect(await db.query("SELECT FROM progress UNION ALL SELECT FROM sessions")).toHaveLength(0);
  });
});
