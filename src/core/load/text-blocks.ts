/** Bytes become text in blocks, bytes that are not UTF-8 included. */
import { isUtf8 } from "node:buffer";
import { FileError } from "../../errors/usage.js";
import { lineEndsIn } from "./csv.js";
import { encodingHint } from "./encoding.js";
import { MAX_RECORD_BYTES, type Problem } from "./records.js";

const LF = 10;
const CR = 13;

/**
 * Text of whole lines. Where the bytes are not UTF-8 each character stands for one byte, so that records
 * can still be told apart, named and given back as they were.
 */
export class TextBlock {
  readonly text: string;
  readonly isUtf8: boolean;
  readonly #hasNul: boolean;

  constructor(readonly bytes: Buffer) {
    this.isUtf8 = isUtf8(bytes);
    this.text = bytes.toString(this.isUtf8 ? "utf8" : "latin1");
    this.#hasNul = bytes.includes(0);
  }

  /** The bytes that a stretch of the text was read from. */
  bytesOf(start: number, end: number): Buffer {
    return Buffer.from(this.text.slice(start, end), this.isUtf8 ? "utf8" : "latin1");
  }

  /** A stretch of the text as a person would read it. */
  decoded(start: number, end: number): string {
    return this.isUtf8 ? this.text.slice(start, end) : this.bytesOf(start, end).toString("utf8");
  }

  /** How many bytes the first `characters` of the text are. */
  bytesIn(characters: number): number {
    return this.isUtf8 ? this.bytes.length - Buffer.byteLength(this.text.slice(characters)) : characters;
  }

  /** Whether every cell is fine as it is, which almost always is so. */
  get isClean(): boolean {
    return this.isUtf8 && !this.#hasNul;
  }

  /** Decodes cells of a block that is not clean. */
  clean(cells: readonly string[]): { readonly cells: readonly string[]; readonly problem: Problem | null } {
    let problem: Problem | null = null;
    const decoded = cells.map((cell, index) => {
      if (problem === null && cell.includes("\0")) {
        problem = { code: "NUL", reason: "holds a NUL character", cell: index, offset: null };
      }
      if (this.isUtf8) {
        return cell;
      }
      const bytes = Buffer.from(cell, "latin1");
      if (problem === null && !isUtf8(bytes)) {
        const hint = encodingHint(bytes);
        problem = { code: "INVALID_UTF8", reason: "is not UTF-8", cell: index, offset: null, hint };
      }
      return bytes.toString("utf8");
    });
    return { cells: decoded, problem };
  }
}

/** @returns the number of bytes up to the last line end; a CR at the very end may be half of one. */
function endOfLines(bytes: Buffer, lineEnds: "any" | "lf"): number {
  const lf = bytes.lastIndexOf(LF);
  const cr = lineEnds === "any" && bytes.length > 1 ? bytes.lastIndexOf(CR, bytes.length - 2) : -1;
  return Math.max(lf, cr) + 1;
}

export interface BlockStep<T> {
  readonly result: T;
  /** Characters of the block that were used; the others come again with what follows them. */
  readonly consumed: number;
  /** Line number after them. */
  readonly line: number;
}

/**
 * Cuts chunks of bytes where lines end and hands them to `step`.
 *
 * @param step is told with `final` that nothing will follow
 * @throws {FileError} when a line is longer than any record may be
 */
export async function* inBlocks<T>(
  name: string,
  chunks: AsyncIterable<Buffer>,
  lineEnds: "any" | "lf",
  step: (block: TextBlock, line: number, final: boolean) => BlockStep<T>,
): AsyncGenerator<T> {
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  for await (const chunk of chunks) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = endOfLines(bytes, lineEnds);
    const block = new TextBlock(bytes.subarray(0, end));
    const { result, consumed, line: next } = step(block, line, false);
    held = bytes.subarray(block.bytesIn(consumed));
    line = next;
    if (bytes.length - end > MAX_RECORD_BYTES) {
      throw new FileError(
        `${name}:${line + lineEndsIn(block.text, consumed, block.text.length)}:1`,
        `the line is longer than ${MAX_RECORD_BYTES / 1024 / 1024} MiB`,
        "this is no file of one record per line",
      );
    }
    yield result;
  }
  yield step(new TextBlock(held), line, true).result;
}
