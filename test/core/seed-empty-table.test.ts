/** The first load: files of 8 MiB and more go straight into an empty table, and its indexes are built afterwards. */
import { randomBytes } from "node:crypto";
import { createReadStream, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { LoadProgress } from "../../src/core/load/load.js";
import { type Connection, withConnection } from "../../src/db/pool.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase, withAdmin } from "../support/database.js";
import {
  allRows,
  bigCsv,
  counts,
  csv,
  expectNothingLeft,
  HEADER,
  indexesOfWords,
  LONG_TEXT,
  manyLines,
  SHORT_HEADER,
  seed,
  tableOfWords,
  withDriver,
  words,
} from "../support/seeding.js";

const KEY = "vocabulary_words_language_term_reading_sense_key";
const ONE_WORD = "INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'a', '1')";

/** Expects a load to succeed, and says which way it took. */
async function wayOf(db: TestDatabase, connection: Connection, path: string): Promise<"table" | "staging"> {
  const before = await indexesOfWords(db);
  const { rejected, rows, inserted, unchanged } = (await seed(connection, [path])).total;
  expect([rejected, inserted + unchanged]).toEqual([0, rows]);
  return JSON.stringify(await indexesOfWords(db)) === JSON.stringify(before) ? "staging" : "table";
}

describe("a big file for an empty table", () => {
  it("goes straight in, and leaves the table as it would have been", async ({ connection, db }) => {
    await db.query(`
      CREATE INDEX "By Level" ON vocabulary_words (level DESC NULLS LAST) INCLUDE (term) WHERE level IS NOT NULL;
      CREATE INDEX by_term ON vocabulary_words (lower(term) text_pattern_ops) WITH (fillfactor = 70)`);
    const before = await tableOfWords(db);
    expect(before.indexes).toHaveLength(8);
    const ids = await indexesOfWords(db);
    const { path, rows } = bigCsv('"zh",地,dì,s,"e\na\\rth\t1",noun,HSK1,nature,');
    const now = new Date("2026-06-01T12:00:00Z");
    const told: LoadProgress["phase"][] = [];
    const onProgress = ({ phase }: LoadProgress) => told.push(phase);
    const result = await seed(connection, [path, csv(SHORT_HEADER, "de,x,1")], { now: () => now, onProgress });
    expect(counts(result)).toEqual({ rows: rows + 2, inserted: rows + 2 });
    expect([...new Set(told)]).toEqual(["waiting", "reading", "comparing", "indexing"]);
    expect(await indexesOfWords(db)).not.toEqual(ids);
    expect(await tableOfWords(db)).toEqual(before);
    const stored = await words(db);
    expect(stored).toHaveLength(rows + 2);
    const none = { reading: "", sense: "", pos: null, level: null, category: null, example: null };
    expect(stored).toEqual(
      expect.arrayContaining([
        { ...none, language: "de", term: "w7", definition: "d7", example: LONG_TEXT },
        { ...none, language: "de", term: "x", definition: "1" },
        {
          ...{ language: "zh", term: "地", reading: "dì", sense: "s", definition: "e\na\\rth\t1" },
          ...{ pos: "noun", level: "HSK1", category: "nature", example: null },
        },
      ]),
    );
    expect(
      await db.query(
        "SELECT FROM vocabulary_words WHERE created_at < now() - interval '1 minute' OR updated_at <> created_at",
      ),
    ).toEqual([]);
    await expectNothingLeft(db);
  });

  it("is compared with what is there the second time, and writes nothing", async ({ connection, db }) => {
    const { path } = bigCsv();
    expect(await wayOf(db, connection, path)).toBe("table");
    const before = await allRows(db);
    expect(await wayOf(db, connection, path)).toBe("staging");
    expect(await allRows(db)).toEqual(before);
  });

  it("may be several files that are big together", async ({ connection, db }) => {
    const halves = [0, 1].map((half) =>
      csv(HEADER, ...manyLines(1_100, (n) => `de,w${half}-${n},,,d,,,,${LONG_TEXT}`)),
    );
    const before = await indexesOfWords(db);
    const { files } = await seed(connection, halves);
    expect(files.map(({ inserted }) => inserted)).toEqual([1_100, 1_100]);
    expect(await indexesOfWords(db)).not.toEqual(before);
  });

  it("counts as big from 8 MiB on", async ({ connection, db }) => {
    const { path } = bigCsv();
    const enough = 8 * 1024 * 1024;
    const text = readFileSync(path, "utf8");
    const small = text.slice(0, text.lastIndexOf("\n", enough - 200) + 1);
    // A last line that makes it one byte less.
    const definition = "y".repeat(enough - 1 - small.length - "de,last,,,,,,,\n".length);
    writeFileSync(path, `${small}de,last,,,${definition},,,,\n`);
    expect(statSync(path).size).toBe(enough - 1);
    expect(await wayOf(db, connection, path)).toBe("staging");
    await db.query("DELETE FROM vocabulary_words");
    writeFileSync(path, `${small}de,last,,,${definition}y,,,,\n`);
    expect(await wayOf(db, connection, path)).toBe("table");
  });

  it("keeps an index's place for clustering and replication", async ({ connection, db }) => {
    await db.query(`ALTER TABLE vocabulary_words REPLICA IDENTITY USING INDEX ${KEY}`);
    await db.query(
      "CREATE INDEX by_level ON vocabulary_words (level); ALTER TABLE vocabulary_words CLUSTER ON by_level",
    );
    const before = await tableOfWords(db);
    await seed(connection, [bigCsv().path]);
    expect(await tableOfWords(db)).toEqual(before);
  });

  it("keeps what is said about an index", async ({ connection, db }) => {
    await db.query(`
      CREATE INDEX by_term ON vocabulary_words (lower(term));
      COMMENT ON INDEX by_term IS 'for the search of the app';
      ALTER INDEX by_term ALTER COLUMN 1 SET STATISTICS 500`);
    const { path, rows } = bigCsv();
    expect(counts(await seed(connection, [path]))).toEqual({ rows, inserted: rows });
    const said = await db.query(
      "SELECT obj_description(attrelid, 'pg_class') AS comment, attstattarget::integer AS statistics FROM pg_attribute WHERE attrelid = 'by_term'::regclass",
    );
    expect(said).toEqual([{ comment: "for the search of the app", statistics: 500 }]);
  });

  it("may have another table's foreign key on its natural key", async ({ connection, db }) => {
    await db.query(`
      CREATE TABLE notes (language text, term text, reading text, sense text,
        FOREIGN KEY (language, term, reading, sense) REFERENCES vocabulary_words (language, term, reading, sense))`);
    const before = await tableOfWords(db);
    const { path, rows } = bigCsv();
    expect(counts(await seed(connection, [path]))).toEqual({ rows, inserted: rows });
    expect(await tableOfWords(db)).toEqual(before);
  });

  it("can be loaded by a role that owns the table and is nothing else", async ({ db }) => {
    await withRole(db, async (asRole, role) => {
      await db.query(`ALTER TABLE vocabulary_words OWNER TO ${role}; GRANT CREATE ON SCHEMA public TO ${role}`);
      const before = await tableOfWords(db);
      expect(await wayOf(db, asRole, bigCsv().path)).toBe("table");
      expect(await tableOfWords(db)).toEqual(before);
    });
  });
});

describe("a big file is staged", () => {
  it("when there is a word in the table already", async ({ connection, db }) => {
    await db.query(ONE_WORD);
    const { path, rows } = bigCsv();
    expect(await wayOf(db, connection, path)).toBe("staging");
    expect(await words(db)).toHaveLength(rows + 1);
  });

  it("when somebody is reading the table", async ({ connection, db }) => {
    await withDriver(db, async (client) => {
      await client.query("BEGIN; SELECT FROM vocabulary_words");
      const { path, rows } = bigCsv();
      expect(await wayOf(db, connection, path)).toBe("staging");
      await client.query("COMMIT");
      expect(await words(db)).toHaveLength(rows);
    });
  });

  it("when somebody has added a word and not yet committed it", async ({ connection, db }) => {
    await withDriver(db, async (client) => {
      await client.query(`BEGIN; ${ONE_WORD}`);
      const { path, rows } = bigCsv();
      expect(await wayOf(db, connection, path)).toBe("staging");
      await client.query("COMMIT");
      expect(await words(db)).toHaveLength(rows + 1);
    });
  });

  it("when the role may insert but does not own the table", async ({ db }) => {
    await withRole(db, async (asRole) => {
      const { path, rows } = bigCsv();
      expect(await wayOf(db, asRole, path)).toBe("staging");
      expect(await words(db)).toHaveLength(rows);
    });
  });

  it("when the role owns the table but may not create anything in its schema", async ({ db }) => {
    await withRole(db, async (asRole, role) => {
      await db.query(`ALTER TABLE vocabulary_words OWNER TO ${role}`);
      const { path, rows } = bigCsv();
      expect(await wayOf(db, asRole, path)).toBe("staging");
      expect(await words(db)).toHaveLength(rows);
    });
  });

  it("when row level security is forced upon the owner, as COPY cannot go by it", async ({ db }) => {
    await withRole(db, async (asRole, role) => {
      await withAdmin((admin) => admin.query(`ALTER ROLE ${role} NOBYPASSRLS`));
      await db.query(`
        GRANT CREATE ON SCHEMA public TO ${role};
        ALTER TABLE vocabulary_words OWNER TO ${role};
        ALTER TABLE vocabulary_words FORCE ROW LEVEL SECURITY;
        CREATE POLICY all_words ON vocabulary_words USING (true);
        CREATE POLICY every_entry ON audit_log USING (true)`);
      const { path, rows } = bigCsv();
      expect(await wayOf(db, asRole, path)).toBe("staging");
      expect(await words(db)).toHaveLength(rows);
    });
  });

  it("when its size is not known beforehand", async ({ connection, db }) => {
    const { path, rows } = bigCsv();
    const before = await indexesOfWords(db);
    expect(counts(await seed(connection, ["-"], { stdin: createReadStream(path) }))).toEqual({ rows, inserted: rows });
    expect(await indexesOfWords(db)).toEqual(before);
  });

  it.for(["dry-run", "check"] as const)("for a plan (%s)", async (mode, { connection, db }) => {
    const { path, rows } = bigCsv();
    const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
    const told: LoadProgress["phase"][] = [];
    const plan = await seed(connection, [path], { mode, onProgress: ({ phase }) => told.push(phase) });
    expect(counts(plan)).toEqual({ rows, inserted: rows });
    expect(told).not.toContain("indexing");
    expect([await tableOfWords(db), await indexesOfWords(db)]).toEqual([before, ids]);
    expect(await words(db)).toEqual([]);
  });
});

it("a big file with bad records within the limit leaves them out", async ({ connection, db }) => {
  const { path, rows } = bigCsv("de,bad,,,,,,,", "de,good,,,1,,,,");
  const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
  const rejectFile = join(temporaryFolder(), "rejects.csv");
  const result = await seed(connection, [path], { maxRejects: { records: 1 }, rejectFile });
  expect(counts(result)).toEqual({ rows: rows + 2, inserted: rows + 1, rejected: 1 });
  expect(readFileSync(rejectFile, "utf8")).toContain("\nde,bad,,,,,,,");
  expect(await words(db)).toHaveLength(rows + 1);
  expect(await tableOfWords(db)).toEqual(before);
  expect(await indexesOfWords(db)).not.toEqual(ids);
});

/** Runs `work` as a role that may read and write words, and see them in spite of row level security. */
async function withRole(db: TestDatabase, work: (asRole: Connection, role: string) => Promise<void>): Promise<void> {
  const role = `role_${db.target.database}`;
  const password = randomBytes(8).toString("hex");
  await withAdmin((admin) => admin.query(`CREATE ROLE ${role} LOGIN BYPASSRLS PASSWORD '${password}'`));
  try {
    await db.query(`
      GRANT USAGE ON SCHEMA public TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    await withConnection({ ...db.target, user: role, password: new Secret(password) }, (asRole) => work(asRole, role));
  } finally {
    await db.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`);
    await withAdmin((admin) => admin.query(`DROP ROLE ${role}`));
  }
}
