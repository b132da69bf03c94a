/** Progress through a pipe, read twice: the copy that takes is its owner's alone, and gone whatever happens. */
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, vi } from "vitest";
import { importProgress, type ProgressImportOptions } from "../../src/core/import.js";
import type { LoadResult } from "../../src/core/load/run.js";
import type { Connection } from "../../src/db/pool.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { ADA, addUsers, addWords, progress } from "../support/importing.js";
import { counts, expectNothingLeft, failureOf } from "../support/seeding.js";

const ANY = { maxRejects: { percent: 100 } };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A user and a word, and the folder that copies go to. */
async function prepare(db: TestDatabase): Promise<string> {
  await addUsers(db, ADA);
  await addWords(db, "de Haus");
  const folder = temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  return folder;
}

function copiesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("vocabdb-spool-"));
}

/** An import of a good record and an unknown word, which before the latter stops for `pause`. */
function load(
  connection: Connection,
  options: Partial<ProgressImportOptions>,
  pause: () => unknown = () => {},
): Promise<LoadResult> {
  const text = async function* () {
    yield `email,term\n${ADA},Haus\n`;
    await pause();
    yield `${ADA},Weg\n`;
  };
  return importProgress(connection, { files: ["-"], stdin: Readable.from(text()), ...options });
}

describe("the copy of a pipe", () => {
  it("can be read by its owner alone, and is gone afterwards", async ({ connection, db }) => {
    const folder = await prepare(db);
    const seen: (readonly [path: string, mode: number])[] = [];
    const look = () => {
      const [name = ""] = copiesIn(folder);
      for (const path of [join(folder, name), join(folder, name, "0")]) {
        seen.push([path, statSync(path).mode & 0o777]);
      }
    };
    const result = await load(connection, { ...ANY, rejectFile: join(folder, "rejects.csv") }, look);
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, rejected: 1 });
    expect(seen.map(([, mode]) => mode)).toEqual([0o700, 0o600]);
    expect(seen.filter(([path]) => existsSync(path))).toEqual([]);
  });

  it("is not made where nobody wants the rejects", async ({ connection, db }) => {
    const folder = await prepare(db);
    const seen: string[][] = [];
    await load(connection, ANY, () => seen.push(copiesIn(folder)));
    expect(seen).toEqual([[]]);
  });

  it.for(["rejects", "a signal", "an input that breaks", "a header that does not fit"])(
    "is gone after %s",
    async (cause, { connection, db }) => {
      const folder = await prepare(db);
      const controller = new AbortController();
      const options: Partial<ProgressImportOptions> = {
        ...{ signal: controller.signal, rejectFile: join(folder, "rejects.csv") },
        ...(cause === "a header that does not fit" && { map: { term: "Wort" } }),
      };
      const opened = vi.fn(() => {
        if (cause === "a signal") {
          controller.abort(new Error("stopped by the test"));
        } else if (cause === "an input that breaks") {
          throw new Error("the pipe broke");
        }
        expect(copiesIn(folder)).toHaveLength(1);
      });
      expect(await failureOf(load(connection, options, opened))).toBeInstanceOf(Error);
      expect(copiesIn(folder)).toEqual([]);
      expect(await progress(db)).toEqual({});
      await expectNothingLeft(db);
    },
  );

  it("needs a folder to be made in", async ({ connection, db }) => {
    const folder = await prepare(db);
    const options = { ...ANY, rejectFile: join(folder, "rejects.csv") };
    vi.stubEnv("TMPDIR", join(folder, "missing"));
    expect(await failureOf(load(connection, options))).toMatchObject({
      ...{ code: "FILE_UNUSABLE", message: expect.stringContaining("missing: no such file") },
      hint: expect.stringContaining("TMPDIR"),
    });
    mkdirSync(join(folder, "missing"));
    expect(counts(await load(connection, options))).toMatchObject({ inserted: 1 });
    expect(readdirSync(join(folder, "missing"))).toEqual([]);
  });
});
