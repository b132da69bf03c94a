/** Records of a file that cannot be loaded. */
import { ExitCode, VocabdbError } from "./base.js";

/** One record that cannot be loaded. */
export interface Reject {
  readonly file: string;
  /** 1-based line of the cell at fault, or on which the record starts. */
  readonly line: number;
  /** 1-based character in that line. */
  readonly column: number;
  /** Name of the column, null when the whole record is meant. */
  readonly field: string | null;
  readonly code: string;
  readonly reason: string;
  /** 1-based line on which the record starts; with the file it tells records apart. */
  readonly recordLine: number;
  /** The next step, null where it is just to correct the cell. */
  readonly hint: string | null;
}

export class RowsRejectedError extends VocabdbError {
  readonly code = "ROWS_REJECTED";
  readonly exitCode = ExitCode.badData;

  readonly total: number;

  /** @param rejects the first ones, in the order of the input */
  constructor(
    readonly rejects: readonly Reject[],
    facts: {
      /** All rejected records, of all that were read. */
      readonly total: number;
      readonly rows: number;
      /** Where all of them are now, null when nobody asked for a file. */
      readonly file: string | null;
    },
  ) {
    const { total, rows, file } = facts;
    super(
      `${total} of ${rows} ${rows === 1 ? "record" : "records"} rejected, nothing was written\n${formatRejects(rejects, total).join("\n")}`,
      hintOf(rejects) ??
        (file === null
          ? "correct the lines named above and run the command again; --rejects FILE collects them, --max-rejects N loads the others without them"
          : `correct the lines named above, or load the others with --max-rejects ${total} and then ${file}, corrected`),
    );
    this.total = total;
  }
}

/** Records that mean the same row and say different things of it. */
export class DuplicatesError extends VocabdbError {
  readonly code = "DUPLICATE_ROWS";
  readonly exitCode = ExitCode.badData;

  constructor(
    readonly noun: string,
    readonly duplicates: readonly Duplicate[],
    readonly total: number,
  ) {
    const lines = duplicates.map((duplicate) => formatReject(contradiction(duplicate)));
    super(
      `${total} ${total === 1 ? "record contradicts" : "records contradict"} an earlier one, nothing was written\n${lines.concat(andMore(total - duplicates.length)).join("\n")}`,
      `make them one or tell them apart (by reading or sense), or say which ${noun} counts: --on-duplicate first|last`,
    );
  }

  get rejects(): readonly Reject[] {
    return this.duplicates.map(contradiction);
  }
}

function contradiction({ file, line, first, key }: Duplicate): Reject {
  return {
    ...{ file, line, column: 1, field: null, code: "DUPLICATE_ROWS", recordLine: line, hint: null },
    reason: `says something else of ${naturalKey(key)} than ${inline(first.file)}:${first.line}`,
  };
}

export interface Duplicate {
  readonly file: string;
  /** 1-based, as in `first`: the record that came before. */
  readonly line: number;
  readonly first: { readonly file: string; readonly line: number };
  readonly key: readonly string[];
}

/** Pruning would take away what somebody has learned. */
export class RowsInUseError extends VocabdbError {
  readonly code = "ROWS_IN_USE";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly noun: string,
    readonly rows: readonly { readonly key: Readonly<Record<string, string>>; readonly users: number }[],
    readonly total: number,
  ) {
    const lines = rows.map(
      ({ key, users }) => `${naturalKey(Object.values(key))}: progress of ${users} ${users === 1 ? "user" : "users"}`,
    );
    super(
      `${total} ${noun}${total === 1 ? "" : "s"} that no file holds ${total === 1 ? "is" : "are"} in use, nothing was written\n${lines.concat(andMore(total - rows.length)).join("\n")}`,
      "--prune-keep-used keeps them and removes the others",
    );
  }
}

/** `zh 地 de`: the parts that are not empty. */
export function naturalKey(key: readonly string[]): string {
  return inline(key.filter((part) => part !== "").join(" "));
}

/** Messages have lines of their own; data must not forge one. */
function inline(text: string): string {
  return text.replace(/[\n\r\u0085\u2028\u2029]/g, (end) => `\\u{${end.charCodeAt(0).toString(16)}}`);
}

function andMore(count: number): string[] {
  return count > 0 ? [`… and ${count} more`] : [];
}

const SHOWN_HEADERS = 50;

/** The first line of a file does not say where to find what is needed. */
export class BadHeaderError extends VocabdbError {
  readonly code = "BAD_HEADER";
  readonly exitCode = ExitCode.badData;

  constructor(
    readonly file: string,
    readonly headers: readonly string[],
    reason: string,
    hint: string,
    /** 1-based. */
    readonly place = { line: 1, column: 1 },
  ) {
    const shown = headers.slice(0, SHOWN_HEADERS).map((header) => JSON.stringify(header));
    const more = headers.length > shown.length ? ` … and ${headers.length - shown.length} more` : "";
    const seen = headers.length === 0 ? "" : ` (the headers are: ${shown.join(", ")}${more})`;
    super(`${inline(file)}:${place.line}:${place.column}: ${reason}${seen}`, hint);
  }
}

/** @returns a line for each reject, and one for those that are not shown. */
export function formatRejects(rejects: readonly Reject[], total: number): string[] {
  // A record may have several reasons, which stand in lines of their own.
  const shown = new Set(rejects.map(({ file, recordLine }) => `${file}:${recordLine}`)).size;
  return rejects.map((reject) => formatReject(reject)).concat(andMore(total - shown));
}

/** `words.csv:12:3 reading: …`, the form that editors and terminals make clickable. */
export function formatReject(reject: Reject): string {
  const field = reject.field === null ? "" : ` ${inline(reject.field)}`;
  return `${inline(reject.file)}:${reject.line}:${reject.column}${field}: ${inline(reject.reason)}`;
}

/** @returns the next step that the first of them has, where it is not just to correct them. */
export function hintOf(rejects: readonly Reject[]): string | null {
  return rejects.find(({ hint }) => hint !== null)?.hint ?? null;
}
