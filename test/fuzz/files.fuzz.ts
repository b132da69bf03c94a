/** Files that are nearly right: all that is valid in them is stored, or nothing, and every record is accounted for. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { importProgress, importProgressFrom, importUsers } from "../../src/core/import.js";
import { localStorageSource } from "../../src/core/load/local-storage.js";
import { type FileLoadOptions, findInputs, type LoadResult } from "../../src/core/load/run.js";
import { seedWords } from "../../src/core/seed.js";
import type { Connection } from "../../src/db/pool.js";
import { ExitCode, VocabdbError } from "../../src/errors/base.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { tryAll, type Verdict } from "../support/hostile.js";
import { hostileFile, type Kind, storedText } from "../support/hostile-files.js";

const TABLES = { words: "vocabulary_words", users: "users", progress: "progress" } as const;

const LOADS: Readonly<Record<Kind, (connection: Connection, options: FileLoadOptions) => Promise<LoadResult>>> = {
  words: seedWords,
  users: importUsers,
  progress: importProgress,
};

/** Every row of the three tables, with its version. */
async function versions(connection: Connection): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.pool.query<{ row: string; version: string }>(`
    SELECT 'vocabulary_words ' || id AS row, xmin || ' ' || ctid AS version FROM vocabulary_words
    UNION ALL SELECT 'users ' || id, xmin || ' ' || ctid FROM users
    UNION ALL SELECT 'progress ' || user_id || word_id, xmin || ' ' || ctid FROM progress`);
  return new Map(rows.map(({ row, version }) => [row, version]));
}

/** @throws when the load broke a promise: something written in part, a record that is not accounted for, an error that is a bug */
async function checked(
  connection: Connection,
  table: string,
  load: (check: boolean) => Promise<LoadResult>,
): Promise<Verdict> {
  const before = await versions(connection);
  let result: LoadResult;
  try {
    result = await load(false);
  } catch (error) {
    expect(error).toBeInstanceOf(VocabdbError);
    expect([ExitCode.usage, ExitCode.badData]).toContain((error as VocabdbError).exitCode);
    expect(await versions(connection)).toEqual(before);
    return "refused";
  }
  const { rows, inserted, updated, unchanged, duplicates, rejected } = result.total;
  expect(inserted + updated + unchanged + duplicates + rejected).toBe(rows);
  const after = await versions(connection);
  const changed = [...after].filter(([row, version]) => before.get(row) !== version);
  expect(changed.filter(([row]) => !row.startsWith(`${table} `))).toEqual([]);
  expect(changed.filter(([row]) => !before.has(row))).toHaveLength(inserted);
  expect(changed.filter(([row]) => before.has(row))).toHaveLength(updated);
  expect([...before.keys()].filter((row) => !after.has(row))).toEqual([]);
  // What was taken is stored as it was read: the database is what the file says.
  const { total } = await load(true);
  expect({ ...total }).toMatchObject({ rows, inserted: 0, updated: 0, duplicates, rejected });
  return "accepted";
}

async function fill(db: TestDatabase): Promise<void> {
  await db.query(`
    INSERT INTO users (email, deleted_at) VALUES ('ada@example.org', NULL), ('bob@example.org', NULL), ('gone@example.org', now());
    INSERT INTO vocabulary_words (language, term, reading, definition)
      SELECT language, term, reading, 'x' FROM unnest(ARRAY['zh', 'de']) AS language, unnest(ARRAY['a', 'b', '地', 'é']) AS term,
             unnest(ARRAY['', 'dì']) AS reading`);
}

it.for(["words", "users", "progress"] as const)("files of %s", async (kind, { db, connection }) => {
  await fill(db);
  const cwd = temporaryFolder();
  await tryAll({
    parser: `file of ${kind} (CSV, NDJSON)`,
    cases: fc.tuple(
      hostileFile(kind),
      fc.constantFrom({ records: 0 }, { percent: 100 }),
      fc.constantFrom("error", "first", "last"),
    ),
    runs: { full: 300, short: 25 },
    check: ([{ bytes, format }, maxRejects, onDuplicate]) => {
      const name = `records.${format}`;
      writeFileSync(join(cwd, name), bytes);
      const options = { cwd, files: [name], maxRejects, onDuplicate };
      return checked(connection, TABLES[kind], (check) =>
        LOADS[kind](connection, { ...options, mode: check ? "check" : "write" }),
      );
    },
  });
});

/** How many words the text says were learned. */
function learnedIn(text: string): number {
  const { lists } = JSON.parse(text) as { lists: { progress?: Record<string, boolean> }[] };
  return lists.flatMap(({ progress = {} }) => Object.values(progress)).filter((learned) => learned).length;
}

it("what the browser version kept", async ({ db, connection }) => {
  await fill(db);
  const cwd = temporaryFolder();
  await tryAll({
    parser: "localStorage of the browser version",
    cases: fc.tuple(storedText, fc.constantFrom({ records: 0 }, { percent: 100 })),
    runs: { full: 300, short: 25 },
    check: ([text, maxRejects]) => {
      writeFileSync(join(cwd, "storage.json"), text);
      return checked(connection, "progress", async (check) => {
        const [source = expect.unreachable()] = await findInputs({ cwd, files: ["storage.json"] });
        const result = await importProgressFrom(connection, [await localStorageSource(source)], {
          ...{ cwd, maxRejects, onDuplicate: "first", mode: check ? "check" : "write" },
          defaults: { email: "ada@example.org", language: "zh" },
        });
        expect(result.total.rows).toBe(learnedIn(text));
        return result;
      });
    },
  });
});
