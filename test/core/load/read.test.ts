import { createReadStream, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import type { RecordBlock } from "../../../src/core/load/records.js";
import { findSources, type Source } from "../../../src/core/load/source.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { BadHeaderError } from "../../../src/errors/loading.js";
import { FileError } from "../../../src/errors/usage.js";
import { temporaryFolder } from "../../support/cli.js";

const OPTIONS = { shape: WORDS, given: new Set(["language", "definition"]), map: {} };

/** @param sizes of the chunks, from the first again after the last */
function source(content: string | Buffer, ...sizes: readonly number[]): Source {
  const bytes = Buffer.from(content);
  const chunks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += chunks.at(-1)?.length ?? 0) {
    const size = sizes[chunks.length % sizes.length] ?? bytes.length;
    chunks.push(bytes.subarray(start, start + size));
  }
  return streamed(() => Readable.from(chunks));
}

function streamed(open: () => Readable, name = "words.csv"): Source {
  return { ...{ name, path: null, format: "csv", bytes: null }, open };
}

function generated(chunks: () => Generator<Buffer>): Source {
  return streamed(() => Readable.from(chunks(), { objectMode: false }));
}

function blocksOf(from: Source, signal?: AbortSignal): AsyncGenerator<RecordBlock> {
  return readRecords(from, { ...OPTIONS, signal });
}

/** The records after the header, each as `line: cells` or `line: CODE`. */
async function recordsOf(from: Source, signal?: AbortSignal): Promise<string[]> {
  const all: string[] = [];
  for await (const { records } of blocksOf(from, signal)) {
    for (const { line, cells, problem } of records) {
      all.push(`${line}: ${problem?.code ?? cells.join(" | ")}`);
    }
  }
  return all;
}

function records(content: string | Buffer, ...sizes: readonly number[]): Promise<string[]> {
  return recordsOf(source(content, ...sizes));
}

