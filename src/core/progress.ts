/** What a user knows of which words. Every query reads this user's rows only, by index. */
import type { PoolClient } from "pg";
import { Bindings } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { DAY_MS } from "./time.js";
import { findUser, requireVisible, type User } from "./user.js";
import { daySql, mondaySql, namesOf, weeksUntil } from "./weeks.js";

/** A word counts as mastered from here on. */
export const MASTERED = { confidence: 0.8, studyCount: 3 } as const;

const FORECAST_DAYS = 7;
const DUE_WORDS_SHOWN = 50;

export type ProgressGrouping = "level" | "category" | "language";

export interface ProgressCounts {
  /** Words with progress of this user. */
  readonly words: number;
  /** Studied at least once. */
  readonly studied: number;
  readonly mastered: number;
  /** Studied, not mastered. */
  readonly learning: number;
  /** To be reviewed now. */
  readonly due: number;
  readonly reviews: number;
  readonly correct: number;
  /** correct / reviews, 0 to 1; null without reviews. */
  readonly accuracy: number | null;
}

export interface ProgressGroup extends Pick<ProgressCounts, "words" | "studied" | "mastered" | "due" | "accuracy"> {
  /** null: words without a level or category. */
  readonly key: string | null;
}

export interface DueWord {
  readonly language: string;
  readonly term: string;
  readonly reading: string;
  readonly definition: string;
  readonly nextReviewAt: Date;
}

export interface ProgressOverview {
  readonly user: User;
  readonly summary: ProgressCounts;
  readonly by: readonly ProgressGroup[];
  /** Seven days in UTC from today on; words that fall due on the day, those due already left out. */
  readonly forecast: readonly { readonly date: string; readonly due: number }[];
  /** The last twelve weeks, each by its Monday in UTC, with the words that were last studied in it. */
  readonly weeks: readonly { readonly week: string; readonly words: number }[];
  /** The words longest due, null unless asked for. */
  readonly dueWords: readonly DueWord[] | null;
}

export interface ProgressOptions {
  readonly by?: ProgressGrouping;
  /** Also lists the words that are due. */
  readonly due?: boolean;
  /** Shows a soft-deleted user too. */
  readonly deleted?: boolean;
  readonly now?: Date;
}

/** @throws {UserNotFoundError} @throws {UserDeletedError} */
export async function showProgress(
  connection: Connection,
  email: string,
  options: ProgressOptions = {},
): Promise<ProgressOverview> {
  const { by = "level", due = false, deleted = false, now = new Date() } = options;
  // One snapshot for all parts, so that their numbers agree.
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const user = await findUser(client, email);
    requireVisible(user, deleted);
    const groups = await countByGroup(client, user.id, by, now);
    return {
      user,
      summary: counts(groups.reduce(addTallies, NO_TALLY)),
      by: groups.map((group) => {
        const { words, studied, mastered, due, accuracy } = counts(group);
        return { key: group.key, words, studied, mastered, due, accuracy };
      }),
      ...(await countByTime(client, user.id, now)),
      dueWords: due ? await dueWords(client, user.id, now) : null,
    };
  });
}

/** What is counted of any number of words. */
export interface Tally {
  readonly words: number;
  readonly studied: number;
  readonly mastered: number;
  readonly due: number;
  readonly reviews: number;
  readonly correct: number;
}

export const NO_TALLY: Tally = { words: 0, studied: 0, mastered: 0, due: 0, reviews: 0, correct: 0 };

/** The column is one of three literals, never text from outside. */
const GROUP_COLUMN: Readonly<Record<ProgressGrouping, string>> = {
  level: "w.level",
  category: "w.category",
  language: "w.language",
};

async function countByGroup(client: PoolClient, userId: string, by: ProgressGrouping, now: Date) {
  const query = new Bindings();
  const { rows } = await client.query<Tally & { key: string | null }>(
    `SELECT ${GROUP_COLUMN[by]} AS key, ${tallyColumns(query, now)}
       FROM progress AS p
       JOIN vocabulary_words AS w ON w.id = p.word_id
      WHERE p.user_id = ${query.bind(userId)}
      GROUP BY 1
      ORDER BY 1 NULLS LAST`,
    query.values,
  );
  return rows;
}

/** A tally in SQL, of `progress AS p`. */
export function tallyColumns(query: Bindings, now: Date): string {
  return `count(*)::float8 AS words,
          count(*) FILTER (WHERE p.study_count > 0)::float8 AS studied,
          count(*) FILTER (WHERE p.confidence >= ${query.bind(MASTERED.confidence)}
                             AND p.study_count >= ${query.bind(MASTERED.studyCount)})::float8 AS mastered,
          count(*) FILTER (WHERE p.next_review_at <= ${query.bind(now)})::float8 AS due,
          sum(p.study_count)::float8 AS reviews,
          sum(p.correct_count)::float8 AS correct`;
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    words: a.words + b.words,
    studied: a.studied + b.studied,
    mastered: a.mastered + b.mastered,
    due: a.due + b.due,
    reviews: a.reviews + b.reviews,
    correct: a.correct + b.correct,
  };
}

export function counts(tally: Tally): ProgressCounts {
  const { words, studied, mastered, due, reviews, correct } = tally;
  const accuracy = reviews === 0 ? null : correct / reviews;
  return { words, studied, mastered, learning: studied - mastered, due, reviews, correct, accuracy };
}

/** Days ahead and weeks back, by the user's two indexes, in one round trip. */
async function countByTime(
  client: PoolClient,
  userId: string,
  now: Date,
): Promise<Pick<ProgressOverview, "forecast" | "weeks">> {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const weeks = weeksUntil(now);
  const { rows } = await client.query<{ kind: "due" | "studied"; from: string; words: number }>(
    `SELECT 'due' AS kind, ${daySql("next_review_at")} AS from, count(*)::integer AS words
       FROM progress
      WHERE user_id = $1 AND next_review_at > $2 AND next_review_at < $3
      GROUP BY 2
     UNION ALL
     SELECT 'studied', ${daySql(mondaySql("last_studied_at"))}, count(*)::integer
       FROM progress
      WHERE user_id = $1 AND last_studied_at >= $4 AND last_studied_at < $5
      GROUP BY 2`,
    [userId, now, new Date(today + FORECAST_DAYS * DAY_MS), weeks.since, weeks.until],
  );
  const words = (kind: string, from: string): number =>
    rows.find((row) => row.kind === kind && row.from === from)?.words ?? 0;
  return {
    forecast: Array.from({ length: FORECAST_DAYS }, (_, day) => {
      const date = new Date(today + day * DAY_MS).toISOString().slice(0, 10);
      return { date, due: words("due", date) };
    }),
    weeks: namesOf(weeks).map((week) => ({ week, words: words("studied", week) })),
  };
}

async function dueWords(client: PoolClient, userId: string, now: Date): Promise<DueWord[]> {
  const { rows } = await client.query<DueWord>(
    `SELECT w.language, w.term, w.reading, w.definition, p.next_review_at AS "nextReviewAt"
       FROM progress AS p
       JOIN vocabulary_words AS w ON w.id = p.word_id
      WHERE p.user_id = $1 AND p.next_review_at <= $2
      ORDER BY p.next_review_at, p.word_id
      LIMIT ${DUE_WORDS_SHOWN}`,
    [userId, now],
  );
  return rows;
}
