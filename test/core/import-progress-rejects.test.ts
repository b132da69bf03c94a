/** Records of progress that cannot be loaded: badly written ones, and such as only the database can tell. */
import { describe, expect } from "vitest";
import { importProgress } from "../../src/core/import.js";
import type { RejectLimit } from "../../src/core/load/rejects.js";
import { RowsRejectedError } from "../../src/errors/loading.js";
import { it, type TestDatabase } from "../support/database.js";
import {
  ADA,
  addProgress,
  addUsers,
  addWords,
  BOB,
  deleteUsers,
  history,
  ndjson,
  progress,
  progressFrom,
} from "../support/importing.js";
import { allRows, counts, csv, expectNothingLeft, failureOf, manyLines } from "../support/seeding.js";

const HEADER = "email,language,term,reading,studied,correct";
const GONE = "gone@example.org";

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB, GONE);
  await deleteUsers(db, GONE);
  await addWords(db, "zh 地 dì", "zh 地 de", "zh 人 rén", "ja 人 ひと", "de Haus");
}

/** The rejects of a failed import, without what says where they are. */
async function rejectsOf(importing: Promise<unknown>) {
  const failure = await failureOf(importing);
  expect(failure).toBeInstanceOf(RowsRejectedError);
  return (failure as RowsRejectedError).rejects;
}

describe("what the database cannot place", () => {
  const LINES = [
    `${ADA},de,Haus,,1,1`,
    "nobody@example.org,de,Haus,,1,1",
    `${GONE},de,Haus,,1,1`,
    `${ADA},fr,Haus,,1,1`,
    `${ADA},,x'); DROP TABLE users;--,y,1,1`,
    `${ADA},zh,地,,1,1`,
    `${BOB},,人,,1,1`,
  ];
  const placed = (line: number, field: string, code: string, reason: string, hint: string) => ({
    ...{ file: expect.any(String), line, column: 1, recordLine: line, field, code, reason, hint },
  });
  const REJECTS = [
    placed(3, "email", "UNKNOWN_USER", "belongs to no user", expect.stringContaining("vocabdb user create")),
    placed(
      4,
      "email",
      "USER_DELETED",
      "belongs to a user who is deleted",
      expect.stringContaining("vocabdb user restore"),
    ),
    placed(5, "term", "UNKNOWN_WORD", "is no word of this database: fr Haus", expect.stringContaining("vocabdb seed")),
    placed(6, "term", "UNKNOWN_WORD", "is no word of this database: x'); DROP TABLE users;-- y", expect.any(String)),
    placed(7, "term", "AMBIGUOUS_WORD", "may be any of: zh 地 de, zh 地 dì", expect.stringContaining("reading")),
    placed(8, "term", "AMBIGUOUS_WORD", "may be any of: ja 人 ひと, zh 人 rén", expect.stringContaining("language")),
  ];

  it("keeps everything out, each record with its reason and the way out", async ({ connection, db }) => {
    await prepare(db);
    const before = await allRows(db);
    expect(await rejectsOf(progressFrom(connection, [HEADER, ...LINES]))).toEqual(REJECTS);
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("is left out where that is allowed, and listed", async ({ connection, db }) => {
    await prepare(db);
    const result = await progressFrom(connection, [HEADER, ...LINES], { maxRejects: { records: 6 } });
    expect(counts(result)).toEqual({ rows: 7, inserted: 1, rejected: 6 });
    expect(result.rejects).toEqual(REJECTS);
    expect(Object.keys(await progress(db))).toEqual([`${ADA} de Haus`]);
  });

  it("is listed in the order of the input, after what is badly written, and counted by file", async ({
    connection,
    db,
  }) => {
    await prepare(db);
    const files = [
      csv(HEADER, ...LINES),
      csv(HEADER, `${ADA},de,Haus,,1,2`, `${ADA},de,Baum,,1,1`, `${BOB},de,Haus,,1,1`),
    ];
    const result = await importProgress(connection, { files, maxRejects: { records: 8 } });
    expect(result.files.map(({ rows, inserted, rejected }) => [rows, inserted, rejected])).toEqual([
      ...[
        [7, 1, 6],
        [3, 1, 2],
      ],
    ]);
    expect(result.rejects.map(({ file, line }) => [file, line])).toEqual([
      [files[1], 2],
      ...[3, 4, 5, 6, 7, 8].map((line) => [files[0], line]),
      [files[1], 3],
    ]);
  });

  it("is counted where there is more than can be listed", async ({ connection, db }) => {
    await prepare(db);
    const lines = manyLines(6_000, (n) => `${ADA},de,${n % 2 === 0 ? `w${n}` : `v${n}`},,1,1`);
    await expect(progressFrom(connection, [HEADER, ...lines])).rejects.toMatchObject({
      ...{ total: 6_000, message: expect.stringContaining("6000 of 6000 records rejected") },
      rejects: Array.from({ length: 20 }, (_, n) => ({ line: n + 2 })),
    });
  });
});

describe("two records that mean one word", () => {
  it("by different spellings are refused where they differ, from the second on", async ({ connection, db }) => {
    await prepare(db);
    const lines = [`${ADA},de,Haus,,1,1`, `${ADA},,Haus,,2,1`, `${BOB},,Haus,,1,1`, `${ADA},DE,Haus,,1,1`];
    const result = await progressFrom(connection, [HEADER, ...lines], { maxRejects: { records: 1 } });
    expect(counts(result)).toEqual({ rows: 4, inserted: 2, duplicates: 1, rejected: 1 });
    expect(result.rejects).toMatchObject([
      {
        line: 3,
        field: "term",
        code: "DUPLICATE_ROWS",
        reason: expect.stringContaining("something else of the same word"),
      },
    ]);
  });

  it("by different spellings and are the same otherwise count once", async ({ connection, db }) => {
    await prepare(db);
    const lines = [HEADER, `${ADA},de,Haus,,1,1`, `${ADA},,Haus,,1,1`];
    expect(counts(await progressFrom(connection, lines))).toEqual({ rows: 2, inserted: 1, unchanged: 1 });
    expect(counts(await progressFrom(connection, lines))).toEqual({ rows: 2, unchanged: 2 });
  });

  it("by the same spelling contradict each other, unless one counts", async ({ connection, db }) => {
    await prepare(db);
    const lines = [HEADER, `${ADA},zh,地,dì,1,1`, `ADA@EXAMPLE.ORG,zh,地,dì,2,2`];
    await expect(progressFrom(connection, lines)).rejects.toMatchObject({
      ...{ code: "DUPLICATE_ROWS", noun: "word" },
      duplicates: [{ line: 3, first: { line: 2 }, key: [ADA, "zh", "地", "dì", ""] }],
    });
    const result = await progressFrom(connection, lines, { onDuplicate: "last" });
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, duplicates: 1 });
    expect((await progress(db))[`${ADA} zh 地 dì`]).toMatchObject({ studied: 2, correct: 2 });
  });
});

