/** Weeks in UTC. They begin on Mondays and are named by them: `2026-11-23`. */
import { DAY_MS } from "./time.js";

const WEEK_MS = 7 * DAY_MS;
const WEEKS_SHOWN = 12;

export interface Weeks {
  /** Within the first week, or the Monday that it begins with. */
  readonly since: Date;
  /** The Monday after the last week. */
  readonly until: Date;
}

/** The current week and those before it. @param since within the first one; by default they are twelve */
export function weeksUntil(now: Date, since: Date | null = null): Weeks {
  const thisWeek = mondayOf(now);
  return {
    since: since ?? new Date(thisWeek - (WEEKS_SHOWN - 1) * WEEK_MS),
    until: new Date(thisWeek + WEEK_MS),
  };
}

/** @returns the Mondays, the earliest first */
export function namesOf({ since, until }: Weeks): string[] {
  const first = mondayOf(since);
  const length = Math.max(0, (until.getTime() - first) / WEEK_MS);
  return Array.from({ length }, (_, week) => new Date(first + week * WEEK_MS).toISOString().slice(0, 10));
}

/** @returns midnight UTC at its beginning, in milliseconds */
function mondayOf(time: Date): number {
  const days = Math.floor(time.getTime() / DAY_MS);
  // The first day of 1970 was a Thursday.
  return (days - ((((days + 3) % 7) + 7) % 7)) * DAY_MS;
}

/** The Monday of a timestamptz, in SQL: the first day of 2001 was one. */
export function mondaySql(time: string): string {
  return `date_bin('7 days', ${time}, TIMESTAMPTZ '2001-01-01 00:00:00Z')`;
}

/** The day of a timestamptz, in SQL. */
export function daySql(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;
}
