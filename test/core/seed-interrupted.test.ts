/** Seeding that is cut short or not alone: nothing of a half is left, and nobody's words are lost. */

import { Readable } from "node:stream";
import { setTimeout as forever } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { LoadProgress } from "../../src/core/load/load.js";
import { it, type TestDatabase } from "../support/database.js";
import {
  allRows,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  failureOf,
  HEADER,
  manyLines,
  SHORT_HEADER,
  seed,
  waitingFor,
  whileSeedWaitsToWrite,
  whileWordsAreLocked,
  words,
} from "../support/seeding.js";

const STOPPED = new Error("stopped by the test");

/** Standard input that says 20,000 words and then, where others go on, runs `pause`. */
function interruptedInput(pause: () => Promise<unknown>): Readable {
  const text = async function* () {
    yield `${SHORT_HEADER}\n`;
    yield `${manyLines(20_000).join("\n")}\n`;
    await pause();
    yield "de,last,word\n";
  };
  return Readable.from(text());
}

/** @returns the process that is in the middle of COPY. */
async function copying(db: TestDatabase): Promise<number> {
  const found: { pid: number }[] = [];
  const ask = async () => {
    found.push(
      ...(await db.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'COPY %'",
      )),
    );
    return found.length;
  };
  await expect.poll(ask, { timeout: 30_000 }).toBeGreaterThan(0);
  return found[0]?.pid ?? 0;
}

