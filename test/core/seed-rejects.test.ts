/** Records that cannot be loaded: they keep everything out, or as many as are allowed are left out. */
import { describe, expect } from "vitest";
import type { RejectLimit } from "../../src/core/load/rejects.js";
import { RowsRejectedError } from "../../src/errors/loading.js";
import { it } from "../support/database.js";
import {
  allRows,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  failureOf,
  manyLines,
  SHORT_HEADER,
  seed,
  words,
} from "../support/seeding.js";

/** A file whose first `bad` records have no definition. */
function partlyBad(rows: number, bad: number): string {
  return csv(SHORT_HEADER, ...manyLines(rows, (n) => (n < bad ? `de,w${n},` : `de,w${n},d${n}`)));
}

describe("without a limit, bad records", () => {
  it("keep everything out; all are counted and the first 20 listed", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w1,before")]);
    const before = await allRows(db);
    const lines = manyLines(1_000, (n) => (n % 10 === 7 ? `de,w${n},` : `de,w${n},d${n}`));
    const failure = await failureOf(seed(connection, [csv(SHORT_HEADER, ...lines)]));
    expect(failure).toBeInstanceOf(RowsRejectedError);
    expect(failure).toMatchObject({ code: "ROWS_REJECTED", exitCode: 6, total: 100 });
    const { rejects, message, hint } = failure as RowsRejectedError;
    expect(rejects.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, n) => 9 + 10 * n));
    expect(rejects[0]).toMatchObject({ column: 7, field: "definition", code: "INVALID_CELL", reason: "is empty" });
    expect(message).toContain("100 of 1000 records rejected, nothing was written\n");
    expect(message).toContain("… and 80 more");
    expect(hint).toContain("--max-rejects");
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it.for([
    ["a language that is none", "not a tag,a,1", { line: 2, column: 1, field: "language" }],
    ["no term", "de, ,1", { line: 2, column: 4, field: "term", reason: "is empty" }],
    [
      "a cell too many",
      "de,a,1,2",
      { line: 2, column: 1, code: "RAGGED_ROW", reason: expect.stringContaining("4 cells") },
    ],
    ["a cell too few", "de,a", { line: 2, column: 1, code: "RAGGED_ROW", reason: expect.stringContaining("2 cells") }],
    ["a NUL character", "de,a,1\0", { line: 2, column: 6, code: "NUL", reason: expect.stringContaining("NUL") }],
    ["a term too long", `de,${"x".repeat(256)},1`, { line: 2, column: 4, reason: expect.stringContaining("255") }],
    ["a quote never closed", 'de,a,"1', { line: 2, column: 6, reason: expect.stringContaining("never closed") }],
    ["the second line of a cell", 'de,"a\nb",', { line: 3, column: 4, field: "definition" }],
  ] as const)("are told with their place: %s", async ([, line, reject], { connection, db }) => {
    await expect(seed(connection, [csv(SHORT_HEADER, line)])).rejects.toMatchObject({ total: 1, rejects: [reject] });
    expect(await words(db)).toEqual([]);
  });

  it("of one file keep out the others too", async ({ connection, db }) => {
    const bad = csv(SHORT_HEADER, "de,c,3", "de,,4");
    await expect(
      seed(connection, [csv(SHORT_HEADER, "de,a,1"), bad, csv(SHORT_HEADER, "de,b,2")]),
    ).rejects.toMatchObject({
      ...{ total: 1, rejects: [{ file: bad, line: 3, column: 4, field: "term" }] },
    });
    expect(await words(db)).toEqual([]);
  });

  it("are counted once, however many of their cells are bad", async ({ connection }) => {
    await expect(seed(connection, [csv(SHORT_HEADER, "?,,", "de,a,1")])).rejects.toMatchObject({
      total: 1,
      message: expect.stringContaining("1 of 2 records rejected"),
      rejects: [{ field: "language" }, { field: "term" }, { field: "definition" }],
    });
  });
});

