import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import { MAX_RECORD_BYTES, type RecordBlock } from "../../../src/core/load/records.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { FileError } from "../../../src/errors/usage.js";

/** As files are read. */
const DISK = 64 * 1024;

function generated(chunks: () => Generator<Buffer>): AsyncGenerator<RecordBlock> {
  const open = () => Readable.from(chunks());
  const given = new Set(["language", "definition"]);
  const source = { ...{ name: "words.csv", path: null, bytes: null }, format: "csv", open } as const;
  return readRecords(source, { shape: WORDS, given, map: {} });
}

/** The records after the header, each as `line: cells` or `line: CODE`. */
async function recordsOf(blocks: AsyncGenerator<RecordBlock>): Promise<string[]> {
  const all: string[] = [];
  for await (const { records } of blocks) {
    for (const { line, cells, problem } of records) {
      all.push(`${line}: ${problem?.code ?? cells.join(" | ")}`);
    }
  }
  return all;
}

function records(content: string, size = DISK): Promise<string[]> {
  const bytes = Buffer.from(content);
  return recordsOf(
    generated(function* () {
      for (let start = 0; start < bytes.length; start += size) {
        yield bytes.subarray(start, start + size);
      }
    }),
  );
}

describe("a quote that is never closed", () => {
  const lines = 60_000;
  const rest = Array.from({ length: lines }, (_, index) => `${"x".repeat(50)},${index}\n`);

  it("costs one record of a file however long", async () => {
    const all = await records(`term,b\n1,"2\n${rest.join("")}`);
    expect(all.slice(0, 2)).toEqual(["2: BROKEN_QUOTES", `3: ${"x".repeat(50)} | 0`]);
    expect(all).toHaveLength(lines + 1);
    expect(all.at(-1)).toBe(`${lines + 2}: ${"x".repeat(50)} | ${lines - 1}`);
  });

  it("costs one record each time it occurs", async () => {
    const content = `term,b\n"1,2\n${rest.join("")}3,"4\n${rest.join("")}`;
    const all = await records(content);
    expect(all.filter((record) => record.endsWith("BROKEN_QUOTES"))).toEqual([
      ...["2: BROKEN_QUOTES", `${lines + 3}: BROKEN_QUOTES`],
    ]);
    expect(all).toHaveLength(2 * lines + 2);
  });

  it("holds no more of the file than a record may be long", async () => {
    let given = 0;
    const endless = generated(function* () {
      yield Buffer.from('term,b\n1,"2\n');
      const chunk = Buffer.from(`${"x".repeat(1021)},1\n`.repeat(64));
      for (;;) {
        given += chunk.length;
        yield chunk;
      }
    });
    let held = 0;
    for await (const block of endless) {
      const line = block.records.at(-1)?.line ?? 2;
      held = Math.max(held, given - (line - 2) * 1024);
      if (given > 8 * MAX_RECORD_BYTES) {
        break;
      }
    }
    expect(held).toBeGreaterThan(MAX_RECORD_BYTES / 2);
    // What streams buffer comes on top.
    expect(held).toBeLessThan(MAX_RECORD_BYTES + 6 * DISK);
  });
});

describe("a line", () => {
  const endless = function* () {
    yield Buffer.from("term,b\n1,2\n");
    for (;;) {
      yield Buffer.alloc(DISK, "x");
    }
  };

  it("of nearly 1 MiB is a record as any other", async () => {
    const long = "x".repeat(MAX_RECORD_BYTES - 10);
    expect(await records(`term,b\n${long},1\n${long},"2"\n3,4\n`)).toEqual([
      ...[`2: ${long} | 1`, `3: ${long} | 2`, "4: 3 | 4"],
    ]);
  });

  it("that is longer than 1 MiB ends the reading, even if it never ends itself", async () => {
    await expect(recordsOf(generated(endless))).rejects.toThrow(FileError);
    await expect(recordsOf(generated(endless))).rejects.toMatchObject({
      ...{ message: "words.csv:3:1: the line is longer than 1 MiB", exitCode: 2 },
      hint: "this is no file of one record per line",
    });
  });

  it("that is too long is named by its own number, also after a quote that is still open", async () => {
    const long = "x".repeat(2 * MAX_RECORD_BYTES);
    await expect(records(`term,b\n1,"2\n3\n${long}`)).rejects.toThrow("words.csv:4:1: the line is longer");
  });
});

it("a quoted cell of just over 1 MiB is read in the same way from a file and from a pipe", async () => {
  const content = `term,b\n"${"yyyyyyyyy\n".repeat(107_000)}",1\n3,4\n`;
  const [file, pipe] = [await records(content), await records(content, 4096)];
  // Not compared whole, as the difference would be megabytes.
  expect([pipe.length, pipe.at(-1)]).toEqual([file.length, file.at(-1)]);
});
