/** Plans: what a seed would do. A dry run does it and takes it back; a check only compares. */
import type { Client } from "pg";
import { describe, expect } from "vitest";
import type { LoadProgress } from "../../src/core/load/load.js";
import type { SeedOptions, SeedResult } from "../../src/core/seed.js";
import { it, type TestDatabase } from "../support/database.js";
import {
  allRows,
  bigCsv,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  HEADER,
  manyLines,
  SHORT_HEADER,
  seed,
  waitingFor,
  whileSeedWaitsToWrite,
  withDriver,
} from "../support/seeding.js";

const MODES = ["dry-run", "check"] as const;

/** A seed that would have to wait fails instead. */
async function withoutPatience(db: TestDatabase): Promise<void> {
  await db.query(`ALTER DATABASE ${db.target.database} SET lock_timeout = '3s'`);
}

/** Where the next row would go: a row version that was written and taken back moves it on. */
async function nextPlace(db: TestDatabase): Promise<string | undefined> {
  const [row] = await db.query<{ place: string }>(
    "INSERT INTO vocabulary_words (language, term, definition) VALUES ('xx', 'next', '1') RETURNING ctid::text AS place",
  );
  return row?.place;
}

/** Runs `work` while a plan that prunes has compared, and waits to see which words are in use. */
async function whilePlanWaits(
  db: TestDatabase,
  start: () => Promise<SeedResult>,
  work: (client: Client) => Promise<unknown>,
): Promise<SeedResult> {
  return withDriver(db, async (client) => {
    await client.query("SET lock_timeout = '3s'; BEGIN; LOCK TABLE progress IN ACCESS EXCLUSIVE MODE");
    const planning = start();
    // Whatever becomes of it is told below, where it is awaited.
    planning.catch(() => {});
    await waitingFor(db, "relation = 'progress'::regclass");
    await work(client);
    await client.query("ROLLBACK");
    return planning;
  });
}