describe("a limit", () => {
  it.for<[string, RejectLimit, number, number]>([
    ["of records", { records: 3 }, 10, 3],
    ["of one record", { records: 1 }, 1, 1],
    ["in percent", { percent: 10 }, 50, 5],
    ["in percent with a fraction", { percent: 0.5 }, 1_000, 5],
    ["in percent that no binary number is", { percent: 4.6 }, 1_500, 69],
    ["of all", { percent: 100 }, 7, 7],
  ])("%s that is met exactly lets the good ones in", async ([, maxRejects, rows, bad], { connection, db }) => {
    const result = await seed(connection, [partlyBad(rows, bad)], { maxRejects });
    expect(result.total).toMatchObject({ rows, inserted: rows - bad, rejected: bad });
    expect(result.rejects.map(({ line }) => line)).toEqual(Array.from({ length: Math.min(bad, 20) }, (_, n) => n + 2));
    expect(await words(db)).toHaveLength(rows - bad);
  });

  it.for<[string, RejectLimit, number, number]>([
    ["of records", { records: 3 }, 10, 4],
    ["of no record", { records: 0 }, 1_000, 1],
    ["in percent", { percent: 10 }, 50, 6],
    ["in percent of few", { percent: 10 }, 9, 1],
    ["in percent with a fraction", { percent: 0.5 }, 1_000, 6],
    ["of 0 percent", { percent: 0 }, 1_000, 1],
  ])("%s that is passed keeps everything out", async ([, maxRejects, rows, bad], { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w9,before", "de,other,1")]);
    const before = await allRows(db);
    await expect(seed(connection, [partlyBad(rows, bad)], { maxRejects })).rejects.toMatchObject({
      ...{ code: "ROWS_REJECTED", total: bad },
    });
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("is one for all files together", async ({ connection, db }) => {
    const files = [partlyBad(10, 2), csv(SHORT_HEADER, "de,a,", "de,b,2"), csv(SHORT_HEADER, ...manyLines(18))];
    const result = await seed(connection, files, { maxRejects: { percent: 10 } });
    expect(result.files.map(({ rejected }) => rejected)).toEqual([2, 1, 0]);
    expect(counts(result)).toEqual({ rows: 30, inserted: 19, duplicates: 8, rejected: 3 });
    await expect(seed(connection, files, { maxRejects: { records: 2 } })).rejects.toMatchObject({ total: 3 });
    expect(await words(db)).toHaveLength(19);
  });

  it("that is not needed changes nothing", async ({ connection }) => {
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { maxRejects: { records: 5 } });
    expect(counts(result)).toEqual({ rows: 1, inserted: 1 });
    expect(result.rejects).toEqual([]);
  });

  it("counts records, not their cells", async ({ connection }) => {
    const file = csv(SHORT_HEADER, "?,,", "de,a,1");
    expect((await seed(connection, [file], { maxRejects: { records: 1 } })).total.rejected).toBe(1);
  });

  it("leaves the words of rejected records as they are", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const file = csv(SHORT_HEADER, "de,a,", "de,b,two");
    expect(counts(await seed(connection, [file], { maxRejects: { records: 1 } }))).toEqual({
      ...{ rows: 2, updated: 1, rejected: 1 },
    });
    expect(await definitions(db)).toEqual({ a: "1", b: "two" });
  });

  it("does not let in records that contradict each other", async ({ connection, db }) => {
    const file = csv(SHORT_HEADER, "de,a,1", "de,a,2", "de,b,");
    const failure = seed(connection, [file], { maxRejects: { percent: 100 } });
    await expect(failure).rejects.toMatchObject({ code: "DUPLICATE_ROWS" });
    expect(await words(db)).toEqual([]);
  });

  it("holds in the one transaction: what the database refuses keeps out the good ones too", async ({
    connection,
    db,
  }) => {
    await db.query("ALTER TABLE vocabulary_words ADD CONSTRAINT no_w7 CHECK (term <> 'w7')");
    await expect(seed(connection, [partlyBad(10, 2)], { maxRejects: { records: 2 } })).rejects.toThrow("no_w7");
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("holds when not one record is left", async ({ connection, db }) => {
    const result = await seed(connection, [partlyBad(3, 3)], { maxRejects: { records: 3 } });
    expect(counts(result)).toEqual({ rows: 3, rejected: 3 });
    expect(await words(db)).toEqual([]);
  });
});
