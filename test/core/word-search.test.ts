/** Words are found by any spelling, the best first, and never by what was not asked for. */
import type { Client } from "pg";
import { describe, expect } from "vitest";
import { deployMigrations } from "../../src/core/migrations.js";
import { searchWords } from "../../src/core/word-search.js";
import { type Connection, withConnection } from "../../src/db/pool.js";
import { it, type TestDatabase, withAdmin } from "../support/database.js";
import { addWords } from "../support/words.js";

async function fill(db: TestDatabase): Promise<void> {
  await addWords(
    db,
    { language: "zh", term: "你好", reading: "nǐ hǎo" },
    { language: "zh", term: "你好吗", reading: "nǐ hǎo ma" },
    { language: "zh", term: "你", reading: "nǐ" },
    { language: "zh", term: "好", reading: "hǎo" },
    { language: "zh", term: "爱好", reading: "àihào" },
    { language: "zh", term: "女儿", reading: "nǚ'ér" },
    { language: "zh", term: "T恤", reading: "T xù" },
    { language: "ja", term: "学校", reading: "がっこう" },
    { language: "ja", term: "格好", reading: "かっこう" },
    { language: "ko", term: "한국어" },
    { language: "ru", term: "ёлка" },
    { language: "ru", term: "молоко" },
    { language: "fr", term: "Été" },
    { language: "fr", term: "aujourd’hui" },
    { language: "de", term: "Straßenbahn" },
    { language: "de", term: "Bahn" },
    { language: "de", term: "Autobahn" },
    { language: "de", term: "100% sicher" },
    { language: "de", term: "C++" },
    { language: "de", term: "a_b\\c" },
    { language: "de", term: "1984" },
  );
}

/** `term match` of what is found. */
async function found(connection: Connection, text: string, language?: string): Promise<string[]> {
  const { words } = await searchWords(connection, text, { language });
  return words.map(({ term, match }) => `${term} ${match}`);
}

const FINDS: readonly (readonly [text: string, found: readonly string[]])[] = [
  ["你", ["你 exact", "你好 prefix", "你好吗 prefix"]],
  ["好", ["好 exact", "格好 substring", "你好 substring", "你好吗 substring", "爱好 substring"]],
  ["你好", ["你好 exact", "你好吗 prefix"]],
  ["好吗", ["你好吗 substring"]],
  ["好你", []],
  ["hao", ["好 exact", "你好 substring", "你好吗 substring", "爱好 substring"]],
  ["ni", ["你 exact", "你好 prefix", "你好吗 prefix"]],
  ["nu'er", ["女儿 exact"]],
  ["T恤", ["T恤 exact"]],
  ["ｔ恤", ["T恤 exact"]],
  ["txu", ["T恤 exact"]],
  ["かっこう", ["格好 exact"]],
  ["っこう", ["学校 substring", "格好 substring"]],
  ["한국", ["한국어 prefix"]],
  ["국어", ["한국어 substring"]],
  ["елка", ["ёлка exact"]],
  ["ёлк", ["ёлка prefix"]],
  ["локо", ["молоко substring"]],
  ["ete", ["Été exact"]],
  ["aujourd'hui", ["aujourd’hui exact"]],
  ["jourdhu", ["aujourd’hui substring"]],
  ["bahn", ["Bahn exact", "Autobahn substring", "Straßenbahn substring"]],
  ["straß", ["Straßenbahn prefix"]],
  ["ba", ["Bahn prefix"]],
  ["ah", []],
  ["100%", ["100% sicher prefix"]],
  ["0%s", []],
  ["00%sic", ["100% sicher substring"]],
  ["c+", ["C++ prefix"]],
  ["++", []],
  ["a_b\\c", ["a_b\\c exact"]],
  ["a%", []],
  ["%", []],
  ["___", []],
  ["1984", ["1984 exact"]],
  ["198", ["1984 prefix"]],
  ["984", ["1984 substring"]],
  ["%%%", []],
  ["' OR true --", []],
  ["'; DROP TABLE vocabulary_words; --", []],
];

const SPELLINGS = [
  ...["nihao", "ni3hao3", "nǐ hǎo", "NIHAO", "ｎｉｈａｏ", "Ni'Hao", "ni\u030c ha\u030co", " nǐ  hǎo ", "ni-hao"],
];

