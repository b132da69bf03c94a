/** Reads a CSV file as a stream of records, each with the line it starts on. */
import { createReadStream } from "node:fs";
import { type Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type CsvError, parse } from "csv-parse";
import { FileError } from "../../errors.js";

export interface CsvRecord {
  /** 1-based line on which the record starts. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A stretch of the file that is no record at all: a stray or an unclosed quote. */
export interface BrokenRecord {
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  readonly reason: string;
}

export type ReadResult = { readonly record: CsvRecord } | { readonly broken: BrokenRecord };

export interface CsvSource {
  /** As it is named in messages. */
  readonly name: string;
  open(): Readable;
}

export function fileSource(path: string): CsvSource {
  return { name: path, open: () => createReadStream(path) };
}

/** @throws {FileError} when the file cannot be read or is not UTF-8 */
export async function* readCsv(source: CsvSource, signal?: AbortSignal): AsyncGenerator<ReadResult> {
  // Filled while parsing, and so in the order of the file: the parser hands over its records later.
  const results: ReadResult[] = [];
  const last = { line: 0, code: "" };
  const parser = parse({
    bom: true,
    record_delimiter: "\n",
    skip_empty_lines: true,
    // Records of the wrong length are for the validator to name, column by column.
    relax_column_count: true,
    skip_records_with_error: true,
    on_record: (fields, { lines }) => {
      Object.assign(last, { line: lines, code: "" });
      results.push({ record: { line: lines - lineBreaksIn(fields), fields } });
      return fields;
    },
    on_skip: (error) => {
      const { code, lines, column } = error as CsvError & { lines: number; column: number };
      const isUnclosed = code === "CSV_QUOTE_NOT_CLOSED";
      // The parser goes on within the record, and may stumble again over what it has complained of.
      if (lines === last.line || (isUnclosed && last.code === "CSV_INVALID_CLOSING_QUOTE")) {
        return undefined;
      }
      // An unclosed quote is noticed at the end of the file; its record begins after the one before.
      const line = isUnclosed ? last.line + 1 : lines;
      Object.assign(last, { line: lines, code });
      results.push({ broken: { line, column: column + 1, reason: QUOTE_PROBLEMS[code] ?? code } });
      return undefined;
    },
  });
  const failure: { error?: unknown } = {};
  const feeding = pipeline(source.open(), new TextCheck(source.name), parser, { signal }).catch((error: unknown) => {
    failure.error = error;
  });
  try {
    for await (const _ of parser) {
      yield* results.splice(0);
    }
  } catch (error) {
    failure.error ??= error;
  }
  await feeding;
  if (failure.error !== undefined) {
    throw signal?.aborted ? signal.reason : fileError(source.name, failure.error);
  }
  yield* results.splice(0);
}

const QUOTE_PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quoted cell is never closed",
  CSV_INVALID_CLOSING_QUOTE: 'text follows the closing quote of a cell; a quote inside a quoted cell is written ""',
  INVALID_OPENING_QUOTE: "a quote stands inside a cell that does not begin with one; put the whole cell in quotes",
};

function lineBreaksIn(fields: readonly string[]): number {
  let breaks = 0;
  for (const field of fields) {
    for (let at = field.indexOf("\n"); at !== -1; at = field.indexOf("\n", at + 1)) {
      breaks += 1;
    }
  }
  return breaks;
}

function fileError(path: string, error: unknown): FileError {
  if (error instanceof FileError) {
    return error;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "no such file",
    EISDIR: "is a directory, not a file",
    EACCES: "may not be read (permission denied)",
  };
  return new FileError(path, reasons[code] ?? (error instanceof Error ? error.message : String(error)), null, {
    cause: error,
  });
}

const LF = 10;
const CR = 13;

/**
 * Fails on what is not UTF-8, which the parser would silently replace, and makes every line end a line
 * feed: files are mixed from several, and the same words must not differ by the system they were saved on.
 */
class TextCheck extends Transform {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #line = 1;
  #afterCr = false;

  constructor(readonly path: string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#withLineFeeds(chunk);
    try {
      this.#line += this.#decoder.decode(bytes, { stream: true }).split("\n").length - 1;
      done(null, bytes);
    } catch {
      done(this.#error());
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#decoder.decode();
      done();
    } catch {
      done(this.#error());
    }
  }

  #withLineFeeds(chunk: Buffer): Buffer {
    if (!this.#afterCr && !chunk.includes(CR)) {
      return chunk;
    }
    const bytes = Buffer.allocUnsafe(chunk.length);
    let length = 0;
    for (const byte of chunk) {
      if (byte !== LF || !this.#afterCr) {
        bytes[length] = byte === CR ? LF : byte;
        length += 1;
      }
      this.#afterCr = byte === CR;
    }
    return bytes.subarray(0, length);
  }

  #error(): FileError {
    return new FileError(
      this.path,
      `is not UTF-8 (in line ${this.#line} or soon after)`,
      "convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv (or -f GB18030, -f UTF-16)",
    );
  }
}
