/** The file that rejected records go to: as they were, with the reasons, to be repaired and fed back. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { temporaryFolder } from "../support/cli.js";
import { it } from "../support/database.js";
import { counts, csv, definitions, manyLines, SHORT_HEADER, seed } from "../support/seeding.js";

const NOTES = "_line,_column,_code,_reason";
/** More than are collected in memory before they are written. */
const MANY_BAD = manyLines(5_000, (n) => `de,w${n},`);
const ANY = { maxRejects: { percent: 100 } };

function file(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

function rejectFile(): string {
  return join(temporaryFolder(), "rejects.csv");
}

describe("the file of rejects", () => {
  it("holds the header and each record byte for byte, with line, column, code and reason", async ({ connection }) => {
    const bad = [
      Buffer.from('" de " , "a ""b""" ,'),
      Buffer.from('de,"two\nlines",'),
      Buffer.from("de,Stra\xdfe,street", "latin1"),
      Buffer.from("de,nul\0,1"),
      Buffer.from("de,a,1,2"),
      Buffer.from("?,,\u00a0"),
    ];
    const good = Buffer.from("de,Straße,road");
    const header = Buffer.from(' language,"term",Definition ');
    const lines = [header, ...bad.slice(0, 3), good, ...bad.slice(3)];
    const path = file("words.csv", Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")])));
    const rejects = rejectFile();
    const result = await seed(connection, [path], { ...ANY, rejectFile: rejects });
    expect(counts(result)).toEqual({ rows: 7, inserted: 1, rejected: 6 });
    const notes = [
      NOTES,
      '2,,BROKEN_QUOTES,"text follows the closing quote of a cell; a quote inside a quoted cell is written """""',
      "3,Definition,INVALID_CELL,Definition is empty",
      "5,term,INVALID_UTF8,term is not UTF-8",
      "7,term,NUL,term holds a NUL character",
      "8,,RAGGED_ROW,has 4 cells where the header has 3; a cell with a comma in it needs quotes",
      '9,language,INVALID_CELL,"language ""?"" is not a language tag such as zh, ja or pt-BR (BCP 47); term is empty; Definition is empty"',
    ];
    const expected = [header, ...bad].flatMap((line, n) => [line, Buffer.from(`,${notes[n]}\n`)]);
    expect(readFileSync(rejects, "latin1")).toBe(Buffer.concat(expected).toString("latin1"));
    expect(statSync(rejects).mode & 0o777).toBe(0o600);
  });

  it("can be fed back once it is repaired, as often as it takes", async ({ connection, db }) => {
    const rejects = rejectFile();
    await seed(connection, [csv(SHORT_HEADER, "de,a,", "de,b,2", "?,c,3", "de,d")], { ...ANY, rejectFile: rejects });
    const first = readFileSync(rejects, "utf8");
    expect(first.split("\n")).toHaveLength(5);
    writeFileSync(rejects, first.replace("de,a,,", "de,a,1,").replace("de,d,5,", "de,d,4,5,"));
    const still = join(temporaryFolder(), "still.csv");
    const second = await seed(connection, [rejects], { ...ANY, rejectFile: still });
    expect(second.total).toMatchObject({ inserted: 2, rejected: 1 });
    expect(second.files[0]?.unusedColumns).toEqual([]);
    const rest = readFileSync(still, "utf8");
    writeFileSync(still, rest.replace("?,c,3", "de,c,3"));
    expect(counts(await seed(connection, [still]))).toEqual({ rows: 1, inserted: 1 });
    expect(await definitions(db)).toEqual({ a: "1", b: "2", c: "3", d: "4" });
  });

  it("keeps the delimiter, and quotes the reasons accordingly", async ({ connection }) => {
    const rejects = rejectFile();
    const path = csv("language;term;definition", "de;a;1;2", "de;b;");
    await seed(connection, [path], { ...ANY, rejectFile: rejects });
    expect(readFileSync(rejects, "utf8").split("\n")).toEqual([
      "language;term;definition;_line;_column;_code;_reason",
      'de;a;1;2;2;;RAGGED_ROW;"has 4 cells where the header has 3; a cell with a semicolon in it needs quotes"',
      "de;b;;3;definition;INVALID_CELL;definition is empty",
      "",
    ]);
  });

  it("says of several files which one a record is from, and can be fed back", async ({ connection }) => {
    const files = [csv(SHORT_HEADER, "de,a,"), csv(SHORT_HEADER, "de,b,2", "de,c,")];
    const rejects = rejectFile();
    await seed(connection, files, { ...ANY, rejectFile: rejects });
    expect(readFileSync(rejects, "utf8").split("\n")).toEqual([
      `${SHORT_HEADER},${NOTES},_file`,
      `de,a,,2,definition,INVALID_CELL,definition is empty,${files[0]}`,
      `de,c,,3,definition,INVALID_CELL,definition is empty,${files[1]}`,
      "",
    ]);
    writeFileSync(rejects, readFileSync(rejects, "utf8").replaceAll(/,,(\d)/g, ",x,$1"));
    const result = await seed(connection, [rejects]);
    expect(counts(result)).toEqual({ rows: 2, inserted: 2 });
    expect(result.files[0]?.unusedColumns).toEqual([]);
  });

  it("is one for each kind of header, and each can be fed back", async ({ connection }) => {
    const files = [csv(SHORT_HEADER, "de,a,"), csv("term,language,definition", "b,de,")];
    const folder = temporaryFolder();
    await seed(connection, files, { ...ANY, rejectFile: join(folder, "bad.csv") });
    expect(readdirSync(folder).sort()).toEqual(["bad-2.csv", "bad.csv"]);
    const read = (name: string) => readFileSync(join(folder, name), "utf8").split("\n")[0];
    expect(read("bad.csv")).toBe(`${SHORT_HEADER},${NOTES},_file`);
    expect(read("bad-2.csv")).toBe(`term,language,definition,${NOTES},_file`);
    const again = seed(connection, [folder]);
    await expect(again).rejects.toMatchObject({
      total: 2,
      rejects: [{ field: "definition" }, { field: "definition" }],
    });
  });

  it("holds objects as they were, with more members", async ({ connection, db }) => {
    const lines = ['{"language": "de",  "term": "a", "definition": ""}', '{"language":"de","term":"b"', "[]"];
    const stdin = Readable.from([
      '{"language":"de","term":"ok","definition":"1"}\n',
      ...lines.map((line) => `${line}\n`),
    ]);
    const rejects = join(temporaryFolder(), "rejects.ndjson");
    await seed(connection, ["-"], { ...ANY, stdin, format: "ndjson", rejectFile: rejects });
    const [first = "", ...others] = readFileSync(rejects, "utf8").trim().split("\n");
    expect(first.startsWith(lines[0]?.slice(0, -1) ?? "")).toBe(true);
    expect(JSON.parse(first)).toMatchObject({ _line: "2", _column: "definition", _code: "INVALID_CELL" });
    expect(others.map((line) => JSON.parse(line))).toMatchObject([
      { _line: "3", _code: "BROKEN_JSON", _record: lines[1] },
      { _line: "4", _code: "BROKEN_JSON", _record: lines[2] },
    ]);
    writeFileSync(rejects, `${first.replace('"definition": ""', '"definition": "now"')}\n`);
    expect(counts(await seed(connection, [rejects]))).toEqual({ rows: 1, inserted: 1 });
    expect(await definitions(db)).toEqual({ ok: "1", a: "now" });
  });

  it("is written when the load is refused, with all of the rejects", async ({ connection, db }) => {
    const rejects = rejectFile();
    const options = { rejectFile: rejects, maxRejects: { records: 3 } };
    const failure = seed(connection, [csv(SHORT_HEADER, "de,ok,1", ...MANY_BAD)], options);
    await expect(failure).rejects.toMatchObject({ total: 5_000, hint: expect.stringContaining(rejects) });
    const lines = readFileSync(rejects, "utf8").split("\n");
    expect(lines).toHaveLength(5_002);
    expect(lines[5_000]).toBe("de,w4999,,5002,definition,INVALID_CELL,definition is empty");
    expect(await definitions(db)).toEqual({});
  });

  it("is written by plans too, and by a load without rejects as a header", async ({ connection }) => {
    const rejects = rejectFile();
    const path = csv(SHORT_HEADER, "de,a,");
    for (const mode of ["dry-run", "check"] as const) {
      await seed(connection, [path], { mode, rejectFile: rejects });
      expect(readFileSync(rejects, "utf8"), mode).toContain("de,a,,2,definition");
    }
    await seed(connection, [csv(SHORT_HEADER, "de,b,2")], { rejectFile: rejects });
    expect(readFileSync(rejects, "utf8")).toBe(`${SHORT_HEADER},${NOTES}\n`);
  });

  it("is left as it was, and nothing beside it, when the load is interrupted", async ({ connection }) => {
    const rejects = rejectFile();
    await seed(connection, [csv(SHORT_HEADER, "de,a,")], { ...ANY, rejectFile: rejects });
    const before = readFileSync(rejects, "utf8");
    const controller = new AbortController();
    const written: string[][] = [];
    const failure = seed(connection, [csv(SHORT_HEADER, ...MANY_BAD, ...MANY_BAD)], {
      ...{ ...ANY, rejectFile: rejects, signal: controller.signal },
      onProgress: ({ rows }) => {
        if (rows > 6_000) {
          written.push(readdirSync(dirname(rejects)));
          controller.abort(new Error("stopped by the test"));
        }
      },
    });
    await expect(failure).rejects.toThrow("stopped by the test");
    // There was something to be left behind.
    expect(written[0]).toHaveLength(2);
    expect(readdirSync(dirname(rejects))).toEqual(["rejects.csv"]);
    expect(readFileSync(rejects, "utf8")).toBe(before);
  });

  it("does not appear at all when a file turns out to be unreadable", async ({ connection }) => {
    const rejects = rejectFile();
    const broken = file("broken.csv", Buffer.from("PK\u0003\u0004 and so on"));
    const failure = seed(connection, [csv(SHORT_HEADER, ...MANY_BAD), broken], { ...ANY, rejectFile: rejects });
    await expect(failure).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readdirSync(dirname(rejects))).toEqual([]);
  });

  it("is never a file that is something else", async ({ connection, db }) => {
    const words = csv(SHORT_HEADER, "de,a,1");
    const other = csv(SHORT_HEADER, "de,b,2");
    const before = readFileSync(other, "utf8");
    for (const path of [words, other]) {
      await expect(seed(connection, [words], { rejectFile: path })).rejects.toMatchObject({
        ...{ code: "FILE_UNUSABLE", hint: expect.stringContaining("--rejects") },
      });
    }
    expect(readFileSync(other, "utf8")).toBe(before);
    expect(await definitions(db)).toEqual({});
  });

  it("replaces no file and no link that is put there while it is written", async ({ connection }) => {
    for (const put of [(path: string) => writeFileSync(path, "mine"), (path: string) => symlinkSync("mine", path)]) {
      const rejectFile = join(temporaryFolder(), "rejects.csv");
      const onProgress = (): void => {
        rmSync(rejectFile, { force: true });
        put(rejectFile);
      };
      const loading = seed(connection, [csv(SHORT_HEADER, "de,a,")], { ...ANY, rejectFile, onProgress });
      await expect(loading).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
      expect(readdirSync(join(rejectFile, ".."))).toEqual(["rejects.csv"]);
    }
  });

  it("is not read again where it stands in the folder that is", async ({ connection }) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "words.csv"), `${SHORT_HEADER}\nde,a,\nde,b,2\n`);
    const options = { ...ANY, cwd, rejectFile: "rejects.csv" };
    expect(counts(await seed(connection, ["."], options))).toEqual({ rows: 2, inserted: 1, rejected: 1 });
    expect(existsSync(join(cwd, "rejects.csv"))).toBe(true);
    expect(counts(await seed(connection, ["."], options))).toEqual({ rows: 2, unchanged: 1, rejected: 1 });
  });
});
