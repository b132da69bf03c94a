import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { fileSource, type ReadResult, readCsv } from "../../../src/core/load/read.js";
import { FileError } from "../../../src/errors.js";
import { temporaryFolder } from "../../support/cli.js";

function source(content: string | Buffer, chunkSize = Number.POSITIVE_INFINITY) {
  const bytes = Buffer.from(content);
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunkSize) {
    chunks.push(bytes.subarray(start, start + chunkSize));
  }
  return { name: "words.csv", open: () => Readable.from(chunks, { objectMode: false }) };
}

async function toArray(results: AsyncIterable<ReadResult>): Promise<ReadResult[]> {
  const all: ReadResult[] = [];
  for await (const result of results) {
    all.push(result);
  }
  return all;
}

async function read(content: string | Buffer, chunkSize?: number): Promise<ReadResult[]> {
  return toArray(readCsv(source(content, chunkSize)));
}

/** Each record as `line: cells`. */
async function records(content: string | Buffer, chunkSize?: number): Promise<string[]> {
  return (await read(content, chunkSize)).map((result) =>
    "record" in result
      ? `${result.record.line}: ${result.record.fields.join(" | ")}`
      : `${result.broken.line}:${result.broken.column} broken`,
  );
}

describe("records", () => {
  it("have the line they start on, whatever the cells before them hold", async () => {
    expect(await records('a,b\n"x\ny\n\nz",1\nc,2\n"p\n","q\nr"\nd,3\n')).toEqual([
      ...["1: a | b", "2: x\ny\n\nz | 1", "6: c | 2", "7: p\n | q\nr", "10: d | 3"],
    ]);
  });

  it.each([
    ["no line end after the last", "a,b\n1,2"],
    ["Windows line ends", "a,b\r\n1,2\r\n"],
    ["old Macintosh line ends", "a,b\r1,2\r"],
    ["a byte order mark", "\ufeffa,b\n1,2\n"],
    ["quotes around everything", '"a","b"\n"1","2"\n'],
    ["a byte order mark, quotes and Windows line ends", '\ufeff"a","b"\r\n"1","2"\r\n'],
  ])("are the same with %s", async (_, content) => {
    expect(await records(content)).toEqual(["1: a | b", "2: 1 | 2"]);
  });

  it.each([
    ["Unix, then Windows", "a,b\n1,2\r\n3,4\r\n"],
    ["Windows, then Unix", "a,b\r\n1,2\n3,4\n"],
  ])("may come from files with different line ends: %s", async (_, content) => {
    expect(await records(content)).toEqual(["1: a | b", "2: 1 | 2", "3: 3 | 4"]);
  });

  it.each(["\n", "\r\n", "\r"])("are the same words with %j within cells, and on the same lines", async (lineEnd) => {
    const lines = ["a,b", '"x', 'y",1', "c,2", ""];
    expect(await records(lines.join(lineEnd))).toEqual(["1: a | b", "2: x\ny | 1", "4: c | 2"]);
  });

  it("are not made of empty lines, which count all the same", async () => {
    expect(await records("\n\na\n\n\r\n\n1\n\n")).toEqual(["3: a", "7: 1"]);
    expect(await records("")).toEqual([]);
    expect(await records("\ufeff")).toEqual([]);
    expect(await records("\n\n")).toEqual([]);
  });

  it("keep quotes, commas, spaces and empty cells as they are meant", async () => {
    expect(await records('"say ""hi""","a, b", c ,,""\n')).toEqual(['1: say "hi" | a, b |  c  |  | ']);
  });

  it("may have more or fewer cells than the header", async () => {
    expect(await records("a,b\n1\n1,2,3\n")).toEqual(["1: a | b", "2: 1", "3: 1 | 2 | 3"]);
  });

  it.each([1, 2, 3, 5, 7])("do not depend on where the file is cut into chunks (%i bytes)", async (size) => {
    const content = '\ufeffterm,definition\r\n"пёс\r\n犬","a ""dog"""\r\n𠀀,"x"\r\n\r\nend,1\r\n';
    expect(await records(content, size)).toEqual([
      ...["1: term | definition", '2: пёс\n犬 | a "dog"', "4: 𠀀 | x", "6: end | 1"],
    ]);
  });

  it("come from a file on disk, to its end", async () => {
    const path = join(temporaryFolder(), "words.csv");
    writeFileSync(path, `term\n${"слово\n".repeat(100_000)}`);
    let last = 0;
    for await (const result of readCsv(fileSource(path))) {
      last = "record" in result ? result.record.line : 0;
    }
    expect(last).toBe(100_001);
  });
});

