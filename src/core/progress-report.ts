/** What a team has learned: its users one by one, or all of them together by level or by week. */
import type { PoolClient } from "pg";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { addTallies, counts, NO_TALLY, type ProgressCounts, type ProgressGroup } from "./progress.js";
import {
  type GroupTally,
  type SelectedUser,
  selectUsers,
  tallyGroups,
  tallyUsers,
  type UserSelection,
  type WordSelection,
} from "./progress-report-sql.js";
import { DAY_MS } from "./time.js";

export type ReportGrouping = "user" | "level" | "week";

export const REPORT_SORTS = ["email", "words", "studied", "mastered", "due", "accuracy", "last-activity"] as const;
export type ReportSort = (typeof REPORT_SORTS)[number];

/** By default all users. Deleted ones are never among them. */
export interface ReportOptions extends UserSelection {
  /** Default: user. */
  readonly by?: ReportGrouping;
  /** Order of the users, the greatest first but for emails. Default: email. */
  readonly sort?: ReportSort;
  /** Counts only words last studied from then on. Weeks begin with that one; by default they are the last 12. */
  readonly since?: Date | undefined;
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export interface UserProgress extends ProgressCounts {
  readonly email: string;
  readonly displayName: string | null;
  /** When one of the words was last studied. */
  readonly lastActivity: Date | null;
}

export interface TeamProgress extends ProgressCounts {
  readonly users: number;
  /** Users who have studied one of the words. */
  readonly activeUsers: number;
  readonly lastActivity: Date | null;
}

export interface LevelProgress extends ProgressGroup {
  readonly activeUsers: number;
}

export interface WeekActivity {
  /** The Monday, in UTC. */
  readonly week: string;
  /** Words that were last studied in it. */
  readonly words: number;
  readonly activeUsers: number;
}

export interface ProgressReport {
  /** `since`: what counts was last studied from then on; null where that does not matter. */
  readonly report: { readonly by: ReportGrouping; readonly since: Date | null };
  readonly total: TeamProgress;
  /** Each null unless asked for. */
  readonly users: readonly UserProgress[] | null;
  readonly levels: readonly LevelProgress[] | null;
  readonly weeks: readonly WeekActivity[] | null;
  /** Emails that were asked for and belong to no live user. */
  readonly notFound: readonly string[];
}

const WEEK_MS = 7 * DAY_MS;
const WEEKS_SHOWN = 12;

export async function reportProgress(connection: Connection, options: ReportOptions = {}): Promise<ProgressReport> {
  const { by = "user", domain, emails, now = new Date(), signal } = options;
  // One snapshot for all parts, so that their numbers agree.
  return inTransaction(connection, { readOnly: true, signal }, async (client) => {
    const users = await selectUsers(client, { domain, emails });
    const found = new Set(users.map(({ email }) => email));
    const words: WordSelection = {
      userIds: domain === undefined && emails === undefined ? null : users.map(({ id }) => id),
      ...period(by, options.since ?? null, now),
    };
    return {
      report: { by, since: words.since },
      ...{ users: null, levels: null, weeks: null },
      ...(by === "user"
        ? await byUser(client, users, words, { now, sort: options.sort ?? "email" })
        : await byGroup(client, by, users, words, now)),
      notFound: (emails ?? []).filter((email) => !found.has(email)),
    };
  });
}

/** Weeks are whole ones up to the present, but for the first where it was given as a time. */
function period(by: ReportGrouping, since: Date | null, now: Date): Pick<WordSelection, "since" | "until"> {
  if (by !== "week") {
    return { since, until: null };
  }
  const thisWeek = mondayOf(now);
  return {
    since: since ?? new Date(thisWeek - (WEEKS_SHOWN - 1) * WEEK_MS),
    until: new Date(thisWeek + WEEK_MS),
  };
}

/** @returns midnight UTC at its beginning, in milliseconds */
function mondayOf(time: Date): number {
  const days = Math.floor(time.getTime() / DAY_MS);
  // The first day of 1970 was a Thursday.
  return (days - ((((days + 3) % 7) + 7) % 7)) * DAY_MS;
}

async function byUser(
  client: PoolClient,
  users: readonly SelectedUser[],
  words: WordSelection,
  { now, sort }: { readonly now: Date; readonly sort: ReportSort },
) {
  const tallies = new Map((await tallyUsers(client, words, now)).map((tally) => [tally.userId, tally]));
  const rows = users.map(({ id, email, displayName }): UserProgress => {
    const tally = tallies.get(id);
    return { email, displayName, ...counts(tally ?? NO_TALLY), lastActivity: tally?.lastActivity ?? null };
  });
  return {
    total: {
      ...{ users: users.length, activeUsers: rows.filter(({ studied }) => studied > 0).length },
      ...counts(rows.reduce(addTallies, NO_TALLY)),
      lastActivity: rows.reduce<Date | null>((latest, { lastActivity }) => later(latest, lastActivity), null),
    },
    users: rows.sort((a, b) => compare(a, b, sort)),
  };
}

function later(a: Date | null, b: Date | null): Date | null {
  return a === null || (b !== null && b > a) ? b : a;
}

/** The greatest first, nothing last; those that are equal by email, whose order is that of its ASCII characters. */
function compare(a: UserProgress, b: UserProgress, sort: ReportSort): number {
  return rank(b, sort) - rank(a, sort) || (a.email < b.email ? -1 : 1);
}

function rank(user: UserProgress, sort: ReportSort): number {
  switch (sort) {
    case "email":
      return 0;
    case "accuracy":
      return user.accuracy ?? -1;
    case "last-activity":
      return user.lastActivity?.getTime() ?? Number.MIN_SAFE_INTEGER;
    default:
      return user[sort];
  }
}

async function byGroup(
  client: PoolClient,
  by: "level" | "week",
  users: readonly SelectedUser[],
  words: WordSelection,
  now: Date,
) {
  if (by === "level") {
    // The levels of a million words do not fit in the usual 4 MB: over ten million rows this saves a quarter of
    // the time. The other two reports gain nothing by it.
    await client.query("SET LOCAL work_mem = '32MB'");
  }
  const rows = await tallyGroups(client, by, words, now);
  const groups = rows.filter(({ isTotal }) => !isTotal);
  const [all] = rows.filter(({ isTotal }) => isTotal);
  const total = {
    ...{ users: users.length, activeUsers: all?.activeUsers ?? 0 },
    ...counts(all ?? NO_TALLY),
    lastActivity: all?.lastActivity ?? null,
  };
  return by === "level" ? { total, levels: groups.map(levelOf) } : { total, weeks: weeksOf(groups, words, now) };
}

function levelOf(group: GroupTally): LevelProgress {
  const { words, studied, mastered, due, accuracy } = counts(group);
  return { key: group.key, activeUsers: group.activeUsers, words, studied, mastered, due, accuracy };
}

function weeksOf(groups: readonly GroupTally[], { since }: WordSelection, now: Date): WeekActivity[] {
  const known = new Map(groups.map((group) => [group.key, group]));
  const first = mondayOf(since ?? now);
  const length = Math.max(0, (mondayOf(now) - first) / WEEK_MS + 1);
  return Array.from({ length }, (_, n) => {
    const week = new Date(first + n * WEEK_MS).toISOString().slice(0, 10);
    return { week, words: known.get(week)?.words ?? 0, activeUsers: known.get(week)?.activeUsers ?? 0 };
  });
}
