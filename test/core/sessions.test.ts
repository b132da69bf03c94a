/** Lists of sessions: states, pages, and whose are hidden. */
import { describe, expect } from "vitest";
import { listSessions, type SessionListOptions } from "../../src/core/session-list.js";
import { SESSION_STATES } from "../../src/core/sessions.js";
import { deleteUser, showUser } from "../../src/core/users.js";
import type { Connection } from "../../src/db/pool.js";
import { it } from "../support/database.js";
import { ADA, addSessions, addUsers, BOB, NOW, sessionId, sha256, tokenHash } from "../support/sessions.js";

const LATER = "2026-07-01T00:00:00Z";
const PAST = "2026-05-01T00:00:00Z";
const AT_NOW = NOW.toISOString();

/** Numbers of the sessions shown, page by page. */
async function pages(connection: Connection, options: SessionListOptions): Promise<number[][]> {
  const found: number[][] = [];
  let after: string | undefined;
  do {
    const page = await listSessions(connection, { now: NOW, ...options, ...(after !== undefined && { after }) });
    found.push(page.sessions.map(({ id }) => Number.parseInt(id.slice(-12), 16)));
    after = page.nextCursor ?? undefined;
  } while (after !== undefined);
  return found;
}

async function all(connection: Connection, options: SessionListOptions = {}): Promise<number[]> {
  return (await pages(connection, options)).flat();
}

describe("a session", () => {
  it("is shown with everything but what tokens are compared with", async ({ db, connection }) => {
    await addUsers(db, ADA);
    await addSessions(db, { n: 1, userAgent: "Firefox", lastUsedAt: "2026-05-31T08:00:00.123Z" });
    const { sessions, nextCursor } = await listSessions(connection, { now: NOW });
    expect(sessions).toStrictEqual([
      {
        ...{ id: sessionId(1), email: ADA, state: "active", userAgent: "Firefox" },
        fingerprint: sha256(tokenHash(1)).slice(0, 8),
        ...{ createdAt: new Date("2026-01-01T00:00:00Z"), lastUsedAt: new Date("2026-05-31T08:00:00.123Z") },
        ...{ expiresAt: new Date(LATER), revokedAt: null },
      },
    ]);
    expect(nextCursor).toBeNull();
    expect(tokenHash(1)).not.toContain(sessions[0]?.fingerprint);
  });

  it.for([
    ["active", { expiresAt: LATER }],
    ["active", { expiresAt: "2026-06-01T12:00:00.001Z" }],
    ["expired", { expiresAt: AT_NOW }],
    ["expired", { expiresAt: PAST }],
    ["expired", { expiresAt: PAST, revokedAt: PAST }],
    ["expired", { expiresAt: PAST, revokedAt: AT_NOW }],
    ["revoked", { expiresAt: PAST, revokedAt: "2026-04-30T23:59:59.999Z" }],
    ["revoked", { expiresAt: LATER, revokedAt: PAST }],
    ["revoked", { expiresAt: LATER, revokedAt: AT_NOW }],
    ["revoked", { expiresAt: LATER, revokedAt: "2026-06-01T12:00:05Z" }],
    ["revoked", { expiresAt: LATER, revokedAt: "2027-01-01T00:00:00Z" }],
  ] as const)("is %s with %j, and found in that state only", async ([state, times], { db, connection }) => {
    await addUsers(db, ADA);
    await addSessions(db, { n: 1, ...times });
    for (const email of [undefined, ADA]) {
      for (const asked of SESSION_STATES) {
        const page = await listSessions(connection, { state: asked, now: NOW, ...(email !== undefined && { email }) });
        expect(page.sessions.map((session) => session.state)).toEqual(asked === state ? [state] : []);
      }
    }
  });
});

describe("a list", () => {
  const MIXED = Array.from({ length: 30 }, (_, n) => ({
    ...{ n, email: n % 3 === 0 ? BOB : ADA, expiresAt: n % 4 === 1 ? PAST : LATER },
    revokedAt: n % 5 === 2 ? "2026-03-01T00:00:00Z" : null,
  }));
  const NUMBERS = MIXED.map(({ n }) => n).reverse();

  it("has the newest first, of all or of one user", async ({ db, connection }) => {
    await addUsers(db, ADA, BOB);
    await addSessions(db, ...MIXED);
    expect(await all(connection)).toEqual(NUMBERS);
    expect(await all(connection, { email: BOB })).toEqual(NUMBERS.filter((n) => n % 3 === 0));
  });

  it("in pages of any size shows each session once, in any state", async ({ db, connection }) => {
    await addUsers(db, ADA, BOB);
    await addSessions(db, ...MIXED);
    for (const state of [undefined, ...SESSION_STATES]) {
      for (const email of [undefined, ADA]) {
        const options = { ...(state !== undefined && { state }), ...(email !== undefined && { email }) };
        const whole = await all(connection, { ...options, limit: 1000 });
        expect(whole.length).toBeGreaterThan(3);
        for (const limit of [1, 4, whole.length]) {
          const found = await pages(connection, { ...options, limit });
          expect(found.flat()).toEqual(whole);
          expect(found.length).toBe(Math.ceil(whole.length / limit));
        }
      }
    }
  });

  it("goes on where it was while sessions come and go", async ({ db, connection }) => {
    await addUsers(db, ADA);
    await addSessions(db, { n: 10 }, { n: 11 }, { n: 12 }, { n: 13 });
    const first = await listSessions(connection, { limit: 2, now: NOW });
    await db.query("DELETE FROM sessions WHERE id = $1", [sessionId(12)]);
    await addSessions(db, { n: 14 }, { n: 9 });
    const second = await listSessions(connection, { after: first.nextCursor ?? expect.unreachable(), now: NOW });
    expect(second.sessions.map(({ id }) => id)).toEqual([11, 10, 9].map(sessionId));
  });

  it.for(["", "2", "bm9uZQ", Buffer.from('["user list",["a@b.de"]]').toString("base64url")])(
    "refuses the cursor %j, which is not its own",
    async (after, { connection }) => {
      await expect(listSessions(connection, { after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
    },
  );

  it("counts as active what `user show` counts as live", async ({ db, database }) => {
    await addUsers(db, ADA, BOB);
    await addSessions(db, ...MIXED);
    for (const email of [ADA, BOB]) {
      const { sessions } = await showUser(database, email, { now: NOW });
      expect(await all(database, { email, state: "active" })).toHaveLength(sessions);
    }
  });
});

describe("sessions of a deleted user", () => {
  it("are hidden unless asked for", async ({ db, database }) => {
    await addUsers(db, ADA, BOB);
    await addSessions(db, { n: 1 }, { n: 2, email: BOB }, { n: 3, expiresAt: PAST });
    await deleteUser(database, ADA, { now: NOW });
    expect(await all(database)).toEqual([2]);
    expect(await all(database, { deleted: true })).toEqual([3, 2, 1]);
    expect(await all(database, { state: "revoked" })).toEqual([]);
    expect(await all(database, { state: "revoked", deleted: true })).toEqual([1]);
    await expect(listSessions(database, { email: ADA })).rejects.toMatchObject({ code: "USER_DELETED", exitCode: 4 });
    expect(await all(database, { email: ADA, deleted: true })).toEqual([3, 1]);
  });

  it("of nobody there are none", async ({ connection }) => {
    const failure = { code: "USER_NOT_FOUND", exitCode: 4 };
    await expect(listSessions(connection, { email: ADA })).rejects.toMatchObject(failure);
    await expect(listSessions(connection, { email: ADA, deleted: true })).rejects.toMatchObject(failure);
  });
});
