/** What a reject file must not destroy, and what it must not leave behind. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import { RejectFile } from "../../../src/core/load/reject-file.js";
import type { Format } from "../../../src/core/load/source.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { FileError } from "../../../src/errors/usage.js";
import { temporaryFolder } from "../../support/cli.js";

const NOTED = "_line,_column,_code,_reason";
const NOTES = "2,term,INVALID_CELL,is empty";

/** Rejects every record. */
async function rejectAll(file: RejectFile, content: string, format: Format = "csv"): Promise<void> {
  const source = { name: "words", format, path: null, bytes: null, open: () => Readable.from([Buffer.from(content)]) };
  const options = { shape: WORDS, given: new Set(["language", "term", "definition"]), map: {} };
  for await (const block of readRecords(source, options)) {
    file.expect(block);
    for (const record of block.records) {
      file.add("words", block, record, { column: "term", code: "INVALID_CELL", reason: "is empty" });
    }
  }
}

/** Rejects every record and puts them there. */
async function collect(path: string, content: string, format?: Format): Promise<void> {
  const file = new RejectFile("rejects.csv", path, false);
  await rejectAll(file, content, format);
  file.finish();
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

describe("an older reject file is replaced", () => {
  it.each<[string, string]>([
    ["of another header", `Wort,Bedeutung,${NOTED}\na,,9,Bedeutung,INVALID_CELL,is empty\n`],
    ["with the names of files", `term,definition,${NOTED},_file\na,,9,definition,INVALID_CELL,is empty,a.csv\n`],
    ["without any record", `term,definition,${NOTED}\n`],
    ["of JSON objects", '{"term":"","_line":"1","_column":"term","_code":"INVALID_CELL","_reason":"is empty"}\n'],
    ["saved with Windows line ends", `term;${NOTED.replaceAll(",", ";")}\r\na;2;term;X;is empty\r\n`],
    ["that is empty, as mktemp makes them", ""],
  ])("%s", async (_, old) => {
    const folder = temporaryFolder();
    const path = join(folder, "rejects.csv");
    writeFileSync(path, old);
    await collect(path, "term,definition\n,water\n");
    expect(contents(folder)).toEqual({ "rejects.csv": `term,definition,${NOTED}\n,water,${NOTES}\n` });
  });

  it.each<[string, string, Format]>([
    ["whose header has line ends within a cell", 'term,"defi\nnition"\n,water\n', "csv"],
    ["that begins with a very long object", `{"term":"","definition":"${"x".repeat(100_000)}"}\n`, "ndjson"],
    ["whose header is very long", `term,${"x".repeat(100_000)}\n,water\n`, "csv"],
  ])("%s", async (_, content, format) => {
    const folder = temporaryFolder();
    const path = join(folder, "rejects.csv");
    await collect(path, content, format);
    await collect(path, "term,definition\n,water\n");
    expect(contents(folder)).toEqual({ "rejects.csv": `term,definition,${NOTED}\n,water,${NOTES}\n` });
  });

  it("only at the end, so that nobody reads half of one", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "rejects.csv");
    const old = `term,definition,${NOTED}\na,,9,definition,INVALID_CELL,is empty\n`;
    writeFileSync(path, old);
    const file = new RejectFile("rejects.csv", path, false);
    await rejectAll(file, `term,definition\n${",water\n".repeat(10_000)}`);
    expect(readFileSync(path, "utf8")).toBe(old);
    file.finish();
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(10_002);
  });

  it("with its second part", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "rejects.csv");
    for (const term of ["a", "b"]) {
      const file = new RejectFile("rejects.csv", path, false);
      await rejectAll(file, `term,definition\n${term},\n`);
      await rejectAll(file, `Wort,definition\n${term},\n`);
      file.finish();
    }
    expect(contents(folder)).toEqual({
      "rejects.csv": `term,definition,${NOTED}\nb,,${NOTES}\n`,
      "rejects-2.csv": `Wort,definition,${NOTED}\nb,,${NOTES}\n`,
    });
  });
});

