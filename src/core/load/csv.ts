/**
 * Splits text into CSV records (RFC 4180; line ends may be LF, CRLF or CR). Made for speed: a line without
 * quotes costs one search and one split. A record that breaks the rules of quoting ends with its first
 * line, so that one stray quote does not swallow the records after it.
 */
import { MAX_RECORD_BYTES, type Problem, type TextRecord } from "./records.js";

export interface Scan {
  readonly records: readonly TextRecord[];
  /** Whether one of them has several lines. */
  readonly isMultiline: boolean;
  /** Characters used; what follows is the beginning of a record. */
  readonly consumed: number;
  /** Number of the line after them. */
  readonly line: number;
}

export interface ScanOptions {
  readonly delimiter: string;
  /** 1-based number of the first line. */
  readonly line: number;
  /** Nothing follows: an open quote is an error instead of a wait for more. */
  readonly final: boolean;
}

const QUOTE = 34;
const LF = 10;
const CR = 13;

/** @param text whole lines; only with `final` may the last one lack its end */
export function scanCsv(text: string, { delimiter, line: firstLine, final }: ScanOptions): Scan {
  const records: TextRecord[] = [];
  const hasCr = text.includes("\r");
  let line = firstLine;
  let isMultiline = false;
  let at = 0;
  let quote = text.indexOf('"');
  while (at < text.length) {
    const start = at;
    const end = lineEnd(text, at, hasCr);
    if (quote !== -1 && quote < at) {
      quote = text.indexOf('"', at);
    }
    if (quote === -1 || quote >= end) {
      if (end > start) {
        const cells = text.slice(start, end).split(delimiter);
        records.push({ line, start, end, cells, problem: null });
      }
      at = afterLineEnd(text, end);
      line += 1;
      continue;
    }
    const record = scanQuoted(text, start, end, delimiter, hasCr);
    if ("cells" in record) {
      records.push({ line, start, end: record.end, cells: record.cells, problem: null });
      const inner = lineEndsIn(text, start, record.end);
      isMultiline ||= inner > 0;
      line += 1 + inner;
      at = afterLineEnd(text, record.end);
      continue;
    }
    // The rest of the record may be still to come, unless it has got too long for one.
    if (record.unclosed && !final && text.length - start <= MAX_RECORD_BYTES) {
      break;
    }
    records.push({ line, start, end, cells: [], problem: withinLine(record, end - start) });
    at = afterLineEnd(text, end);
    line += 1;
  }
  return { records, isMultiline, consumed: Math.min(at, text.length), line };
}

type Scanned =
  | { readonly cells: readonly string[]; readonly end: number }
  | {
      readonly problem: Problem;
      readonly unclosed: boolean;
      /** 0-based characters from the start of the record to the last quote that begins a cell. */
      readonly opening: number;
    };

/** What shows only in a later line is told of the quote that reaches there: that line is a record again. */
function withinLine({ problem, opening }: Extract<Scanned, { unclosed: boolean }>, length: number): Problem {
  return (problem.offset ?? 0) < length
    ? problem
    : {
        ...problem,
        offset: opening,
        reason: "the quoted cell that begins here is not closed properly in a later line",
      };
}

/** @param firstEnd where the line ends that the record starts on */
function scanQuoted(text: string, start: number, firstEnd: number, delimiter: string, hasCr: boolean): Scanned {
  const cells: string[] = [];
  let at = start;
  let lineStop = firstEnd;
  let quote = text.indexOf('"', start);
  let opening = 0;
  for (;;) {
    if (quote !== at) {
      const next = text.indexOf(delimiter, at);
      const stop = next === -1 || next > lineStop ? lineStop : next;
      if (quote !== -1 && quote < stop) {
        return problem(
          cells.length,
          quote - start,
          opening,
          "a quote stands inside a cell that does not begin with one; put the whole cell in quotes",
        );
      }
      cells.push(text.slice(at, stop));
      if (stop === lineStop) {
        return { cells, end: stop };
      }
      at = stop + 1;
      continue;
    }
    // The last one that begins in the first line is the one that leaves it.
    opening = at < firstEnd ? at - start : opening;
    let close = text.indexOf('"', at + 1);
    let escaped = false;
    while (close !== -1 && text.charCodeAt(close + 1) === QUOTE) {
      escaped = true;
      close = text.indexOf('"', close + 2);
    }
    // A record of any size would have to be held in memory, and what it is would depend on where chunks end.
    if (close === -1 || close - start > MAX_RECORD_BYTES) {
      return { ...problem(cells.length, opening, opening, "a quoted cell is never closed"), unclosed: true };
    }
    let cell = text.slice(at + 1, close);
    if (escaped) {
      cell = cell.replaceAll('""', '"');
    }
    // The same words must not differ by the system they were saved on.
    cells.push(hasCr ? cell.replace(/\r\n?/g, "\n") : cell);
    at = close + 1;
    if (at >= text.length || isLineEnd(text.charCodeAt(at))) {
      return { cells, end: at };
    }
    if (!text.startsWith(delimiter, at)) {
      return problem(
        cells.length - 1,
        at - start,
        opening,
        'text follows the closing quote of a cell; a quote inside a quoted cell is written ""',
      );
    }
    at += 1;
    if (at > lineStop) {
      lineStop = lineEnd(text, at, hasCr);
    }
    quote = text.indexOf('"', at);
  }
}

function problem(
  ...[cell, offset, opening, reason]: [cell: number, offset: number, opening: number, reason: string]
): Extract<Scanned, { unclosed: boolean }> {
  return { problem: { code: "BROKEN_QUOTES", reason, cell, offset }, unclosed: false, opening };
}

/** @returns 0-based characters from the start of a well-formed record to one of its cells. */
export function csvCellOffset(record: string, delimiter: string, cell: number): number {
  let at = 0;
  for (let n = 0; n < cell; n += 1) {
    if (record.charCodeAt(at) === QUOTE) {
      at = record.indexOf('"', at + 1);
      while (at !== -1 && record.charCodeAt(at + 1) === QUOTE) {
        at = record.indexOf('"', at + 2);
      }
    }
    at = record.indexOf(delimiter, Math.max(at, 0)) + 1;
  }
  return at;
}

/** A cell as it has to be written. */
export function csvCell(text: string, delimiter: string): string {
  return /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isLineEnd(code: number): boolean {
  return code === LF || code === CR;
}

/** @returns the index of the line's end, or the length of the text. */
function lineEnd(text: string, from: number, hasCr: boolean): number {
  const lf = text.indexOf("\n", from);
  const end = lf === -1 ? text.length : lf;
  if (!hasCr) {
    return end;
  }
  for (let at = from; at < end; at += 1) {
    if (text.charCodeAt(at) === CR) {
      return at;
    }
  }
  return end;
}

function afterLineEnd(text: string, end: number): number {
  return text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF ? end + 2 : end + 1;
}

/** Counts the line ends of a stretch of text. */
export function lineEndsIn(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === LF || (code === CR && text.charCodeAt(at + 1) !== LF)) {
      count += 1;
    }
  }
  return count;
}
