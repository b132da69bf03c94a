/** A big file for an empty table, whose load fails when the table is locked and its indexes are gone. */
import { describe, expect } from "vitest";
import type { LoadProgress } from "../../src/core/load/load.js";
import { it } from "../support/database.js";
import {
  bigCsv,
  expectNothingLeft,
  indexesOfWords,
  seed,
  tableOfWords,
  waitingFor,
  withDriver,
  words,
} from "../support/seeding.js";

const KEY = "vocabulary_words_language_term_reading_sense_key";
const STOPPED = new Error("stopped by the test");

describe("leaves table and indexes as they were when", () => {
  it.for([
    ["a record is rejected", ["de,bad,,,,,,,"], {}, { code: "ROWS_REJECTED", total: 1 }],
    ["too many are rejected", ["de,b1,,,,,,,", "de,b2,,,,,,,"], { maxRejects: { percent: 0.05 } }, { total: 2 }],
    ["records contradict each other", ["de,a,,,1,,,,", "de,a,,,2,,,,"], {}, { code: "DUPLICATE_ROWS", total: 1 }],
    // PostgreSQL's check_violation.
    ["the database refuses a row", ["de,refused,,,1,,,,"], {}, { code: "23514" }],
  ] as const)("%s", async ([, lines, options, failure], { connection, db }) => {
    await db.query("ALTER TABLE vocabulary_words ADD CONSTRAINT refuse CHECK (term <> 'refused')");
    const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
    await expect(seed(connection, [bigCsv(...lines).path], options)).rejects.toMatchObject(failure);
    expect([await tableOfWords(db), await indexesOfWords(db)]).toEqual([before, ids]);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("an index cannot be built again", async ({ connection, db }) => {
    await db.query("CREATE UNIQUE INDEX only_one ON vocabulary_words (level)");
    const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
    const { path } = bigCsv("de,a,,,1,,A1,,", "de,b,,,1,,A1,,");
    await expect(seed(connection, [path])).rejects.toMatchObject({ code: "23505" });
    expect([await tableOfWords(db), await indexesOfWords(db)]).toEqual([before, ids]);
    expect(await words(db)).toEqual([]);
  });

  it.for(["reading", "comparing", "indexing"] as const)(
    "a signal comes while %s",
    async (phase, { connection, db }) => {
      const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
      const controller = new AbortController();
      const told: LoadProgress["phase"][] = [];
      const failure = seed(connection, [bigCsv().path], {
        signal: controller.signal,
        onProgress: (progress) => {
          told.push(progress.phase);
          if (progress.phase === phase && progress.rows > 500) {
            controller.abort(STOPPED);
          }
        },
      });
      await expect(failure).rejects.toBe(STOPPED);
      expect(told).toContain(phase);
      await expectNothingLeft(db);
      expect([await tableOfWords(db), await indexesOfWords(db)]).toEqual([before, ids]);
      expect(await words(db)).toEqual([]);
    },
  );

  it("its connection ends", async ({ connection, db }) => {
    // Stands before the copying begins, with the lock taken and the indexes gone.
    await db.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE INSERT ON vocabulary_words FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    const [before, ids] = [await tableOfWords(db), await indexesOfWords(db)];
    await withDriver(db, async (client) => {
      await client.query("SELECT pg_advisory_lock(1)");
      const { path } = bigCsv();
      const outcome = seed(connection, [path]).catch((error: unknown) => error);
      const pid = await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      const locked = "SELECT FROM pg_locks WHERE pid = $1 AND mode = 'AccessExclusiveLock' AND relation = $2::regclass";
      expect((await client.query(locked, [pid, KEY])).rowCount).toBe(1);
      await client.query("SELECT pg_terminate_backend($1, 30000)", [pid]);
      expect(await outcome).toBeInstanceOf(Error);
    });
    expect([await tableOfWords(db), await indexesOfWords(db)]).toEqual([before, ids]);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });
});
