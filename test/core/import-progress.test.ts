/** Progress from files: user and word found by what they are called, and what a record says taken over. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { importProgress } from "../../src/core/import.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import {
  ADA,
  addProgress,
  addUsers,
  addWords,
  BOB,
  history,
  type Learned,
  ndjson,
  PROGRESS_HEADER,
  progress,
  progressFrom,
} from "../support/importing.js";
import { allRows, counts, csv, expectNothingLeft, manyLines } from "../support/seeding.js";

const T1 = "2026-01-01T00:00:00.000Z";
const T2 = "2026-02-02T02:02:02.020Z";
const T3 = "2026-03-03T03:03:03.030Z";

/** What a line says that ends with CELLS. */
const LEARNED: Learned = { studied: 5, correct: 3, confidence: 0.25, last: T1, due: T2 };
const CELLS = `5,3,0.25,${T1},${T2}`;
const NOTHING: Learned = { studied: 0, correct: 0, confidence: 0, last: null, due: "created" };

/** Homographs, and words of which one key is the beginning of another. */
async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addWords(
    db,
    "zh 你好 nǐhǎo",
    "zh 地 dì",
    "zh 地 de",
    "zh 人",
    "ja 人 ひと",
    "de Bank - money",
    "de Bank - park",
    "de Haus",
  );
}

describe("a word", () => {
  it("is found by its whole key", async ({ connection, db }) => {
    await prepare(db);
    const lines = [
      `${ADA},zh,地,dì,,${CELLS}`,
      `${ADA},de,Bank,-,park,${CELLS}`,
      ` ADA@example.org ,ZH, 人 ,,,${CELLS}`,
    ];
    expect(counts(await progressFrom(connection, [PROGRESS_HEADER, ...lines, `${BOB},zh,地,dì,,${CELLS}`]))).toEqual({
      ...{ rows: 4, inserted: 4 },
    });
    expect(await progress(db)).toEqual({
      [`${ADA} de Bank - park`]: LEARNED,
      [`${ADA} zh 人`]: LEARNED,
      [`${ADA} zh 地 dì`]: LEARNED,
      [`${BOB} zh 地 dì`]: LEARNED,
    });
  });

  it("is found by what there is of its key, where that is enough", async ({ connection, db }) => {
    await prepare(db);
    const lines = ["Haus,,,", "你好,,,", "人,ja,,", "地,,de,", "Bank,,,money"].map((key) => `${ADA},${key},2,1`);
    const result = await progressFrom(connection, ["email,word,lang,pinyin,sense,studied,correct", ...lines]);
    expect(counts(result)).toEqual({ rows: 5, inserted: 5 });
    expect(Object.keys(await progress(db))).toEqual([
      ...[`${ADA} de Bank - money`, `${ADA} de Haus`, `${ADA} ja 人 ひと`, `${ADA} zh 你好 nǐhǎo`, `${ADA} zh 地 de`],
    ]);
  });

  it("whose whole key is said is meant, also where others begin with it", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await addWords(db, "zh 行", "zh 行 xíng", "zh 行 háng");
    const result = await progressFrom(connection, ["email,language,term", `${ADA},zh,行`]);
    expect(counts(result)).toEqual({ rows: 1, inserted: 1 });
    expect(Object.keys(await progress(db))).toEqual([`${ADA} zh 行`]);
  });

  it("is not found by another case, width or tone", async ({ connection, db }) => {
    await prepare(db);
    const keys = ["haus,de,", "你好,zh,nihao", "ｈaus,de,"];
    const lines = keys.map((key) => `${ADA},${key},1,1`);
    await expect(
      progressFrom(connection, ["email,term,language,reading,studied,correct", ...lines]),
    ).rejects.toMatchObject({
      rejects: [{ code: "UNKNOWN_WORD" }, { code: "UNKNOWN_WORD" }, { code: "UNKNOWN_WORD" }],
    });
  });

  it("is found however its letters are composed", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await addWords(db, "fr caf\u00e9");
    const result = await progressFrom(connection, ["email,term", `${ADA},cafe\u0301`]);
    expect(counts(result)).toEqual({ rows: 1, inserted: 1 });
  });

  it("is looked for in the language, and of the user, that the run gives", async ({ connection, db }) => {
    await prepare(db);
    const files = [csv("term,language,email", "人,,", `人,ja,${BOB}`)];
    const result = await importProgress(connection, { files, defaults: { email: ADA, language: "zh" } });
    expect(counts(result)).toEqual({ rows: 2, inserted: 2 });
    expect(Object.keys(await progress(db))).toEqual([`${ADA} zh 人`, `${BOB} ja 人 ひと`]);
    const bare = await importProgress(connection, { files: [csv("term", "Haus")], defaults: { email: ADA } });
    expect(counts(bare)).toEqual({ rows: 1, inserted: 1 });
  });
});

