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
  tallyWeeks,
  type UserSelection,
  type WordSelection,
} from "./progress-report-sql.js";
import { namesOf, type Weeks, weeksUntil } from "./weeks.js";

/** `all`: by user, by level and by week. */
export type ReportGrouping = "user" | "level" | "week" | "all";

export const REPORT_SORTS = ["email", "words", "studied", "mastered", "due", "accuracy", "last-activity"] as const;
export type ReportSort = (typeof REPORT_SORTS)[number];

/** By default all users. Deleted ones are never among them. */
export interface ReportOptions extends UserSelection {
  /** Default: user. */
  readonly by?: ReportGrouping | undefined;
  /** Order of the users, the greatest first but for emails. Default: email. */
  readonly sort?: ReportSort;
  /** Lists the first users only; the total is of all. */
  readonly limit?: number | undefined;
  /** Also says how many words each user that is listed has studied in the last weeks. */
  readonly weekly?: boolean;
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
  /** Words last studied in each of the last 12 weeks, the current one last; null unless asked for. */
  readonly weeklyWords: readonly number[] | null;
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
  /**
   * `since`: what counts was last studied from then on; null where that does not matter.
   * `recentWeeks`: the Mondays of `weeklyWords`.
   */
  readonly report: {
    readonly by: ReportGrouping;
    readonly since: Date | null;
    readonly recentWeeks: readonly string[] | null;
  };
  readonly total: TeamProgress;
  /** Each null unless asked for. */
  readonly users: readonly UserProgress[] | null;
  readonly levels: readonly LevelProgress[] | null;
  readonly weeks: readonly WeekActivity[] | null;
  /** Emails that were asked for and belong to no live user. */
  readonly notFound: readonly string[];
}

export async function reportProgress(connection: Connection, options: ReportOptions = {}): Promise<ProgressReport> {
  const { by = "user", domain, emails, now = new Date(), weekly = false, signal } = options;
  const asked = (part: ReportGrouping): boolean => by === part || by === "all";
  // One snapshot for all parts, so that their numbers agree.
  return inTransaction(connection, { readOnly: true, signal }, async (client) => {
    const users = await selectUsers(client, { domain, emails });
    const found = new Set(users.map(({ email }) => email));
    const words: WordSelection = {
      userIds: domain === undefined && emails === undefined ? null : users.map(({ id }) => id),
      since: options.since ?? null,
      until: null,
    };
    const inWeeks = { ...words, ...weeksUntil(now, words.since) };
    const listed = asked("user") ? await listUsers(client, users, words, { ...options, now }) : null;
    const weeks = asked("week") ? await tallyGroups(client, "week", inWeeks, now) : null;
    const levels = asked("level") ? await tallyLevels(client, words, now) : null;
    return {
      report: {
        by,
        since: by === "week" ? inWeeks.since : words.since,
        recentWeeks: weekly && listed !== null ? namesOf(weeksUntil(now)) : null,
      },
      total: listed?.total ?? totalOf(levels ?? weeks ?? [], users.length),
      users: listed?.users ?? null,
      levels: levels?.filter(({ isTotal }) => !isTotal).map(levelOf) ?? null,
      weeks: weeks === null ? null : weeksOf(weeks, inWeeks),
      notFound: (emails ?? []).filter((email) => !found.has(email)),
    };
  });
}

async function listUsers(
  client: PoolClient,
  users: readonly SelectedUser[],
  words: WordSelection,
  { now, sort = "email", limit, weekly = false }: ReportOptions & { readonly now: Date },
): Promise<{ readonly total: TeamProgress; readonly users: readonly UserProgress[] }> {
  const tallies = new Map((await tallyUsers(client, words, now)).map((tally) => [tally.userId, tally]));
  const rows = users.map(({ id, email, displayName }) => {
    const tally = tallies.get(id);
    return { id, email, displayName, ...counts(tally ?? NO_TALLY), lastActivity: tally?.lastActivity ?? null };
  });
  const total = {
    ...{ users: users.length, activeUsers: rows.filter(({ studied }) => studied > 0).length },
    ...counts(rows.reduce(addTallies, NO_TALLY)),
    lastActivity: rows.reduce<Date | null>((latest, { lastActivity }) => later(latest, lastActivity), null),
  };
  const listed = rows.sort((a, b) => compare(a, b, sort)).slice(0, limit);
  const userIds = listed.length === users.length ? words.userIds : listed.map(({ id }) => id);
  const wordsOf = weekly ? await weeklyWords(client, { ...words, userIds }, now) : null;
  return {
    total,
    users: listed.map(({ id, ...user }) => ({ ...user, weeklyWords: wordsOf?.(id) ?? null })),
  };
}

/** @returns the words that a user has studied in each of the last weeks, by the user's id */
async function weeklyWords(
  client: PoolClient,
  words: WordSelection,
  now: Date,
): Promise<(id: string) => readonly number[]> {
  const weeks = weeksUntil(now);
  const names = namesOf(weeks);
  const rows = await tallyWeeks(client, words, weeks);
  const known = new Map(
    rows.map(({ userId, weeks: studied, words: counted }) => [
      userId,
      names.map((name) => counted[studied.indexOf(name)] ?? 0),
    ]),
  );
  const none = names.map(() => 0);
  return (id) => known.get(id) ?? none;
}

function later(a: Date | null, b: Date | null): Date | null {
  return a === null || (b !== null && b > a) ? b : a;
}

type Ranked = Omit<UserProgress, "weeklyWords">;

/** The greatest first, nothing last; those that are equal by email, whose order is that of its ASCII characters. */
function compare(a: Ranked, b: Ranked, sort: ReportSort): number {
  return rank(b, sort) - rank(a, sort) || (a.email < b.email ? -1 : 1);
}

function rank(user: Ranked, sort: ReportSort): number {
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

async function tallyLevels(client: PoolClient, words: WordSelection, now: Date): Promise<GroupTally[]> {
  // The levels of a million words do not fit in the usual 4 MB: over ten million rows this saves a quarter of
  // the time. The other parts gain nothing by it.
  await client.query("SET LOCAL work_mem = '32MB'");
  return tallyGroups(client, "level", words, now);
}

function totalOf(groups: readonly GroupTally[], users: number): TeamProgress {
  const all = groups.find(({ isTotal }) => isTotal);
  return {
    ...{ users, activeUsers: all?.activeUsers ?? 0 },
    ...counts(all ?? NO_TALLY),
    lastActivity: all?.lastActivity ?? null,
  };
}

function levelOf(group: GroupTally): LevelProgress {
  const { words, studied, mastered, due, accuracy } = counts(group);
  return { key: group.key, activeUsers: group.activeUsers, words, studied, mastered, due, accuracy };
}

function weeksOf(groups: readonly GroupTally[], weeks: Weeks): WeekActivity[] {
  const known = new Map(groups.map((group) => [group.key, group]));
  return namesOf(weeks).map((week) => {
    const { words = 0, activeUsers = 0 } = known.get(week) ?? {};
    return { week, words, activeUsers };
  });
}
