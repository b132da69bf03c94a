/** Records that only the database refuses, in the file of rejects as they stood, also when they came through a pipe. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { importProgress, importUsers, type ProgressImportOptions } from "../../src/core/import.js";
import type { LoadResult } from "../../src/core/load/run.js";
import type { Connection } from "../../src/db/pool.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { ADA, addUsers, addWords, BOB, deleteUsers, people, progress } from "../support/importing.js";
import { counts, csv, manyLines } from "../support/seeding.js";

const NOTES = "_line,_column,_code,_reason";
const ANY = { maxRejects: { percent: 100 } };

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addWords(db, "zh 地 dì", "zh 地 de", "de Haus", "de Baum");
}

/** What was rejected of a text that comes through a pipe, unless files are named. */
async function load(
  connection: Connection,
  text: readonly (string | Buffer)[],
  options: Partial<ProgressImportOptions> = {},
): Promise<{ readonly result: LoadResult; readonly rejects: string }> {
  const rejectFile = join(temporaryFolder(), "rejects.csv");
  const stdin = Readable.from(text.map((chunk) => Buffer.from(chunk)));
  const result = await importProgress(connection, { files: ["-"], stdin, rejectFile, ...ANY, ...options });
  return { result, rejects: readFileSync(rejectFile, "utf8") };
}

const LINES = [
  '"email",language, term ,reading,note,studied,correct',
  `${ADA},de,Haus,,first,1,1`,
  `"${BOB}","zh", 地 ,,spaces,1,1`,
  'nobody@example.org,de,"Haus",,"two\nlines",2,1',
  `${ADA},de,Ba\u0308ume,,decomposed,3,3`,
  `${ADA},de,Baum,,badly written,x,1`,
  `${BOB},de,Haus,,good,1,1`,
];
const REJECTED = [
  `${LINES[0]},${NOTES}`,
  `${LINES[5]},7,studied,INVALID_CELL,"studied ""x"" is not a whole number from 0 to 2147483647"`,
  `${LINES[2]},3,term,AMBIGUOUS_WORD,"term may be any of: zh 地 de, zh 地 dì"`,
  `${LINES[3]},4,email,UNKNOWN_USER,email belongs to no user`,
  `${LINES[4]},6,term,UNKNOWN_WORD,term is no word of this database: de B\u00e4ume`,
  "",
];

