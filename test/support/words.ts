/** What the tests about words share: words, and users who learn them. */
import type { TestDatabase } from "./database.js";

export interface NewWord {
  readonly language?: string;
  readonly term: string;
  readonly reading?: string;
  readonly sense?: string;
  readonly definition?: string;
  readonly part_of_speech?: string;
  readonly level?: string;
  readonly category?: string;
  readonly example?: string;
}

const DEFAULTS = { language: "de", reading: "", sense: "", definition: "a word" };

/** German ones, unless they say otherwise. @returns their ids, in order */
export async function addWords(db: TestDatabase, ...words: readonly NewWord[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `INSERT INTO vocabulary_words (language, term, reading, sense, definition, part_of_speech, level, category, example)
     SELECT language, term, reading, sense, definition, part_of_speech, level, category, example
       FROM json_populate_recordset(NULL::vocabulary_words, $1) RETURNING id`,
    [JSON.stringify(words.map((word) => ({ ...DEFAULTS, ...word })))],
  );
  return rows.map(({ id }) => id);
}

/** Users who are made where they do not exist, with progress on a word. */
export async function addLearners(db: TestDatabase, wordId: string, ...emails: readonly string[]): Promise<void> {
  await db.query("INSERT INTO users (email) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", [emails]);
  await db.query(
    "INSERT INTO progress (user_id, word_id, study_count) SELECT id, $1, 1 FROM users WHERE email = ANY ($2)",
    [wordId, emails],
  );
}

export async function softDelete(db: TestDatabase, email: string): Promise<void> {
  await db.query("UPDATE users SET deleted_at = '2026-05-01Z' WHERE email = $1", [email]);
}

/** What the history holds, the first entry first. */
export function history(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query("SELECT action, subjects, changes, reason FROM audit_log ORDER BY id");
}
