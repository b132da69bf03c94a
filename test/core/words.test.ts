/** Words are found by how they are written, listed by their natural key, and counted. */
import { describe, expect } from "vitest";
import { listWords, type WordListOptions } from "../../src/core/word-list.js";
import { showWords, wordStats } from "../../src/core/words.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { addLearners, addWords, softDelete } from "../support/words.js";

describe("showing a word", () => {
  it("has every field, in the form that is documented", async ({ connection, db }) => {
    const [id] = await addWords(db, {
      ...{ language: "zh", term: "你好", reading: "nǐ hǎo", sense: "1", definition: "hello", part_of_speech: "phrase" },
      ...{ level: "HSK1", category: "greetings", example: "你好！" },
    });
    const [row] = await db.query("SELECT created_at, updated_at FROM vocabulary_words");
    const { words } = await showWords(connection, { word: "你好" });
    expect(words).toStrictEqual([
      {
        ...{ id, language: "zh", term: "你好", reading: "nǐ hǎo", sense: "1", definition: "hello" },
        ...{ partOfSpeech: "phrase", level: "HSK1", category: "greetings", example: "你好！" },
        ...{ createdAt: row?.created_at, updatedAt: row?.updated_at, learners: 0 },
      },
    ]);
  });

  it("shows all that are written alike, and the one that is told apart", async ({ connection, db }) => {
    await addWords(
      db,
      { language: "zh", term: "地", reading: "dì", sense: "" },
      { language: "zh", term: "地", reading: "de", sense: "" },
      { language: "ja", term: "地", reading: "", sense: "ground" },
      { language: "zh", term: "土地", reading: "tǔdì" },
    );
    const found = async (selector: { language?: string; reading?: string; sense?: string }) =>
      (await showWords(connection, { word: "地", ...selector })).words.map((word) => word.language + word.reading);
    expect(await found({})).toEqual(["ja", "zhde", "zhdì"]);
    expect(await found({ language: "zh" })).toEqual(["zhde", "zhdì"]);
    expect(await found({ reading: "dì" })).toEqual(["zhdì"]);
    expect(await found({ reading: "" })).toEqual(["ja"]);
    expect(await found({ sense: "ground" })).toEqual(["ja"]);
    await expect(found({ language: "zh", sense: "ground" })).rejects.toMatchObject({ code: "WORD_NOT_FOUND" });
  });

  it("finds it by its id too", async ({ connection, db }) => {
    const [, id = ""] = await addWords(db, { term: "Haus" }, { term: "Baum" });
    expect((await showWords(connection, { word: id.toUpperCase() })).words).toMatchObject([{ id, term: "Baum" }]);
    await expect(showWords(connection, { word: id, language: "zh" })).rejects.toMatchObject({ exitCode: 4 });
  });

  it.for(["haus", "Hau", "Haus ", "H%us", "ｈａｕｓ", "' OR true --", "", "00000000-0000-7000-8000-000000000000"])(
    "does not take %j for Haus",
    async (word, { connection, db }) => {
      await addWords(db, { term: "Haus" });
      const failure = { code: "WORD_NOT_FOUND", exitCode: 4, word };
      await expect(showWords(connection, { word })).rejects.toMatchObject(failure);
    },
  );

  it("counts the live users who have progress on it", async ({ connection, db }) => {
    const [house = "", tree = ""] = await addWords(
      db,
      { term: "Bank", sense: "seat" },
      { term: "Bank", sense: "money" },
    );
    await addLearners(db, house, "ada@example.org", "bob@example.org", "eve@example.org");
    await addLearners(db, tree, "eve@example.org");
    await softDelete(db, "eve@example.org");
    const { words } = await showWords(connection, { word: "Bank" });
    expect(words.map(({ sense, learners }) => [sense, learners])).toEqual([
      ["money", 0],
      ["seat", 2],
    ]);
  });
});

