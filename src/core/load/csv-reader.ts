/** A CSV file as records under its header. */
import { BadHeaderError } from "../../errors/loading.js";
import { FileError } from "../../errors/usage.js";
import { unescapeFormula } from "../formulas.js";
import { csvCell, csvCellOffset, scanCsv } from "./csv.js";
import { encodingHint } from "./encoding.js";
import { type LayoutOptions, resolveLayout } from "./layout.js";
import type { Layout, RecordBlock, TextRecord } from "./records.js";
import { type BlockStep, inBlocks, type TextBlock } from "./text-blocks.js";

export interface CsvOptions extends LayoutOptions {
  /** One character; found from the header when not given. */
  readonly delimiter?: string | undefined;
  /** Takes off what `escapeFormulas` has put before cells of an export. */
  readonly unescapeFormulas?: boolean | undefined;
}

const DELIMITERS = [",", ";", "\t"] as const;

interface Header {
  readonly layout: Layout;
  readonly delimiter: string;
  /** As it stands in the file. */
  readonly bytes: Buffer;
}

/**
 * @param file for messages
 * @throws {BadHeaderError} without a usable header
 */
export async function* readCsv(
  file: string,
  chunks: AsyncIterable<Buffer>,
  options: CsvOptions,
): AsyncGenerator<RecordBlock> {
  const found: { header: Header | null; delimiter: string | undefined } = {
    header: null,
    delimiter: options.delimiter,
  };
  const step = (block: TextBlock, line: number, final: boolean): BlockStep<RecordBlock | null> => {
    // The delimiter is looked for in the first line that says anything.
    found.delimiter ??= /[^\r\n]/.test(block.text) ? detectDelimiter(block.text) : undefined;
    const delimiter = found.delimiter ?? ",";
    const { records, isMultiline, ...rest } = scanCsv(block.text, { delimiter, line, final });
    let body = records;
    if (found.header === null) {
      const [first, ...others] = records;
      if (first === undefined) {
        return { result: null, ...rest };
      }
      found.header = readHeader(file, block, first, delimiter, options);
      body = others;
    }
    return { result: csvBlock(block, body, isMultiline, found.header, options.unescapeFormulas), ...rest };
  };
  for await (const block of inBlocks(file, chunks, "any", step)) {
    if (block !== null) {
      yield block;
    }
  }
  if (found.header === null) {
    throw new BadHeaderError(file, [], "the file is empty", `it needs a header and one line per ${options.shape.noun}`);
  }
}

function csvBlock(
  block: TextBlock,
  scanned: readonly TextRecord[],
  isMultiline: boolean,
  header: Header,
  unescapeFormulas = false,
): RecordBlock {
  const { layout, delimiter } = header;
  const width = layout.headers.length;
  const annotated = (bytes: Buffer, notes: readonly string[]): Buffer =>
    Buffer.concat([bytes, Buffer.from(`${notes.map((note) => delimiter + csvCell(note, delimiter)).join("")}\n`)]);
  const records = checkedRecords(block, scanned, width, delimiter);
  return {
    records: unescapeFormulas ? records.map(withoutApostrophes) : records,
    layout,
    isPlain: !isMultiline && !/[\\\t]/.test(block.text),
    textBefore: ({ start }, offset) => block.decoded(start, start + offset),
    offsetOf: (record, cell) => csvCellOffset(block.text.slice(record.start, record.end), delimiter, cell),
    annotate: ({ start, end }, notes) => annotated(block.bytesOf(start, end), notes),
    annotatedHeader: (notes) => annotated(header.bytes, notes),
  };
}

function withoutApostrophes(record: TextRecord): TextRecord {
  return { ...record, cells: record.cells.map((cell) => (cell === undefined ? cell : unescapeFormula(cell))) };
}

function checkedRecords(
  block: TextBlock,
  records: readonly TextRecord[],
  width: number,
  delimiter: string,
): readonly TextRecord[] {
  if (block.isClean && records.every((record) => record.cells.length === width && record.problem === null)) {
    return records;
  }
  return records.map((record) => {
    if (record.problem !== null) {
      return record;
    }
    const { cells, problem } = block.isClean
      ? { cells: record.cells, problem: null }
      : block.clean(record.cells as readonly string[]);
    return { ...record, cells, problem: problem ?? raggedProblem(cells.length, width, delimiter) };
  });
}

function raggedProblem(cells: number, width: number, delimiter: string): TextRecord["problem"] {
  if (cells === width) {
    return null;
  }
  const name = { ",": "comma", ";": "semicolon", "\t": "tab" }[delimiter] ?? JSON.stringify(delimiter);
  const advice = cells > width ? `; a cell with a ${name} in it needs quotes` : "";
  return {
    ...{ code: "RAGGED_ROW", cell: null, offset: null },
    reason: `has ${cells} ${cells === 1 ? "cell" : "cells"} where the header has ${width}${advice}`,
  };
}

function readHeader(
  file: string,
  block: TextBlock,
  record: TextRecord,
  delimiter: string,
  options: LayoutOptions,
): Header {
  const bytes = block.bytesOf(record.start, record.end);
  if (record.problem !== null) {
    const before = block.decoded(record.start, record.start + (record.problem.offset ?? 0));
    const place = { line: record.line, column: [...before].length + 1 };
    throw new BadHeaderError(file, [], record.problem.reason, "the first line has to be a CSV header", place);
  }
  const { cells, problem } = block.clean(record.cells as readonly string[]);
  if (problem?.code === "INVALID_UTF8") {
    throw new FileError(`${file}:${record.line}:1`, "the header is not UTF-8", encodingHint(bytes));
  }
  const headers = cells.map((cell) => cell.trim());
  return { layout: resolveLayout(file, headers, options, record.line), delimiter, bytes };
}

/** @returns the candidate that cuts the header into most cells; a comma if none does. */
export function detectDelimiter(text: string): string {
  // A quoted header may hold any of them, and line ends too.
  const [line = ""] = /[^\r\n]+/.exec(text.replace(/"[^"]*"/g, "x")) ?? [];
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ",";
}
