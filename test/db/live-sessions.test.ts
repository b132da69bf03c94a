/** A soft-deleted user never has a live session, whatever other clients do at the same moment. */
import type { Client } from "pg";
import { describe, expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { deleteUser, restoreUser, type UserDeletion } from "../../src/core/users.js";
import type { Database } from "../../src/db/database.js";
import { it, type TestDatabase } from "../support/database.js";
import { interleavings, player } from "../support/interleave.js";
import { waitingFor, withDriver } from "../support/seeding.js";
import { ADA, BOB, sessionId, tokenHash } from "../support/sessions.js";

const USER = { ada: "01900000-0000-7000-8000-00000000ada0", bob: "01900000-0000-7000-8000-00000000b0b0" };
const REVOKED = sessionId(1);
const OF_BOB = sessionId(2);
const NEW = sessionId(3);

const signIn = (id: string, user: string, hash: number): string =>
  `INSERT INTO sessions (id, user_id, token_hash, expires_at) VALUES ('${id}', '${user}', '${tokenHash(hash)}', '2100-01-01Z')`;

/** Ada with a revoked session, Bob with a live one, both users live. */
const RESET = `
  DELETE FROM sessions;
  UPDATE users SET deleted_at = NULL WHERE deleted_at IS NOT NULL;
  ${signIn(REVOKED, USER.ada, 1)}; UPDATE sessions SET revoked_at = now();
  ${signIn(OF_BOB, USER.bob, 2)}`;

/** Ways to give Ada a live session. */
const MAKE_LIVE = {
  "signs in": signIn(NEW, USER.ada, 3),
  "takes a revocation back": `UPDATE sessions SET revoked_at = NULL WHERE id = '${REVOKED}'`,
  "hands a session over": `UPDATE sessions SET user_id = '${USER.ada}' WHERE id = '${OF_BOB}'`,
} as const;

const DELETE_USER = `UPDATE users SET deleted_at = now() WHERE id = '${USER.ada}'`;
const REVOKE_SESSIONS = `UPDATE sessions SET revoked_at = now() WHERE user_id = '${USER.ada}' AND revoked_at IS NULL`;

const LIVE_OF_DELETED = `SELECT s.id FROM sessions AS s JOIN users AS u ON u.id = s.user_id
  WHERE u.deleted_at IS NOT NULL AND s.revoked_at IS NULL`;

/** A transaction above READ COMMITTED sees of others what was there at its first statement, which therefore has a turn. */
const LEVELS = {
  "READ COMMITTED": (first: string) => [`BEGIN ISOLATION LEVEL READ COMMITTED; ${first}`],
  "REPEATABLE READ": (first: string) => ["BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1", first],
  SERIALIZABLE: (first: string) => ["BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1", first],
} as const;
type Level = keyof typeof LEVELS;
const levels = Object.keys(LEVELS) as Level[];

describe.for(Object.entries(MAKE_LIVE))("when somebody %s", ([, makeLive]) => {
  const cases = levels.flatMap((own) => [
    ...levels.map((others) => [own, "deleted", others, [DELETE_USER, REVOKE_SESSIONS]] as const),
    [own, "signed out and deleted", own, [REVOKE_SESSIONS, DELETE_USER]] as const,
  ]);
  it.for(cases)(
    "at %s while the user is %s at %s, in every order",
    async ([own, , others, [first, second]], { db }) => {
      const making = [...LEVELS[own](makeLive), "COMMIT"];
      const deleting = [...LEVELS[others](first), second, "COMMIT"];
      await addPeople(db);
      await withThree(db, async (client, other, watcher) => {
        const outcomes: string[] = [];
        for (const turns of interleavings(making.length, deleting.length)) {
          await watcher.query(RESET);
          const players = [await player(client, making, watcher), await player(other, deleting, watcher)] as const;
          for (const turn of turns) {
            await players[turn].turn();
          }
          const [made, deleted] = [await players[0].end(), await players[1].end()];
          outcomes.push(`${made ?? "made"}, ${deleted ?? "deleted"}`);
          expect((await watcher.query(LIVE_OF_DELETED)).rows, turns.join("")).toEqual([]);
        }
        // One wholly before the other: the session is revoked with the user, or refused.
        expect(outcomes.at(0)).toBe("made, deleted");
        expect(outcomes.at(-1)).toBe("23503, deleted");
        // In between one of them may be refused, and never both.
        const allowed = ["made, deleted", "made, 23503", "made, 40001", "23503, deleted", "40001, deleted"];
        expect(outcomes.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
      });
    },
  );
});

describe("vocabdb user delete", () => {
  /** Starts a deletion, which waits before it commits until `work` is done. */
  async function whileDeleting(
    db: TestDatabase,
    database: Database,
    work: () => Promise<unknown>,
  ): Promise<UserDeletion> {
    await db.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE INSERT ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    return withDriver(db, async (gate) => {
      await gate.query("SELECT pg_advisory_lock(1)");
      const deleting = deleteUser(database, ADA);
      await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      await work();
      await gate.query("SELECT pg_advisory_unlock(1)");
      return deleting;
    });
  }

  it.for(Object.entries(MAKE_LIVE))(
    "wins against one who %s before it commits",
    async ([, makeLive], { db, database }) => {
      await addPeople(db);
      await withThree(db, async (client, watcher) => {
        const other = await player(client, [`BEGIN; ${makeLive}`, "COMMIT"], watcher);
        const deletion = await whileDeleting(db, database, async () => {
          await other.turn();
          await other.turn();
        });
        expect(deletion).toMatchObject({ changed: true, user: { email: ADA } });
        expect(await other.end()).toBe("23503");
      });
      expect(await db.query(LIVE_OF_DELETED)).toEqual([]);
    },
  );

  it("waits for one who is signing in, and ends that session too", async ({ db, database }) => {
    await addPeople(db);
    const deletion = await withDriver(db, async (client) => {
      await client.query(`BEGIN; ${MAKE_LIVE["signs in"]}`);
      const deleting = deleteUser(database, ADA);
      await waitingFor(db, "locktype = 'transactionid'");
      await client.query("COMMIT");
      return deleting;
    });
    expect(deletion).toMatchObject({ changed: true, sessionsRevoked: 1 });
    expect(await db.query("SELECT FROM sessions WHERE id = $1 AND revoked_at IS NOT NULL", [NEW])).toHaveLength(1);
  });

  it("stays true while 20 clients sign in and 10 delete and restore", async ({ db, database }) => {
    await addPeople(db);
    const refusals: string[] = [];
    const signingIn = Array.from({ length: 20 }, (_, n) =>
      withDriver(db, async (client) => {
        for (let turn = 0; turn < 10; turn += 1) {
          const id = sessionId(1000 + n * 100 + turn);
          await client.query(signIn(id, USER.ada, 1000 + n * 100 + turn)).catch((error: { code: string }) => {
            refusals.push(error.code);
          });
        }
      }),
    );
    const deleting = Array.from({ length: 10 }, async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await deleteUser(database, ADA);
        expect(await db.query(LIVE_OF_DELETED)).toEqual([]);
        await restoreUser(database, ADA);
      }
    });
    await Promise.all([...signingIn, ...deleting]);
    expect(refusals.filter((code) => code !== "23503")).toEqual([]);
    const signedIn = await db.query("SELECT FROM sessions WHERE id >= $1", [sessionId(1000)]);
    expect(signedIn.length + refusals.length).toBe(200);
    await deleteUser(database, ADA);
    expect(await db.query(LIVE_OF_DELETED)).toEqual([]);
    await expect(db.query(signIn(NEW, USER.ada, 3))).rejects.toMatchObject({
      ...{ code: "23503", constraint: "sessions_live_user_id_fkey" },
    });
  });

  it("and restore leave the sessions revoked", async ({ db, database }) => {
    await addPeople(db);
    await db.query(MAKE_LIVE["signs in"]);
    await deleteUser(database, ADA);
    await restoreUser(database, ADA);
    expect(await db.query("SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL", [USER.ada])).toEqual([]);
    await db.query(signIn(sessionId(4), USER.ada, 4));
  });
});

