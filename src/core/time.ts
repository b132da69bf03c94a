/** Times as people and files write them. */

export const DAY_MS = 24 * 60 * 60 * 1000;

const TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?))?$/;

/**
 * A day, which begins at midnight in UTC, or a time that says its zone: `2026-11-22`, `2026-11-22T12:00:00Z`,
 * `2026-11-22 13:00+01`.
 *
 * @returns null for anything else, such as 30 February
 */
export function parseTime(text: string): Date | null {
  if (!TIME.test(text)) {
    return null;
  }
  const [day = "", time = ""] = text.split(/[T ]/);
  // What is read as another day does not exist.
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) {
    return null;
  }
  const zoned = time.replace(/([+-]\d{2})(\d{2})?$/, (_, hours: string, minutes = "00") => `${hours}:${minutes}`);
  const result = new Date(time === "" ? midnight : `${day}T${zoned}`);
  return Number.isNaN(result.getTime()) ? null : result;
}
