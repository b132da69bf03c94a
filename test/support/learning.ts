/** Users, words and what the ones know of the others, as rows. */
import type { TestDatabase } from "./database.js";

export interface Learned {
  readonly term: string;
  readonly language?: string;
  readonly reading?: string;
  readonly sense?: string;
  readonly definition?: string;
  readonly studied?: number;
  readonly correct?: number;
  readonly confidence?: number;
  readonly last?: string | null;
  readonly due?: string;
}

export async function addUsers(db: TestDatabase, ...emails: string[]): Promise<void> {
  await db.query("INSERT INTO users (email) SELECT unnest($1::text[])", [emails]);
}

/** Soft. */
export async function markDeleted(db: TestDatabase, email: string): Promise<void> {
  await db.query("UPDATE users SET deleted_at = '2026-05-01Z' WHERE email = $1", [email]);
}

/** What an existing user knows; words that exist are shared with those who learn them already. */
export async function learn(db: TestDatabase, email: string, words: readonly Learned[]): Promise<void> {
  const rows = words.map((word) => ({
    ...{ language: "zh", reading: "", sense: "", definition: "a word", studied: 0, correct: 0, confidence: 0 },
    ...{ last: null, due: "2030-01-01T00:00:00Z" },
    ...word,
  }));
  await db.query(
    `WITH given AS (
       SELECT * FROM json_to_recordset($2) AS g (language text, term text, reading text, sense text, definition text,
              studied integer, correct integer, confidence float8, last timestamptz, due timestamptz)
     ), words AS (
       INSERT INTO vocabulary_words (language, term, reading, sense, definition)
       SELECT language, term, reading, sense, definition FROM given
       ON CONFLICT (language, term, reading, sense) DO UPDATE SET definition = EXCLUDED.definition
       RETURNING id, language, term, reading, sense
     )
     INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
     SELECT u.id, w.id, g.studied, g.correct, g.confidence, g.last, g.due
       FROM users AS u, words AS w JOIN given AS g USING (language, term, reading, sense) WHERE u.email = $1`,
    [email, JSON.stringify(rows)],
  );
}
