/** Seeding against a model of it: thousands of files, none of which anybody would have thought of. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { seedWords } from "../../src/core/seed.js";
import type { Connection } from "../../src/db/pool.js";
import { DuplicatesError, RowsRejectedError } from "../../src/errors/loading.js";
import { temporaryFolder } from "../support/cli.js";
import { it } from "../support/database.js";
import { bytesOf, type Seed, seeds } from "../support/seed-files.js";
import { keyOf, modelSeed, type Outcome, type Table, type Word } from "../support/seed-model.js";

/** Each is about ten seeds of about two files and a half. */
const RUNS = 105;
const TIME_LIMIT_MS = 300_000;

async function seed(connection: Connection, cwd: string, { files, options, chunkSize }: Seed): Promise<Outcome> {
  let stdin: Buffer = Buffer.alloc(0);
  const names = files.map((file) => {
    if (file.name !== "standard input") {
      writeFileSync(join(cwd, file.name), bytesOf(file));
      return file.name;
    }
    stdin = bytesOf(file);
    return "-";
  });
  const chunks = function* () {
    for (let at = 0; at < stdin.length; at += chunkSize ?? 1) {
      yield stdin.subarray(at, at + (chunkSize ?? 1));
    }
  };
  try {
    const result = await seedWords(connection, { ...options, files: names, cwd, stdin: Readable.from(chunks()) });
    return {
      files: result.files.map(({ rows, inserted, updated, unchanged, duplicates, rejected }) => {
        return { rows, inserted, updated, unchanged, duplicates, rejected };
      }),
    };
  } catch (error) {
    if (error instanceof RowsRejectedError) {
      return { failure: "rejects", total: error.total };
    }
    if (error instanceof DuplicatesError) {
      const lines = error.duplicates.map(({ file, line, first }) => `${file}:${line} ≠ ${first.file}:${first.line}`);
      return { failure: "duplicates", lines: lines.sort() };
    }
    throw error;
  }
}

interface Stored {
  readonly table: Table;
  /** Version of each row by its id. */
  readonly versions: ReadonlyMap<string, string>;
}

async function read(connection: Connection): Promise<Stored> {
  const { rows } = await connection.pool.query<{ id: string; version: string; word: Word }>(`
    SELECT id, xmin::text || ctid::text AS version, json_build_object(
             'language', language, 'term', term, 'reading', reading, 'sense', sense, 'definition', definition,
             'partOfSpeech', part_of_speech, 'level', level, 'category', category, 'example', example) AS word
      FROM vocabulary_words`);
  return {
    table: new Map(rows.map(({ word }) => [keyOf(word), word])),
    versions: new Map(rows.map(({ id, version }) => [id, version])),
  };
}

/** What was really written, whatever is reported. */
function written(before: Stored, after: Stored) {
  const ids = [...after.versions.keys()];
  return {
    inserted: ids.filter((id) => !before.versions.has(id)).length,
    updated: ids.filter((id) => before.versions.has(id) && before.versions.get(id) !== after.versions.get(id)).length,
    gone: [...before.versions.keys()].filter((id) => !after.versions.has(id)).length,
  };
}

const COUNTS = ["inserted", "updated", "unchanged", "duplicates", "rejected"];
const EVENTS = ["files", "write", "dry-run", "check", "rejects", "duplicates", ...COUNTS.map((what) => `rows ${what}`)];

const sum = (outcome: Outcome, count: string): number =>
  "files" in outcome ? outcome.files.reduce((all, file) => all + (file[count] ?? 0), 0) : 0;

describe("seeding", () => {
  it(
    "does what the rules say, whatever the files look like",
    async ({ connection }) => {
      const cwd = temporaryFolder();
      const seen: Record<string, number> = {};
      const count = (what: string, by = 1): void => {
        seen[what] = (seen[what] ?? 0) + by;
      };
      const property = fc.asyncProperty(fc.array(seeds, { minLength: 8, maxLength: 12 }), async (run) => {
        let before: Stored | null = null;
        for (const each of run) {
          if (before === null || each.truncate) {
            await connection.pool.query("TRUNCATE vocabulary_words CASCADE");
            before = { table: new Map(), versions: new Map() };
          }
          const [outcome, table] = modelSeed(before.table, each.files, each.options);
          expect(await seed(connection, cwd, each)).toEqual(outcome);
          const after = await read(connection);
          expect(after.table).toEqual(table);
          const isWritten = each.options.mode === "write";
          expect(written(before, after)).toEqual({
            inserted: isWritten ? sum(outcome, "inserted") : 0,
            updated: isWritten ? sum(outcome, "updated") : 0,
            gone: 0,
          });
          before = after;
          count("files", each.files.length);
          count("failure" in outcome ? outcome.failure : each.options.mode);
          for (const what of COUNTS) {
            count(`rows ${what}`, sum(outcome, what));
          }
        }
      });
      await fc.assert(property, {
        numRuns: RUNS,
        interruptAfterTimeLimit: TIME_LIMIT_MS,
        markInterruptAsFailure: true,
      });
      expect(seen.files).toBeGreaterThanOrEqual(2_000);
      // All that may happen did, many times.
      const rare = Object.entries(seen).filter(([, times]) => times < 50);
      expect(Object.keys(seen).sort()).toEqual(EVENTS.toSorted());
      expect(rare).toEqual([]);
    },
    TIME_LIMIT_MS + 60_000,
  );
});
