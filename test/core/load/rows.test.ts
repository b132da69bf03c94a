import { describe, expect } from "vitest";
import { resolveLayout } from "../../../src/core/load/layout.js";
import type { Problem, TextRecord } from "../../../src/core/load/records.js";
import type { Fault } from "../../../src/core/load/rejects.js";
import { rowReader } from "../../../src/core/load/rows.js";
import { type Defaults, fieldsOf } from "../../../src/core/load/shape.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { it } from "../../support/database.js";

const COMPLETE = {
  ...{ language: "zh", term: "地", reading: "dì", sense: "soil", definition: "earth" },
  ...{ part_of_speech: "noun", level: "HSK1", category: "nature", example: "地很大。" },
};

interface Read {
  readonly values: Record<string, string | null>;
  readonly absent: number;
}

function reader(headers: readonly string[], defaults: Defaults = {}) {
  const given = new Set(Object.keys(defaults));
  return rowReader(WORDS, resolveLayout("words.csv", headers, { shape: WORDS, given, map: {} }), defaults);
}

function record(cells: readonly (string | undefined)[], problem: Problem | null = null): TextRecord {
  return { line: 7, start: 0, end: 0, cells, problem };
}

/** @param cells by header */
function read(cells: Readonly<Record<string, string | undefined>>, defaults?: Defaults): Read | readonly Fault[] {
  const row = reader(Object.keys(cells), defaults)(record(Object.values(cells)));
  if (!("absent" in row)) {
    return row;
  }
  const values = Object.fromEntries(fieldsOf(WORDS).map(({ name }, index) => [name, row.values[index] ?? null]));
  return { values, absent: row.absent };
}

function accepted(cells: Readonly<Record<string, string | undefined>>, defaults?: Defaults): Read {
  const row = read(cells, defaults);
  if ("absent" in row) {
    return row;
  }
  throw new Error(`rejected: ${row.map(({ field, reason }) => `${field} ${reason}`).join("; ")}`);
}

/** @param cells instead of those of a complete word */
const word = (cells: Readonly<Record<string, string>>, defaults?: Defaults) =>
  accepted({ ...COMPLETE, ...cells }, defaults).values;

/** @param cells instead of those of a complete word */
function faults(cells: Readonly<Record<string, string>>, defaults?: Defaults): readonly Fault[] {
  const row = read({ ...COMPLETE, ...cells }, defaults);
  return "absent" in row ? [] : row;
}

const TEXTS = ["term", "reading", "sense", "definition", "part_of_speech", "level", "category", "example"];
const LIMITS = {
  ...{ term: 255, reading: 255, sense: 100, definition: 4000 },
  ...{ part_of_speech: 100, level: 100, category: 100, example: 4000 },
};
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

it("a complete record becomes a row, in the order of the fields", () => {
  const row = reader(Object.keys(COMPLETE))(record(Object.values(COMPLETE)));
  expect(row).toEqual({ values: Object.values(COMPLETE), absent: 0 });
  expect(fieldsOf(WORDS).map(({ column }) => column)).toEqual(Object.keys(COMPLETE));
});

it("cells are read from where their headers are", () => {
  const [first, ...others] = Object.entries(COMPLETE).reverse();
  const shuffled = Object.fromEntries([["id", "17"], ...others, ["Notes", "x"], first ?? []]);
  expect(accepted(shuffled)).toEqual(accepted(COMPLETE));
});

it("one record leaves nothing to the next", () => {
  const headers = ["language", "term", "definition", "level"];
  const next = reader(headers);
  next(record(["zh", "水", "water", "HSK1"]));
  expect(next(record(["zh", "", "", ""]))).toHaveLength(2);
  expect(next(record(["ja", "火", "fire", undefined]))).toEqual({
    values: ["ja", "火", "", "", "fire", null, null, null, null],
    absent: 0b11110,
  });
  expect(next(record(["ja", "木", "tree", "N5"]))).toMatchObject({ absent: 0b11010 });
});

it("empty cells are null where a word may lack something, and '' in its natural key", () => {
  const empty = { reading: "", sense: " ", part_of_speech: "", level: "", category: "  ", example: "" };
  expect(accepted({ ...COMPLETE, ...empty })).toMatchObject({
    values: { reading: "", sense: "", partOfSpeech: null, level: null, category: null, example: null },
    // The record says that there is nothing.
    absent: 0,
  });
});

