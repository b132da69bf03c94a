/** What the tests of seeding share: files to seed, and what became of the database. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { expect } from "vitest";
import type { LoadCounts } from "../../src/core/load/load.js";
import { type SeedOptions, type SeedResult, seedWords } from "../../src/core/seed.js";
import type { Connection } from "../../src/db/pool.js";
import { temporaryFolder } from "./cli.js";
import { type TestDatabase, withClient } from "./database.js";

export const HEADER = "language,term,reading,sense,definition,part_of_speech,level,category,example";
export const SHORT_HEADER = "language,term,definition";

/** @returns the path of a CSV file that is gone after the test. */
export function csv(...lines: readonly string[]): string {
  const path = join(temporaryFolder(), "words.csv");
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
  return path;
}

/** Lines for SHORT_HEADER, unless `line` says otherwise. */
export function manyLines(count: number, line: (n: number) => string = (n) => `de,w${n},d${n}`): string[] {
  return Array.from({ length: count }, (_, n) => line(n));
}

/** What one such line has more of than any word needs; few of them make a file that counts as big. */
export const LONG_TEXT = "x".repeat(3_900);

/** A file of more than 8 MiB, made of `w0`, `w1`, … (as many as are returned) and then the other lines. */
export function bigCsv(...others: readonly string[]): { readonly path: string; readonly rows: number } {
  const rows = 2_200;
  const lines = manyLines(rows, (n) => `de,w${n},,,d${n},,,,${LONG_TEXT}`);
  return { path: csv(HEADER, ...lines, ...others), rows };
}

export function seed(
  connection: Connection,
  files: readonly string[],
  options: Omit<SeedOptions, "files"> = {},
): Promise<SeedResult> {
  return seedWords(connection, { files, ...options });
}

/** @returns what a promise was rejected with. @throws when it was not */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable("it succeeded"),
    (error: unknown) => error,
  );
}

/** What became of the records, without the counts that are zero. */
export function counts({ total }: { readonly total: LoadCounts }): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(total).filter(([, count]) => count !== 0));
}

/** Every row with its place and its version: equal only if nothing was written in between. */
export async function allRows(db: TestDatabase): Promise<Record<string, Record<string, unknown>[]>> {
  const tables: Record<string, Record<string, unknown>[]> = {};
  for (const table of ["users", "sessions", "progress", "vocabulary_words"]) {
    tables[table] = await db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`);
  }
  return tables;
}

/** Everything that makes the table of words what it is, but its rows. */
export async function tableOfWords(db: TestDatabase): Promise<Record<string, Record<string, unknown>[]>> {
  const indexes = await db.query(`
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition,
           indisvalid, indisready, indislive, indisunique, indisprimary, indisreplident, indisclustered
      FROM pg_index WHERE indrelid = 'vocabulary_words'::regclass ORDER BY 1`);
  const constraints = await db.query(`
    SELECT conname AS name, pg_get_constraintdef(oid) AS definition, convalidated
      FROM pg_constraint WHERE conrelid = 'vocabulary_words'::regclass OR confrelid = 'vocabulary_words'::regclass
     ORDER BY 1`);
  const triggers = await db.query(
    "SELECT tgname AS name, tgenabled FROM pg_trigger WHERE tgrelid = 'vocabulary_words'::regclass ORDER BY 1",
  );
  const table = await db.query(
    "SELECT relhasindex, relrowsecurity, relpersistence, relacl::text FROM pg_class WHERE oid = 'vocabulary_words'::regclass",
  );
  return { indexes, constraints, triggers, table };
}

/** Which indexes the words have: differs when one was taken away and built again, and only then. */
export function indexesOfWords(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query(
    "SELECT indexrelid, pg_relation_filenode(indexrelid) AS file FROM pg_index WHERE indrelid = 'vocabulary_words'::regclass ORDER BY 1",
  );
}

/** What the words say, in the order of their terms. */
export function words(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query(`
    SELECT language, term, reading, sense, definition, part_of_speech AS pos, level, category, example
      FROM vocabulary_words ORDER BY term COLLATE "C", reading COLLATE "C", sense COLLATE "C"`);
}

/** Definition by term. */
export async function definitions(db: TestDatabase): Promise<Record<string, unknown>> {
  return Object.fromEntries((await words(db)).map(({ term, definition }) => [term, definition]));
}

/** Neither a temporary table nor a transaction outlives a seed, whatever became of it. */
export async function expectNothingLeft(db: TestDatabase): Promise<void> {
  const left = () =>
    db.query(`
      SELECT relname AS what FROM pg_class WHERE relpersistence = 't'
      UNION ALL
      SELECT state || ': ' || query FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend'
         AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`);
  await expect.poll(left, { timeout: 30_000 }).toEqual([]);
}

/** A connection that stays open and knows nothing of vocabdb's session setup. */
export function withDriver<T>(db: TestDatabase, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(db.direct, work);
}

/** @returns the process that waits for such a lock, once there is one. */
export async function waitingFor(db: TestDatabase, lock: string): Promise<number> {
  const found = { pid: 0 };
  const ask = async () => {
    const [row] = await db.query<{ pid: number }>(
      `SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND ${lock} AND datname = current_database()`,
    );
    found.pid = row?.pid ?? 0;
    return found.pid;
  };
  await expect.poll(ask, { timeout: 30_000 }).toBeGreaterThan(0);
  return found.pid;
}

/**
 * Runs `work` while nobody else can read or write words.
 *
 * @param work is given a function that resolves, once somebody waits for that, with the waiting process
 */
export function whileWordsAreLocked<T>(db: TestDatabase, work: (waiting: () => Promise<number>) => Promise<T>) {
  return withDriver(db, async (client) => {
    await client.query("BEGIN; LOCK TABLE vocabulary_words IN ACCESS EXCLUSIVE MODE");
    return work(() => waitingFor(db, "relation = 'vocabulary_words'::regclass"));
  });
}

/**
 * Starts a seed, runs `work` while it stands before its first write, having compared, and lets it go on.
 *
 * @returns what the seed came to
 */
export function whileSeedWaitsToWrite(
  db: TestDatabase,
  start: () => Promise<SeedResult>,
  work: (client: Client) => Promise<unknown>,
): Promise<SeedResult> {
  return whileWaitingToWrite(db, "vocabulary_words", start, work);
}

/** The same for a load of any table. */
export function whileWaitingToWrite<T>(
  db: TestDatabase,
  table: "vocabulary_words" | "users" | "progress",
  start: () => Promise<T>,
  work: (client: Client) => Promise<unknown>,
): Promise<T> {
  return withDriver(db, async (client) => {
    await client.query(`
      SELECT pg_advisory_lock(1);
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    const loading = start();
    // Whatever becomes of it is told below, where it is awaited.
    loading.catch(() => {});
    await waitingFor(db, "locktype = 'advisory' AND objid = 1");
    await work(client);
    await client.query("SELECT pg_advisory_unlock(1)");
    return loading;
  });
}
