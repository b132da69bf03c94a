/** Progress of one user against an example small enough to count by hand. */
import { describe, expect } from "vitest";
import { type ProgressOptions, showProgress } from "../../src/core/progress.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
/** Half a day before midnight UTC. */
const NOW = new Date("2026-06-01T12:00:00Z");

interface Learned {
  readonly term: string;
  readonly level?: string | null;
  readonly category?: string | null;
  readonly language?: string;
  readonly studied?: number;
  readonly correct?: number;
  readonly confidence?: number;
  /** When the word falls due, by default long after everything that is asked. */
  readonly due?: string;
}

async function addUser(db: TestDatabase, email: string): Promise<void> {
  await db.query("INSERT INTO users (email) VALUES ($1)", [email]);
}

/** Words and what the user knows of them; words that exist are shared with those who learn them already. */
async function learn(db: TestDatabase, email: string, words: readonly Learned[]): Promise<void> {
  const rows = words.map((word) => ({
    ...{ level: null, category: null, language: "zh", studied: 0, correct: 0, confidence: 0, due: "2030-01-01Z" },
    ...word,
  }));
  await db.query(
    `WITH given AS (
       SELECT * FROM json_to_recordset($2) AS g (term text, level text, category text, language text,
              studied integer, correct integer, confidence float8, due timestamptz)
     ), words AS (
       INSERT INTO vocabulary_words (language, term, reading, definition, level, category)
       SELECT language, term, 'r-' || term, 'd-' || term, level, category FROM given
       ON CONFLICT (language, term, reading, sense) DO UPDATE SET definition = EXCLUDED.definition
       RETURNING id, language, term
     )
     INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, next_review_at)
     SELECT u.id, w.id, g.studied, g.correct, g.confidence, g.due
       FROM users AS u, words AS w JOIN given AS g USING (language, term) WHERE u.email = $1`,
    [email, JSON.stringify(rows)],
  );
}

/** Two levels, a word of no level, two languages: everything below is counted from these lines. */
const EXAMPLE: readonly Learned[] = [
  { term: "一", level: "HSK1", category: "numbers", studied: 4, correct: 4, confidence: 0.9, due: "2026-06-03T00:00Z" },
  { term: "二", level: "HSK1", category: "numbers", studied: 5, correct: 3, confidence: 0.6, due: "2026-06-01T11:00Z" },
  { term: "三", level: "HSK1", category: "numbers", due: "2026-05-01T00:00Z" },
  { term: "人", level: "HSK2", category: "people", studied: 3, correct: 3, confidence: 0.8, due: "2026-06-01T18:00Z" },
  { term: "猫", level: null, category: null, studied: 2, correct: 0, confidence: 0.1, due: "2026-06-01T12:00Z" },
  { term: "eins", level: "A1", category: "numbers", language: "de", studied: 1, correct: 1, confidence: 1 },
];