describe("what a record does not say", () => {
  it("has the table's defaults in a new row", async ({ connection, db }) => {
    await prepare(db);
    const header = PROGRESS_HEADER.replace("term,reading,sense", "term");
    const lines = [`${ADA},de,Haus,,,,,`, `${BOB},de,Haus,,,0.5,,`];
    await progressFrom(connection, [header, ...lines]);
    await progressFrom(connection, ["email,term,language", `${ADA},人,zh`]);
    expect(await progress(db)).toEqual({
      [`${ADA} de Haus`]: NOTHING,
      [`${ADA} zh 人`]: NOTHING,
      [`${BOB} de Haus`]: { ...NOTHING, confidence: 0.5 },
    });
  });

  it("stays as it is in the database", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: LEARNED, 你好: LEARNED });
    const lines = [`${ADA},Haus,${T3}`, `${ADA},你好,${T3}`];
    await progressFrom(connection, ["email,term,last_studied_at", ...lines], { onConflict: "newest" });
    expect(await progress(db)).toEqual({
      [`${ADA} de Haus`]: { ...LEARNED, last: T3 },
      [`${ADA} zh 你好 nǐhǎo`]: { ...LEARNED, last: T3 },
    });
    const files = [
      ndjson(
        { email: ADA, term: "Haus", confidence: 1, nextReviewAt: null },
        { email: ADA, term: "你好", studyCount: 9, correctCount: 9, lastStudiedAt: null },
      ),
    ];
    await importProgress(connection, { files, onConflict: "replace" });
    expect(await progress(db)).toEqual({
      [`${ADA} de Haus`]: { ...LEARNED, confidence: 1, last: T3 },
      [`${ADA} zh 你好 nǐhǎo`]: { ...LEARNED, studied: 9, correct: 9, last: null },
    });
  });
});

