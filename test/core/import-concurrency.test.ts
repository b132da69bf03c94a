/** Imports of progress that are not alone: others study, delete, purge or import meanwhile. */

import { Readable } from "node:stream";
import { setTimeout as forever } from "node:timers/promises";
import type { Client } from "pg";
import { describe, expect } from "vitest";
import { importProgress } from "../../src/core/import.js";
import type { LoadProgress } from "../../src/core/load/load.js";
import type { Resolution } from "../../src/core/load/progress-merge.js";
import { withConnection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import {
  ADA,
  addProgress,
  addUsers,
  addWords,
  BOB,
  deleteUsers,
  history,
  type Learned,
  PROGRESS_HEADER,
  progress,
  progressFrom,
} from "../support/importing.js";
import {
  allRows,
  counts,
  expectNothingLeft,
  failureOf,
  manyLines,
  waitingFor,
  whileWaitingToWrite,
} from "../support/seeding.js";

const [T1, T2, T3] = ["2026-01-01", "2026-02-02", "2026-03-03"].map((day) => `${day}T00:00:00.000Z`) as [
  string,
  string,
  string,
];
const BEFORE: Learned = { studied: 1, correct: 1, confidence: 0.1, last: T1, due: T1 };
const IMPORTED: Learned = { studied: 5, correct: 3, confidence: 0.4, last: T2, due: T2 };
const STUDIED: Learned = { studied: 2, correct: 2, confidence: 0.9, last: T3, due: T3 };

const LINES = [PROGRESS_HEADER, ...[ADA, BOB].map((email) => `${email},de,Haus,,,5,3,0.4,${T2},${T2}`)];

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addWords(db, "de Haus");
}

/** What the product does when Ada studies the word. */
function study(client: Client, { studied, correct, confidence, last, due }: Learned): Promise<unknown> {
  return client.query(
    `INSERT INTO progress AS p (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
     SELECT u.id, w.id, $2, $3, $4, $5, $6 FROM users AS u, vocabulary_words AS w WHERE u.email = $1
     ON CONFLICT (user_id, word_id) DO UPDATE SET study_count = EXCLUDED.study_count,
       correct_count = EXCLUDED.correct_count, confidence = EXCLUDED.confidence,
       last_studied_at = EXCLUDED.last_studied_at, next_review_at = EXCLUDED.next_review_at`,
    [ADA, studied, correct, confidence, last, due],
  );
}

describe("a word that is studied while the import stands before its writes", () => {
  it.for<[Resolution, Learned]>([
    ["newest", STUDIED],
    ["best", { studied: 5, correct: 3, confidence: 0.9, last: T3, due: T3 }],
    ["sum", { studied: 7, correct: 5, confidence: 0.9, last: T3, due: T3 }],
    ["replace", IMPORTED],
  ])("is resolved by what it is by then, with %s", async ([onConflict, expected], { connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: BEFORE });
    const start = () => progressFrom(connection, LINES, { onConflict });
    await whileWaitingToWrite(db, "progress", start, (client) => study(client, STUDIED));
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: expected, [`${BOB} de Haus`]: IMPORTED });
  });

  it.for<[Resolution, Learned]>([
    ["newest", STUDIED],
    ["keep", STUDIED],
    ["sum", { studied: 7, correct: 5, confidence: 0.9, last: T3, due: T3 }],
  ])("for the first time is met, with %s", async ([onConflict, expected], { connection, db }) => {
    await prepare(db);
    const start = () => progressFrom(connection, LINES, { onConflict });
    await whileWaitingToWrite(db, "progress", start, (client) => study(client, STUDIED));
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: expected, [`${BOB} de Haus`]: IMPORTED });
  });

  it("keeps what the record does not say", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: BEFORE });
    const start = () =>
      progressFrom(connection, ["email,term,confidence", `${ADA},Haus,0.2`], { onConflict: "replace" });
    await whileWaitingToWrite(db, "progress", start, (client) => study(client, STUDIED));
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: { ...STUDIED, confidence: 0.2 } });
  });

  it("and forgotten again is there once more", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: BEFORE });
    const start = () => progressFrom(connection, LINES);
    await whileWaitingToWrite(db, "progress", start, (client) => client.query("DELETE FROM progress"));
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: IMPORTED, [`${BOB} de Haus`]: IMPORTED });
  });
});

