import { describe, expect } from "vitest";
import { resolveWordColumns, type WordField } from "../../../src/core/load/word-columns.js";
import { type WordDefaults, type WordRow, wordValidator } from "../../../src/core/load/word-row.js";
import type { Reject } from "../../../src/errors.js";
import { it } from "../../support/database.js";

const COMPLETE = {
  ...{ language: "zh", term: "地", reading: "dì", sense: "", definition: "earth" },
  ...{ part_of_speech: "noun", level: "HSK1", category: "nature", example: "地很大。" },
};

function validate(cells: Readonly<Record<string, string>>, defaults: WordDefaults = {}) {
  const given = new Set(Object.keys(defaults) as WordField[]);
  const columns = resolveWordColumns("words.csv", Object.keys(cells), given);
  return wordValidator("words.csv", columns, defaults)({ line: 7, fields: Object.values(cells) });
}

/** @param cells instead of those of a complete word */
function word(cells: Readonly<Record<string, string>>, defaults?: WordDefaults): WordRow {
  const outcome = validate({ ...COMPLETE, ...cells }, defaults);
  if ("rejects" in outcome) {
    throw new Error(`rejected: ${outcome.rejects.map(({ reason }) => reason).join("; ")}`);
  }
  return outcome.word;
}

function rejects(cells: Readonly<Record<string, string>>, defaults?: WordDefaults): readonly Reject[] {
  const outcome = validate({ ...COMPLETE, ...cells }, defaults);
  return "rejects" in outcome ? outcome.rejects : [];
}

const TEXTS = ["term", "reading", "sense", "definition", "part_of_speech", "level", "category", "example"];
const LIMITS = { term: 255, reading: 255, sense: 100, definition: 4000, level: 100, category: 100, example: 4000 };
const LANGUAGES = [
  ["zh", "zh"],
  ["ZH", "zh"],
  [" de ", "de"],
  ["zh-hant", "zh-Hant"],
  ["ZH-HANT-tw", "zh-Hant-TW"],
  ["pt-br", "pt-BR"],
  ["es-419", "es-419"],
  ["iw", "he"],
  ["yue", "yue"],
  ["de-1996", "de-1996"],
  ["ja-x-kansai", "ja-x-kansai"],
] as const;

it("a complete record becomes a word", () => {
  expect(word({})).toEqual({
    ...{ language: "zh", term: "地", reading: "dì", sense: "", definition: "earth" },
    ...{ partOfSpeech: "noun", level: "HSK1", category: "nature", example: "地很大。" },
  });
});

it("empty cells are null where a word may lack something, and '' in its natural key", () => {
  const empty = { reading: "", sense: " ", part_of_speech: "", level: "", category: "  ", example: "" };
  expect(word(empty)).toMatchObject({
    ...{ reading: "", sense: "", partOfSpeech: null, level: null, category: null, example: null },
  });
});

it("columns that a file does not have are empty", () => {
  expect(validate({ lang: "de", word: "Haus", meaning: "house" })).toEqual({
    word: {
      ...{ language: "de", term: "Haus", reading: "", sense: "", definition: "house" },
      ...{ partOfSpeech: null, level: null, category: null, example: null },
    },
  });
});

describe("texts", () => {
  it.for(TEXTS)("of %s are trimmed and composed (NFC)", (header) => {
    expect(Object.values(word({ [header]: " \u00a0\u3000di\u0300\t\r\n" }))).toContain("dì");
  });

  it.for(TEXTS)("of %s cannot hold U+0000", (header) => {
    expect(rejects({ [header]: "a\0b" })).toEqual([
      expect.objectContaining({ field: header, reason: "holds a NUL character" }),
    ]);
  });

  it("keep spaces, line ends and any other script within", () => {
    expect(word({ definition: "a  b\nc\td", term: "𠀀 พ่อ פֿ" })).toMatchObject({
      ...{ definition: "a  b\nc\td", term: "𠀀 พ่อ פֿ".normalize("NFC") },
    });
  });

  it.for(Object.entries(LIMITS))("of %s may have %i characters, not UTF-16 units or bytes", ([header, limit]) => {
    expect(rejects({ [header]: "𠀀".repeat(limit) })).toEqual([]);
    expect(rejects({ [header]: ` ${"x".repeat(limit)} ` })).toEqual([]);
    // Composed before they are counted.
    expect(rejects({ [header]: "e\u0301".repeat(limit) })).toEqual([]);
    for (const character of ["x", "𠀀"]) {
      expect(rejects({ [header]: character.repeat(limit + 1) })).toEqual([
        expect.objectContaining({ field: header, reason: `is longer than ${limit} characters` }),
      ]);
    }
  });

  it.for(["language", "term", "definition"])("of %s cannot be empty", (header) => {
    for (const blank of ["", "  ", "\u3000", "\n"]) {
      expect(rejects({ [header]: blank })).toEqual([expect.objectContaining({ field: header, reason: "is empty" })]);
    }
  });
});

