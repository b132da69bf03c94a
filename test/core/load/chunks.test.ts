import { Readable } from "node:stream";
import { constants, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChunks } from "../../../src/core/load/chunks.js";
import type { Source } from "../../../src/core/load/source.js";
import { FileError } from "../../../src/errors/usage.js";

function source(open: () => Readable): Source {
  return { ...{ name: "words.csv.gz", path: null, format: "csv", bytes: null }, open };
}

async function textOf(content: Buffer, size = content.length, onBytes?: (bytes: number) => void): Promise<string> {
  const chunks: Buffer[] = [];
  for (let start = 0; start < content.length; start += size) {
    chunks.push(content.subarray(start, start + size));
  }
  const unpacked: Buffer[] = [];
  for await (const chunk of readChunks(
    source(() => Readable.from(chunks)),
    { onBytes },
  )) {
    unpacked.push(chunk);
  }
  return Buffer.concat(unpacked).toString();
}

const TEXT = `term,definition\r\n水,water\n${Array.from({ length: 1_000 }, (_, index) => `слово ${index},word\n`).join("")}`;
const SIZES = [1, 2, 3, 1_000, undefined];

describe("a packed file (.gz)", () => {
  it.each(SIZES)("is unpacked, whatever the chunks it comes in (%s bytes)", async (size) => {
    expect(await textOf(gzipSync(TEXT), size)).toBe(TEXT);
    expect(await textOf(gzipSync("term\n1\n", { level: 0 }), size)).toBe("term\n1\n");
  });

  it.each(SIZES)("may be several in a row (chunks of %s bytes)", async (size) => {
    const parts = ["term,definition\n", "", "水,water\n", "end,1"];
    expect(await textOf(Buffer.concat(parts.map((part) => gzipSync(part))), size)).toBe(parts.join(""));
  });

  it.each(SIZES)("may begin with a byte order mark (chunks of %s bytes)", async (size) => {
    expect(await textOf(gzipSync("\ufeffterm\n1\n"), size)).toBe("term\n1\n");
    expect(await textOf(gzipSync("\ufeffterm\n1\n", { level: 0 }), size)).toBe("term\n1\n");
  });

  it("may be empty", async () => {
    expect(await textOf(gzipSync(""))).toBe("");
  });

  it("that is cut off anywhere is told so", async () => {
    const packed = gzipSync("term,definition\n水,water\n");
    for (let length = 2; length < packed.length; length += 1) {
      await expect(textOf(packed.subarray(0, length), 10)).rejects.toThrow(FileError);
      await expect(textOf(packed.subarray(0, length))).rejects.toMatchObject({
        message: "words.csv.gz: ends in the middle: the .gz is cut off",
        hint: "check it with: gzip -t FILE",
      });
    }
  });

  it.each([
    ["in its text", 40],
    ["in its check sum", -6],
    ["in its length", -2],
  ])("that is damaged %s is told so, never read as something else", async (_, place) => {
    const packed = gzipSync(TEXT);
    const at = place < 0 ? packed.length + place : place;
    packed[at] = (packed[at] ?? 0) ^ 0xff;
    await expect(textOf(packed, 1_000)).rejects.toThrow(FileError);
    await expect(textOf(packed)).rejects.toMatchObject({
      message: "words.csv.gz: is damaged: not a whole .gz",
      hint: "check it with: gzip -t FILE",
    });
  });

  it("that is damaged is never read as another text, whichever bit it is", async () => {
    const packed = gzipSync("term,definition\n水,water\n犬,dog\n");
    const text = await textOf(packed);
    // Bytes 3 to 9 are the header's: flags, time and system, which change nothing of the text.
    const at = fc.integer({ min: 10, max: packed.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.integer({ min: 0, max: 7 }), async (index, bit) => {
        const damaged = Buffer.from(packed);
        damaged[index] = (damaged[index] ?? 0) ^ (1 << bit);
        const read = await textOf(damaged).catch((error: unknown) => error);
        expect(read instanceof FileError || read === text).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe("progress", () => {
  it("is told in bytes of the file as it is on disk, up to its size", async () => {
    for (const content of [Buffer.from(TEXT), gzipSync(TEXT)]) {
      const told: number[] = [];
      await textOf(content, 1_000, (bytes) => told.push(bytes));
      const chunks = Math.ceil(content.length / 1_000);
      expect(told).toEqual(Array.from({ length: chunks }, (_, n) => Math.min((n + 1) * 1_000, content.length)));
    }
  });
});

describe("what is no text in UTF-8 is refused", () => {
  const zip = Buffer.concat([Buffer.from([0x50, 0x4b, 0x03, 0x04]), Buffer.alloc(100, 7)]);
  const utf16 = Buffer.from("term,definition\n1,2\n", "utf16le");
  const bom = Buffer.from([0xff, 0xfe]);

  it.each(SIZES)("a ZIP archive, which an Excel workbook is too (chunks of %s bytes)", async (size) => {
    await expect(textOf(zip, size)).rejects.toThrow(FileError);
    await expect(textOf(zip, size)).rejects.toMatchObject({
      message: "words.csv.gz: is a ZIP archive or an Excel workbook, not text",
      hint: expect.stringContaining("save the sheet as CSV (UTF-8)"),
    });
  });

  it.each([
    ["little-endian", utf16],
    ["big-endian", Buffer.from(utf16).swap16()],
    ["little-endian with a byte order mark", Buffer.concat([bom, utf16])],
    ["big-endian with a byte order mark", Buffer.concat([bom, utf16]).swap16()],
    ["little-endian with a byte order mark, without any ASCII", Buffer.concat([bom, Buffer.from("水犬", "utf16le")])],
  ])("UTF-16 %s", async (_, content) => {
    for (const size of SIZES) {
      await expect(textOf(content, size)).rejects.toMatchObject({
        ...{ code: "FILE_UNUSABLE", message: "words.csv.gz:1:1: is not UTF-8" },
        hint: "it looks like UTF-16; convert the file first: iconv -f UTF-16 -t UTF-8 in.csv > out.csv",
      });
    }
  });

  it.each(SIZES)("also when it is packed (chunks of %s bytes)", async (size) => {
    await expect(textOf(gzipSync(zip), size)).rejects.toThrow("not text");
    await expect(textOf(gzipSync(Buffer.concat([bom, utf16])), size)).rejects.toThrow("is not UTF-8");
  });

  it("but text that only reminds of it is not", async () => {
    for (const text of ["PK\u0003", "PK,term\n", "þÿ,term\n", "term,\0\n", "a", ""]) {
      expect(await textOf(Buffer.from(text))).toBe(text);
    }
  });
});

/** A file of which one chunk comes and then nothing, neither more nor its end. */
function stalled(content: Buffer): Readable {
  const stream = new Readable({ read() {} });
  stream.push(content);
  return stream;
}

describe("a source that is slow", () => {
  const text = Buffer.from("term,definition\n水,water\n");
  // All of the text, but not the end that a whole .gz has.
  const packed = gzipSync(text, { finishFlush: constants.Z_SYNC_FLUSH });

  it.each([
    ["plain", text],
    ["packed", packed],
  ])("gives what there is, and is closed when no more is wanted: %s", { timeout: 5_000 }, async (_, content) => {
    const stream = stalled(content);
    const chunks = readChunks(
      source(() => stream),
      {},
    );
    expect((await chunks.next()).value?.toString()).toMatch(/^term/);
    await chunks.return(undefined);
    expect(stream.destroyed).toBe(true);
  });

  it.each([
    ["plain", text],
    ["packed", packed],
  ])("is closed when the work is aborted: %s", { timeout: 5_000 }, async (_, content) => {
    const abort = new AbortController();
    const stream = stalled(content);
    const chunks = readChunks(
      source(() => stream),
      { signal: abort.signal },
    );
    expect((await chunks.next()).value?.toString()).toMatch(/^term/);
    const reason = new Error("interrupted");
    const rest = chunks.next();
    abort.abort(reason);
    await expect(rest).rejects.toBe(reason);
    expect(stream.destroyed).toBe(true);
  });
});
