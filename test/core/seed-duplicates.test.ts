/** Records of one run that mean the same word: the same again, or something else of it. */
import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import type { SeedOptions } from "../../src/core/seed.js";
import { DuplicatesError } from "../../src/errors/loading.js";
import { it } from "../support/database.js";
import {
  allRows,
  bigCsv,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  failureOf,
  HEADER,
  manyLines,
  SHORT_HEADER,
  seed,
  words,
} from "../support/seeding.js";

const ALL = ["error", "first", "last"] as const;

describe("identical records", () => {
  it.for(ALL)(
    "collapse, within a file and across files, with onDuplicate %s",
    async (onDuplicate, { connection, db }) => {
      const line = "de,a,,,1,noun,A1,,";
      const files = [csv(HEADER, line, line, "de,b,,,2,,,,"), csv(HEADER, line, "de,b,,,2,,,,", line)];
      const result = await seed(connection, files, { onDuplicate });
      expect(counts(result)).toEqual({ rows: 6, inserted: 2, duplicates: 4 });
      expect(await words(db)).toMatchObject([
        { term: "a", definition: "1", pos: "noun", level: "A1" },
        { term: "b", definition: "2", pos: null, level: null },
      ]);
    },
  );

  it("are those that are the same once spaces, case of tags and composition are out of the way", async ({
    connection,
    db,
  }) => {
    const file = csv(
      HEADER,
      "fr,caf\u00e9,k\u00e0,,coffee,,,,",
      "FR,  cafe\u0301  ,ka\u0300\u3000,\u00a0, coffee\t, ,,,",
      '"fr","caf\u00e9","k\u00e0","","coffee","","","",""',
    );
    expect(counts(await seed(connection, [file]))).toEqual({ rows: 3, inserted: 1, duplicates: 2 });
    expect(await words(db)).toMatchObject([{ language: "fr", term: "caf\u00e9", reading: "k\u00e0" }]);
  });

  it("collapse across formats", async ({ connection }) => {
    const stdin = Readable.from([`${SHORT_HEADER}\nde,a,1\n`]);
    const semicolons = csv("term;language;definition", "a;de;1");
    expect(counts(await seed(connection, ["-", semicolons], { stdin }))).toEqual({
      ...{ rows: 2, inserted: 1, duplicates: 1 },
    });
  });

  it("do not make an unchanged word a changed one", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const before = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,a,1")]);
    expect(counts(result)).toEqual({ rows: 2, unchanged: 1, duplicates: 1 });
    expect(await allRows(db)).toEqual(before);
  });

  it("are no duplicates when a bad one is among them", async ({ connection }) => {
    const file = csv(SHORT_HEADER, "de,a,1", "de,a,", "de,a,1");
    const result = await seed(connection, [file], { maxRejects: { records: 1 } });
    expect(counts(result)).toEqual({ rows: 3, inserted: 1, duplicates: 1, rejected: 1 });
  });
});

