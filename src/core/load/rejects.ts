/** Keeps count of what cannot be loaded, and says how much of it is too much. */
import type { Reject } from "../../errors/loading.js";
import type { RecordBlock, TextRecord } from "./records.js";
import type { RejectFile } from "./reject-file.js";

/** How many records may be rejected for the others still to be written. */
export type RejectLimit = { readonly records: number } | { readonly percent: number };

export const NO_REJECTS: RejectLimit = { records: 0 };

/** A cell at fault, or with `cell` null the whole record. */
export interface Fault {
  readonly cell: number | null;
  readonly field: string | null;
  readonly code: string;
  readonly reason: string;
  /** 0-based characters from the start of the record, null where the cell's start says it. */
  readonly offset: number | null;
  /** The next step, where it is not just to correct the cell. */
  readonly hint?: string | undefined;
}

export class Rejects {
  /** The first ones only: a broken file may have millions. */
  readonly first: Reject[] = [];
  /** Records with at least one fault. */
  records = 0;

  constructor(
    readonly limit: RejectLimit,
    readonly keep: number,
    readonly file: RejectFile | null,
  ) {}

  add(file: string, block: RecordBlock, record: TextRecord, faults: readonly Fault[]): void {
    this.records += 1;
    for (const fault of faults.slice(0, this.keep - this.first.length)) {
      this.first.push({ file, ...placeOf(block, record, fault), ...pick(fault) });
    }
    const [fault] = faults;
    if (this.file !== null && fault !== undefined) {
      const reason = faults.map((each) => (each.field === null ? each.reason : `${each.field} ${each.reason}`));
      this.file.add(file, block, record, { column: fault.field ?? "", code: fault.code, reason: reason.join("; ") });
    }
  }

  /** Records whose bytes nobody asked for, of which the first are described. */
  addPlaced(rejects: readonly Reject[], count: number): void {
    this.records += count;
    this.first.push(...rejects.slice(0, this.keep - this.first.length));
  }

  /** Whether nothing will be written whatever follows, so that rows need not be sent any more. */
  get isLost(): boolean {
    return "records" in this.limit && this.records > this.limit.records;
  }

  /** @param rows all records that were read */
  isTooMany(rows: number): boolean {
    // A share such as 1.1 has no exact binary form; met exactly, it is not exceeded.
    return "records" in this.limit ? this.isLost : this.records * 100 > this.limit.percent * rows * (1 + 1e-12);
  }
}

function pick({ field, code, reason, hint }: Fault): Pick<Reject, "field" | "code" | "reason" | "hint"> {
  return { field, code, reason, hint: hint ?? null };
}

/** Line and column of a fault, which in a record of several lines need not be those of its start. */
function placeOf(block: RecordBlock, record: TextRecord, fault: Fault): Pick<Reject, "line" | "column" | "recordLine"> {
  const offset = fault.offset ?? (fault.cell === null ? 0 : block.offsetOf(record, fault.cell));
  const before = block.textBefore(record, offset).split(/\r\n|\r|\n/);
  const line = record.line + before.length - 1;
  return { line, column: [...(before.at(-1) ?? "")].length + 1, recordLine: record.line };
}
