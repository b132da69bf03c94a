/** Seeding: files become words, all of them or none, and a second time nothing at all. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { describe, expect } from "vitest";
import { type SeedOptions, type SeedResult, SHIPPED_WORDS, seedWords } from "../../src/core/words.js";
import type { Connection } from "../../src/db/pool.js";
import { RowsRejectedError } from "../../src/errors.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";

const HEADER = "language,term,reading,sense,definition,part_of_speech,level,category,example";
const SHORT_HEADER = "language,term,definition";

/** @returns the path of a CSV file that is gone after the test. */
function csv(...lines: readonly string[]): string {
  const path = join(temporaryFolder(), "words.csv");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function manyLines(count: number, line: (n: number) => string = (n) => `de,w${n},d${n}`): string[] {
  return Array.from({ length: count }, (_, n) => line(n));
}

function seed(connection: Connection, files: readonly string[], options: Omit<SeedOptions, "files"> = {}) {
  return seedWords(connection, { files, ...options });
}

/** Every row with its place and its version: equal only if nothing was written in between. */
async function allRows(db: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of ["users", "sessions", "progress", "vocabulary_words"]) {
    tables[table] = await db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`);
  }
  return tables;
}

/** What the words say, in the order of their terms. */
function words(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query(`
    SELECT language, term, reading, sense, definition, part_of_speech AS pos, level, category, example
      FROM vocabulary_words ORDER BY term COLLATE "C", reading COLLATE "C", sense COLLATE "C"`);
}

async function definitions(db: TestDatabase): Promise<Record<string, unknown>> {
  return Object.fromEntries((await words(db)).map(({ term, definition }) => [term, definition]));
}

function counts({ total }: SeedResult) {
  const { rows, inserted, updated, unchanged, duplicates } = total;
  return { rows, inserted, updated, unchanged, duplicates };
}

const NONE = { rows: 0, inserted: 0, updated: 0, unchanged: 0, duplicates: 0 };

/** Neither a temporary table nor a transaction outlives a seed, whatever became of it. */
async function expectNothingLeft(db: TestDatabase): Promise<void> {
  const left = () =>
    db.query(`
      SELECT relname AS what FROM pg_class WHERE relpersistence = 't'
      UNION ALL
      SELECT state || ': ' || query FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend'
         AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`);
  await expect.poll(left, { timeout: 30_000 }).toEqual([]);
}

/**
 * Runs `work` while nobody else can read or write words.
 *
 * @param work is given a function that resolves, once somebody waits for that, with the waiting process
 */
async function whileWordsAreLocked<T>(db: TestDatabase, work: (waiting: () => Promise<number>) => Promise<T>) {
  return withDriver(db, async (client) => {
    await client.query("BEGIN; LOCK TABLE vocabulary_words IN ACCESS EXCLUSIVE MODE");
    return work(() => waitingFor(client, "relation = 'vocabulary_words'::regclass"));
  });
}

/** A connection that stays open and knows nothing of vocabdb's session setup. */
function withDriver<T>(db: TestDatabase, work: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, database } = db.target;
  return withClient({ host, port, user, password: password?.reveal() ?? "", database }, work);
}

/** @returns the process that waits for the lock in this database, once there is one. */
async function waitingFor(client: Client, lock: string): Promise<number> {
  const found = { pid: 0 };
  const ask = async () => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_locks
        WHERE NOT granted AND ${lock}
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    found.pid = rows[0]?.pid ?? 0;
    return found.pid;
  };
  await expect.poll(ask, { timeout: 30_000 }).toBeGreaterThan(0);
  return found.pid;
}

describe("a second run", () => {
  it("with the words that ship writes nothing", async ({ connection, db }) => {
    const first = await seed(connection, [SHIPPED_WORDS]);
    expect(first.total.rows).toBeGreaterThanOrEqual(500);
    expect(counts(first)).toEqual({ ...NONE, rows: first.total.rows, inserted: first.total.rows });
    const before = await allRows(db);
    expect(before.vocabulary_words).toHaveLength(first.total.rows);
    const second = await seed(connection, [SHIPPED_WORDS]);
    expect(counts(second)).toEqual({ ...NONE, rows: first.total.rows, unchanged: first.total.rows });
    expect(await allRows(db)).toEqual(before);
    // Not locked either: that would show in xmax.
    expect(await db.query("SELECT FROM vocabulary_words WHERE xmax <> '0'")).toHaveLength(0);
  });

  it("with some changes writes those rows only", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3")]);
    const before = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,c,3", "de,b,changed", "de,a,1", "de,d,4")]);
    expect(counts(result)).toEqual({ rows: 4, inserted: 1, updated: 1, unchanged: 2, duplicates: 0 });
    expect(await definitions(db)).toEqual({ a: "1", b: "changed", c: "3", d: "4" });
    const after = await allRows(db);
    const untouched = before.vocabulary_words?.filter((row) => (row as { term: string }).term !== "b");
    expect(untouched).toHaveLength(2);
    expect(after.vocabulary_words).toEqual(expect.arrayContaining(untouched ?? []));
  });

  it("changes a word under its id, and its progress stays", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "zh,地,dì,,earth,noun,HSK1,nature,", "zh,地,de,,(particle),,HSK1,,")]);
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users u, vocabulary_words w");
    const ids = await db.query("SELECT id, reading, created_at FROM vocabulary_words ORDER BY reading");
    const { progress } = await allRows(db);
    const result = await seed(connection, [csv(HEADER, "zh,地,dì,,ground,noun,HSK2,nature,地上有水。")]);
    expect(counts(result)).toEqual({ ...NONE, rows: 1, updated: 1 });
    expect(await db.query("SELECT id, reading, created_at FROM vocabulary_words ORDER BY reading")).toEqual(ids);
    expect((await allRows(db)).progress).toEqual(progress);
    expect(await words(db)).toMatchObject([
      { reading: "de", definition: "(particle)", level: "HSK1" },
      { reading: "dì", definition: "ground", level: "HSK2", category: "nature", example: "地上有水。" },
    ]);
  });

  it("leaves words alone that the file no longer has", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    expect(counts(await seed(connection, [csv(SHORT_HEADER, "de,b,2")]))).toEqual({ ...NONE, rows: 1, unchanged: 1 });
    expect(await definitions(db)).toEqual({ a: "1", b: "2" });
  });
});

describe("columns and defaults", () => {
  const full = "de,Haus,haʊs,,house,noun,A1,home,Das Haus ist groß.";

  it("what a file has no column for stays in the database", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, full)]);
    const before = await allRows(db);
    const same = csv("language,term,reading,definition", "de,Haus,haʊs,house");
    expect(counts(await seed(connection, [same]))).toEqual({ ...NONE, rows: 1, unchanged: 1 });
    expect(await allRows(db)).toEqual(before);
    await seed(connection, [csv("language,term,reading,definition", "de,Haus,haʊs,building")]);
    expect(await words(db)).toMatchObject([
      { definition: "building", pos: "noun", level: "A1", category: "home", example: "Das Haus ist groß." },
    ]);
  });

  it("an empty cell clears what the database holds", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, full)]);
    const result = await seed(connection, [csv("language,term,reading,definition,level", "de,Haus,haʊs,house,")]);
    expect(counts(result)).toEqual({ ...NONE, rows: 1, updated: 1 });
    expect(await words(db)).toMatchObject([{ level: null, pos: "noun", category: "home" }]);
  });

  it("defaults fill what a record does not say, and nothing else", async ({ connection, db }) => {
    const file = csv("language,term,definition,level", "de,a,1,B2", ",b,2,", "fr,c,3,  ");
    await seed(connection, [file], { defaults: { language: "es", level: "A1", category: "basics" } });
    expect(await words(db)).toMatchObject([
      { language: "de", term: "a", level: "B2", category: "basics" },
      { language: "es", term: "b", level: "A1", category: "basics" },
      { language: "fr", term: "c", level: "A1", category: "basics" },
    ]);
  });

  it("defaults stand in for columns that the file lacks", async ({ connection, db }) => {
    const file = csv("Chinese,Pinyin,English", "你好,nǐ hǎo,hello");
    await seed(connection, [file], { defaults: { language: "zh", level: "HSK1" } });
    expect(await words(db)).toMatchObject([
      { language: "zh", term: "你好", reading: "nǐ hǎo", definition: "hello", level: "HSK1", category: null },
    ]);
  });

  it("a file without a language is refused unless there is a default", async ({ connection, db }) => {
    const failure = { code: "BAD_HEADER", exitCode: 6, message: expect.stringContaining("no column for language") };
    await expect(seed(connection, [csv("term,definition", "a,1")])).rejects.toMatchObject(failure);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("decomposed letters and spaces around meet the same word", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "fr,caf\u00e9,k\u00e0,,coffee,,,,")]);
    const before = await allRows(db);
    const again = csv(HEADER, "fr,  cafe\u0301  ,ka\u0300\u3000,\u00a0, coffee\t,,,,");
    expect(counts(await seed(connection, [again]))).toEqual({ ...NONE, rows: 1, unchanged: 1 });
    expect(await allRows(db)).toEqual(before);
    const both = csv(HEADER, "fr,caf\u00e9,k\u00e0,,coffee,,,,", "FR,cafe\u0301,ka\u0300,,coffee,,,,");
    expect(counts(await seed(connection, [both]))).toEqual({ ...NONE, rows: 2, unchanged: 1, duplicates: 1 });
  });

  it("every character arrives as it was written", async ({ connection, db }) => {
    const definition = 'tab\there, "quotes", back\\slash \\N \\. 100%, 𠀀 👩‍🚀\nsecond line';
    await seed(connection, [csv(SHORT_HEADER, `de,x,"${definition.replaceAll('"', '""')}"`)]);
    expect(await definitions(db)).toEqual({ x: definition });
  });
});