describe("languages", () => {
  it.for(LANGUAGES)("%j is %j", ([tag, canonical]) => {
    expect(word({ language: tag }).language).toBe(canonical);
  });

  it.for([
    "Chinese",
    "hanzi",
    "z",
    "zh_CN",
    "zh-",
    "-zh",
    "zh--TW",
    "中文",
    "zh;DROP",
    "zh, ja",
    "x-klingon",
    "12",
    "en-US-US",
  ])("%j is none", (tag) => {
    expect(rejects({ language: tag })).toEqual([
      expect.objectContaining({
        field: "language",
        reason: `${JSON.stringify(tag)} is not a language tag such as zh, ja or pt-BR (BCP 47)`,
      }),
    ]);
  });

  it("have at most 35 characters", () => {
    expect(rejects({ language: "de-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd" })).toEqual([]);
    expect(rejects({ language: "de-x-aaaaaaaa-bbbbbbbb-cccccccc-dddd" })).toHaveLength(1);
  });
});

describe("defaults", () => {
  const defaults = { language: "ja", level: "N5", category: "food" };

  it("stand in for columns that the file does not have", () => {
    expect(validate({ term: "水", english: "water" }, defaults)).toMatchObject({ word: defaults });
  });

  it.for(["", " ", "\u3000"])("stand in for empty cells: %j", (blank) => {
    expect(word({ language: blank, level: blank, category: blank }, defaults)).toMatchObject(defaults);
  });

  it("give way to what the file says", () => {
    expect(word({}, defaults)).toMatchObject({ language: "zh", level: "HSK1", category: "nature" });
  });

  it("are held to the same rules, and named when they break them", () => {
    const cells = { term: "水", english: "water" };
    expect(validate(cells, { language: "JA" })).toMatchObject({ word: { language: "ja" } });
    expect(validate(cells, { language: "Japanese" })).toMatchObject({ rejects: [{ field: "language", column: 0 }] });
  });
});

describe("a reject", () => {
  it("names file, line, column and header as they stand in the file", () => {
    const columns = resolveWordColumns("list.csv", ["id", "Chinese", "English", "Lang"], new Set());
    const validator = wordValidator("list.csv", columns, {});
    expect(validator({ line: 12, fields: ["1", "水", "", "zh"] })).toEqual({
      rejects: [{ file: "list.csv", line: 12, column: 3, field: "English", code: "INVALID_CELL", reason: "is empty" }],
    });
  });

  it("comes for each bad cell of a record", () => {
    const found = rejects({ language: "?", term: "", definition: "a\0", level: "x".repeat(101) });
    expect(found.map(({ field, line }) => `${line} ${field}`)).toEqual([
      ...["7 language", "7 term", "7 definition", "7 level"],
    ]);
  });

  it.for([
    [["zh", "水"], "has 2 cells where the header has 3"],
    [["zh", "水", "water", "x"], "has 4 cells where the header has 3; a cell with a comma in it needs quotes"],
  ] as const)("is the whole record when it has not the header's number of cells: %j", ([fields, reason]) => {
    const columns = resolveWordColumns("words.csv", ["language", "term", "definition"], new Set());
    expect(wordValidator("words.csv", columns, {})({ line: 3, fields })).toEqual({
      rejects: [{ file: "words.csv", line: 3, column: 0, field: null, code: "RAGGED_ROW", reason }],
    });
  });
});

it("what is accepted, the table of words accepts too", async ({ db }) => {
  const longest = Object.fromEntries(Object.entries(LIMITS).map(([header, limit]) => [header, "𠀀".repeat(limit)]));
  const words = [
    word(longest),
    word({ term: "\u00a0e\u0301 \u200b", reading: "\ufeffx", sense: "\u3000y" }),
    word({ definition: "\u2028a\u0085", example: "\u001b[31m" }),
    word({ language: "de-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd" }),
    ...LANGUAGES.map(([tag], index) => word({ language: tag, term: `word ${index}` })),
  ];
  const rows = await db.query(
    `INSERT INTO vocabulary_words (language, term, reading, sense, definition, part_of_speech, level, category, example)
     SELECT language, term, reading, sense, definition, "partOfSpeech", level, category, example
       FROM json_to_recordset($1) AS w (language text, term text, reading text, sense text, definition text,
              "partOfSpeech" text, level text, category text, example text)
     RETURNING language`,
    [JSON.stringify(words)],
  );
  expect(rows.map(({ language }) => language)).toEqual(words.map(({ language }) => language));
});