describe("searching", () => {
  it("finds 你好 by every spelling of its reading", async ({ connection, db }) => {
    await fill(db);
    for (const text of SPELLINGS) {
      expect(await found(connection, text), text).toEqual(["你好 exact", "你好吗 prefix"]);
    }
  });

  it("finds what a text is, begins, or is part of, and nothing else", async ({ connection, db }) => {
    await fill(db);
    for (const [text, expected] of FINDS) {
      expect(await found(connection, text), text).toEqual(expected);
    }
  });

  it("finds nothing by what has nothing in it", async ({ connection, db }) => {
    await fill(db);
    for (const text of ["   ", ".", "'", "·", "\u0301", "\n", "\u3000"]) {
      expect(await searchWords(connection, text), text).toEqual({ words: [], truncated: false });
    }
  });

  it("digits alone are no reading, which would be that of every word without one", async ({ connection, db }) => {
    await fill(db);
    expect(await found(connection, "5")).toEqual([]);
    expect(await found(connection, "555")).toEqual([]);
  });

  it("keeps to a language", async ({ connection, db }) => {
    await fill(db);
    expect(await found(connection, "好", "ja")).toEqual(["格好 substring"]);
    expect(await found(connection, "hao", "ja")).toEqual([]);
    expect(await found(connection, "nihao", "zh")).toEqual(["你好 exact", "你好吗 prefix"]);
    expect(await found(connection, "nihao", "' OR true --")).toEqual([]);
  });

  it("shows a word once, for the best reason", async ({ connection, db }) => {
    await addWords(
      db,
      { term: "Hao", reading: "hao" },
      { term: "haohao", reading: "hao" },
      { term: "xhao", reading: "haox" },
    );
    expect(await found(connection, "hao")).toEqual(["Hao exact", "haohao exact", "xhao prefix"]);
  });

  it("takes the best up to the limit, and says whether there are more", async ({ connection, db }) => {
    await fill(db);
    const all = (await searchWords(connection, "好")).words.map(({ term }) => term);
    for (const limit of [1, 2, 3, 4, 5, 6]) {
      const { words, truncated } = await searchWords(connection, "好", { limit });
      expect(truncated).toBe(limit < all.length);
      expect(words).toHaveLength(Math.min(limit, all.length));
      expect(words[0]?.term).toBe("好");
      expect(all).toEqual(expect.arrayContaining(words.map(({ term }) => term)));
    }
  });

  it("has every field of a word", async ({ connection, db }) => {
    const [id] = await addWords(db, { term: "Haus", definition: "house", level: "A1", part_of_speech: "noun" });
    const [row] = await db.query("SELECT created_at, updated_at FROM vocabulary_words");
    expect((await searchWords(connection, "haus")).words).toStrictEqual([
      {
        ...{ id, language: "de", term: "Haus", reading: "", sense: "", definition: "house", partOfSpeech: "noun" },
        ...{ level: "A1", category: null, example: null, createdAt: row?.created_at, updatedAt: row?.updated_at },
        match: "exact",
      },
    ]);
  });

  it("takes texts longer than any word", async ({ connection, db }) => {
    const term = "ä".repeat(255);
    await addWords(db, { term });
    expect(await found(connection, "Ä".repeat(10_000))).toEqual([`${term} exact`]);
    expect(await found(connection, `x${"a".repeat(10_000)}`)).toEqual([]);
  });
});

/** A name of the server's own for a locale of the C library, null where it has none that knows Unicode. */
async function unicodeLocale(admin: Client): Promise<string | null> {
  const { rows } = await admin.query<{ collctype: string }>(
    "SELECT collctype FROM pg_collation WHERE collprovider = 'c' AND collctype ILIKE '%.utf%8' ORDER BY 1 LIMIT 1",
  );
  return rows[0]?.collctype ?? null;
}

it.for(["C", "Unicode"])(
  "what is found does not depend on which letters the locale knows: %s",
  async (kind, { emptyDb }) => {
    const locale = await withAdmin(async (admin) => {
      const chosen = (kind === "Unicode" ? await unicodeLocale(admin) : null) ?? "C";
      const { database } = emptyDb.target;
      await admin.query(`DROP DATABASE ${database}`);
      await admin.query(
        `CREATE DATABASE ${database} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE '${chosen}'`,
      );
      return chosen;
    });
    await deployMigrations(emptyDb.target);
    await fill(emptyDb);
    await withConnection(emptyDb.target, async (connection) => {
      for (const [text, expected] of FINDS) {
        expect(await found(connection, text), text).toEqual(expected);
      }
      // Where the locale knows no letters beyond ASCII, PostgreSQL does not know their case either.
      expect(await found(connection, "ЁЛК")).toEqual(locale === "C" ? [] : ["ёлка prefix"]);
    });
  },
);
