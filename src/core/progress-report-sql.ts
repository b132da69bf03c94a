/**
 * The statements of the team report. Progress is read once, by several processes at a time where the server
 * has them, and is summed up for each user before anything is joined: what is joined then is small, and a
 * table that is distributed by user does all of it where the rows are.
 */
import type { PoolClient } from "pg";
import { Bindings, where } from "../db/bindings.js";
import { type Tally, tallyColumns } from "./progress.js";
import { daySql, mondaySql, type Weeks } from "./weeks.js";

export interface SelectedUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string | null;
}

/** Which users, of those that are not deleted. */
export interface UserSelection {
  /** What stands after the @; subdomains are others. */
  readonly domain?: string | undefined;
  readonly emails?: readonly string[] | undefined;
}

/** Which of their words. */
export interface WordSelection {
  /** null: of all users. */
  readonly userIds: readonly string[] | null;
  /** Only words last studied from then on. */
  readonly since: Date | null;
  /** Only words last studied before. */
  readonly until: Date | null;
}

export interface TeamTally extends Tally {
  readonly lastActivity: Date | null;
}

export interface GroupTally extends TeamTally {
  /** A level or the Monday of a week; null for words without a level, and in the total. */
  readonly key: string | null;
  readonly isTotal: boolean;
  /** Users who have studied one of the words. */
  readonly activeUsers: number;
}

export async function selectUsers(client: PoolClient, { domain, emails }: UserSelection): Promise<SelectedUser[]> {
  const query = new Bindings();
  const conditions = where(
    "u.deleted_at IS NULL",
    domain === undefined ? null : `split_part(u.email, '@', 2) = ${query.bind(domain)}`,
    emails === undefined ? null : `u.email = ANY(${query.bind(emails)})`,
  );
  const { rows } = await client.query<SelectedUser>(
    `SELECT u.id, u.email, u.display_name AS "displayName" FROM users AS u ${conditions}`,
    query.values,
  );
  return rows;
}

/** Users without any such word have no row; deleted users may have one. */
export async function tallyUsers(
  client: PoolClient,
  selection: WordSelection,
  now: Date,
): Promise<(TeamTally & { readonly userId: string })[]> {
  const query = new Bindings();
  const { rows } = await client.query<TeamTally & { userId: string }>(
    `SELECT p.user_id AS "userId", ${tallyColumns(query, now)}, max(p.last_studied_at) AS "lastActivity"
       FROM progress AS p ${wordConditions(query, selection)}
      GROUP BY 1`,
    query.values,
  );
  return rows;
}

/** How many words of each user were last studied in which of the weeks. Users without any have no row. */
export async function tallyWeeks(
  client: PoolClient,
  { userIds, ...selection }: Pick<WordSelection, "userIds" | "since">,
  weeks: Weeks,
): Promise<{ readonly userId: string; readonly weeks: readonly string[]; readonly words: readonly number[] }[]> {
  const query = new Bindings();
  const since = selection.since === null || selection.since < weeks.since ? weeks.since : selection.since;
  // A row for each user, not for each week of each: they are many, and what a row is made of costs more than what it says.
  const { rows } = await client.query<{ userId: string; weeks: string[]; words: number[] }>(
    `SELECT t.user_id AS "userId", array_agg(${daySql("t.week")}) AS weeks, array_agg(t.words) AS words
       FROM (SELECT p.user_id, ${mondaySql("p.last_studied_at")} AS week, count(*)::integer AS words
               FROM progress AS p ${wordConditions(query, { userIds, since, until: weeks.until })}
              GROUP BY 1, 2) AS t
      GROUP BY 1`,
    query.values,
  );
  return rows;
}

const GROUPINGS = {
  level: { key: "w.level", join: "JOIN vocabulary_words AS w ON w.id = p.word_id", text: "t.key" },
  week: { key: mondaySql("p.last_studied_at"), join: "", text: daySql("t.key") },
} as const;

/** Words of deleted users are left out. The total is the last row. */
export async function tallyGroups(
  client: PoolClient,
  by: keyof typeof GROUPINGS,
  selection: WordSelection,
  now: Date,
): Promise<GroupTally[]> {
  const query = new Bindings();
  const { key, join, text } = GROUPINGS[by];
  // Materialized: what is distributed can be grouped by user and key, but not into grouping sets.
  const { rows } = await client.query<GroupTally>(
    `WITH tallies AS MATERIALIZED (
       SELECT p.user_id, ${key} AS key, ${tallyColumns(query, now)}, max(p.last_studied_at) AS last_activity
         FROM progress AS p ${join} ${wordConditions(query, selection)}
        GROUP BY 1, 2
     )
     SELECT ${text} AS key, grouping(t.key) = 1 AS "isTotal",
            (count(DISTINCT t.user_id) FILTER (WHERE t.studied > 0))::integer AS "activeUsers",
            COALESCE(sum(t.words), 0) AS words, COALESCE(sum(t.studied), 0) AS studied,
            COALESCE(sum(t.mastered), 0) AS mastered, COALESCE(sum(t.due), 0) AS due,
            COALESCE(sum(t.reviews), 0) AS reviews, COALESCE(sum(t.correct), 0) AS correct,
            max(t.last_activity) AS "lastActivity"
       FROM tallies AS t JOIN users AS u ON u.id = t.user_id AND u.deleted_at IS NULL
      GROUP BY GROUPING SETS ((t.key), ())
      ORDER BY "isTotal", t.key NULLS LAST`,
    query.values,
  );
  return rows;
}

/** The users as a list and not as a join: by its length the planner knows whether to read by index or everything. */
function wordConditions(query: Bindings, { userIds, since, until }: WordSelection): string {
  return where(
    userIds === null ? null : `p.user_id = ANY(${query.bind(userIds)}::uuid[])`,
    since === null ? null : `p.last_studied_at >= ${query.bind(since)}`,
    until === null ? null : `p.last_studied_at < ${query.bind(until)}`,
  );
}
