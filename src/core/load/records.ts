/** What the readers of all formats hand on: records in blocks, with the way back to their bytes. */

/** Why a record cannot be loaded. */
export interface Problem {
  /** Stable name of the reason, such as RAGGED_ROW. */
  readonly code: string;
  /** Continues a sentence that begins with the place. */
  readonly reason: string;
  /** 0-based cell that is at fault, null when the whole record is. */
  readonly cell: number | null;
  /** 0-based characters from the start of the record; null where the start of the cell says it. */
  readonly offset: number | null;
  /** The next step, where it is not just to correct the cell. */
  readonly hint?: string;
}

export interface TextRecord {
  /** 1-based line of the file on which the record starts. */
  readonly line: number;
  /** Where it stands in the text of its block, the line end left out. */
  readonly start: number;
  readonly end: number;
  /** By column of the file; a cell that the record says nothing about is undefined. */
  readonly cells: readonly (string | undefined)[];
  readonly problem: Problem | null;
}

/** Which cell of a record holds which field, and what to call it. */
export interface Layout {
  /** For each field of the shape the 0-based cell, -1 where the file has none. */
  readonly position: readonly number[];
  /** Name of each cell as it stands in the file. */
  readonly headers: readonly string[];
  /** Headers that no field is read from. */
  readonly unused: readonly string[];
}

/** Records that were read together; good until the next block is asked for. */
export interface RecordBlock {
  readonly records: readonly TextRecord[];
  readonly layout: Layout;
  /** Whether it is known that no cell holds a tab, a backslash or a line end. */
  readonly isPlain: boolean;
  /** The first characters of the record, up to an offset. */
  textBefore(record: TextRecord, offset: number): string;
  /** 0-based characters from the start of the record to a cell. */
  offsetOf(record: TextRecord, cell: number): number;
  /** The record's bytes as they stand in the file, with more cells after its own. */
  annotate(record: TextRecord, notes: readonly string[]): Buffer;
  /** The file's own header with more cells; null for formats that have none. */
  readonly annotatedHeader: ((notes: readonly string[]) => Buffer) | null;
}

/** No record is longer; a file with more is none of records, or lost its line ends. */
export const MAX_RECORD_BYTES = 1024 * 1024;