describe("a cell", () => {
  const BAD = [
    ["studied", "-1", "is not a whole number from 0 to 2147483647"],
    ["studied", "1.5", "is not a whole number"],
    ["studied", "2147483648", "is not a whole number"],
    ["studied", "1e3", "is not a whole number"],
    ["studied", "٣", "is not a whole number"],
    ["correct", "many", "is not a whole number"],
    ["confidence", "1.01", "is not from 0 to 1"],
    ["confidence", "-0.1", "is not from 0 to 1"],
    ["confidence", "NaN", "is not from 0 to 1"],
    ["confidence", "50%", "is not from 0 to 1"],
    ["confidence", "0x1", "is not from 0 to 1"],
    ["last_studied_at", "2026-01-01T10:00", "is not a time that says its zone"],
    ["next_review_at", "soon", "is not a time that says its zone"],
    ["email", "ada", "is not a valid email address"],
    ["term", " ", "is empty"],
    ["language", "Deutsch", "is not a language tag"],
  ] as const;
  const GOOD = { email: ADA, language: "de", term: "Haus", studied: "3", correct: "3", confidence: "0.5" };
  const COLUMNS = [...Object.keys(GOOD), "last_studied_at", "next_review_at"];

  it("that says nonsense is told with its place", async ({ connection, db }) => {
    await prepare(db);
    const cells: Record<string, string> = { ...GOOD, last_studied_at: "", next_review_at: "" };
    const lines = BAD.map(([field, text]) => COLUMNS.map((name) => (name === field ? text : cells[name])).join());
    const rejects = await rejectsOf(progressFrom(connection, [COLUMNS.join(), ...lines]));
    expect(rejects).toEqual(
      BAD.map(([field, , reason], n) => ({
        ...{ file: expect.any(String), line: n + 2, recordLine: n + 2, field, code: "INVALID_CELL", hint: null },
        column:
          1 + COLUMNS.slice(0, COLUMNS.indexOf(field)).reduce((sum, name) => sum + (cells[name] ?? "").length + 1, 0),
        reason: expect.stringContaining(reason),
      })),
    );
    expect(await progress(db)).toEqual({});
  });

  it("may hold the extremes, and zeros before a number", async ({ connection, db }) => {
    await prepare(db);
    const lines = [`${ADA},Haus,2147483647,2147483647,1`, `${BOB},Haus,007,0,1e-7`];
    await progressFrom(connection, ["email,term,studied,correct,confidence", ...lines]);
    expect(await progress(db)).toMatchObject({
      [`${ADA} de Haus`]: { studied: 2_147_483_647, correct: 2_147_483_647, confidence: 1 },
      [`${BOB} de Haus`]: { studied: 7, correct: 0, confidence: 1e-7 },
    });
  });
});

