/** What the browser version kept becomes progress; whatever else stands there is refused or harmless. */
import { truncateSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { it, type TestDatabase } from "../support/database.js";
import {
  ADA,
  addProgress,
  addUsers,
  addWords,
  jsonFile,
  type Learned,
  loadStored,
  progress,
  stored,
} from "../support/importing.js";
import { allRows, counts, failureOf } from "../support/seeding.js";

const LEARNED: Learned = { studied: 1, correct: 1, confidence: 0.5, last: null, due: "created" };

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA);
  await addWords(db, "zh 你好 nǐhǎo", "zh 谢谢 xièxie", "zh 地 dì", "zh 地 de", "zh 人 rén", "ja 人 ひと", "de Haus");
}

describe("words that were learned", () => {
  it("count as studied once, rightly, and are due; the others are left out", async ({ connection, db }) => {
    await prepare(db);
    const path = stored({ "HSK 1": { 你好: true, 谢谢: false, Haus: true }, "HSK 2": {} });
    const result = await loadStored(connection, path);
    expect(counts(result)).toEqual({ rows: 2, inserted: 2 });
    expect(result.files[0]).toMatchObject({ file: `${path}#learned`, unusedColumns: [] });
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: LEARNED, [`${ADA} zh 你好 nǐhǎo`]: LEARNED });
  });

  it("are the same word in two lists", async ({ connection, db }) => {
    await prepare(db);
    const path = stored({ "HSK 1": { 你好: true }, greetings: { 你好: true, 谢谢: true }, other: { 你好: false } });
    expect(counts(await loadStored(connection, path))).toEqual({ rows: 3, inserted: 2, duplicates: 1 });
  });

  it("are looked for in the language that the run gives", async ({ connection, db }) => {
    await prepare(db);
    const path = stored({ kanji: { 人: true } });
    await expect(loadStored(connection, path)).rejects.toMatchObject({
      rejects: [{ line: 1, code: "AMBIGUOUS_WORD" }],
    });
    await loadStored(connection, path, { defaults: { email: ADA, language: "ja" } });
    expect(Object.keys(await progress(db))).toEqual([`${ADA} ja 人 ひと`]);
  });

  it("never override what was learned since, and change nothing the second time", async ({ connection, db }) => {
    await prepare(db);
    const since = {
      studied: 9,
      correct: 2,
      confidence: 0.9,
      last: "2026-01-01T00:00:00.000Z",
      due: "2030-01-01T00:00:00.000Z",
    };
    const never = { ...since, studied: 0, correct: 0, confidence: 0, last: null };
    await addProgress(db, ADA, { 你好: since, 谢谢: never });
    const path = stored({ "HSK 1": { 你好: true, 谢谢: true, Haus: true } });
    expect(counts(await loadStored(connection, path))).toEqual({ rows: 3, inserted: 1, unchanged: 2 });
    expect(await progress(db)).toEqual({
      [`${ADA} de Haus`]: LEARNED,
      [`${ADA} zh 你好 nǐhǎo`]: since,
      [`${ADA} zh 谢谢 xièxie`]: never,
    });
    const before = await allRows(db);
    expect(counts(await loadStored(connection, path))).toEqual({ rows: 3, unchanged: 3 });
    expect(await allRows(db)).toEqual(before);
    await loadStored(connection, path, { onConflict: "best" });
    expect((await progress(db))[`${ADA} zh 谢谢 xièxie`]).toEqual({
      ...never,
      studied: 1,
      correct: 1,
      confidence: 0.5,
    });
  });

  it("may be none at all", async ({ connection, db }) => {
    await prepare(db);
    for (const path of [
      stored({}),
      stored({ "HSK 1": {} }),
      stored({ "HSK 1": { 你好: false } }),
      jsonFile('{"lists":[{}]}'),
    ]) {
      const result = await loadStored(connection, path);
      expect(result).toMatchObject({ files: [{ rows: 0 }], total: { rows: 0, rejected: 0 } });
    }
    expect(await progress(db)).toEqual({});
  });

  it("may come packed, and with a byte order mark", async ({ connection, db }) => {
    await prepare(db);
    const path = jsonFile(gzipSync(`\ufeff${JSON.stringify({ lists: [{ progress: { Haus: true } }] })}`));
    expect(counts(await loadStored(connection, path))).toEqual({ rows: 1, inserted: 1 });
  });
});