describe("records that contradict each other", () => {
  it("are refused, naming both lines", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,before")]);
    const before = await allRows(db);
    const file = csv(SHORT_HEADER, "de,a,1", "de,b,2", 'de,"c",3', "de,a,one", "de,a,1", "de,a,uno");
    const failure = await failureOf(seed(connection, [file]));
    expect(failure).toBeInstanceOf(DuplicatesError);
    expect(failure).toMatchObject({
      ...{ code: "DUPLICATE_ROWS", exitCode: 6, total: 2, noun: "word" },
      duplicates: [5, 7].map((line) => ({ file, line, first: { file, line: 2 }, key: ["de", "a", "", ""] })),
      message:
        "2 records contradict an earlier one, nothing was written\n" +
        `${file}:5:1: says something else of de a than ${file}:2\n` +
        `${file}:7:1: says something else of de a than ${file}:2`,
      hint: expect.stringContaining("--on-duplicate first|last"),
    });
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("are refused across files, naming both files", async ({ connection, db }) => {
    const [one, other] = [csv(SHORT_HEADER, "de,x,0", "de,a,1"), csv(SHORT_HEADER, "de,b,2", "de,a,one")];
    await expect(seed(connection, [one, other])).rejects.toMatchObject({
      duplicates: [{ file: other, line: 3, first: { file: one, line: 3 } }],
      message: expect.stringMatching(/^1 record contradicts an earlier one/),
    });
    expect(await words(db)).toEqual([]);
  });

  it("are found by the line that each begins on, also below cells of several lines", async ({ connection }) => {
    const file = csv(SHORT_HEADER, 'de,a,"1\n2\n3"', "", 'de,b,"x\ny"', 'de,a,"1\n2"', "de,b,z");
    await expect(seed(connection, [file])).rejects.toMatchObject({
      duplicates: [
        { line: 8, first: { line: 2 }, key: ["de", "a", "", ""] },
        { line: 10, first: { line: 6 }, key: ["de", "b", "", ""] },
      ],
    });
  });

  it("are all counted and the first 20 listed", async ({ connection }) => {
    const file = csv(SHORT_HEADER, ...manyLines(30), ...manyLines(30, (n) => `de,w${n},other`));
    const failure = await failureOf(seed(connection, [file]));
    expect(failure).toMatchObject({ total: 30, message: expect.stringContaining("… and 10 more") });
    expect((failure as DuplicatesError).duplicates.map(({ line, first }) => [line, first.line])).toEqual(
      Array.from({ length: 20 }, (_, n) => [32 + n, 2 + n]),
    );
  });

  it.for(["part_of_speech", "level", "category", "example"])(
    "may do so in %s alone",
    async (column, { connection }) => {
      const lines = ["de,a,1,x", "de,a,1,y", "de,b,1,", "de,b,1,y", "de,c,1,", "de,c,1,"];
      const failure = seed(connection, [csv(`${SHORT_HEADER},${column}`, ...lines)]);
      await expect(failure).rejects.toMatchObject({ total: 2, duplicates: [{ line: 3 }, { line: 5 }] });
    },
  );

  it("are told apart by language, reading and sense", async ({ connection }) => {
    const lines = ["zh,a,,,1,,,,", "ja,a,,,2,,,,", "zh,a,r,,3,,,,", "zh,a,s,,4,,,,", "zh,a,,r,5,,,,", "zh,ar,,,6,,,,"];
    expect(counts(await seed(connection, [csv(HEADER, ...lines)]))).toEqual({ rows: 6, inserted: 6 });
  });

  it.for([
    ["first", { a: "1", b: "x", c: "3" }, [2, 1]],
    ["last", { a: "uno", b: "y", c: "3" }, [3, 0]],
  ] as const)("with onDuplicate %s, that one counts", async ([onDuplicate, expected, dropped], { connection, db }) => {
    const files = [
      csv(SHORT_HEADER, "de,a,1", "de,a,one", "de,b,x", "de,a,uno"),
      csv(SHORT_HEADER, "de,c,3", "de,b,y"),
    ];
    const result = await seed(connection, files, { onDuplicate });
    expect(counts(result)).toEqual({ rows: 6, inserted: 3, duplicates: 3 });
    expect(result.files.map(({ duplicates }) => duplicates)).toEqual(dropped);
    expect(await definitions(db)).toEqual(expected);
  });

  it("give the database the whole record that counts, nothing of the others", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "de,a,,,0,noun,A1,home,old")]);
    const files = [
      csv(`${SHORT_HEADER},level,category`, "de,a,1,B1,"),
      csv(`${SHORT_HEADER},part_of_speech`, "de,a,2,"),
    ];
    await seed(connection, files, { onDuplicate: "last" });
    expect(await words(db)).toMatchObject([
      { definition: "2", pos: null, level: "A1", category: "home", example: "old" },
    ]);
    await seed(connection, files, { onDuplicate: "first" });
    expect(await words(db)).toMatchObject([
      { definition: "1", pos: null, level: "B1", category: null, example: "old" },
    ]);
  });

  it("with onDuplicate last, a word stays untouched where the last one says what is there", async ({
    connection,
    db,
  }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const before = await allRows(db);
    const file = csv(SHORT_HEADER, "de,a,2", "de,a,1");
    expect(counts(await seed(connection, [file], { onDuplicate: "last" }))).toEqual({
      ...{ rows: 2, unchanged: 1, duplicates: 1 },
    });
    expect(await allRows(db)).toEqual(before);
  });
});