describe("a user who goes meanwhile", () => {
  it("by purging makes the import fail by the key, and nothing is written", async ({ connection, db }) => {
    await prepare(db);
    const importing = whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, LINES),
      async (client) => {
        await deleteUsers(db, ADA);
        await client.query("DELETE FROM users WHERE email = $1", [ADA]);
      },
    );
    await expect(importing).rejects.toMatchObject({ code: "23503", constraint: "progress_user_id_fkey" });
    expect(await progress(db)).toEqual({});
    expect(await history(db)).toEqual([]);
    await expectNothingLeft(db);
    await expect(progressFrom(connection, LINES)).rejects.toMatchObject({
      rejects: [{ line: 2, code: "UNKNOWN_USER" }],
    });
  });

  it("is waited for before any of the progress is held, so that neither waits for the other", async ({
    connection,
    db,
  }) => {
    await prepare(db);
    await addWords(db, "de Baum");
    await addProgress(db, ADA, { Haus: BEFORE });
    const lines = [...LINES.slice(0, 2), `${ADA},de,Baum,,,5,3,0.4,${T2},${T2}`];
    const importing = whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, lines),
      async (client) => {
        await client.query("BEGIN");
        await client.query("SELECT FROM users WHERE email = $1 FOR UPDATE", [ADA]);
        await client.query("SELECT pg_advisory_unlock(1)");
        await waitingFor(db, "locktype = 'transactionid'");
        await client.query("DELETE FROM progress");
        await client.query("COMMIT");
      },
    );
    expect(counts(await importing)).toEqual({ rows: 2, inserted: 1, updated: 1 });
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: IMPORTED, [`${ADA} de Baum`]: IMPORTED });
  });

  it("by soft deletion gets the progress all the same", async ({ connection, db }) => {
    await prepare(db);
    await whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, LINES),
      () => deleteUsers(db, ADA),
    );
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: IMPORTED, [`${BOB} de Haus`]: IMPORTED });
    await expect(progressFrom(connection, LINES)).rejects.toMatchObject({
      rejects: [{ line: 2, code: "USER_DELETED" }],
    });
  });

  it("together with the word is no word any more", async ({ connection, db }) => {
    await prepare(db);
    const importing = whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, LINES),
      (client) => client.query("DELETE FROM vocabulary_words"),
    );
    await expect(importing).rejects.toMatchObject({ code: "23503", constraint: "progress_word_id_fkey" });
    expect(await progress(db)).toEqual({});
  });
});

describe("two imports at once", () => {
  it("of the same progress in opposite orders do not block each other for good", async ({ db }) => {
    const size = 2_000;
    await addUsers(db, ADA, BOB);
    await addWords(db, ...manyLines(size, (n) => `de w${n}`));
    const lines = (time: string) =>
      manyLines(
        2 * size,
        (n) => `${n % 2 === 0 ? ADA : BOB},w${n >> 1},${time.slice(6, 7)},1,${n % 3 === 0 ? "" : "0.5"},${time}`,
      );
    const header = "email,term,studied,correct,confidence,last_studied_at";
    const both = [lines(T1), lines(T2).reverse()];
    const imports = both.map((file) => withConnection(db.target, (own) => progressFrom(own, [header, ...file])));
    const results = await Promise.all(imports);
    const first = results.filter(({ total }) => total.inserted === 2 * size);
    expect(first).toHaveLength(1);
    const stored = Object.values(await progress(db));
    expect(stored).toHaveLength(2 * size);
    // Whoever was first, the newer learning is there.
    expect(stored.filter(({ studied, last }) => studied !== 2 || last !== T2)).toEqual([]);
  });

  it("the second waits, says so, and meets what the first has written", async ({ connection, db }) => {
    await prepare(db);
    const told: LoadProgress["phase"][] = [];
    const second = { importing: Promise.resolve<unknown>(null) };
    await whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, LINES),
      async () => {
        const onProgress = ({ phase }: LoadProgress) => told.push(phase);
        second.importing = progressFrom(connection, LINES, { onProgress }).then(counts);
        await waitingFor(db, "locktype = 'advisory' AND objid <> 1");
        expect(told).toEqual(["waiting"]);
      },
    );
    expect(await second.importing).toEqual({ rows: 2, unchanged: 2 });
  });

  it("a check waits for nobody", async ({ connection, db }) => {
    await prepare(db);
    const seen: unknown[] = [];
    await whileWaitingToWrite(
      db,
      "progress",
      () => progressFrom(connection, LINES),
      async () => {
        seen.push(counts(await progressFrom(connection, LINES, { mode: "check" })));
      },
    );
    expect(seen).toEqual([{ rows: 2, inserted: 2 }]);
  });
});

describe("a signal", () => {
  const STOPPED = new Error("stopped by the test");

  it("while rows are written leaves nothing", async ({ connection, db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: BEFORE });
    const before = await allRows(db);
    const controller = new AbortController();
    const start = () => progressFrom(connection, LINES, { signal: controller.signal });
    const outcome = whileWaitingToWrite(db, "progress", start, async () => {
      controller.abort(STOPPED);
      await expectNothingLeft(db);
    });
    await expect(outcome).rejects.toBe(STOPPED);
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toEqual([]);
  });

  it("while the input is silent leaves nothing", async ({ connection, db }) => {
    await prepare(db);
    const controller = new AbortController();
    const text = async function* () {
      yield `${LINES.join("\n")}\n`;
      controller.abort(STOPPED);
      await forever(600_000, undefined, { ref: false });
    };
    const importing = importProgress(connection, {
      files: ["-"],
      stdin: Readable.from(text()),
      signal: controller.signal,
    });
    expect(await failureOf(importing)).toBe(STOPPED);
    expect(await progress(db)).toEqual({});
    await expectNothingLeft(db);
  });
});
