/** The rows of a list without anything around them: as CSV (RFC 4180, but for line ends, which are those of the exports) or NDJSON. */
import { escapeFormula } from "../../core/formulas.js";
import { csvCell } from "../../core/load/csv.js";
import type { Listing } from "../listing.js";
import { jsonText } from "./text.js";

export interface CsvOptions {
  /** Puts an apostrophe before texts that a spreadsheet would take for a formula. */
  readonly escapeFormulas: boolean;
}

/** @returns header and rows, each with its line end */
export function csv(
  rows: readonly object[],
  { fields, headers = {} }: Pick<Listing, "fields" | "headers">,
  { escapeFormulas }: CsvOptions,
): string {
  const columns = fields.filter((field) => headers[field] !== null);
  const header = columns.map((field) => headers[field] ?? snakeCase(field));
  const lines = rows.map((row) => {
    const values = new Map<string, unknown>(Object.entries(row));
    return columns.map((field) => cell(values.get(field), escapeFormulas)).join(",");
  });
  return [header.join(","), ...lines].map((line) => `${line}\n`).join("");
}

/** @returns a line for each row, as `--json` has it */
export function ndjson(rows: readonly object[]): string {
  return rows.map((row) => `${jsonText(row)}\n`).join("");
}

function cell(value: unknown, escapes: boolean): string {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  const text = textOf(value);
  return csvCell(escapes ? escapeFormula(text) : text, ",");
}

function textOf(value: unknown): string {
  if (typeof value === "string") {
    return value;
  }
  if (value instanceof Date) {
    return value.toISOString();
  }
  // Emails, which have no blanks in them.
  return Array.isArray(value) ? value.join(" ") : JSON.stringify(value);
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