describe("several files", () => {
  it("are counted one by one and together", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,old,1")]);
    const files = [
      csv(SHORT_HEADER, "de,a,1", "de,b,2"),
      csv(SHORT_HEADER, "de,old,1", "de,c,3"),
      csv(SHORT_HEADER),
      csv(SHORT_HEADER, "de,old2,1", "de,a,1"),
    ];
    const result = await seed(connection, files);
    const more = { rejected: 0, pruned: 0, durationMs: expect.any(Number) };
    expect(result.files).toStrictEqual([
      { file: files[0], ...NONE, rows: 2, inserted: 2, ...more },
      { file: files[1], ...NONE, rows: 2, inserted: 1, unchanged: 1, ...more },
      { file: files[2], ...NONE, ...more },
      { file: files[3], ...NONE, rows: 2, inserted: 1, duplicates: 1, ...more },
    ]);
    expect(result.total).toStrictEqual({
      ...{ rows: 6, inserted: 4, updated: 0, unchanged: 1, duplicates: 1, rejected: 0, pruned: 0 },
    });
    expect(Object.keys(await definitions(db))).toEqual(["a", "b", "c", "old", "old2"]);
  });

  it("each keep what it has no column for", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "de,a,,,1,noun,A1,,", "de,b,,,2,noun,A1,,")]);
    await seed(connection, [csv(SHORT_HEADER, "de,a,one"), csv("language,term,definition,level", "de,b,two,")]);
    expect(await words(db)).toMatchObject([
      { term: "a", definition: "one", pos: "noun", level: "A1" },
      { term: "b", definition: "two", pos: "noun", level: null },
    ]);
  });

  it("are all kept out by one bad record in the last", async ({ connection, db }) => {
    const bad = csv(SHORT_HEADER, "de,c,3", "de,,4");
    const failure = seed(connection, [csv(SHORT_HEADER, "de,a,1"), bad]);
    await expect(failure).rejects.toMatchObject({
      total: 1,
      rejects: [{ file: bad, line: 3, column: 2, field: "term" }],
    });
    expect(await words(db)).toEqual([]);
  });

  it("are all kept out when one cannot be read", async ({ connection, db }) => {
    const missing = join(temporaryFolder(), "missing.csv");
    await expect(seed(connection, [csv(SHORT_HEADER, "de,a,1"), missing])).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, path: missing },
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });
});

