/** What the commands about words cost depends on what is asked for: each of their statements goes by an index. */
import { expect } from "vitest";
import { suggestionsFrom } from "../src/core/suggestions.js";
import { deleteWord } from "../src/core/word-delete.js";
import { listWords } from "../src/core/word-list.js";
import { searchWords } from "../src/core/word-search.js";
import { showWords, wordStats } from "../src/core/words.js";
import type { Connection } from "../src/db/pool.js";
import { inTransaction } from "../src/db/transaction.js";
import { itOn, type TestDatabase } from "./support/database.js";
import { plansOf, statementsOf } from "./support/plans.js";

/** Chinese words of two characters and German ones, none of which has a level HSK1; a few French ones are learned. */
const it = itOn(async (db) => {
  await db.query(`
    INSERT INTO vocabulary_words (language, term, reading, definition, level, category)
    SELECT 'zh', chr(x'4e00'::int + n / 100) || chr(x'5e00'::int + n % 100), 'shi' || n / 100 || ' hao' || chr(97 + n % 26), 'w',
           'HSK' || 1 + n % 6, 'topic ' || n % 50
      FROM generate_series(1, 12000) AS n
    UNION ALL
    SELECT 'de', 'Wort' || chr(97 + n % 26) || n, '', 'w', 'A' || 1 + n % 2, 'topic ' || n % 50
      FROM generate_series(1, 7800) AS n
    UNION ALL
    SELECT 'fr', 'mot' || n, '', 'w', 'A1', NULL FROM generate_series(1, 200) AS n`);
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 5000) AS n");
  await db.query(`INSERT INTO progress (user_id, word_id)
    SELECT u.id, w.id FROM (SELECT id FROM users LIMIT 20) AS u, (SELECT id FROM vocabulary_words WHERE language = 'fr') AS w`);
  await db.query("ANALYZE");
});

/** Of the tables that grow with the words and their users. */
const FULL_SCAN = /Seq Scan on (vocabulary_words|progress|users)/;

async function indexesOf(db: TestDatabase, work: (connection: Connection) => Promise<unknown>): Promise<string[]> {
  const plans = await plansOf(db, work);
  for (const plan of plans) {
    expect(plan).not.toMatch(FULL_SCAN);
  }
  const names = plans.flatMap((plan) => [...plan.matchAll(/(?:using|Index Scan on) (\w+_(?:idx|key|pkey))/g)]);
  return [...new Set(names.map((match) => match[1] ?? ""))]
    .filter((name) => name.startsWith("vocabulary_words"))
    .sort();
}

const KEY = "vocabulary_words_language_term_reading_sense_key";
const LEVEL = "vocabulary_words_language_level_category_idx";
const TERM = "vocabulary_words_term_key_idx";
const READING = "vocabulary_words_reading_key_idx";
const SEARCH = "vocabulary_words_search_idx";

it("suggesting languages and levels takes one look into an index for each", async ({ db }) => {
  const found: string[][] = [];
  const indexes = (what: "languages" | "levels", prefix: string) =>
    indexesOf(db, async (connection) =>
      found.push((await suggestionsFrom(connection, { what, prefix })).map(({ value }) => value)),
    );
  expect(await indexes("languages", "")).toHaveLength(1);
  expect(await indexes("levels", "A")).toContain(LEVEL);
  expect(found).toEqual([
    ["de", "fr", "zh"],
    ["A1", "A2"],
  ]);
});

it("searching goes by the indexes of spellings", async ({ db }) => {
  const search = (text: string, language?: string) =>
    indexesOf(db, (connection) => searchWords(connection, text, { language, limit: 20 }));
  // Enough begin like that.
  expect(await search("shi5hao")).toEqual([READING, TERM]);
  expect(await search("wort")).toEqual([READING, TERM]);
  expect(await search("一")).toEqual([READING, TERM]);
  expect(await search("wo", "de")).toEqual([READING, TERM]);
  // None does, or too few do.
  expect(await search("haoz")).toEqual([READING, SEARCH, TERM]);
  expect(await search("ort")).toEqual([READING, SEARCH, TERM]);
  expect(await search("帀")).toEqual([READING, SEARCH, TERM]);
  expect(await search("一帀")).toEqual([READING, SEARCH, TERM]);
  expect(await search("тесто")).toEqual([READING, SEARCH, TERM]);
  // What no index finds inside words is not looked for there.
  expect(await search("zz")).toEqual([READING, TERM]);
  expect(await search("+++")).toEqual([READING, TERM]);
  expect(await search("...")).toEqual([]);
});

it("lists, single words and counts go by the natural key, the level or the term", async ({ db }) => {
  const list = (options: Parameters<typeof listWords>[1]) =>
    indexesOf(db, async (connection) => {
      const { nextCursor } = await listWords(connection, { ...options, limit: 20 });
      await listWords(connection, { ...options, limit: 20, after: nextCursor ?? undefined });
    });
  expect(await list({})).toContain(KEY);
  expect(await list({ language: "zh" })).toContain(KEY);
  expect(await list({ level: "HSK1" })).toContain(LEVEL);
  expect(await list({ language: "de", level: "HSK1" })).toContain(LEVEL);
  expect(await list({ category: "topic 7" })).toContain(LEVEL);
  const page = await statementsOf(db, (connection) => listWords(connection, { level: "HSK1", limit: 20 }));
  const languages = page
    .filter(({ text }) => text.includes("ORDER BY w.language, w.term"))
    .map(({ values }) => values[0]);
  // The words of the languages that do not have it are not even looked at.
  expect(languages).toEqual(["zh"]);
  expect(await indexesOf(db, (connection) => showWords(connection, { word: "mot7" }))).toEqual([TERM]);
  expect(await indexesOf(db, (connection) => showWords(connection, { word: "mot7", language: "fr" }))).toHaveLength(1);
  const options = { dryRun: true, confirmed: ["mot7"] };
  expect(await indexesOf(db, (connection) => deleteWord(connection, { word: "mot7" }, options))).toEqual(
    [TERM, "vocabulary_words_pkey"].sort(),
  );
  expect(await indexesOf(db, (connection) => wordStats(connection, { by: "level", language: "fr" }))).toEqual([LEVEL]);
});

it("that a full scan would be noticed", async ({ db }) => {
  const plans = await plansOf(db, (connection) =>
    inTransaction(connection, { readOnly: true }, (client) =>
      client.query("SELECT count(*) FROM vocabulary_words AS w WHERE w.definition LIKE '%x%'"),
    ),
  );
  expect(plans.join("\n")).toMatch(FULL_SCAN);
});