describe("the example", () => {
  /** @returns what is shown of Ada, who learns the example. */
  async function adaOn(connection: Connection, db: TestDatabase) {
    await addUser(db, ADA);
    await learn(db, ADA, EXAMPLE);
    return (options: ProgressOptions = {}) => showProgress(connection, ADA, { now: NOW, ...options });
  }

  it("adds up", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    expect((await overview()).summary).toEqual({
      ...{ words: 6, studied: 5, mastered: 2, learning: 3, due: 3 },
      ...{ reviews: 15, correct: 11, accuracy: 11 / 15 },
    });
  });

  it("is grouped by level, the words without one last", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    const levels = [
      { key: "A1", words: 1, studied: 1, mastered: 0, due: 0, accuracy: 1 },
      { key: "HSK1", words: 3, studied: 2, mastered: 1, due: 2, accuracy: 7 / 9 },
      { key: "HSK2", words: 1, studied: 1, mastered: 1, due: 0, accuracy: 1 },
      { key: null, words: 1, studied: 1, mastered: 0, due: 1, accuracy: 0 },
    ];
    expect((await overview()).by).toStrictEqual(levels);
    expect((await overview({ by: "level" })).by).toStrictEqual(levels);
  });

  it("is grouped by category and by language with the same sums", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    const category = await overview({ by: "category" });
    expect(category.by).toStrictEqual([
      { key: "numbers", words: 4, studied: 3, mastered: 1, due: 2, accuracy: 8 / 10 },
      { key: "people", words: 1, studied: 1, mastered: 1, due: 0, accuracy: 1 },
      { key: null, words: 1, studied: 1, mastered: 0, due: 1, accuracy: 0 },
    ]);
    const language = await overview({ by: "language" });
    expect(language.by).toStrictEqual([
      { key: "de", words: 1, studied: 1, mastered: 0, due: 0, accuracy: 1 },
      { key: "zh", words: 5, studied: 4, mastered: 2, due: 3, accuracy: 10 / 14 },
    ]);
    expect(category.summary).toEqual(language.summary);
  });

  it("is forecast for seven days of UTC, what is due already left out", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    expect((await overview()).forecast).toStrictEqual([
      { date: "2026-06-01", due: 1 },
      { date: "2026-06-02", due: 0 },
      { date: "2026-06-03", due: 1 },
      { date: "2026-06-04", due: 0 },
      { date: "2026-06-05", due: 0 },
      { date: "2026-06-06", due: 0 },
      { date: "2026-06-07", due: 0 },
    ]);
  });

  it("lists the due words only when asked, the longest due first", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    expect((await overview()).dueWords).toBeNull();
    const zh = { language: "zh" };
    expect((await overview({ due: true })).dueWords).toStrictEqual([
      { ...zh, term: "三", reading: "r-三", definition: "d-三", nextReviewAt: new Date("2026-05-01T00:00:00Z") },
      { ...zh, term: "二", reading: "r-二", definition: "d-二", nextReviewAt: new Date("2026-06-01T11:00:00Z") },
      { ...zh, term: "猫", reading: "r-猫", definition: "d-猫", nextReviewAt: NOW },
    ]);
  });

  it("says the same whatever others learn", async ({ connection, db }) => {
    const overview = await adaOn(connection, db);
    const alone = await overview({ due: true });
    await addUser(db, BOB);
    await learn(
      db,
      BOB,
      [...EXAMPLE, { term: "dog" }].map((word) => ({
        ...word,
        studied: 9,
        correct: 9,
        confidence: 1,
        due: "2026-06-01Z",
      })),
    );
    expect(await overview({ due: true })).toEqual(alone);
    expect((await showProgress(connection, BOB, { now: NOW })).summary).toMatchObject({ words: 7, reviews: 63 });
  });
});

describe("the boundaries", () => {
  it("mastered begins at a confidence of 0.8 and three reviews", async ({ connection, db }) => {
    await addUser(db, ADA);
    await learn(db, ADA, [
      { term: "both", level: "a", studied: 3, correct: 3, confidence: 0.8 },
      { term: "unsure", level: "b", studied: 3, correct: 3, confidence: 0.7999999999999999 },
      { term: "new", level: "c", studied: 2, correct: 2, confidence: 1 },
      { term: "unseen", level: "d", confidence: 1 },
    ]);
    const { summary, by } = await showProgress(connection, ADA, { now: NOW });
    expect(by.map(({ key, mastered }) => [key, mastered])).toEqual([
      ["a", 1],
      ["b", 0],
      ["c", 0],
      ["d", 0],
    ]);
    expect(summary).toMatchObject({ words: 4, studied: 3, mastered: 1, learning: 2 });
  });

  it("a word is due from the very millisecond on", async ({ connection, db }) => {
    await addUser(db, ADA);
    await learn(db, ADA, [
      { term: "before", level: "a", due: "2026-06-01T11:59:59.999Z" },
      { term: "now", level: "b", due: "2026-06-01T12:00:00.000Z" },
      { term: "after", level: "c", due: "2026-06-01T12:00:00.001Z" },
    ]);
    const { by, dueWords, forecast } = await showProgress(connection, ADA, { now: NOW, due: true });
    expect(by.map(({ key, due }) => [key, due])).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 0],
    ]);
    expect(dueWords?.map(({ term }) => term)).toEqual(["before", "now"]);
    expect(forecast[0]).toEqual({ date: "2026-06-01", due: 1 });
  });

  it("the days of the forecast end at midnight UTC, the last one seven days on", async ({ connection, db }) => {
    // Neither the database's zone nor the role's may move the days.
    await db.query(`ALTER DATABASE ${db.target.database} SET timezone = 'Pacific/Auckland'`);
    await addUser(db, ADA);
    await learn(db, ADA, [
      { term: "a", due: "2026-06-01T23:59:59.999Z" },
      { term: "b", due: "2026-06-02T00:00:00.000Z" },
      { term: "c", due: "2026-06-02T00:00:00.001Z" },
      { term: "d", due: "2026-06-02T23:59:59.999Z" },
      { term: "e", due: "2026-06-07T23:59:59.999Z" },
      { term: "f", due: "2026-06-08T00:00:00.000Z" },
    ]);
    const dueAt = async (now: string) => {
      const { forecast } = await showProgress(connection, ADA, { now: new Date(now) });
      return forecast.map(({ date, due }) => `${date} ${due}`);
    };
    expect(await dueAt("2026-06-01T23:59:59.998Z")).toEqual([
      ...["2026-06-01 1", "2026-06-02 3", "2026-06-03 0", "2026-06-04 0"],
      ...["2026-06-05 0", "2026-06-06 0", "2026-06-07 1"],
    ]);
    expect(await dueAt("2026-06-02T00:00:00.000Z")).toEqual([
      ...["2026-06-02 2", "2026-06-03 0", "2026-06-04 0", "2026-06-05 0"],
      ...["2026-06-06 0", "2026-06-07 1", "2026-06-08 1"],
    ]);
  });

  it("accuracy is null without reviews, and so is that of a group", async ({ connection, db }) => {
    await addUser(db, ADA);
    await learn(db, ADA, [
      { term: "a", level: "HSK1" },
      { term: "b", level: "HSK1" },
    ]);
    const { summary, by } = await showProgress(connection, ADA, { now: NOW });
    expect(summary).toEqual({
      ...{ words: 2, studied: 0, mastered: 0, learning: 0, due: 0, reviews: 0, correct: 0, accuracy: null },
    });
    expect(by).toEqual([{ key: "HSK1", words: 2, studied: 0, mastered: 0, due: 0, accuracy: null }]);
  });

  it("at most 50 due words are listed, and all are counted", async ({ connection, db }) => {
    await addUser(db, ADA);
    const words = Array.from({ length: 60 }, (_, n) => ({ term: `w${n}`, due: new Date(n * 1_000).toISOString() }));
    await learn(db, ADA, words.toReversed());
    const { summary, dueWords } = await showProgress(connection, ADA, { now: NOW, due: true });
    expect(dueWords?.map(({ term }) => term)).toEqual(words.slice(0, 50).map(({ term }) => term));
    expect(summary.due).toBe(60);
  });

  it("words due at the same time have one order", async ({ connection, db }) => {
    await addUser(db, ADA);
    await learn(
      db,
      ADA,
      Array.from({ length: 60 }, (_, n) => ({ term: `w${n}`, due: "2026-01-01Z" })),
    );
    const ordered = await db.query<{ term: string }>(
      "SELECT w.term FROM progress p JOIN vocabulary_words w ON w.id = p.word_id ORDER BY p.word_id LIMIT 50",
    );
    const { dueWords } = await showProgress(connection, ADA, { now: NOW, due: true });
    expect(dueWords?.map(({ term }) => term)).toEqual(ordered.map(({ term }) => term));
  });
});

