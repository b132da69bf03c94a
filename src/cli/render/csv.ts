/** Rows as CSV (RFC 4180, but for line ends, which are those of the other exports). */
import { escapeFormula } from "../../core/formulas.js";
import { csvCell } from "../../core/load/csv.js";

export interface CsvColumn<T> {
  readonly header: string;
  readonly value: (row: T) => string | number | Date | null;
}

export interface CsvOptions {
  /** Puts an apostrophe before texts that a spreadsheet would take for a formula. */
  readonly escapeFormulas: boolean;
}

/** @returns header and rows, each with its line end */
export function csv<T>(rows: readonly T[], columns: readonly CsvColumn<T>[], { escapeFormulas }: CsvOptions): string {
  const cell = (value: string | number | Date | null): string => {
    if (typeof value !== "string") {
      return value instanceof Date ? value.toISOString() : String(value ?? "");
    }
    return csvCell(escapeFormulas ? escapeFormula(value) : value, ",");
  };
  const lines = rows.map((row) => columns.map(({ value }) => cell(value(row))).join(","));
  return `${[columns.map(({ header }) => header).join(","), ...lines].join("\n")}\n`;
}