describe("a file", () => {
  const COUNTS = { rows: 2, inserted: 1, updated: 1 };
  const AFTER = { [`${ADA} de Haus`]: { ...LEARNED, last: T3 }, [`${ADA} zh 你好 nǐhǎo`]: LEARNED };
  const LINES = [PROGRESS_HEADER, `${ADA},de,Haus,,,5,3,0.25,${T3},${T2}`, `${ADA},zh,你好,nǐhǎo,,${CELLS}`];

  it.for([
    ["as objects", "progress.ndjson"],
    ["as packed CSV", "progress.csv.gz"],
    ["on standard input", "-"],
    ["packed on standard input", "- packed"],
  ] as const)("may come %s", async ([, form], { connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: LEARNED });
    const text = LINES.map((line) => `${line}\n`).join("");
    const path = join(temporaryFolder(), form);
    const common = { email: ADA, studyCount: 5, correctCount: 3, confidence: 0.25, nextReviewAt: T2 };
    if (form === "progress.ndjson") {
      const records = [
        { term: "Haus", language: "de", lastStudiedAt: T3 },
        { term: "你好", lastStudiedAt: T1 },
      ];
      writeFileSync(path, records.map((record) => `${JSON.stringify({ ...common, ...record })}\n`).join(""));
    } else if (form === "progress.csv.gz") {
      writeFileSync(path, gzipSync(text));
    }
    const stdin = Readable.from([form === "- packed" ? gzipSync(text) : Buffer.from(text)]);
    const result = await importProgress(connection, { files: [form.startsWith("-") ? "-" : path], stdin });
    expect(counts(result)).toEqual(COUNTS);
    expect(await progress(db)).toEqual(AFTER);
  });

  it("that comes again changes nothing, by whatever rule but sum", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: { ...LEARNED, studied: 9, last: T2 }, 你好: LEARNED });
    const records = ndjson(
      { email: ADA, term: "Haus", studyCount: 12, correctCount: 1, confidence: 1, lastStudiedAt: T3, nextReviewAt: T1 },
      { email: ADA, term: "你好", lastStudiedAt: null },
      { email: BOB, term: "Haus", confidence: 0.1 },
      { email: BOB, term: "你好" },
    );
    for (const onConflict of ["keep", "best", "newest", "replace"] as const) {
      await importProgress(connection, { files: [records], onConflict });
      const before = [await allRows(db), await history(db)];
      const again = await importProgress(connection, { files: [records], onConflict });
      expect(counts(again), onConflict).toEqual({ rows: 4, unchanged: 4 });
      expect([await allRows(db), await history(db)], onConflict).toEqual(before);
    }
    const summed = await importProgress(connection, { files: [records], onConflict: "sum" });
    expect(counts(summed)).toEqual({ rows: 4, updated: 1, unchanged: 3 });
    expect((await progress(db))[`${ADA} de Haus`]).toMatchObject({ studied: 24, correct: 2 });
  });

  it("may have records of many users and words at once", async ({ connection, db }) => {
    const users = manyLines(50, (n) => `u${n}@example.org`);
    await addUsers(db, ...users);
    await addWords(db, ...manyLines(100, (n) => `de w${n}`));
    const lines = users.flatMap((email) => manyLines(100, (n) => `${email},w${n},${n},0`));
    const result = await progressFrom(connection, ["email,term,studied,correct", ...lines]);
    expect(counts(result)).toEqual({ rows: 5_000, inserted: 5_000 });
    expect((await progress(db))["u7@example.org de w42"]).toMatchObject({ studied: 42 });
  });
});

describe("a plan", () => {
  it.for(["dry-run", "check"] as const)(
    "with mode %s says what would change, and writes nothing",
    async (mode, { connection, db }) => {
      await prepare(db);
      await addProgress(db, ADA, { Haus: LEARNED });
      const before = await allRows(db);
      const lines = [`${ADA},Haus,7,7,0.5,${T3},${T3}`, `${ADA},你好,1,1,1,,`, `${ADA},nothing,1,1,1,,`];
      const header = "email,term,studied,correct,confidence,last_studied,next_review";
      const result = await progressFrom(connection, [header, ...lines], { mode });
      expect(counts(result)).toEqual({ rows: 3, inserted: 1, updated: 1, rejected: 1 });
      expect(result.changes).toEqual([
        {
          ...{ file: expect.any(String), line: 2 },
          key: { email: ADA, language: "", term: "Haus", reading: "", sense: "" },
          changes: [
            { field: "studyCount", old: "5", new: "7" },
            { field: "correctCount", old: "3", new: "7" },
            { field: "confidence", old: "0.25", new: "0.5" },
            { field: "lastStudiedAt", old: T1, new: T3 },
            { field: "nextReviewAt", old: T2, new: T3 },
          ],
        },
      ]);
      expect(result.rejects).toMatchObject([{ line: 4, code: "UNKNOWN_WORD" }]);
      expect(await allRows(db)).toEqual(before);
      expect(await history(db)).toEqual([]);
      await expectNothingLeft(db);
    },
  );
});

describe("the history", () => {
  it("names the user that a run is given, and what was done", async ({ connection, db }) => {
    await prepare(db);
    const actor = { commandLine: null, operator: null, reason: "moved" };
    await progressFrom(connection, ["term", "Haus"], { defaults: { email: ADA }, actor });
    await progressFrom(connection, [
      "email,term,confidence,last_studied_at",
      `${ADA},Haus,1,${T1}`,
      `${BOB},Haus,1,${T1}`,
    ]);
    expect(await history(db)).toEqual([
      { action: "progress import", subjects: [ADA], changes: { progress: { inserted: 1 } }, reason: "moved" },
      { action: "progress import", subjects: [], changes: { progress: { inserted: 1, updated: 1 } }, reason: null },
    ]);
  });
});
