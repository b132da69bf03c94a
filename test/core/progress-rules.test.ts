/** What --on-conflict makes of progress that is there already, against the rules said once more in TypeScript. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { importProgress } from "../../src/core/import.js";
import { RESOLUTIONS, type Resolution } from "../../src/core/load/progress-merge.js";
import { it, type TestDatabase } from "../support/database.js";
import { ADA, addProgress, addUsers, addWords, type Learned, ndjson, progress } from "../support/importing.js";
import { allRows, counts, manyLines } from "../support/seeding.js";

/** Imports for each rule, each of so many words. */
const RUNS = 7;
const WORDS = 50;
const MAX_COUNT = 2_147_483_647;

/** What a record says: a missing field says nothing, and so does null where the table takes none. */
type Said = { readonly [K in keyof Learned]?: Learned[K] | null };

interface Case {
  readonly old: Learned | null;
  readonly said: Said;
}

// Few values, so that equal ones meet.
const times = fc.constantFrom(...["2026-01-01", "2026-01-02", "2026-01-03"].map((day) => `${day}T00:00:00.001Z`));
const confidences = fc.constantFrom(0, 0.1, 1 / 3, 0.5, 0.8, 1);
const tallies = fc
  .tuple(fc.constantFrom(0, 1, 2, 5, MAX_COUNT - 1, MAX_COUNT), fc.constantFrom(0, 1, 3, MAX_COUNT))
  .map(([studied, correct]) => ({ studied, correct: Math.min(studied, correct) }));

const rows: fc.Arbitrary<Learned> = fc
  .record({ tally: tallies, confidence: confidences, last: fc.option(times), due: times })
  .map(({ tally, ...row }) => ({ ...tally, ...row }));

const nullish = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: value }, fc.constant(null));
const records: fc.Arbitrary<Said> = fc
  .tuple(
    fc.oneof(
      { weight: 3, arbitrary: tallies },
      fc.constantFrom({}, { studied: null }, { studied: null, correct: null }),
    ),
    fc.record({ confidence: nullish(confidences), last: nullish(times), due: nullish(times) }, { requiredKeys: [] }),
  )
  .map(([tally, said]) => ({ ...tally, ...said }));

const cases: fc.Arbitrary<Case> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ old: fc.option(rows, { freq: 5 }), said: records }) },
  // What is in the database already.
  rows.map((old) => ({ old, said: old })),
);

function greater<T extends string | number | null>(a: T, b: T): T {
  return a === null || (b !== null && b > a) ? b : a;
}

/** The rules of a row that is there, given a whole row of the file. */
function resolved(resolution: Resolution, old: Learned, file: Learned): Learned {
  const newer = file.last !== null && (old.last === null || file.last > old.last) ? file : old;
  switch (resolution) {
    case "keep":
      return old;
    case "replace":
      return file;
    case "newest":
      return newer;
    case "best":
      return {
        ...{ studied: greater(old.studied, file.studied), correct: greater(old.correct, file.correct) },
        ...{ confidence: greater(old.confidence, file.confidence) },
        ...{ last: greater(old.last, file.last), due: greater(old.due, file.due) },
      };
    case "sum":
      return {
        studied: Math.min(old.studied + file.studied, MAX_COUNT),
        correct: Math.min(old.correct + file.correct, MAX_COUNT),
        ...{ confidence: newer.confidence, last: greater(old.last, file.last), due: newer.due },
      };
  }
}

/** What a row becomes: of fields that nothing is said about, what the database has or begins with. */
function model(resolution: Resolution, { old, said }: Case): Learned {
  const { studied, correct, confidence, last, due } = said;
  const file: Learned = {
    ...{ studied: studied ?? 0, correct: correct ?? 0, confidence: confidence ?? 0 },
    ...{ last: last ?? null, due: due ?? "created" },
  };
  if (old === null) {
    return file;
  }
  const row = resolved(resolution, old, file);
  return {
    studied: studied == null ? old.studied : row.studied,
    correct: correct == null ? old.correct : row.correct,
    confidence: confidence == null ? old.confidence : row.confidence,
    last: last === undefined ? old.last : row.last,
    due: due == null ? old.due : row.due,
  };
}

function recordOf({ said }: Case, n: number): object {
  const { studied, correct, confidence, last, due } = said;
  return {
    ...{ email: ADA, term: `w${n}`, studyCount: studied, correctCount: correct },
    ...{ confidence, lastStudiedAt: last, nextReviewAt: due },
  };
}

async function start(db: TestDatabase, given: readonly Case[]): Promise<void> {
  await db.query("TRUNCATE progress");
  const old = given.flatMap((each, n): [string, Learned][] => (each.old === null ? [] : [[`w${n}`, each.old]]));
  await addProgress(db, ADA, Object.fromEntries(old));
}

/** How many rows were really written, whatever is reported. */
async function versions(db: TestDatabase): Promise<ReadonlyMap<unknown, string>> {
  const { progress: stored = [] } = await allRows(db);
  return new Map(stored.map(({ word_id, ctid, xmin }) => [word_id, `${ctid} ${xmin}`]));
}

describe.for(RESOLUTIONS)("--on-conflict %s", (resolution) => {
  it("does what its rule says of every field, and writes no other row", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await addWords(db, ...manyLines(WORDS, (n) => `de w${n}`));
    const happened = { inserted: 0, updated: 0, unchanged: 0 };
    const property = fc.asyncProperty(fc.array(cases, { minLength: WORDS, maxLength: WORDS }), async (given) => {
      await start(db, given);
      const before = await versions(db);
      const expected = given.map((each) => model(resolution, each));
      const fates = given.map(({ old }, n) => {
        return old === null ? "inserted" : isDeepStrictEqual(old, expected[n]) ? "unchanged" : "updated";
      });
      const count = (fate: string) => fates.filter((each) => each === fate).length;
      const total = { inserted: count("inserted"), updated: count("updated"), unchanged: count("unchanged") };

      const files = [ndjson(...given.map(recordOf))];
      const result = await importProgress(connection, { files, onConflict: resolution });
      expect(result.total).toEqual({ rows: WORDS, duplicates: 0, rejected: 0, ...total });
      expect(await progress(db)).toEqual(Object.fromEntries(expected.map((row, n) => [`${ADA} de w${n}`, row])));
      const after = await versions(db);
      const isWritten = [...after].filter(([id, version]) => before.get(id) !== version);
      expect(isWritten).toHaveLength(total.inserted + total.updated);

      if (resolution !== "sum") {
        const again = await importProgress(connection, { files, onConflict: resolution });
        expect(counts(again)).toEqual({ rows: WORDS, unchanged: WORDS });
        expect(await versions(db)).toEqual(after);
      }
      happened.inserted += total.inserted;
      happened.updated += total.updated;
      happened.unchanged += total.unchanged;
    });
    // Each step towards a smaller example would be an import of its own.
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    // All that may happen did, many times.
    expect(happened.inserted).toBeGreaterThan(10);
    expect(happened.unchanged).toBeGreaterThan(10);
    expect(happened.updated).toBeGreaterThan(resolution === "keep" ? -1 : 10);
  });
});