describe.for(MODES)("a plan (%s)", (mode) => {
  it("counts by file what a run would do, and writes nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,e,5")]);
    const before = await allRows(db);
    const files = [csv(SHORT_HEADER, "de,a,1", "de,b,changed", "de,c,3", "de,c,3"), csv(SHORT_HEADER, "de,d,4")];
    const options: Omit<SeedOptions, "files"> = { prune: "refuse-used" };
    const plan = await seed(connection, files, { ...options, mode });
    expect(plan).toMatchObject({ dryRun: mode === "dry-run", check: mode === "check", demo: null });
    expect(plan.files).toMatchObject([
      { file: files[0], rows: 4, inserted: 1, updated: 1, unchanged: 1, duplicates: 1, rejected: 0, pruned: 1 },
      { file: files[1], rows: 1, inserted: 1, updated: 0, unchanged: 0, duplicates: 0, rejected: 0, pruned: 0 },
    ]);
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
    const run = await seed(connection, files, options);
    expect(run.total).toEqual(plan.total);
    expect(run.files.map((file) => ({ ...file, durationMs: 0 }))).toEqual(
      plan.files.map((file) => ({ ...file, durationMs: 0 })),
    );
    expect(run).toMatchObject({ dryRun: false, check: false, changes: [] });
  });

  it("shows of what changes the place, the word, and old and new of each field", async ({ connection }) => {
    await seed(connection, [csv(HEADER, "zh,地,dì,,earth,noun,HSK1,nature,", "de,a,,s,1,,A1,,", "de,b,,,2,,,,")]);
    const files = [
      csv(HEADER, "zh,地,dì,,ground,noun,,nature,地上有水。"),
      csv("language,term,sense,definition,pos", "de,new,,1,", "de,a,s,1,noun", "de,b,,2,"),
    ];
    const { changes } = await seed(connection, files, { mode });
    expect(changes).toStrictEqual([
      {
        ...{ file: files[0], line: 2, key: { language: "zh", term: "地", reading: "dì", sense: "" } },
        changes: [
          { field: "definition", old: "earth", new: "ground" },
          { field: "level", old: "HSK1", new: null },
          { field: "example", old: null, new: "地上有水。" },
        ],
      },
      {
        ...{ file: files[1], line: 3, key: { language: "de", term: "a", reading: "", sense: "s" } },
        changes: [{ field: "partOfSpeech", old: null, new: "noun" }],
      },
    ]);
  });

  it("shows ten changes at most, the first", async ({ connection }) => {
    await seed(connection, [csv(SHORT_HEADER, ...manyLines(30))]);
    const file = csv(SHORT_HEADER, ...manyLines(30, (n) => `de,w${29 - n},${n < 5 ? `d${29 - n}` : "changed"}`));
    const { changes, total } = await seed(connection, [file], { mode });
    expect(total.updated).toBe(25);
    expect(changes.map(({ line }) => line)).toEqual(Array.from({ length: 10 }, (_, n) => 7 + n));
    expect(changes[0]).toMatchObject({ key: { term: "w24" }, changes: [{ old: "d24", new: "changed" }] });
  });

  it("has no changes where the database's words are kept", async ({ connection }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const plan = await seed(connection, [csv(SHORT_HEADER, "de,a,one", "de,b,2")], { mode, onConflict: "keep" });
    expect(plan.changes).toEqual([]);
    expect(counts(plan)).toEqual({ rows: 2, inserted: 1, unchanged: 1 });
  });

  it("of files that the database agrees with finds nothing to do", async ({ connection, db }) => {
    const file = csv(HEADER, "de,a,,,1,noun,A1,,", "de,b,,,2,,,,");
    await seed(connection, [file]);
    const plan = await seed(connection, [file, csv(SHORT_HEADER)], { mode, prune: "refuse-used" });
    expect(counts(plan)).toEqual({ rows: 2, unchanged: 2 });
    expect(plan.changes).toEqual([]);
    expect(await nextPlace(db)).toBe("(0,3)");
    expect(await db.query("SELECT FROM vocabulary_words WHERE xmax <> '0'")).toHaveLength(0);
  });

  it("counts rejects by file and still tells what becomes of the others", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const files = [csv(SHORT_HEADER, "de,a,one", "de,b,", "de,c,3"), csv(SHORT_HEADER, "de,,4", "de,d")];
    const plan = await seed(connection, files, { mode });
    expect(plan.files).toMatchObject([
      { rows: 3, inserted: 1, updated: 1, unchanged: 0, rejected: 1 },
      { rows: 2, inserted: 0, updated: 0, unchanged: 0, rejected: 2 },
    ]);
    expect(plan.total).toMatchObject({ rows: 5, rejected: 3 });
    expect(plan.rejects).toMatchObject([
      { file: files[0], line: 3, column: 6, field: "definition", reason: "is empty" },
      { file: files[1], line: 2, column: 4, field: "term", reason: "is empty" },
      { file: files[1], line: 3, column: 1, field: null, code: "RAGGED_ROW" },
    ]);
    expect(plan.changes).toMatchObject([{ key: { term: "a" } }]);
    expect(await definitions(db)).toEqual({ a: "1" });
  });

  it("counts 1,000 rejects and shows the first 20", async ({ connection }) => {
    const plan = await seed(connection, [csv(SHORT_HEADER, ...manyLines(1_000, (n) => `de,w${n},`))], { mode });
    expect(counts(plan)).toEqual({ rows: 1_000, rejected: 1_000 });
    expect(plan.rejects.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, n) => 2 + n));
  });

  it("is refused where records contradict each other", async ({ connection }) => {
    const file = csv(SHORT_HEADER, "de,a,1", "de,a,2");
    await expect(seed(connection, [file], { mode })).rejects.toMatchObject({ code: "DUPLICATE_ROWS", total: 1 });
    expect(counts(await seed(connection, [file], { mode, onDuplicate: "last" }))).toEqual({
      ...{ rows: 2, inserted: 1, duplicates: 1 },
    });
  });

  it("of a big file for an empty table locks nobody out", async ({ connection, db }) => {
    const { path, rows } = bigCsv();
    const start = () => seed(connection, [path], { mode, prune: "refuse-used" });
    const plan = await whilePlanWaits(db, start, async (client) => {
      expect((await client.query("SELECT FROM vocabulary_words")).rowCount).toBe(0);
      await client.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'a', 'by hand')");
    });
    expect(counts(plan)).toEqual({ rows, inserted: rows });
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
  });
});

