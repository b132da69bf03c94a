/** Forgetting what a user has learned: only with consent, only this user, and on record. */
import { describe, expect } from "vitest";
import { type ResetOptions, resetProgress } from "../../src/core/progress-reset.js";
import { deleteUser } from "../../src/core/users.js";
import { withConnection } from "../../src/db/pool.js";
import { it as base, type TestDatabase, withClient } from "../support/database.js";
import { addUsers, learn, markDeleted } from "../support/learning.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const CONFIRMED: ResetOptions = { confirm: ADA };

/** Ada knows three words, two of them Chinese; Bob knows one of these too. */
const it = base.extend<{ learning: TestDatabase }>({
  learning: async ({ db }, use) => {
    await addUsers(db, ADA, BOB);
    await learn(db, ADA, [{ term: "一" }, { term: "二" }, { term: "eins", language: "de" }]);
    await learn(db, BOB, [{ term: "一" }]);
    await use(db);
  },
});

/** Every row with its place and its version: equal only if nothing was written in between. */
async function allRows(db: TestDatabase): Promise<unknown[][]> {
  const tables = ["users", "progress", "vocabulary_words", "audit_log"];
  return Promise.all(
    tables.map((table) => db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`)),
  );
}

async function known(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ word: string }>(
    `SELECT u.email || ' ' || w.term AS word FROM progress AS p
       JOIN users AS u ON u.id = p.user_id JOIN vocabulary_words AS w ON w.id = p.word_id
      ORDER BY u.email, w.language, w.term COLLATE "C"`,
  );
  return rows.map(({ word }) => word);
}

const recorded = (db: TestDatabase) =>
  db.query("SELECT action, subjects, changes, command_line, operator, reason FROM audit_log");

describe("a confirmed reset", () => {
  it("removes the progress of this user, leaves everything else, and is recorded", async ({ connection, learning }) => {
    const [user] = await learning.query("SELECT * FROM users WHERE email = $1", [ADA]);
    const actor = { commandLine: "vocabdb progress reset", operator: "eve@host", reason: "asked for it" };
    expect(await resetProgress(connection, ADA, { ...CONFIRMED, actor })).toStrictEqual({
      user: {
        ...{ id: user?.id, email: ADA, displayName: null, deletedAt: null },
        ...{ createdAt: user?.created_at, updatedAt: user?.updated_at },
      },
      ...{ changed: true, progressDeleted: 3 },
    });
    expect(await known(learning)).toEqual([`${BOB} 一`]);
    expect(await learning.query("SELECT FROM vocabulary_words")).toHaveLength(3);
    expect(await recorded(learning)).toEqual([
      {
        ...{ action: "progress reset", subjects: [ADA], changes: { progress: { deleted: 3 } } },
        ...{ command_line: "vocabdb progress reset", operator: "eve@host", reason: "asked for it" },
      },
    ]);
  });

  it("a second time changes nothing and leaves no record", async ({ connection, learning }) => {
    await resetProgress(connection, ADA, CONFIRMED);
    const before = await allRows(learning);
    expect(await resetProgress(connection, ADA, CONFIRMED)).toMatchObject({ changed: false, progressDeleted: 0 });
    expect(await resetProgress(connection, ADA)).toMatchObject({ changed: false, progressDeleted: 0 });
    expect(await allRows(learning)).toEqual(before);
  });

  it("can be of one language", async ({ connection, learning }) => {
    const options = { ...CONFIRMED, language: "zh" };
    expect(await resetProgress(connection, ADA, options)).toMatchObject({ changed: true, progressDeleted: 2 });
    expect(await known(learning)).toEqual([`${ADA} eins`, `${BOB} 一`]);
    expect(await resetProgress(connection, ADA, options)).toMatchObject({ changed: false, progressDeleted: 0 });
    expect(await resetProgress(connection, ADA, { ...CONFIRMED, language: "' OR 1=1 --" })).toMatchObject({
      changed: false,
    });
  });

  it("as a dry run tells the truth, needs no consent and writes nothing", async ({ connection, learning }) => {
    const before = await allRows(learning);
    expect(await resetProgress(connection, ADA, { dryRun: true })).toMatchObject({ changed: true, progressDeleted: 3 });
    expect(await resetProgress(connection, ADA, { dryRun: true, language: "de" })).toMatchObject({
      progressDeleted: 1,
    });
    expect(await allRows(learning)).toEqual(before);
  });
});

describe("without consent", () => {
  it.for([
    [{}, "this removes the progress of ada@example.org on 3 words, for good", ""],
    [{ language: "de" }, "this removes the progress of ada@example.org on 1 word, for good", " --language de"],
    [{ confirm: BOB }, 'on 3 words, for good, and --confirm names "bob@example.org" instead of the user', ""],
    [{ confirm: "" }, 'on 3 words, for good, and --confirm names "" instead of the user', ""],
  ] as const)(
    "nothing is removed, and the words are counted: %j",
    async ([options, message, narrowed], { connection, learning }) => {
      const before = await allRows(learning);
      await expect(resetProgress(connection, ADA, options)).rejects.toMatchObject({
        ...{ code: "CONSENT_MISSING", exitCode: 2, message: expect.stringContaining(message) },
        hint: `vocabdb progress reset ${ADA}${narrowed} --confirm ${ADA}`,
      });
      expect(await allRows(learning)).toEqual(before);
    },
  );
});

describe("who is meant", () => {
  it("must exist", async ({ connection }) => {
    await expect(resetProgress(connection, ADA, CONFIRMED)).rejects.toMatchObject({
      ...{ code: "USER_NOT_FOUND", exitCode: 4 },
    });
  });

  it("must be live unless deleted ones are asked for, which the hint then keeps", async ({ connection, learning }) => {
    await markDeleted(learning, ADA);
    const before = await allRows(learning);
    await expect(resetProgress(connection, ADA, CONFIRMED)).rejects.toMatchObject({
      ...{ code: "USER_DELETED", exitCode: 4 },
    });
    await expect(resetProgress(connection, ADA, { deleted: true })).rejects.toMatchObject({
      hint: `vocabdb progress reset ${ADA} --deleted --confirm ${ADA}`,
    });
    expect(await allRows(learning)).toEqual(before);
    expect(await resetProgress(connection, ADA, { ...CONFIRMED, deleted: true })).toMatchObject({ progressDeleted: 3 });
  });
});

describe("at the same time", () => {
  it("one of 16 resets changes something, and one record is left", async ({ learning }) => {
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, () =>
        withConnection(learning.target, (connection) => resetProgress(connection, ADA, CONFIRMED)),
      ),
    );
    const removed = outcomes.map(({ progressDeleted }) => progressDeleted).toSorted();
    expect(removed).toEqual([...Array(15).fill(0), 3]);
    expect(await recorded(learning)).toHaveLength(1);
  });

  it("a reset waits for a deletion of the user, and then finds the user deleted", async ({
    connection,
    database,
    learning,
  }) => {
    await whileLocked(learning, async (release) => {
      const deletion = deleteUser(database, ADA);
      await waiting(learning, 1);
      const reset = resetProgress(connection, ADA, CONFIRMED).catch((error: unknown) => error);
      await waiting(learning, 2);
      await release();
      expect(await deletion).toMatchObject({ changed: true });
      expect(await reset).toMatchObject({ code: "USER_DELETED" });
    });
    expect(await known(learning)).toHaveLength(4);
  });

  it("a reset that waits for another one can be interrupted", async ({ connection, learning }) => {
    await whileLocked(learning, async (release) => {
      const abort = new AbortController();
      const reset = resetProgress(connection, ADA, { ...CONFIRMED, signal: abort.signal });
      const refused = expect(reset).rejects.toThrow("enough");
      await waiting(learning, 1);
      abort.abort(new Error("enough"));
      await refused;
      await release();
    });
    expect(await known(learning)).toHaveLength(4);
  });

  it("the user can go on learning while a reset waits", async ({ connection, learning }) => {
    await withUserLocked(learning, "FOR NO KEY UPDATE", async () => {
      await learn(learning, ADA, [{ term: "neu", language: "de" }]);
    });
    expect(await resetProgress(connection, ADA, CONFIRMED)).toMatchObject({ progressDeleted: 4 });
  });
});

/** Somebody else holds Ada's row until `release`. */
function whileLocked(db: TestDatabase, work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> {
  return withUserLocked(db, "FOR UPDATE", work);
}

async function withUserLocked(
  { target }: TestDatabase,
  lock: "FOR UPDATE" | "FOR NO KEY UPDATE",
  work: (release: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { host, port, user, database, password } = target;
  await withClient({ host, port, user, database, password: password?.reveal() }, async (client) => {
    await client.query("BEGIN");
    await client.query(`SELECT FROM users WHERE email = $1 ${lock}`, [ADA]);
    await work(() => client.query("COMMIT"));
  });
}

/** Until so many sessions wait for a lock. */
async function waiting(db: TestDatabase, count: number): Promise<void> {
  const waiters = () =>
    db.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
  await expect.poll(async () => (await waiters()).length, { timeout: 20_000 }).toBe(count);
}