// Up to 10,000 the records that may be duplicates are named to the server; of more it has to find all itself.
describe.for([10_000, 10_001])("%i duplicates", (count) => {
  const once = manyLines(count);

  it("collapse", async ({ connection, db }) => {
    const files = [csv(SHORT_HEADER, ...once, "de,single,1"), csv(SHORT_HEADER, ...once.toReversed(), "de,other,2")];
    const result = await seed(connection, files);
    expect(counts(result)).toEqual({ rows: 2 * count + 2, inserted: count + 2, duplicates: count });
    expect(result.files.map(({ duplicates }) => duplicates)).toEqual([0, count]);
    expect(await db.query("SELECT count(*)::integer AS n FROM vocabulary_words")).toEqual([{ n: count + 2 }]);
  });

  it("do not hide the one that contradicts", async ({ connection }) => {
    const again = manyLines(count, (n) => (n === 5_000 ? "de,w5000,other" : `de,w${n},d${n}`));
    const files = [csv(SHORT_HEADER, ...once), csv(SHORT_HEADER, ...again)];
    await expect(seed(connection, files)).rejects.toMatchObject({
      total: 1,
      duplicates: [{ file: files[1], line: 5_002, first: { file: files[0], line: 5_002 } }],
    });
  });
});

describe("straight into an empty table", () => {
  const many = manyLines(12_000, (n) => `de,s${n},,,1,,,,`);
  const other = (line: string) => line.replace(",1,", ",2,");

  it.for([
    ["a few identical ones", many.slice(0, 5), many.slice(0, 5), {}],
    ["many identical ones", many, many, {}],
    ["a few, of which the first counts", many.slice(0, 5), many.slice(0, 5).map(other), { onDuplicate: "first" }],
    ["many, of which the last counts", many, many.map(other), { onDuplicate: "last" }],
  ] as [string, string[], string[], Pick<SeedOptions, "onDuplicate">][])(
    "%s leave one each",
    async ([, lines, again, options], { connection, db }) => {
      const { path, rows } = bigCsv(...lines);
      const told: string[] = [];
      const result = await seed(connection, [path, csv(HEADER, ...again)], {
        ...options,
        onProgress: ({ phase }) => told.push(phase),
      });
      expect(told).toContain("indexing");
      expect(counts(result)).toEqual({
        ...{ rows: rows + 2 * lines.length, inserted: rows + lines.length, duplicates: lines.length },
      });
      expect(result.files.map(({ duplicates }) => duplicates)).toEqual(
        options.onDuplicate === "last" ? [lines.length, 0] : [0, lines.length],
      );
      expect(
        await db.query(
          "SELECT count(*)::integer AS n, min(definition) AS said, max(definition) AS too FROM vocabulary_words WHERE term LIKE 's%'",
        ),
      ).toEqual([
        { n: lines.length, ...(options.onDuplicate === "last" ? { said: "2", too: "2" } : { said: "1", too: "1" }) },
      ]);
    },
  );

  it("contradictions are refused, naming both lines", async ({ connection, db }) => {
    const { path, rows } = bigCsv("de,a,,,1,,,,");
    const file = csv(HEADER, "de,b,,,1,,,,", "de,a,,,2,,,,");
    await expect(seed(connection, [path, file])).rejects.toMatchObject({
      total: 1,
      duplicates: [{ file, line: 3, first: { file: path, line: rows + 2 }, key: ["de", "a", "", ""] }],
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("the verdict is that of a small file, also where one of two records lacks a column", async ({ connection }) => {
    const full = "de,a,,,1,,,,";
    const verdict = (file: string) =>
      seed(connection, [file, csv(SHORT_HEADER, "de,a,1")]).then(
        ({ total }) => ({ duplicates: total.duplicates }),
        ({ code }: DuplicatesError) => ({ code }),
      );
    // The big file first: it goes straight into the table only while that is empty.
    const big = await verdict(bigCsv(full).path);
    expect(big).toEqual(await verdict(csv(HEADER, full)));
  });
});