describe("records", () => {
  it("have the line they start on, whatever the cells before them hold", async () => {
    expect(await records('term,b\n"x\ny\n\nz",1\nc,2\n"p\n","q\nr"\nd,3\n')).toEqual([
      ...["2: x\ny\n\nz | 1", "6: c | 2", "7: p\n | q\nr", "10: d | 3"],
    ]);
  });

  it.each([
    ["no line end after the last", "term,b\n1,2"],
    ["Windows line ends", "term,b\r\n1,2\r\n"],
    ["old Macintosh line ends", "term,b\r1,2\r"],
    ["a byte order mark", "\ufeffterm,b\n1,2\n"],
    ["quotes around everything", '"term","b"\n"1","2"\n'],
    ["a byte order mark, quotes and Windows line ends", '\ufeff"term","b"\r\n"1","2"\r\n'],
  ])("are the same with %s", async (_, content) => {
    expect(await records(content)).toEqual(["2: 1 | 2"]);
    expect(await records(content, 1)).toEqual(["2: 1 | 2"]);
  });

  it.each([
    ["Unix, then Windows", "term,b\n1,2\r\n3,4\r\n"],
    ["Windows, then Unix", "term,b\r\n1,2\n3,4\n"],
    ["Macintosh, then Windows, then Unix", "term,b\r1,2\r\n3,4\n"],
  ])("may come from files with different line ends: %s", async (_, content) => {
    expect(await records(content)).toEqual(["2: 1 | 2", "3: 3 | 4"]);
    expect(await records(content, 1)).toEqual(["2: 1 | 2", "3: 3 | 4"]);
  });

  it.each(["\n", "\r\n", "\r"])("are the same words with %j within cells, and on the same lines", async (lineEnd) => {
    const content = ["term,b", '"x', 'y",1', "c,2", ""].join(lineEnd);
    expect(await records(content)).toEqual(["2: x\ny | 1", "4: c | 2"]);
    expect(await records(content, 1)).toEqual(["2: x\ny | 1", "4: c | 2"]);
  });

  it("are not made of empty lines, which count all the same", async () => {
    expect(await records("\n\nterm\n\n\r\n\n1\n\n")).toEqual(["7: 1"]);
    expect(await records("\n\nterm\n\n\r\n\n1\n\n", 1)).toEqual(["7: 1"]);
  });

  it.each([1, 2, 3, 5, 7])("do not depend on where the file is cut into chunks (%i bytes)", async (size) => {
    const content = '\ufeffterm,b\r\n"пёс\r\n犬","a ""dog"""\r\n𠀀,"x"\r\n\r\n\r\nend,1\r\n';
    expect(await records(content, size)).toEqual(['2: пёс\n犬 | a "dog"', "4: 𠀀 | x", "7: end | 1"]);
  });

  it("do not depend on where any bytes are cut into any chunks", async () => {
    const token = fc.constantFrom(
      ...['"', '"', '""', ",", ",", "\n", "\r\n", "\r", "a", "b", "é", "水", "𠀀", "\0"].map((text) =>
        Buffer.from(text),
      ),
      ...[Buffer.from("ü", "latin1"), Buffer.from([0xe6, 0xb0])],
    );
    const body = fc.array(token, { maxLength: 10 }).map((tokens) => Buffer.concat(tokens));
    const header = fc.constantFrom(
      "term,definition,reading,example\n",
      '\ufeff"term",definition;\r\n\r\n',
      "\r\rterm\r",
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(header, body, body, sizes, async (first, start, end, cuts) => {
        const content = Buffer.concat([Buffer.from(first), start, Buffer.from("\n"), end]);
        expect(await described(source(content, ...cuts))).toEqual(await described(source(content)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("do not end where a chunk ends between CR and LF", async () => {
    expect(await records("term\n\r\n1\n\r\n2\n", 5, 1)).toEqual(["3: 1", "5: 2"]);
  });

  it("come from a file on disk, to its end", async () => {
    const path = join(temporaryFolder(), "words.csv");
    writeFileSync(path, `term\n${"слово\n".repeat(100_000)}`);
    const [file] = await findSources([path], { cwd: "/", stdin: process.stdin });
    const all = await recordsOf(file as Source);
    expect([all.length, all[0], all.at(-1)]).toEqual([100_000, "2: слово", "100001: слово"]);
  });
});

/** All that is known of the records, or what is said of the file. */
async function described(from: Source): Promise<unknown> {
  const all: unknown[] = [];
  try {
    for await (const block of blocksOf(from)) {
      for (const record of block.records) {
        const { line, cells, problem } = record;
        const bytes = block.annotate(record, []).toString("hex");
        all.push([line, cells, bytes, problem && [problem.code, problem.reason, problem.cell, problem.hint]]);
      }
    }
  } catch (error) {
    return error instanceof FileError || error instanceof BadHeaderError ? [error.message, error.hint] : error;
  }
  return all;
}

describe("a file that cannot be read is named", () => {
  const onDisk = (path: string): Source => streamed(() => createReadStream(path), path);

  it("when it is missing", async () => {
    const path = join(temporaryFolder(), "none.csv");
    await expect(recordsOf(onDisk(path))).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, message: `${path}: no such file` },
    });
  });

  it("when it goes missing after it was found", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "words.csv"), "term\n1\n");
    const [file] = await findSources(["words.csv"], { cwd: folder, stdin: process.stdin });
    unlinkSync(join(folder, "words.csv"));
    await expect(recordsOf(file as Source)).rejects.toThrow("words.csv: no such file");
  });

  it("when it is a folder", async () => {
    const path = join(temporaryFolder(), "folder.csv");
    mkdirSync(path);
    await expect(recordsOf(onDisk(path))).rejects.toThrow(`${path}: is a directory, not a file`);
  });

  it("when reading it fails half-way, after what could be read", async () => {
    const failing = generated(function* () {
      yield Buffer.from("term,b\n1,2\n");
      throw new Error("the disk is gone");
    });
    const blocks = blocksOf(failing);
    expect((await blocks.next()).value?.records).toHaveLength(1);
    await expect(blocks.next()).rejects.toThrow(FileError);
    await expect(recordsOf(failing)).rejects.toThrow("words.csv: the disk is gone");
  });
});

describe("the file is closed", () => {
  const endless = (content: string): Readable =>
    Readable.from(
      (function* () {
        for (;;) {
          yield Buffer.from(content.repeat(10_000));
        }
      })(),
      { objectMode: false },
    );

  it("when the reader stops early", async () => {
    const stream = endless("term,b\n");
    const blocks = blocksOf(streamed(() => stream));
    expect((await blocks.next()).done).toBe(false);
    await blocks.return(undefined);
    expect(stream.destroyed).toBe(true);
  });

  it("when its header is of no use", async () => {
    const stream = endless("a,b\n");
    await expect(recordsOf(streamed(() => stream))).rejects.toThrow(BadHeaderError);
    expect(stream.destroyed).toBe(true);
  });

  it("when the work is aborted, with the reason of the abort", async () => {
    const abort = new AbortController();
    const stream = new Readable({ read() {} });
    stream.push("term,b\n1,2\n");
    const blocks = blocksOf(
      streamed(() => stream),
      abort.signal,
    );
    const reason = new Error("interrupted");
    expect((await blocks.next()).value?.records).toHaveLength(1);
    const rest = blocks.next();
    abort.abort(reason);
    await expect(rest).rejects.toBe(reason);
    expect(stream.destroyed).toBe(true);
  });

  it("when the work was aborted before, even if the file says nothing", { timeout: 5_000 }, async () => {
    const stream = new Readable({ read() {} });
    const reason = new Error("interrupted");
    await expect(
      recordsOf(
        streamed(() => stream),
        AbortSignal.abort(reason),
      ),
    ).rejects.toBe(reason);
  });
});