describe("what neither the record nor the run says", () => {
  const needed = { lang: "de", word: "Haus", meaning: "house" };

  it("is told by a bit for each field of the content, so that the database may keep what it has", () => {
    expect(accepted(needed)).toEqual({
      values: {
        ...{ language: "de", term: "Haus", reading: "", sense: "", definition: "house" },
        ...{ partOfSpeech: null, level: null, category: null, example: null },
      },
      absent: 0b11110,
    });
  });

  it.for([
    ["pos", 0b11100],
    ["level", 0b11010],
    ["category", 0b10110],
    ["example", 0b01110],
    // Of the natural key nothing is ever absent.
    ["reading", 0b11110],
    ["sense", 0b11110],
  ] as const)("does not include a field that has a column: %s", ([header, absent]) => {
    expect(accepted({ ...needed, [header]: "x" }).absent).toBe(absent);
    expect(accepted({ ...needed, [header]: "" }).absent).toBe(absent);
  });

  it("includes what one record leaves out, as JSON objects may", () => {
    expect(accepted({ ...needed, level: undefined, category: "x" }).absent).toBe(0b10110);
    expect(accepted({ ...needed, reading: undefined }).values).toMatchObject({ reading: "" });
  });

  it("does not include a field with a default", () => {
    expect(accepted(needed, { level: "A1", category: "home" })).toMatchObject({ absent: 0b10010 });
    expect(accepted({ ...needed, level: undefined }, { level: "A1" })).toMatchObject({
      ...{ absent: 0b11010, values: { level: "A1" } },
    });
  });
});

describe("texts", () => {
  it.for(TEXTS)("of %s are trimmed and composed (NFC)", (header) => {
    expect(Object.values(word({ [header]: " \u00a0\ufeff\u3000di\u0300\t\r\n" }))).toContain("dì");
  });

  it.for([
    ["a Hangul syllable and its letters", "\ud55c", "\u1112\u1161\u11ab"],
    ["two marks in either order", "a\u0323\u0302", "a\u0302\u0323"],
    ["the sign for ångström and the letter", "\u212b", "\u00c5"],
    ["a compatibility ideograph and the ideograph", "\uf900", "\u8c48"],
  ] as const)("that are written differently are the same word: %s", ([_, one, other]) => {
    expect(word({ term: one })).toEqual(word({ term: other }));
  });

  it("keep spaces, line ends and any other script within", () => {
    const cells = { definition: "a  b\nc\td \\N", term: "𠀀 พ่อ \ufb01", example: "👩\u200d👧 e\u200bf" };
    expect(word(cells)).toMatchObject(cells);
  });

  it.for(Object.entries(LIMITS))("of %s may have %i characters, not UTF-16 units or bytes", ([header, limit]) => {
    const tooLong = [expect.objectContaining({ field: header, reason: `is longer than ${limit} characters` })];
    expect(faults({ [header]: "𠀀".repeat(limit) })).toEqual([]);
    expect(faults({ [header]: ` ${"x".repeat(limit)} ` })).toEqual([]);
    // Composed before they are counted.
    expect(faults({ [header]: "e\u0301".repeat(limit) })).toEqual([]);
    for (const character of ["x", "𠀀", "e\u0301", "地"]) {
      expect(faults({ [header]: character.repeat(limit + 1) })).toEqual(tooLong);
    }
    expect(faults({ [header]: `${"x".repeat(limit - 1)}𠀀` })).toEqual([]);
    expect(faults({ [header]: `${"x".repeat(limit)}𠀀` })).toEqual(tooLong);
  });

  it.for(["language", "term", "definition"])("of %s cannot be empty", (header) => {
    for (const blank of ["", "  ", "\u3000", "\n", "\ufeff"]) {
      expect(faults({ [header]: blank })).toEqual([expect.objectContaining({ field: header, reason: "is empty" })]);
    }
  });
});