describe("counts that contradict each other", () => {
  it.for([
    [
      "more correct than studied",
      "2,3",
      { column: 24, field: "correct", reason: expect.stringContaining("more than the 2 times") },
    ],
    [
      "studied without correct",
      "2,",
      { column: 24, field: "correct", reason: expect.stringContaining("studyCount says nothing") },
    ],
    [
      "correct without studied",
      ",2",
      { column: 22, field: "studied", reason: expect.stringContaining("correctCount says nothing") },
    ],
  ] as const)("are a bad record: %s", async ([, cells, reject], { connection, db }) => {
    await prepare(db);
    const rejects = await rejectsOf(progressFrom(connection, ["email,term,studied,correct", `${ADA},Haus,${cells}`]));
    expect(rejects).toMatchObject([{ line: 2, code: "INVALID_CELL", ...reject }]);
  });

  it("are a bad record also where the file has one of the columns only", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: { studied: 9, correct: 8, confidence: 0, last: null, due: "2026-01-01Z" } });
    const before = await allRows(db);
    for (const [name, missing] of [
      ["studyCount", "correctCount"],
      ["correctCount", "studyCount"],
    ] as const) {
      const files = [ndjson({ email: ADA, term: "Haus", [name]: 3 })];
      const rejects = await rejectsOf(importProgress(connection, { files, onConflict: "replace" }));
      expect(rejects).toMatchObject([
        { line: 1, field: missing, reason: `is missing; ${name} says nothing without it` },
      ]);
    }
    expect(await allRows(db)).toEqual(before);
  });
});

describe("a limit", () => {
  /** Of 200 records the first are badly written, the next unknown. */
  const file = (badlyWritten: number, unknown: number): string[] =>
    manyLines(
      200,
      (n) =>
        `${ADA},w${n < badlyWritten ? n : n < badlyWritten + unknown ? `?${n}` : n},${n < badlyWritten ? "x" : 1},1`,
    );

  it.for<[string, RejectLimit, number, number]>([
    ["of records", { records: 7 }, 3, 4],
    ["in percent", { percent: 3.5 }, 3, 4],
    ["in percent, by what is unknown", { percent: 3.5 }, 0, 7],
    ["in percent, by what is badly written", { percent: 3.5 }, 7, 0],
  ])(
    "%s that is met exactly lets the good ones in, passed by one it does not",
    async ([, maxRejects, badlyWritten, unknown], { connection, db }) => {
      await addUsers(db, ADA);
      await addWords(db, ...manyLines(200, (n) => `de w${n}`));
      const header = "email,term,studied,correct";
      for (const [more, further] of [
        [1, 0],
        [0, 1],
      ] as const) {
        const lines = [header, ...file(badlyWritten + more, unknown + further)];
        await expect(progressFrom(connection, lines, { maxRejects })).rejects.toMatchObject({ code: "ROWS_REJECTED" });
        expect(await progress(db)).toEqual({});
      }
      const result = await progressFrom(connection, [header, ...file(badlyWritten, unknown)], { maxRejects });
      expect(counts(result)).toEqual({ rows: 200, inserted: 193, rejected: 7 });
      expect(Object.keys(await progress(db))).toHaveLength(193);
    },
  );
});
