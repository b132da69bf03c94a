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

interface ParsedRecord {
  readonly info: { readonly lines: number };
  readonly record: string[];
}

/** @throws {FileError} when the file cannot be read or is not UTF-8 */
export async function* readCsv(source: CsvSource, signal?: AbortSignal): AsyncGenerator<ReadResult> {
  const broken: BrokenRecord[] = [];
  const parser = parse({
    info: true,
    bom: true,
    skip_empty_lines: true,
    // Records of the wrong length are for the validator to name, column by column.
    relax_column_count: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error !== undefined) {
        broken.push(brokenRecord(error));
      }
      return undefined;
    },
  });
  const failure: { error?: unknown } = {};
  const feeding = pipeline(source.open(), new Utf8Check(source.name), parser, { signal }).catch((error: unknown) => {
    failure.error = error;
  });
  try {
    for await (const { info, record } of parser as AsyncIterable<ParsedRecord>) {
      yield* drain(broken);
      yield { record: { line: info.lines - lineBreaksIn(record), fields: record } };
    }
  } catch (error) {
    failure.error ??= error;
  }
  await feeding;
  if (failure.error !== undefined) {
    throw signal?.aborted ? signal.reason : fileError(source.name, failure.error);
  }
  yield* drain(broken);
}

function* drain(broken: BrokenRecord[]): Generator<ReadResult> {
  for (const item of broken.splice(0)) {
    yield { broken: item };
  }
}

function brokenRecord(error: CsvError): BrokenRecord {
  const { code, lines, column } = error as { code: string; lines?: number; column?: number };
  const reasons: Readonly<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: "a quoted cell is never closed",
    CSV_INVALID_CLOSING_QUOTE: 'text follows the closing quote of a cell; a quote inside a quoted cell is written ""',
    INVALID_OPENING_QUOTE: "a quote stands inside a cell that does not begin with one; put the whole cell in quotes",
  };
  return {
    line: lines ?? 0,
    column: typeof column === "number" ? column + 1 : 0,
    reason: reasons[code] ?? error.message,
  };
}

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

/** Passes bytes on unchanged, and fails on what is not UTF-8, which the parser would silently replace. */
class Utf8Check extends Transform {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #line = 1;

  constructor(readonly path: string) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#line += this.#decoder.decode(chunk, { stream: true }).split("\n").length - 1;
      done(null, chunk);
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

  #error(): FileError {
    return new FileError(
      this.path,
      `is not UTF-8 (in line ${this.#line} or soon after)`,
      "convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv (or -f GB18030, -f UTF-16)",
    );
  }
}