describe("the user", () => {
  it("is shown with every field but the hash", async ({ connection, db }) => {
    await addUser(db, ADA);
    const [row] = await db.query("SELECT * FROM users");
    expect((await showProgress(connection, ADA)).user).toStrictEqual({
      ...{ id: row?.id, email: ADA, displayName: null },
      ...{ createdAt: row?.created_at, updatedAt: row?.updated_at, deletedAt: null },
    });
  });

  it("without progress has zeros, no groups and a full forecast", async ({ connection, db }) => {
    await addUser(db, ADA);
    const overview = await showProgress(connection, ADA, { now: NOW, due: true });
    expect(overview).toMatchObject({ summary: { words: 0, accuracy: null }, by: [], dueWords: [] });
    expect(overview.forecast.map(({ due }) => due)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it("is refused when deleted, unless asked for", async ({ connection, db }) => {
    await addUser(db, ADA);
    await learn(db, ADA, EXAMPLE);
    await db.query("UPDATE users SET deleted_at = '2026-05-01Z'");
    const deletedAt = new Date("2026-05-01T00:00:00Z");
    await expect(showProgress(connection, ADA)).rejects.toMatchObject({ code: "USER_DELETED", exitCode: 4, deletedAt });
    expect(await showProgress(connection, ADA, { deleted: true, now: NOW })).toMatchObject({
      ...{ user: { deletedAt }, summary: { words: 6 } },
    });
  });

  it("is not found where there is none", async ({ connection }) => {
    const failure = { code: "USER_NOT_FOUND", exitCode: 4, email: ADA };
    await expect(showProgress(connection, ADA)).rejects.toMatchObject(failure);
    await expect(showProgress(connection, ADA, { deleted: true })).rejects.toMatchObject(failure);
  });

  it("gives its connection back after a refusal", async ({ connection }) => {
    const refusals = Array.from({ length: 20 }, () => showProgress(connection, ADA).catch(({ code }) => code));
    expect(await Promise.all(refusals)).toEqual(Array(20).fill("USER_NOT_FOUND"));
    expect(connection.pool.idleCount).toBe(connection.pool.totalCount);
  });
});