describe("through Prisma", () => {
  const deletedAt = new Date("2026-06-01T12:00:00Z");

  it.for([
    ["the user, then the sessions", false],
    ["the sessions, then the user", true],
  ] as const)("a transaction may delete %s", async ([, sessionsFirst], { db, database: { prisma } }) => {
    await addPeople(db);
    await db.query(MAKE_LIVE["signs in"]);
    await prisma.$transaction(async (transaction) => {
      const steps: (() => Promise<unknown>)[] = [
        () => transaction.user.update({ where: { id: USER.ada }, data: { deletedAt } }),
        () =>
          transaction.session.updateMany({
            where: { userId: USER.ada, revokedAt: null },
            data: { revokedAt: deletedAt },
          }),
      ];
      for (const step of sessionsFirst ? steps.reverse() : steps) {
        await step();
      }
    });
    expect(await db.query("SELECT deleted_at FROM users WHERE id = $1", [USER.ada])).toEqual([
      { deleted_at: deletedAt },
    ]);
    expect(await db.query(LIVE_OF_DELETED)).toEqual([]);
  });

  it("a user with live sessions cannot be deleted alone", async ({ db, database: { prisma } }) => {
    await addPeople(db);
    await db.query(MAKE_LIVE["signs in"]);
    await expect(prisma.user.update({ where: { id: USER.ada }, data: { deletedAt } })).rejects.toMatchObject({
      ...{ code: "CONSTRAINT_VIOLATED", exitCode: 5 },
    });
    expect(await db.query("SELECT deleted_at FROM users WHERE id = $1", [USER.ada])).toEqual([{ deleted_at: null }]);
  });
});