describe("hostile keys", () => {
  /** In the order in which they are written, which is also that of their lines. */
  const HOSTILE: Readonly<Record<string, object>> = {
    "": { field: "term", reason: "is empty" },
    " \u3000": { field: "term", reason: "is empty" },
    ["x".repeat(256)]: { field: "term", reason: "is longer than 255 characters" },
    ["y".repeat(2_000_000)]: { field: "term", reason: "is longer than 255 characters" },
    "nul\0": { code: "NUL" },
    "half \ud800": { code: "INVALID_CELL", reason: expect.stringContaining("surrogate") },
    "\u001b[31mred\u202e": { code: "UNKNOWN_WORD" },
    "'); DROP TABLE users;--": { code: "UNKNOWN_WORD" },
    '{"term":"Haus"}\n{"term":"Haus"}': { code: "UNKNOWN_WORD" },
    constructor: { code: "UNKNOWN_WORD", reason: "is no word of this database: constructor" },
    toString: { code: "UNKNOWN_WORD" },
  };

  it("are bad records, each for its own reason, and nothing else happens", async ({ connection, db }) => {
    await prepare(db);
    const learned = Object.fromEntries(Object.keys(HOSTILE).map((key) => [key, true]));
    const result = await loadStored(connection, stored({ a: { ...learned, Haus: true } }), {
      maxRejects: { records: 11 },
    });
    expect(counts(result)).toEqual({ rows: 12, inserted: 1, rejected: 11 });
    expect(result.rejects.toSorted((a, b) => a.line - b.line)).toMatchObject(
      Object.values(HOSTILE).map((fault, n) => ({ line: n + 1, ...fault })),
    );
    expect(Object.keys(await progress(db))).toEqual([`${ADA} de Haus`]);
  });

  it("such as __proto__ are words like others, and reach no prototype", async ({ connection, db }) => {
    await prepare(db);
    const lists = '[{"progress":{"__proto__":true,"Haus":true}},{"__proto__":{"progress":{"你好":true}}}]';
    const result = await loadStored(connection, jsonFile(`{"lists":${lists}}`), { maxRejects: { records: 1 } });
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, rejected: 1 });
    expect(result.rejects).toMatchObject([{ code: "UNKNOWN_WORD", reason: expect.stringContaining("__proto__") }]);
    expect(Object.keys(await progress(db))).toEqual([`${ADA} de Haus`]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("a file that is something else", () => {
  it.for([
    ["no JSON", "lists: []", "it is not JSON"],
    ["empty", "", "it is not JSON"],
    ["cut off", '{"lists":[{"progress":{"a":true', "it is not JSON"],
    ["a list", "[]", "the document: "],
    ["null", "null", "the document: "],
    ["without lists", '{"words":[]}', "lists: "],
    ["with lists that are none", '{"lists":{"a":true}}', "lists: "],
    ["with a list that is none", '{"lists":["a"]}', "lists.0: "],
    ["with progress that is a list", '{"lists":[{"progress":[true]}]}', "lists.0.progress: "],
    ["with a word that is a number", '{"lists":[{},{"progress":{"a":1}}]}', "lists.1.progress.a: "],
    ["with a word that is null", '{"lists":[{"progress":{"a":null}}]}', "lists.0.progress.a: "],
  ] as const)("%s, is refused with what it should be", async ([, content, reason], { connection }) => {
    expect(await failureOf(loadStored(connection, jsonFile(content)))).toMatchObject({
      ...{ code: "BAD_HEADER", exitCode: 6 },
      message: expect.stringContaining(`storage.json:1:1: is not what the browser version kept: ${reason}`),
      hint: expect.stringContaining('{"lists":[{"id":'),
    });
  });

  it.for([
    ["in Latin-1", Buffer.from('{"lists":[{"progress":{"Stra\xdfe":true}}]}', "latin1"), "is not UTF-8"],
    ["in UTF-16", Buffer.from('\ufeff{"lists":[]}', "utf16le"), "is not UTF-8"],
    ["a workbook", Buffer.from("PK\u0003\u0004"), "is a ZIP archive"],
    ["a damaged .gz", gzipSync("{}").subarray(0, 12), "the .gz is cut off"],
  ] as const)("%s, cannot be used", async ([, content, reason], { connection }) => {
    expect(await failureOf(loadStored(connection, jsonFile(content)))).toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, message: expect.stringContaining(reason) },
    });
  });

  it("larger than any browser keeps, is not read to its end", async ({ connection }) => {
    // As much as a file system takes without a byte of it being there; zeros at once would look like UTF-16.
    const path = jsonFile(" ".repeat(1024));
    truncateSync(path, 2 ** 40);
    expect(await failureOf(loadStored(connection, path))).toMatchObject({
      ...{ code: "FILE_UNUSABLE", message: expect.stringContaining("is larger than 64 MiB") },
    });
  });
});