describe("duplicates", () => {
  it("that say the same collapse, within a file and across files", async ({ connection, db }) => {
    const line = "de,a,,,1,noun,A1,,";
    const result = await seed(connection, [csv(HEADER, line, line, "de,b,,,2,,,,"), csv(HEADER, line, "de,b,,,2,,,,")]);
    expect(counts(result)).toEqual({ ...NONE, rows: 5, inserted: 2, duplicates: 3 });
    expect(result.files.map(({ duplicates }) => duplicates)).toEqual([1, 2]);
    expect(await definitions(db)).toEqual({ a: "1", b: "2" });
  });

  it("that contradict are rejected, naming both lines", async ({ connection, db }) => {
    const file = csv(SHORT_HEADER, "de,a,1", "de,b,2", 'de,"c",3', "de,a,one", "de,a,1", "de,a,uno");
    const failure = await seed(connection, [file]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RowsRejectedError);
    expect(failure).toMatchObject({
      ...{ code: "ROWS_REJECTED", exitCode: 6, total: 2 },
      rejects: [5, 7].map((line) => ({
        ...{ file, line, column: 0, field: null, code: "DUPLICATE_WORD" },
        reason: expect.stringContaining(`than ${file}:2;`),
      })),
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("that contradict across files are rejected, naming both files", async ({ connection, db }) => {
    const [one, other] = [csv(SHORT_HEADER, "de,a,1"), csv(SHORT_HEADER, "de,b,2", "de,a,one")];
    await expect(seed(connection, [one, other])).rejects.toMatchObject({
      rejects: [{ file: other, line: 3, reason: expect.stringContaining(`${one}:2`) }],
    });
    expect(await words(db)).toEqual([]);
  });

  it.for(["part_of_speech", "level", "category", "example"])(
    "may contradict in %s alone",
    async (column, { connection }) => {
      const file = csv(
        `${SHORT_HEADER},${column}`,
        "de,a,1,x",
        "de,a,1,y",
        "de,b,1,",
        "de,b,1,y",
        "de,c,1,",
        "de,c,1,",
      );
      await expect(seed(connection, [file])).rejects.toMatchObject({ total: 2, rejects: [{ line: 3 }, { line: 5 }] });
    },
  );

  it("are told apart by language, reading and sense", async ({ connection }) => {
    const file = csv(HEADER, "zh,a,,,1,,,,", "ja,a,,,2,,,,", "zh,a,r,,3,,,,", "zh,a,,s,4,,,,");
    expect(counts(await seed(connection, [file]))).toEqual({ ...NONE, rows: 4, inserted: 4 });
  });
});

describe("bad records", () => {
  it("keep everything out; all are counted and the first 20 listed", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w1,before")]);
    const before = await allRows(db);
    const lines = manyLines(1_000, (n) => (n % 10 === 7 ? `de,w${n},` : `de,w${n},d${n}`));
    const failure = await seed(connection, [csv(SHORT_HEADER, ...lines)]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ROWS_REJECTED", exitCode: 6, total: 100 });
    const { rejects, message } = failure as RowsRejectedError;
    expect(rejects.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, n) => 9 + 10 * n));
    expect(rejects[0]).toMatchObject({ column: 3, field: "definition", reason: "is empty" });
    expect(message).toContain("100 records were rejected, nothing was written\n");
    expect(message).toContain("… and 80 more");
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it.for([
    ["a language that is none", "not a tag,a,1", { line: 2, column: 1, field: "language" }],
    ["no term", "de, ,1", { line: 2, column: 2, field: "term", reason: "is empty" }],
    ["a cell too many", "de,a,1,2", { line: 2, column: 0, reason: expect.stringContaining("4 cells") }],
    ["a cell too few", "de,a", { line: 2, column: 0, reason: expect.stringContaining("2 cells") }],
    ["a NUL character", "de,a,1\0", { line: 2, column: 3, reason: expect.stringContaining("NUL") }],
    ["a term too long", `de,${"x".repeat(256)},1`, { line: 2, column: 2, reason: expect.stringContaining("255") }],
    ["a quote never closed", 'de,a,"1', { line: 2, reason: expect.stringContaining("never closed") }],
  ] as const)("are told with their place: %s", async ([, line, reject], { connection, db }) => {
    await expect(seed(connection, [csv(SHORT_HEADER, line)])).rejects.toMatchObject({ total: 1, rejects: [reject] });
    expect(await words(db)).toEqual([]);
  });

  it("the longest that is allowed is stored", async ({ connection, db }) => {
    const [term, sense, text] = ["𠀀".repeat(255), "𠀀".repeat(100), "𠀀".repeat(4000)];
    await seed(connection, [csv(HEADER, `zh,${term},${term},${sense},${text},${sense},${sense},${sense},${text}`)]);
    expect(await words(db)).toEqual([
      ...[{ language: "zh", term, reading: term, sense, definition: text, pos: sense, level: sense }].map((word) => ({
        ...{ ...word, category: sense, example: text },
      })),
    ]);
  });
});

describe("a dry run", () => {
  it("tells what would change and writes nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const before = await allRows(db);
    const file = csv(SHORT_HEADER, "de,a,1", "de,b,changed", "de,c,3", "de,c,3");
    const rehearsal = await seed(connection, [file], { dryRun: true, demo: true });
    expect(rehearsal).toMatchObject({ dryRun: true, demo: { usersInserted: 4 } });
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
    expect(counts(await seed(connection, [file]))).toEqual(counts(rehearsal));
  });

  it("rejects what a run would", async ({ connection }) => {
    await expect(seed(connection, [csv(SHORT_HEADER, "de,a,")], { dryRun: true })).rejects.toMatchObject({ total: 1 });
  });
});

describe("cut short", () => {
  it("by a signal in the middle of 50,000 records, it leaves nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w1,before")]);
    const before = await allRows(db);
    const controller = new AbortController();
    const phases: string[] = [];
    const failure = seed(connection, [csv(SHORT_HEADER, ...manyLines(50_000))], {
      signal: controller.signal,
      onPhase: (phase) => {
        phases.push(phase);
        if (phase.includes("20,000 rows")) {
          controller.abort(new Error("stopped by the test"));
        }
      },
    });
    await expect(failure).rejects.toThrow();
    expect(phases.at(-1)).toContain("20,000 rows");
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("by a signal while it waits for a lock, it ends and leaves nothing", async ({ connection, db }) => {
    const controller = new AbortController();
    await whileWordsAreLocked(db, async (waiting) => {
      const seeding = seed(connection, [csv(SHORT_HEADER, "de,a,1")], { signal: controller.signal });
      const outcome = seeding.catch((error: unknown) => error);
      await waiting();
      controller.abort();
      expect(await outcome).toBeInstanceOf(Error);
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("before it began, it does not begin", async ({ connection, db }) => {
    const signal = AbortSignal.abort(new Error("stopped by the test"));
    await expect(seed(connection, [csv(SHORT_HEADER, "de,a,1")], { signal })).rejects.toThrow("stopped by the test");
    expect(await words(db)).toEqual([]);
  });

  it("by a signal, it can be run again on the same connection", async ({ db, connection }) => {
    const file = csv(SHORT_HEADER, ...manyLines(10_000));
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const controller = new AbortController();
      const onPhase = (phase: string): void => {
        if (phase.includes("5,000 rows")) {
          controller.abort();
        }
      };
      await expect(seed(connection, [file], { signal: controller.signal, onPhase })).rejects.toThrow();
      expect((await connection.pool.query("SELECT count(*)::integer AS n FROM vocabulary_words")).rows).toEqual([
        { n: 0 },
      ]);
    }
    expect(counts(await seed(connection, [file]))).toMatchObject({ inserted: 10_000 });
    expect(await words(db)).toHaveLength(10_000);
  });

  it("by an error of the database in the middle, it leaves nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w1,before")]);
    await db.query("ALTER TABLE vocabulary_words ADD CONSTRAINT no_w700 CHECK (term <> 'w700')");
    const before = await allRows(db);
    await expect(seed(connection, [csv(SHORT_HEADER, ...manyLines(1_000))])).rejects.toThrow("no_w700");
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("by the end of its connection, it leaves nothing, and the next one succeeds", async ({ connection, db }) => {
    const file = csv(SHORT_HEADER, "de,a,1");
    await whileWordsAreLocked(db, async (waiting) => {
      const outcome = seed(connection, [file]).catch((error: unknown) => error);
      await db.query("SELECT pg_terminate_backend($1)", [await waiting()]);
      expect(await outcome).toBeInstanceOf(Error);
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
    expect(counts(await seed(connection, [file]))).toEqual({ ...NONE, rows: 1, inserted: 1 });
  });
});

describe("at the same time", () => {
  it("two seeds of overlapping files both succeed, and the later one has the last word", async ({ connection, db }) => {
    const [one, other] = [
      csv(SHORT_HEADER, ...manyLines(3_000, (n) => `de,w${n},one`)),
      csv(SHORT_HEADER, ...manyLines(3_000, (n) => `de,w${4_999 - n},other`)),
    ];
    const results = await Promise.all([seed(connection, [one]), seed(connection, [other])]);
    const sorted = results.map(counts).toSorted((a, b) => a.updated - b.updated);
    expect(sorted).toEqual([
      { ...NONE, rows: 3_000, inserted: 3_000 },
      { ...NONE, rows: 3_000, inserted: 2_000, updated: 1_000 },
    ]);
    const last = results[0]?.total.updated === 1_000 ? "one" : "other";
    const expected = manyLines(5_000, (n) => (n < 2_000 ? "one" : n >= 3_000 ? "other" : last));
    expect(await definitions(db)).toEqual(Object.fromEntries(expected.map((said, n) => [`w${n}`, said])));
  });

  it("a word that another client adds in the meantime is met", async ({ connection, db }) => {
    // The seed has compared by then: it stands before its first insert.
    await db.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
      CREATE TRIGGER pause BEFORE INSERT ON vocabulary_words
        FOR EACH ROW WHEN (NEW.definition = 'seeded') EXECUTE FUNCTION pause()`);
    await withDriver(db, async (client) => {
      await client.query("SELECT pg_advisory_lock(1)");
      const seeding = seed(connection, [csv(SHORT_HEADER, "de,a,seeded")]);
      await waitingFor(client, "locktype = 'advisory' AND objid = 1");
      await client.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'a', 'by hand')");
      await client.query("SELECT pg_advisory_unlock(1)");
      await seeding;
    });
    expect(await definitions(db)).toEqual({ a: "seeded" });
  });
});