describe("listing words", () => {
  async function pages(connection: Connection, options: WordListOptions): Promise<string[][]> {
    const all: string[][] = [];
    let after: string | undefined;
    do {
      const page = await listWords(connection, { ...options, after });
      all.push(page.words.map((word) => [word.language, word.term, word.reading, word.sense].join("|")));
      after = page.nextCursor ?? undefined;
    } while (after !== undefined);
    return all;
  }

  const TERMS = ["a", "A", "ä", "a-b", "ab", "a b", "z", "你", "你好", "%", "'", "👍", "\\"];

  /** In three languages, the second of which has no level A1. */
  async function fill(db: TestDatabase): Promise<string[]> {
    const words = ["de", "fr", "pt-BR"].flatMap((language) =>
      TERMS.flatMap((term, index) =>
        ["", "r"].map((reading) => ({
          ...{ language, term, reading, category: index % 3 === 0 ? "food" : "other" },
          ...(language !== "fr" && index % 2 === 0 && { level: "A1" }),
        })),
      ),
    );
    await addWords(db, ...words);
    const rows = await db.query<{ key: string }>(
      `SELECT concat_ws('|', language, term, reading, sense) AS key
         FROM vocabulary_words ORDER BY language, term, reading, sense`,
    );
    return rows.map(({ key }) => key);
  }

  it.for([1, 2, 7, 26, 1000])("loses and repeats none, %d to a page", async (limit, { connection, db }) => {
    const keys = await fill(db);
    const all = await pages(connection, { limit });
    expect(all.flat()).toEqual(keys);
    expect(all.map((page) => page.length)).toEqual(
      Array.from({ length: Math.ceil(78 / limit) }, (_, n) => Math.min(limit, 78 - n * limit)),
    );
  });

  it.for([
    ["language = 'fr'", { language: "fr" }],
    ["level = 'A1'", { level: "A1" }],
    ["category = 'food'", { category: "food" }],
    ["language = 'de' AND level = 'A1' AND category = 'food'", { language: "de", level: "A1", category: "food" }],
    ["language = 'fr' AND level = 'A1'", { language: "fr", level: "A1" }],
    ["level = ''' OR true --'", { level: "' OR true --" }],
  ] as const)("keeps to %s on every page", async ([condition, filter], { connection, db }) => {
    await fill(db);
    const rows = await db.query<{ key: string }>(
      `SELECT concat_ws('|', language, term, reading, sense) AS key
         FROM vocabulary_words WHERE ${condition} ORDER BY language, term, reading, sense`,
    );
    expect((await pages(connection, { ...filter, limit: 3 })).flat()).toEqual(rows.map(({ key }) => key));
  });

  it("is one empty page without words", async ({ connection }) => {
    expect(await listWords(connection)).toEqual({ words: [], nextCursor: null });
  });

  it("goes on where a page ended, also when that word is gone", async ({ connection, db }) => {
    await addWords(db, { term: "a" }, { term: "b" }, { term: "c" });
    const { nextCursor } = await listWords(connection, { limit: 2 });
    await db.query("DELETE FROM vocabulary_words WHERE term = 'b'");
    const next = await listWords(connection, { after: nextCursor ?? undefined });
    expect(next.words.map(({ term }) => term)).toEqual(["c"]);
  });

  it.for(["2", "", "abc", Buffer.from('["word list",["de","a"]]').toString("base64url")])(
    "refuses %j as a cursor",
    async (after, { connection }) => {
      await expect(listWords(connection, { after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
    },
  );
});

describe("counting words", () => {
  async function fill(db: TestDatabase): Promise<void> {
    await addWords(
      db,
      { language: "zh", term: "一", level: "HSK1", category: "numbers" },
      { language: "zh", term: "二", level: "HSK1" },
      { language: "zh", term: "三" },
      { language: "de", term: "eins", level: "A1", category: "numbers" },
    );
  }

  it.for([
    [
      "language",
      [
        { language: "de", words: 1 },
        { language: "zh", words: 3 },
      ],
    ],
    [
      "level",
      [
        { level: "A1", words: 1 },
        { level: "HSK1", words: 2 },
        { level: null, words: 1 },
      ],
    ],
    [
      "category",
      [
        { category: "numbers", words: 2 },
        { category: null, words: 2 },
      ],
    ],
  ] as const)("by %s adds up to all of them", async ([by, groups], { connection, db }) => {
    await fill(db);
    expect(await wordStats(connection, { by })).toStrictEqual({ total: 4, groupedBy: by, by: groups });
  });

  it("of one language leaves the others out", async ({ connection, db }) => {
    await fill(db);
    expect(await wordStats(connection, { by: "level", language: "zh" })).toStrictEqual({
      ...{
        total: 3,
        groupedBy: "level",
        by: [
          { level: "HSK1", words: 2 },
          { level: null, words: 1 },
        ],
      },
    });
    expect(await wordStats(connection, { language: "fr" })).toStrictEqual({ total: 0, groupedBy: "language", by: [] });
  });
});