describe("what is no record", () => {
  it("is named with line, column and reason", async () => {
    const brokenOf = async (content: string) =>
      (await read(content)).flatMap((result) => ("broken" in result ? [result.broken] : []));
    expect(await brokenOf('a,b\n1,2\n3,x"y\n5,6\n')).toEqual([
      { line: 3, column: 2, reason: expect.stringContaining("put the whole cell in quotes") },
    ]);
    expect(await brokenOf('a,b\n"x"y,2\n')).toEqual([
      { line: 2, column: 1, reason: expect.stringContaining("text follows the closing quote") },
    ]);
    expect(await brokenOf('a,b\n1,"x\n3,4\n5,6\n')).toEqual([
      { line: 2, column: 2, reason: "a quoted cell is never closed" },
    ]);
  });

  it("does not hide the records around it, and comes in their order", async () => {
    expect(await records('a,b\n1,x"y\n3,4\n5,x"y"z\n7,x"\n9,0\n')).toEqual([
      ...["1: a | b", "2:2 broken", "3: 3 | 4", "4:2 broken", "5:2 broken", "6: 9 | 0"],
    ]);
  });

  it("comes after the header, even when it is all that follows", async () => {
    expect(await records('a,b\n"1,2\n3,4\n')).toEqual(["1: a | b", "2:1 broken"]);
  });

  it("in the header comes first", async () => {
    expect(await records('a,x"b\n1,2\n')).toEqual(["1:2 broken", "2: 1 | 2"]);
    expect(await records('"a,b\n1,2\n')).toEqual(["1:1 broken"]);
  });

  it("is told once, where the record begins to be wrong", async () => {
    expect(await records('a,b\n1,"x"y"z"w\n')).toEqual(["1: a | b", "2:2 broken"]);
    expect(await records('a,b\n"x"y,4\n5,6\n7,8\n')).toEqual(["1: a | b", "2:1 broken"]);
  });
});

describe("what is not UTF-8", () => {
  const latin1 = Buffer.from("term,definition\nhaus,house\nt\xfcr,door\n", "latin1");

  it.each([1, 3, 1_000])("is refused, with the way to convert it (chunks of %i bytes)", async (size) => {
    await expect(read(latin1, size)).rejects.toThrow(FileError);
    await expect(read(latin1, size)).rejects.toMatchObject({
      message: expect.stringMatching(/^words\.csv: is not UTF-8 \(in line [123] or soon after\)$/),
      hint: expect.stringContaining("iconv -f"),
    });
  });

  it.each([
    ["a character cut off at the end", Buffer.from("a\n\xe4\xbd", "latin1")],
    ["a character cut off by a line end", Buffer.from("a\n\xe4\r\n\xbd\xa0\n", "latin1")],
    ["a surrogate", Buffer.from("a\n\xed\xa0\x80\n", "latin1")],
    ["an overlong form", Buffer.from("a\n\xc0\xaf\n", "latin1")],
    ["UTF-16", Buffer.from("\ufeffa\n1\n", "utf16le")],
  ])("%s is refused, in one chunk or many", async (_, content) => {
    await expect(read(content)).rejects.toThrow("is not UTF-8");
    await expect(read(content, 1)).rejects.toThrow("is not UTF-8");
  });

  it("is refused however late in the file it comes", async () => {
    const path = join(temporaryFolder(), "words.csv");
    writeFileSync(path, Buffer.concat([Buffer.from("слово\n".repeat(50_000)), Buffer.from([0xff])]));
    await expect(toArray(readCsv(fileSource(path)))).rejects.toThrow("is not UTF-8");
  });

  it("does not include the replacement character itself", async () => {
    expect(await records("a\n\ufffd\n")).toEqual(["1: a", "2: \ufffd"]);
  });
});

describe("a file that cannot be read is named", () => {
  it("when it is missing", async () => {
    const path = join(temporaryFolder(), "none.csv");
    await expect(toArray(readCsv(fileSource(path)))).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, message: `${path}: no such file` },
    });
  });

  it("when it is a folder", async () => {
    const path = join(temporaryFolder(), "folder.csv");
    mkdirSync(path);
    await expect(toArray(readCsv(fileSource(path)))).rejects.toThrow(`${path}: is a directory, not a file`);
  });

  it("when reading it fails half-way", async () => {
    const open = () =>
      Readable.from(
        (function* () {
          yield Buffer.from("a,b\n1,2\n");
          throw new Error("the disk is gone");
        })(),
        { objectMode: false },
      );
    await expect(toArray(readCsv({ name: "words.csv", open }))).rejects.toThrow("words.csv: the disk is gone");
  });
});

describe("the file is closed", () => {
  it("when the reader stops early", async () => {
    const stream = Readable.from(
      (function* () {
        for (;;) {
          yield Buffer.from("a,b\n".repeat(10_000));
        }
      })(),
      { objectMode: false },
    );
    const results = readCsv({ name: "endless.csv", open: () => stream });
    expect((await results.next()).done).toBe(false);
    await results.return(undefined);
    await expect.poll(() => stream.destroyed, { timeout: 30_000 }).toBe(true);
  });

  it("when the work is aborted, with the reason of the abort", async () => {
    const abort = new AbortController();
    const stream = new Readable({ read() {} });
    stream.push("a,b\n1,2\n");
    const results = readCsv({ name: "slow.csv", open: () => stream }, abort.signal);
    const reason = new Error("interrupted");
    expect((await results.next()).done).toBe(false);
    const rest = toArray(results);
    abort.abort(reason);
    await expect(rest).rejects.toBe(reason);
    expect(stream.destroyed).toBe(true);
  });
});
