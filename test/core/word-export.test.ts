/** An export is what seeding made: read back it changes nothing, and elsewhere it makes the same words. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { deployMigrations } from "../../src/core/migrations.js";
import { exportWords, type WordExportOptions } from "../../src/core/word-export.js";
import { type Connection, withConnection } from "../../src/db/pool.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { counts, HEADER, seed, words } from "../support/seeding.js";
import { addWords } from "../support/words.js";

const FORMATS = ["csv", "ndjson"] as const;

async function exported(connection: Connection, options: WordExportOptions): Promise<string> {
  const sink = new PassThrough();
  const text = textOf(sink);
  await exportWords(connection, sink, options);
  sink.end();
  return text;
}

/** @returns the path of a file with that content. */
function file(name: string, content: string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

const HOSTILE = [
  ...['"', '""', "'", "\\", "\\.", "\\N", "\\n", ",", ";", "a\tb", "=1+1", "+1", "-1", "@SUM(A1)", "ï»¿term", "null"],
  ...["a\u0001b", "a\u0002b", "\u001b[31mred", "a\ufeffb", "\u2060", "\u200b", "\ufffe", "\uffff"],
  ...[
    "one\ntwo",
    "one\r\ntwo",
    "one\rtwo",
    "one\u2028two",
    "one\u0085two",
    "{}",
    "[1]",
    '{"a":"b"}',
    "language",
    "#",
    "//",
  ],
  ...["👩\u200d🚀", "𠮷", "e\u0323\u0301", "한국어", "عربى", "\u202egnirts", "x".repeat(255), "漢".repeat(255)],
];

/** Words that seeding takes as they are: any other would be trimmed or composed on its way in. */
function hostileWords(): Record<string, string>[] {
  const terms = HOSTILE.map((text, index) => ({
    ...{ language: "en", term: text, reading: text, sense: text.slice(0, 100), definition: `${text}\n${text}.` },
    ...{ partOfSpeech: text.slice(0, 100), level: text.slice(0, 100), category: text.slice(0, 100), example: text },
    ...(index % 2 === 0 && { partOfSpeech: "", level: "", example: "" }),
  }));
  const long = {
    language: "zh-Hant",
    term: "long",
    definition: `${'"\n'.repeat(1_999)}.`,
    example: "漢\\".repeat(2_000),
  };
  const anyText = fc.string({ unit: "binary", minLength: 1, maxLength: 30 }).filter((text) => !text.includes("\u0000"));
  const random = fc
    .sample(fc.tuple(anyText, anyText, anyText), { numRuns: 200, seed: 4 })
    .map(([term, definition, level], n) => ({
      language: "fr",
      term: `${n}${term}.`,
      definition: `${definition}.`,
      level,
    }));
  return [...terms, long, ...random];
}

/** In CSV, seeding reads every line end as a line feed. */
async function seedHostile(connection: Connection, format: "csv" | "ndjson"): Promise<number> {
  const lines = hostileWords()
    .map((word) => JSON.stringify(word))
    .filter((line) => format === "ndjson" || !line.includes("\\r"));
  expect(lines.length).toBeGreaterThan(200);
  const result = await seed(connection, [file("hostile.ndjson", lines.join("\n"))]);
  expect(counts(result)).toEqual({ rows: lines.length, inserted: lines.length });
  return lines.length;
}

describe("an export", () => {
  it("has the columns of the words that ship, and null as nothing", async ({ connection, db }) => {
    await addWords(
      db,
      { language: "zh", term: "地", reading: "dì", sense: "1", definition: "earth; land", level: "HSK1" },
      {
        term: "Haus",
        definition: 'a "house"',
        part_of_speech: "noun",
        category: "home",
        example: "Mein Haus,\nmein Hof",
      },
    );
    expect(await exported(connection, { format: "csv" })).toBe(
      `${HEADER}\nde,Haus,"","","a ""house""",noun,,home,"Mein Haus,\nmein Hof"\nzh,地,dì,1,earth; land,,HSK1,,\n`,
    );
    expect(await exported(connection, { format: "ndjson" })).toBe(
      '{"language":"de","term":"Haus","reading":"","sense":"","definition":"a \\"house\\"","partOfSpeech":"noun",' +
        '"level":null,"category":"home","example":"Mein Haus,\\nmein Hof"}\n' +
        '{"language":"zh","term":"地","reading":"dì","sense":"1","definition":"earth; land","partOfSpeech":null,' +
        '"level":"HSK1","category":null,"example":null}\n',
    );
  });

  it("of no words is a header alone, or nothing", async ({ connection }) => {
    expect(await exported(connection, { format: "csv" })).toBe(`${HEADER}\n`);
    expect(await exported(connection, { format: "ndjson" })).toBe("");
  });

  it("says how many words it wrote", async ({ connection, db }) => {
    await addWords(db, { term: "a" }, { term: "b", definition: "two\nlines" });
    for (const format of FORMATS) {
      expect(await exportWords(connection, new PassThrough().resume(), { format })).toBe(2);
    }
  });

  it("keeps to what was asked for, whatever characters that has", async ({ connection, db }) => {
    const level = "'; DROP TABLE vocabulary_words; --";
    await addWords(
      db,
      { language: "zh", term: "a", level: "HSK1", category: "food" },
      { language: "zh", term: "b", level, category: "food" },
      { language: "de", term: "c", level, category: "%" },
    );
    const terms = async (filter: Omit<WordExportOptions, "format">) =>
      (await exported(connection, { ...filter, format: "ndjson" })).match(/(?<="term":")\w/g);
    expect(await terms({ language: "zh" })).toEqual(["a", "b"]);
    expect(await terms({ level })).toEqual(["c", "b"]);
    expect(await terms({ language: "zh", level, category: "food" })).toEqual(["b"]);
    expect(await terms({ category: "%" })).toEqual(["c"]);
    expect(await terms({ language: "zh", category: "%" })).toBeNull();
  });

  it("is ordered by bytes, whatever the collation of the database", async ({ connection, db }) => {
    const terms = ["a", "B", "ä", "Z", "a-b", "ab", "👍", "好", "~", "!"];
    await addWords(db, ...terms.map((term) => ({ term })));
    const lines = (await exported(connection, { format: "csv" })).trim().split("\n").slice(1);
    const bytes = [...terms].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(lines.map((line) => line.split(",")[1])).toEqual(bytes);
  });

  it("for spreadsheets has an apostrophe before what they would compute", async ({ connection, db }) => {
    await addWords(
      db,
      ...["=1+1", "+1", "-1", "@A1", "1=1", "'=1", "\t=1"].map((text) => ({ term: `x${text}`, definition: text })),
    );
    const text = await exported(connection, { format: "csv", escapeFormulas: true });
    const cells = text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",")[4]);
    expect(cells.sort()).toEqual(["'\t=1", "'+1", "'-1", "''=1", "'=1+1", "'@A1", "1=1"].sort());
  });

  it("stops when it is asked to, and the connection serves on", async ({ connection, db }) => {
    await db.query(
      "INSERT INTO vocabulary_words (language, term, definition) SELECT 'de', n::text, repeat('x', 4000) FROM generate_series(1, 2000) AS n",
    );
    const abort = new AbortController();
    const reason = new Error("stopped");
    // Never read, so that the export has to wait.
    const sink = new PassThrough();
    sink.once("readable", () => abort.abort(reason));
    await expect(exportWords(connection, sink, { format: "csv", signal: abort.signal })).rejects.toBe(reason);
    expect(await exportWords(connection, new PassThrough().resume(), { format: "csv" })).toBe(2000);
  });
});

describe.for(FORMATS)("an export as %s", (format) => {
  it("is read back by seeding as unchanged", async ({ connection }) => {
    const rows = await seedHostile(connection, format);
    const path = file(`words.${format}`, await exported(connection, { format }));
    expect(counts(await seed(connection, [path]))).toEqual({ rows, unchanged: rows });
  });

  it("makes the same words in another database, which exports the same bytes", async ({ connection, db, emptyDb }) => {
    await seedHostile(connection, format);
    const path = file(`words.${format}`, await exported(connection, { format }));
    await deployMigrations(emptyDb.target);
    await withConnection(emptyDb.target, async (other) => {
      await seed(other, [path]);
      expect(await exported(other, { format })).toBe(readFileSync(path, "utf8"));
    });
    expect(await words(emptyDb)).toEqual(await words(db));
    expect(await ids(emptyDb)).not.toEqual(await ids(db));
  });
});

async function ids(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query("SELECT id FROM vocabulary_words ORDER BY id");
}

it("the words that ship come back as they were", async ({ connection }) => {
  const path = file("words.csv", readFileSync(new URL("../../data/words.csv", import.meta.url), "utf8"));
  const { total } = await seed(connection, [path]);
  const back = file("back.csv", await exported(connection, { format: "csv" }));
  expect(counts(await seed(connection, [back]))).toEqual({ rows: total.rows, unchanged: total.rows });
});
