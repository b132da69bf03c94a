/** The words of one user, page by page. */
import { describe, expect } from "vitest";
import { listProgress, type ProgressListOptions } from "../../src/core/progress-list.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { addUsers, type Learned, learn, markDeleted } from "../support/learning.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const NOW = new Date("2026-06-01T12:00:00Z");

/** By the time of the next review; the last two at the same time. */
const WORDS: readonly Learned[] = [
  {
    term: "三",
    studied: 2,
    correct: 1,
    confidence: 0.9,
    last: "2026-04-30T08:00:00Z",
    due: "2026-05-01T00:00:00.001Z",
  },
  { term: "一", studied: 3, correct: 3, confidence: 0.8, last: "2026-05-20T08:00:00Z", due: "2026-06-01T12:00:00Z" },
  { term: "eins", language: "de", due: "2026-06-01T12:00:00.001Z" },
  { term: "二", studied: 9, correct: 8, confidence: 0.7999, due: "2026-07-01T00:00:00Z" },
  { term: "zwei", language: "de", studied: 4, correct: 4, confidence: 1, due: "2026-07-01T00:00:00Z" },
];

async function terms(connection: Connection, options: ProgressListOptions = {}): Promise<string[]> {
  const { progress } = await listProgress(connection, ADA, { now: NOW, ...options });
  return progress.map(({ term }) => term);
}

async function allPages(connection: Connection, options: ProgressListOptions): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await listProgress(connection, ADA, { now: NOW, ...options, ...(after !== undefined && { after }) });
    pages.push(page.progress.map(({ wordId }) => wordId));
    after = page.nextCursor ?? undefined;
  } while (after !== undefined);
  return pages;
}

/** In the order of the database. */
async function wordIds(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ id: string }>("SELECT word_id AS id FROM progress ORDER BY next_review_at, word_id");
  return rows.map(({ id }) => id);
}

describe("the list", () => {
  it("shows each word with all that is known of it, the words due first before the others", async ({
    connection,
    db,
  }) => {
    await addUsers(db, ADA, BOB);
    await learn(db, BOB, [{ term: "四" }]);
    const [first, ...others] = WORDS;
    await learn(db, ADA, [
      { ...(first ?? expect.unreachable()), reading: "sān", sense: "number", definition: "three" },
      ...others,
    ]);
    const { progress, nextCursor } = await listProgress(connection, ADA, { now: NOW });
    expect(nextCursor).toBeNull();
    expect(progress.map(({ wordId }) => wordId)).toEqual((await wordIds(db)).slice(0, 5));
    expect(progress.map(({ term }) => term).slice(0, 3)).toEqual(["三", "一", "eins"]);
    expect(progress[0]).toStrictEqual({
      wordId: (await wordIds(db))[0],
      ...{ language: "zh", term: "三", reading: "sān", sense: "number", definition: "three" },
      ...{ studyCount: 2, correctCount: 1, confidence: 0.9 },
      lastStudiedAt: new Date("2026-04-30T08:00:00Z"),
      nextReviewAt: new Date("2026-05-01T00:00:00.001Z"),
      state: "learning",
    });
    expect(progress[2]).toMatchObject({ lastStudiedAt: null, studyCount: 0, state: "new" });
  });

  it("calls mastered what `progress show` counts as mastered", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, WORDS);
    const { progress } = await listProgress(connection, ADA);
    expect(Object.fromEntries(progress.map(({ term, state }) => [term, state]))).toEqual({
      ...{ 三: "learning", 一: "mastered", eins: "new", 二: "learning", zwei: "mastered" },
    });
  });

  it("can be of what is due now, to the millisecond, of one language, or both", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, WORDS);
    expect(await terms(connection, { due: true })).toEqual(["三", "一"]);
    expect(await terms(connection, { due: true, now: new Date(NOW.getTime() + 1) })).toEqual(["三", "一", "eins"]);
    expect(await terms(connection, { language: "de" })).toEqual(["eins", "zwei"]);
    expect(await terms(connection, { language: "de", due: true })).toEqual([]);
    expect(await terms(connection, { language: "'; DROP TABLE progress; --" })).toEqual([]);
  });

  it("is empty for a user who has not begun", async ({ connection, db }) => {
    await addUsers(db, ADA);
    expect(await listProgress(connection, ADA)).toEqual({ progress: [], nextCursor: null });
  });

  it("gives the same times whatever zone the database is in", async ({ connection, db }) => {
    await db.query(`ALTER DATABASE ${db.target.database} SET TimeZone = 'Asia/Kolkata'`);
    await addUsers(db, ADA);
    await learn(db, ADA, WORDS);
    const { progress } = await listProgress(connection, ADA, { limit: 1 });
    expect(progress[0]?.nextReviewAt.toISOString()).toBe("2026-05-01T00:00:00.001Z");
    expect((await allPages(connection, { limit: 1 })).flat()).toEqual(await wordIds(db));
  });
});