it("a dry run with test users adds them and takes them back", async ({ connection, db }) => {
  const before = await allRows(db);
  const plan = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { mode: "dry-run", demo: true });
  expect(plan.demo).toMatchObject({ usersInserted: 4 });
  expect(await allRows(db)).toEqual(before);
});

it("a dry run finds what only the database can refuse", async ({ connection, db }) => {
  await db.query("ALTER TABLE vocabulary_words ADD CONSTRAINT no_b CHECK (term <> 'b')");
  const file = csv(SHORT_HEADER, "de,a,1", "de,b,2");
  await expect(seed(connection, [file], { mode: "dry-run" })).rejects.toThrow("no_b");
  await expectNothingLeft(db);
});

describe("a check", () => {
  it("writes no row version, not even one that is taken back", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const file = csv(SHORT_HEADER, "de,a,changed", ...manyLines(1_000));
    const plan = await seed(connection, [file], { mode: "check", prune: "refuse-used" });
    expect(counts(plan)).toEqual({ rows: 1_001, inserted: 1_000, updated: 1, pruned: 1 });
    expect(await db.query("SELECT term FROM vocabulary_words WHERE xmax <> '0'")).toEqual([]);
    expect(await nextPlace(db)).toBe("(0,3)");
  });

  it("waits neither for another seed nor for locked words", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const file = csv(SHORT_HEADER, "de,a,changed", "de,c,3");
    const check = () => seed(connection, [file], { mode: "check", prune: "refuse-used" });
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,2", "de,d,4")]);
    await whileSeedWaitsToWrite(db, start, async (client) => {
      await withoutPatience(db);
      await client.query("BEGIN; SELECT FROM vocabulary_words FOR UPDATE");
      expect(counts(await check())).toEqual({ rows: 2, inserted: 1, updated: 1, pruned: 1 });
      await client.query("COMMIT");
    });
    expect(await definitions(db)).toEqual({ a: "2", b: "2", d: "4" });
  });

  it("keeps no other seed and no writer waiting", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const file = csv(SHORT_HEADER, "de,a,changed", "de,c,3");
    const start = () => seed(connection, [file], { mode: "check", prune: "refuse-used" });
    const check = await whilePlanWaits(db, start, async (client) => {
      expect((await client.query("UPDATE vocabulary_words SET level = 'A1'")).rowCount).toBe(2);
      const { rowCount } = await client.query(
        "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      );
      expect(rowCount).toBe(0);
    });
    expect(counts(check)).toEqual({ rows: 2, inserted: 1, updated: 1, pruned: 1 });
  });

  it("adds no test users", async ({ connection, db }) => {
    const plan = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { mode: "check", demo: true });
    expect(plan.demo).toBeNull();
    expect(await db.query("SELECT FROM users")).toHaveLength(0);
  });

  it("says that it reads and compares, and nothing else", async ({ connection }) => {
    const told: string[] = [];
    const onProgress = ({ phase }: LoadProgress) => told.push(phase);
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { mode: "check", onProgress });
    expect([...new Set(told)]).toEqual(["reading", "comparing"]);
  });
});

it("a dry run waits for another seed, as a run would", async ({ connection, db }) => {
  const rehearsal = { result: Promise.resolve<unknown>(null) };
  const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
  await whileSeedWaitsToWrite(db, start, async () => {
    rehearsal.result = seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")], { mode: "dry-run" }).then(counts);
    await waitingFor(db, "locktype = 'advisory' AND objid <> 1");
  });
  expect(await rehearsal.result).toEqual({ rows: 2, inserted: 1, unchanged: 1 });
});