describe("any other file is refused and stays as it is", () => {
  it.each([
    ["words", "term,definition,language\n地,earth,zh\n"],
    ["words with a column that is called like a note", "term,definition,_line\n地,earth,3\n"],
    ["notes that are no header", `term,definition\n${NOTED},x\n`],
    ["objects", '{"term":"地","definition":"earth"}\n'],
    ["text", "\n"],
    ["bytes", "\0\xff"],
  ])("%s", async (_, content) => {
    const folder = temporaryFolder();
    const path = join(folder, "words.csv");
    writeFileSync(path, content);
    expect(() => new RejectFile("words.csv", path, false)).toThrow(FileError);
    expect(() => new RejectFile("words.csv", path, false)).toThrow(
      `${path}: exists and is no file of rejects; it is not overwritten`,
    );
    expect(readdirSync(folder)).toEqual(["words.csv"]);
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  it("also where the second part would go, and nothing of the first remains", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "rejects-2.csv"), "term,definition\nHaus,house\n");
    const file = new RejectFile("rejects.csv", join(folder, "rejects.csv"), false);
    await rejectAll(file, "term,definition\na,\n");
    await expect(rejectAll(file, "Wort,definition\nb,\n")).rejects.toThrow(
      `${join(folder, "rejects-2.csv")}: exists and is no file of rejects`,
    );
    file.discard();
    expect(contents(folder)).toEqual({ "rejects-2.csv": "term,definition\nHaus,house\n" });
  });

  it("a folder", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "rejects.csv"));
    const path = join(folder, "rejects.csv");
    expect(() => new RejectFile("rejects.csv", path, false)).toThrow(`${path}: is a directory, not a file`);
  });

  it("a device, which an administrator's run would replace by a file", () => {
    const path = join(temporaryFolder(), "rejects.csv");
    symlinkSync("/dev/null", path);
    expect(() => new RejectFile("rejects.csv", path, false)).toThrow(FileError);
  });
});

describe("nothing is left behind", () => {
  it("by what is given up, however much of it there was", async () => {
    const folder = temporaryFolder();
    const file = new RejectFile("rejects.csv", join(folder, "rejects.csv"), false);
    await rejectAll(file, `term,definition\n${",water\n".repeat(10_000)}`);
    await rejectAll(file, "Wort,definition\n,Wasser\n");
    // Or this test would show nothing.
    expect(readdirSync(folder)).toHaveLength(2);
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("by what was given up before any record", () => {
    const folder = temporaryFolder();
    new RejectFile("rejects.csv", join(folder, "rejects.csv"), false).discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("but the reject file of an earlier run, when this one is given up", async () => {
    const folder = temporaryFolder();
    const old = { "rejects.csv": `term,definition,${NOTED}\na,,9,definition,INVALID_CELL,is empty\n` };
    writeFileSync(join(folder, "rejects.csv"), old["rejects.csv"]);
    const file = new RejectFile("rejects.csv", join(folder, "rejects.csv"), false);
    await rejectAll(file, "term,definition\n,water\n");
    file.discard();
    expect(contents(folder)).toEqual(old);
  });

  it("but the file itself, once it is finished", async () => {
    const folder = temporaryFolder();
    const file = new RejectFile("rejects.csv", join(folder, "rejects.csv"), false);
    await rejectAll(file, "term,definition\n,water\n");
    file.finish();
    file.discard();
    expect(contents(folder)).toEqual({ "rejects.csv": `term,definition,${NOTED}\n,water,${NOTES}\n` });
  });
});

it("a folder that is not there is named before anything is read", () => {
  const path = join(temporaryFolder(), "none", "rejects.csv");
  expect(() => new RejectFile("none/rejects.csv", path, false)).toThrow("none/rejects.csv: cannot be written");
});

it("what a killed run left does not stop the next, although in a container it has the same process id", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "rejects.csv");
  const killed = new RejectFile("rejects.csv", path, false);
  await rejectAll(killed, "term,definition\n,earth\n");
  await collect(path, "term,definition\n,water\n");
  expect(readFileSync(path, "utf8")).toBe(`term,definition,${NOTED}\n,water,${NOTES}\n`);
});