describe("the file of rejects", () => {
  it.for(["of a file", "of a pipe", "of a packed pipe", "of a pipe, byte by byte"])(
    "%s has each record byte for byte, with the reasons",
    async (form, { connection, db }) => {
      await prepare(db);
      const text = Buffer.from(LINES.map((line) => `${line}\n`).join(""));
      const input = form === "of a packed pipe" ? gzipSync(text) : text;
      const chunks = form === "of a pipe, byte by byte" ? [...input].map((byte) => Buffer.of(byte)) : [input];
      const files = form === "of a file" ? [csv(...LINES)] : ["-"];
      const { result, rejects } = await load(connection, chunks, { files });
      expect(counts(result)).toEqual({ rows: 6, inserted: 2, rejected: 4 });
      expect(rejects.split(/\n(?!lines)/)).toEqual(REJECTED);
    },
  );

  it("can be corrected and loaded", async ({ connection, db }) => {
    await prepare(db);
    const { rejects } = await load(connection, [LINES.join("\n")]);
    const corrected = rejects
      .replace(" 地 ,,", "地,de,")
      .replace("nobody@example.org", BOB)
      .replace(',"Haus"', ',"Baum"')
      .replace(",x,1", ",4,1")
      .replace(`${ADA},de,Ba\u0308ume,`, `${ADA},zh,地,dì`);
    const path = join(temporaryFolder(), "corrected.csv");
    writeFileSync(path, corrected);
    const result = await importProgress(connection, { files: [path] });
    expect(counts(result)).toEqual({ rows: 4, inserted: 4 });
    expect(result.files[0]?.unusedColumns).toEqual(["note"]);
    expect(Object.keys(await progress(db))).toEqual([
      ...[`${ADA} de Baum`, `${ADA} de Haus`, `${ADA} zh 地 dì`, `${BOB} de Baum`, `${BOB} de Haus`, `${BOB} zh 地 de`],
    ]);
  });

  it("holds objects as they were, with more members", async ({ connection, db }) => {
    await prepare(db);
    const lines = [
      `{"email": "${ADA}",  "term":"地"}`,
      `{"email":"${ADA}","term":"Haus"}`,
      `{"term":"Baum","email":"x@y.zz"}`,
    ];
    const { rejects } = await load(connection, [lines.join("\n")], { format: "ndjson" });
    const [first = "", second = "", ...others] = rejects.split("\n");
    expect(others).toEqual([""]);
    expect(first.startsWith(lines[0]?.slice(0, -1) ?? "")).toBe(true);
    expect(JSON.parse(first)).toMatchObject({ _line: "1", _column: "term", _code: "AMBIGUOUS_WORD" });
    expect(JSON.parse(second)).toMatchObject({ _line: "3", _column: "email", _code: "UNKNOWN_USER" });
  });

  it("of several files has those of each, the pipe's as well", async ({ connection, db }) => {
    await prepare(db);
    const header = "email,term";
    const good = csv(header, `${ADA},Haus`);
    const bad = csv(header, `${ADA},Weg`, `${BOB},Haus`, `${BOB},Weg`);
    const { result, rejects } = await load(connection, [`${header}\n${ADA},Pfad\n`], {
      files: [good, "-", bad],
    });
    expect(result.files.map(({ rejected }) => rejected)).toEqual([0, 1, 2]);
    expect(rejects.split("\n").map((line) => line.replace(/,term.*database/, ""))).toEqual([
      `${header},${NOTES},_file`,
      `${ADA},Pfad,2: Pfad,standard input`,
      `${ADA},Weg,2: Weg,${bad}`,
      `${BOB},Weg,4: Weg,${bad}`,
      "",
    ]);
  });

  it("has them all, where there are more than are read at once", async ({ connection, db }) => {
    await prepare(db);
    const lines = manyLines(12_000, (n) => `${ADA},${n % 3 === 0 ? "Haus" : `w${n}`},${n}`);
    const { result, rejects } = await load(connection, [["email,term,n", ...lines].join("\n")], {
      onDuplicate: "first",
    });
    expect(counts(result)).toEqual({ rows: 12_000, inserted: 1, duplicates: 3_999, rejected: 8_000 });
    const expected = lines.flatMap((line, n) => (n % 3 === 0 ? [] : [`${line},${n + 2}`]));
    expect(
      rejects
        .split("\n")
        .slice(1, -1)
        .map((line) => line.replace(/,term,.*/, "")),
    ).toEqual(expected);
  });

  it("is written when the load is refused, and by plans", async ({ connection, db }) => {
    await prepare(db);
    const rejectFile = join(temporaryFolder(), "rejects.csv");
    const files = [csv("email,term", `${ADA},Haus`, `${ADA},Weg`)];
    await expect(importProgress(connection, { files, rejectFile })).rejects.toMatchObject({ code: "ROWS_REJECTED" });
    const refused = readFileSync(rejectFile, "utf8");
    expect(refused).toContain(`${ADA},Weg,3,term,UNKNOWN_WORD,`);
    for (const mode of ["dry-run", "check"] as const) {
      await importProgress(connection, { files, rejectFile, mode });
      expect(readFileSync(rejectFile, "utf8"), mode).toBe(refused);
    }
    expect(statSync(rejectFile).mode & 0o777).toBe(0o600);
    expect(await progress(db)).toEqual({});
  });

  it("has deleted users as they stood", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await deleteUsers(db, ADA);
    const rejectFile = join(temporaryFolder(), "rejects.csv");
    const files = [csv("name,email", `"A, L", ADA@Example.org `, `Bob,${BOB}`)];
    const result = await importUsers(connection, { files, rejectFile, ...ANY });
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, rejected: 1 });
    expect(readFileSync(rejectFile, "utf8").split("\n").slice(1)).toEqual([
      `"A, L", ADA@Example.org ,2,email,USER_DELETED,email belongs to a user who was deleted at 2026-03-04 05:06:07Z`,
      "",
    ]);
    expect(Object.keys(await people(db))).toEqual([ADA, BOB]);
  });
});
