/** The words that one user has progress on, those due first, a page at a time. */
import * as z from "zod";
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { cursorTime, defineCursor, pageOf } from "./cursor.js";
import { MASTERED } from "./progress.js";
import { findUser, requireVisible } from "./user.js";

export type LearningState = "new" | "learning" | "mastered";

export interface WordProgress {
  readonly wordId: string;
  readonly language: string;
  readonly term: string;
  readonly reading: string;
  readonly sense: string;
  readonly definition: string;
  readonly studyCount: number;
  readonly correctCount: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly lastStudiedAt: Date | null;
  readonly nextReviewAt: Date;
  readonly state: LearningState;
}

export interface ProgressListOptions {
  /** Only what is to be reviewed now. */
  readonly due?: boolean;
  /** BCP 47, in canonical form. */
  readonly language?: string;
  /** Shows a soft-deleted user too. */
  readonly deleted?: boolean;
  /** 1 to 1000. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly after?: string;
  readonly now?: Date;
}

export interface ProgressPage {
  readonly progress: readonly WordProgress[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

const cursor = defineCursor("progress list", z.tuple([cursorTime, z.guid()]));

/**
 * Ordered by the time of the next review. A page costs the same wherever it lies.
 *
 * @throws {UserNotFoundError} @throws {UserDeletedError} @throws {UsageError} for a foreign cursor
 */
export async function listProgress(
  connection: Connection,
  email: string,
  options: ProgressListOptions = {},
): Promise<ProgressPage> {
  const { due = false, language, deleted = false, limit = 50, after, now = new Date() } = options;
  const [reviewAt, wordId] = after === undefined ? [] : cursor.decode(after);
  const rows = await inTransaction(connection, { readOnly: true }, async (client) => {
    const user = await findUser(client, email);
    requireVisible(user, deleted);
    const query = new Bindings();
    const conditions = where(
      `p.user_id = ${query.bind(user.id)}`,
      due ? `p.next_review_at <= ${query.bind(now)}` : null,
      language === undefined ? null : `w.language = ${query.bind(language)}`,
      reviewAt === undefined
        ? null
        : `(p.next_review_at, p.word_id) > (${query.bind(reviewAt)}, ${query.bind(wordId)})`,
    );
    const found = await client.query<Omit<WordProgress, "state">>(
      `SELECT p.word_id AS "wordId", w.language, w.term, w.reading, w.sense, w.definition,
              p.study_count AS "studyCount", p.correct_count AS "correctCount", p.confidence,
              p.last_studied_at AS "lastStudiedAt", p.next_review_at AS "nextReviewAt"
         FROM progress AS p
         JOIN vocabulary_words AS w ON w.id = p.word_id
         ${conditions}
        ORDER BY p.next_review_at, p.word_id
        LIMIT ${query.bind(limit + 1)}`,
      query.values,
    );
    return found.rows.map((row) => ({ ...row, state: stateOf(row) }));
  });
  const page = pageOf(rows, limit, cursor, (row) => [row.nextReviewAt.toISOString(), row.wordId]);
  return { progress: page.rows, nextCursor: page.nextCursor };
}

function stateOf({ studyCount, confidence }: Pick<WordProgress, "studyCount" | "confidence">): LearningState {
  if (studyCount === 0) {
    return "new";
  }
  return confidence >= MASTERED.confidence && studyCount >= MASTERED.studyCount ? "mastered" : "learning";
}