it("a database from before the rule is brought under it by the migration", async ({ emptyDb: db }) => {
  const [init, ...later] = readMigrations();
  await db.query(init?.sql ?? expect.unreachable());
  await db.query(`INSERT INTO users (id, email) VALUES ('${USER.ada}', '${ADA}'), ('${USER.bob}', '${BOB}')`);
  await db.query(`${signIn(REVOKED, USER.ada, 1)}; UPDATE sessions SET revoked_at = '2026-05-01Z'`);
  await db.query(`${signIn(NEW, USER.ada, 3)}; ${signIn(OF_BOB, USER.bob, 2)}; ${DELETE_USER}`);
  expect(await db.query(LIVE_OF_DELETED)).toEqual([{ id: NEW }]);
  for (const { sql } of later) {
    await db.query(sql);
  }
  expect(await db.query(LIVE_OF_DELETED)).toEqual([]);
  expect(await db.query("SELECT id, revoked_at FROM sessions ORDER BY id")).toEqual([
    { id: REVOKED, revoked_at: new Date("2026-05-01T00:00:00Z") },
    { id: OF_BOB, revoked_at: null },
    { id: NEW, revoked_at: expect.any(Date) },
  ]);
  await expect(db.query(signIn(sessionId(4), USER.ada, 4))).rejects.toMatchObject({ code: "23503" });
});

async function addPeople(db: TestDatabase): Promise<void> {
  await db.query(`INSERT INTO users (id, email) VALUES ('${USER.ada}', '${ADA}'), ('${USER.bob}', '${BOB}')`);
  await db.query(RESET);
}

function withThree<T>(db: TestDatabase, work: (a: Client, b: Client, c: Client) => Promise<T>): Promise<T> {
  return withDriver(db, (a) => withDriver(db, (b) => withDriver(db, (c) => work(a, b, c))));
}
