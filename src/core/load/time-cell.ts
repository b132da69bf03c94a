/** A time in a cell. */
import { parseTime } from "../time.js";
import { Refusal } from "./shape.js";

const NO_TIME = new Refusal("is not a time that says its zone, such as 2026-11-22T12:00:00Z");
/** What PostgreSQL and JavaScript both can hold, and people mean. */
const YEARS = { first: 1900, last: 9999 } as const;

/** @returns ISO 8601 in UTC; null for an empty cell */
export function timeCell(text: string): string | null | Refusal {
  const trimmed = text.trim();
  if (trimmed === "") {
    return null;
  }
  const time = parseTime(trimmed);
  const year = time?.getUTCFullYear() ?? 0;
  return time === null || year < YEARS.first || year > YEARS.last ? NO_TIME : time.toISOString();
}