describe("languages", () => {
  it.for(LANGUAGES)("%j is %j", ([tag, canonical]) => {
    expect(word({ language: tag }).language).toBe(canonical);
  });

  it.for([
    ...["Chinese", "hanzi", "z", "zh_CN", "zh-", "-zh", "zh--TW", "中文", "zh;DROP", "zh, ja"],
    ...["x-klingon", "12", "en-US-US", "deutsch", "toString"],
  ])("%j is none", (tag) => {
    expect(faults({ language: tag })).toEqual([
      expect.objectContaining({
        field: "language",
        code: "INVALID_CELL",
        reason: `${JSON.stringify(tag)} is not a language tag such as zh, ja or pt-BR (BCP 47)`,
      }),
    ]);
  });

  it("have at most 35 characters", () => {
    expect(faults({ language: "de-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd" })).toEqual([]);
    expect(faults({ language: "de-x-aaaaaaaa-bbbbbbbb-cccccccc-dddd" })).toMatchObject([
      { field: "language", reason: "is longer than 35 characters" },
    ]);
  });

  it("are told apart however many a file has", () => {
    const next = reader(["language", "term", "definition"]);
    for (const _ of ["first", "again"]) {
      for (let n = 0; n < 2_000; n += 1) {
        const isTag = n % 3 > 0;
        const row = next(record([isTag ? `DE-x-a${n}` : `de_${n}`, "Haus", "house"]));
        expect("absent" in row ? row.values[0] : row.length).toBe(isTag ? `de-x-a${n}` : 1);
      }
    }
  });
});

describe("defaults", () => {
  const defaults = { language: "ja", level: "N5", category: "food" };

  it("stand in for columns that the file does not have", () => {
    expect(accepted({ term: "水", english: "water" }, defaults).values).toMatchObject(defaults);
  });

  it.for(["", " ", "\u3000"])("stand in for empty cells: %j", (blank) => {
    expect(word({ language: blank, level: blank, category: blank }, defaults)).toMatchObject(defaults);
  });

  it("give way to what the file says, rightly or wrongly", () => {
    expect(word({}, defaults)).toMatchObject({ language: "zh", level: "HSK1", category: "nature" });
    expect(faults({ language: "Chinese", level: "x".repeat(101) }, defaults)).toHaveLength(2);
  });

  it("are held to the same rules, and named when they break them", () => {
    const cells = { term: "水", english: "water" };
    expect(accepted(cells, { language: "JA" }).values.language).toBe("ja");
    expect(read(cells, { language: "Japanese" })).toMatchObject([{ field: "language", cell: null }]);
  });
});

describe("a fault", () => {
  it("names the cell by its place, and by its header as it stands in the file", () => {
    const next = reader(["id", "Chinese", "ENGLISH", "Lang"]);
    expect(next(record(["1", "水", "", "zh"]))).toEqual([
      { cell: 2, field: "ENGLISH", code: "INVALID_CELL", reason: "is empty", offset: null },
    ]);
  });

  it("comes for each bad cell of a record", () => {
    const found = faults({ language: "?", term: "", definition: " ", level: "x".repeat(101) });
    expect(found.map(({ cell, field }) => `${cell} ${field}`)).toEqual([
      ...["0 language", "1 term", "4 definition", "6 level"],
    ]);
  });

  it("names the field where a record does not have the cell", () => {
    expect(read({ lang: "zh", term: "水", definition: undefined })).toMatchObject([{ field: "definition", cell: 2 }]);
  });

  it("is the only one where the record itself could not be read, and has its code, place and hint", () => {
    const problem = { code: "INVALID_UTF8", reason: "is not UTF-8", cell: 1, offset: null, hint: "convert it" };
    const next = reader(["lang", "Wort", "definition"], { term: "x" });
    expect(next(record(["?", "b\ufffd", ""], problem))).toEqual([{ ...problem, field: "Wort" }]);
  });

  it("has no field where the cells are not those of the header", () => {
    const problem = { code: "BROKEN_QUOTES", reason: "a quoted cell is never closed", cell: 1, offset: 5 };
    const next = reader(["lang", "term", "definition"]);
    expect(next(record([], problem))).toEqual([{ ...problem, field: null, hint: undefined }]);
    expect(next(record(["a", "b", "c"], { ...problem, cell: null }))).toMatchObject([{ cell: null, field: null }]);
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