describe("pages", () => {
  it("follow each other without loss or repetition, also over words due at the same time", async ({
    connection,
    db,
  }) => {
    await addUsers(db, ADA);
    const days = ["2026-06-01T00:00:00Z", "2026-06-01T00:00:00.001Z", "2026-06-02T00:00:00Z"];
    await learn(
      db,
      ADA,
      Array.from({ length: 31 }, (_, n) => ({ term: `word ${n}`, due: days[n % 3] ?? "" })),
    );
    for (const limit of [1, 4, 30, 31, 32]) {
      const pages = await allPages(connection, { limit });
      expect(pages.flat()).toEqual(await wordIds(db));
      expect(pages).toHaveLength(Math.ceil(31 / limit));
    }
  });

  it("go on behind ids that other clients have made up", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await db.query(`
      INSERT INTO vocabulary_words (id, language, term, definition)
        SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'de', 'w' || n, 'word' FROM generate_series(1, 3) AS n;
      INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w`);
    expect((await allPages(connection, { limit: 1 })).flat()).toEqual(await wordIds(db));
  });

  it("keep to the filters", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, [
      ...Array.from({ length: 7 }, (_, n) => ({ term: `Wort ${n}`, language: "de", due: "2026-05-01T00:00:00Z" })),
      ...Array.from({ length: 7 }, (_, n) => ({ term: `mot ${n}`, language: "fr", due: "2026-05-01T00:00:00Z" })),
      { term: "später", language: "de" },
    ]);
    const pages = await allPages(connection, { limit: 3, language: "de", due: true });
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(new Set(pages.flat()).size).toBe(7);
  });

  it("show once what was there all the time while other words are studied", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(
      db,
      ADA,
      Array.from({ length: 20 }, (_, n) => ({ term: `word ${n}`, due: `2026-06-01T00:00:${10 + n}Z` })),
    );
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await listProgress(connection, ADA, { limit: 3, ...(after !== undefined && { after }) });
      seen.push(...page.progress.map(({ term }) => term));
      after = page.nextCursor ?? undefined;
      // The last one shown is reviewed and moves far back; a word long due appears before the cursor.
      await db.query("UPDATE progress SET next_review_at = '2031-01-01Z' WHERE word_id = $1", [
        page.progress.at(-1)?.wordId,
      ]);
      await learn(db, ADA, [{ term: `new ${seen.length}`, due: "2026-01-01T00:00:00Z" }]);
    } while (after !== undefined && seen.length < 40);
    for (let n = 0; n < 20; n += 1) {
      expect(seen).toContain(`word ${n}`);
    }
    expect(seen.filter((term) => term.startsWith("new"))).toEqual([]);
  });

  it.for([
    ["a page number", "2"],
    ["an empty text", ""],
    ["one of another list", Buffer.from('["user list",["ada@example.org"]]').toString("base64url")],
    ["one with SQL in it", Buffer.from(`["progress list",["2026-01-01T00:00:00Z","' OR 1=1"]]`).toString("base64url")],
  ] as const)("do not begin behind a cursor of somebody else's making: %s", async ([, after], { connection, db }) => {
    await addUsers(db, ADA);
    await expect(listProgress(connection, ADA, { after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  });
});

describe("who is meant", () => {
  it("must exist, and be live unless deleted ones are asked for", async ({ connection, db }) => {
    await expect(listProgress(connection, ADA)).rejects.toMatchObject({ code: "USER_NOT_FOUND", exitCode: 4 });
    await addUsers(db, ADA);
    await learn(db, ADA, WORDS);
    await markDeleted(db, ADA);
    await expect(listProgress(connection, ADA)).rejects.toMatchObject({ code: "USER_DELETED", exitCode: 4 });
    expect(await terms(connection, { deleted: true })).toHaveLength(5);
  });

  it("is found in the schema of the connection", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, WORDS);
    const { host, port, user, database, password } = db.target;
    await withClient({ host, port, user, database, password: password?.reveal() }, async (client) => {
      await client.query("CREATE SCHEMA elsewhere; ALTER TABLE users SET SCHEMA elsewhere");
      await client.query(
        "ALTER TABLE progress SET SCHEMA elsewhere; ALTER TABLE vocabulary_words SET SCHEMA elsewhere",
      );
    });
    const there: Connection = { ...connection, target: { ...db.target, schema: "elsewhere" } };
    expect(await terms(there)).toHaveLength(5);
    await expect(listProgress(connection, ADA)).rejects.toMatchObject({ code: "42P01" });
  });
});