describe("cut short", () => {
  it("by a signal in the middle of 50,000 records, it leaves nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,w1,before")]);
    const before = await allRows(db);
    const controller = new AbortController();
    const told: LoadProgress[] = [];
    const failure = seed(connection, [csv(SHORT_HEADER, ...manyLines(50_000))], {
      signal: controller.signal,
      onProgress: (progress) => {
        told.push(progress);
        if (progress.rows > 20_000) {
          controller.abort(STOPPED);
        }
      },
    });
    await expect(failure).rejects.toBe(STOPPED);
    expect(told.at(-1)).toMatchObject({ phase: "reading" });
    expect(told.at(-1)?.rows).toBeLessThan(50_000);
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("by a signal while its input is silent, it ends and leaves nothing", async ({ connection, db }) => {
    const controller = new AbortController();
    const stdin = interruptedInput(async () => {
      controller.abort(STOPPED);
      await forever(600_000, undefined, { ref: false });
    });
    await expect(seed(connection, ["-"], { stdin, signal: controller.signal })).rejects.toBe(STOPPED);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("by a signal while it waits for a lock, it ends and leaves nothing", async ({ connection, db }) => {
    const controller = new AbortController();
    await whileWordsAreLocked(db, async (waiting) => {
      const failure = failureOf(seed(connection, [csv(SHORT_HEADER, "de,a,1")], { signal: controller.signal }));
      await waiting();
      controller.abort(STOPPED);
      expect(await failure).toBe(STOPPED);
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("by a signal while it writes, it ends and leaves nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,before")]);
    const before = await allRows(db);
    const controller = new AbortController();
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")], { signal: controller.signal });
    const outcome = whileSeedWaitsToWrite(db, start, async () => {
      controller.abort(STOPPED);
      await expectNothingLeft(db);
    });
    await expect(outcome).rejects.toBe(STOPPED);
    expect(await allRows(db)).toEqual(before);
  });

  it("before it began, it does not begin", async ({ connection, db }) => {
    const signal = AbortSignal.abort(STOPPED);
    await expect(seed(connection, [csv(SHORT_HEADER, "de,a,1")], { signal })).rejects.toBe(STOPPED);
    expect(await words(db)).toEqual([]);
  });

  it("by a signal, it can be run again on the same connection", async ({ db, connection }) => {
    const file = csv(SHORT_HEADER, ...manyLines(10_000));
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const controller = new AbortController();
      const onProgress = ({ rows }: LoadProgress): void => {
        if (rows > 1_000 * attempt) {
          controller.abort(STOPPED);
        }
      };
      await expect(seed(connection, [file], { signal: controller.signal, onProgress })).rejects.toBe(STOPPED);
      const { rows } = await connection.pool.query("SELECT count(*)::integer AS n FROM vocabulary_words");
      expect(rows).toEqual([{ n: 0 }]);
    }
    expect(counts(await seed(connection, [file]))).toEqual({ rows: 10_000, inserted: 10_000 });
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

  it("by the end of its connection while it waits, it leaves nothing, and the next one succeeds", async ({
    connection,
    db,
  }) => {
    const file = csv(SHORT_HEADER, "de,a,1");
    await whileWordsAreLocked(db, async (waiting) => {
      const failure = failureOf(seed(connection, [file]));
      await db.query("SELECT pg_terminate_backend($1)", [await waiting()]);
      // PostgreSQL's admin_shutdown.
      expect(await failure).toMatchObject({ code: "57P01" });
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
    expect(counts(await seed(connection, [file]))).toEqual({ rows: 1, inserted: 1 });
  });

  it("by the end of its connection while it sends, it leaves nothing, and the next one succeeds", async ({
    connection,
    db,
  }) => {
    const stdin = interruptedInput(async () => {
      await db.query("SELECT pg_terminate_backend($1, 30000)", [await copying(db)]);
    });
    expect(await failureOf(seed(connection, ["-"], { stdin }))).toBeInstanceOf(Error);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
    expect(counts(await seed(connection, [csv(SHORT_HEADER, "de,a,1")]))).toEqual({ rows: 1, inserted: 1 });
  });
});

describe("at the same time", () => {
  it("two seeds of overlapping files both succeed, and the later one has the last word", async ({ connection, db }) => {
    const [one, other] = [
      csv(SHORT_HEADER, ...manyLines(3_000, (n) => `de,w${n},one`)),
      csv(SHORT_HEADER, ...manyLines(3_000, (n) => `de,w${4_999 - n},other`)),
    ];
    const results = await Promise.all([seed(connection, [one]), seed(connection, [other])]);
    const sorted = results.toSorted((a, b) => a.total.updated - b.total.updated).map(counts);
    expect(sorted).toEqual([
      { rows: 3_000, inserted: 3_000 },
      { rows: 3_000, inserted: 2_000, updated: 1_000 },
    ]);
    const last = results[0]?.total.updated === 1_000 ? "one" : "other";
    const expected = manyLines(5_000, (n) => (n < 2_000 ? "one" : n >= 3_000 ? "other" : last));
    expect(await definitions(db)).toEqual(Object.fromEntries(expected.map((said, n) => [`w${n}`, said])));
  });

  it("a second seed waits until the first has ended, says so, and meets its words", async ({ connection, db }) => {
    const told: LoadProgress["phase"][] = [];
    const second = { seeding: Promise.resolve<unknown>(null) };
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    await whileSeedWaitsToWrite(db, start, async () => {
      const onProgress = ({ phase }: LoadProgress) => told.push(phase);
      second.seeding = seed(connection, [csv(SHORT_HEADER, "de,b,2", "de,c,3")], { onProgress }).then(counts);
      await waitingFor(db, "locktype = 'advisory' AND objid <> 1");
      expect(told).toEqual(["waiting"]);
    });
    expect(await second.seeding).toEqual({ rows: 2, inserted: 1, unchanged: 1 });
    expect(await definitions(db)).toEqual({ a: "1", b: "2", c: "3" });
  });

  it("a signal ends the wait for another seed", async ({ connection, db }) => {
    const controller = new AbortController();
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const first = await whileSeedWaitsToWrite(db, start, async () => {
      const failure = failureOf(seed(connection, [csv(SHORT_HEADER, "de,b,2")], { signal: controller.signal }));
      await waitingFor(db, "locktype = 'advisory' AND objid <> 1");
      controller.abort(STOPPED);
      expect(await failure).toBe(STOPPED);
    });
    expect(counts(first)).toEqual({ rows: 1, inserted: 1 });
    expect(await definitions(db)).toEqual({ a: "1" });
  });

  it.for(["update", "keep"] as const)(
    "a word that another client adds in the meantime is met, with onConflict %s",
    async (onConflict, { connection, db }) => {
      const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,seeded", "de,b,seeded")], { onConflict });
      await whileSeedWaitsToWrite(db, start, (client) =>
        client.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'a', 'by hand')"),
      );
      expect(await definitions(db)).toEqual({ a: onConflict === "keep" ? "by hand" : "seeded", b: "seeded" });
    },
  );

  it("a word that another client adds in the meantime keeps what the file has no column for", async ({
    connection,
    db,
  }) => {
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,seeded")]);
    await whileSeedWaitsToWrite(db, start, (client) =>
      client.query(
        "INSERT INTO vocabulary_words (language, term, definition, level) VALUES ('de', 'a', 'by hand', 'A1')",
      ),
    );
    expect(await words(db)).toMatchObject([{ term: "a", definition: "seeded", level: "A1" }]);
  });

  it("what another client changes in the meantime stays where the file has no column for it", async ({
    connection,
    db,
  }) => {
    await seed(connection, [csv(HEADER, "de,a,,,before,noun,A1,,")]);
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,seeded")]);
    await whileSeedWaitsToWrite(db, start, (client) =>
      client.query("UPDATE vocabulary_words SET level = 'B2' WHERE term = 'a'"),
    );
    expect(await words(db)).toMatchObject([{ term: "a", definition: "seeded", pos: "noun", level: "B2" }]);
  });

  it("a word that another client removes in the meantime is there again", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "de,a,,,before,noun,A1,,")]);
    const start = () => seed(connection, [csv(SHORT_HEADER, "de,a,seeded")]);
    await whileSeedWaitsToWrite(db, start, (client) => client.query("DELETE FROM vocabulary_words WHERE term = 'a'"));
    expect(await definitions(db)).toEqual({ a: "seeded" });
  });
});
