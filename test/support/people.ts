/** Users with sessions and progress, and what is left of them afterwards. */
import { expect } from "vitest";
import { type CliOptions, vocabdb } from "./cli.js";
import type { TestDatabase } from "./database.js";

export interface Person {
  readonly email: string;
  readonly displayName?: string;
  readonly createdAt?: string;
  readonly deletedAt?: string;
  /** Words with progress. */
  readonly words?: number;
  /** Sessions; of deleted users they are revoked. */
  readonly sessions?: number;
}

/** Adds users in the order given, and as many words as the keenest of them has learned. */
export async function addPeople(db: TestDatabase, ...people: readonly Person[]): Promise<void> {
  const words = Math.max(...people.map((person) => person.words ?? 0));
  await db.query(
    `INSERT INTO vocabulary_words (language, term, definition)
     SELECT 'de', 'Wort ' || n, 'word ' || n FROM generate_series(1, $1::integer) AS n ON CONFLICT DO NOTHING`,
    [words],
  );
  await db.query(
    `WITH person AS (SELECT * FROM json_to_recordset($1)
                       AS p (email text, "displayName" text, "createdAt" timestamptz, "deletedAt" timestamptz))
     INSERT INTO users (email, display_name, created_at, deleted_at)
     SELECT email, "displayName", COALESCE("createdAt", now()), "deletedAt" FROM person`,
    [JSON.stringify(people)],
  );
  await db.query(
    `INSERT INTO progress (user_id, word_id, study_count)
     SELECT u.id, w.id, 1
       FROM json_to_recordset($1) AS p (email text, words integer)
       JOIN users AS u USING (email)
      CROSS JOIN LATERAL (SELECT id FROM vocabulary_words ORDER BY id LIMIT COALESCE(p.words, 0)) AS w`,
    [JSON.stringify(people)],
  );
  await db.query(
    `INSERT INTO sessions (user_id, token_hash, expires_at, revoked_at)
     SELECT u.id, encode(sha256(convert_to(u.id || '/' || n, 'UTF8')), 'hex'), now() + interval '1 day', u.deleted_at
       FROM json_to_recordset($1) AS p (email text, sessions integer)
       JOIN users AS u USING (email)
      CROSS JOIN LATERAL generate_series(1, COALESCE(p.sessions, 0)) AS n`,
    [JSON.stringify(people)],
  );
}

/** Every row with its place and its version: equal only if nothing was written in between. */
export async function allRows(db: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of ["users", "sessions", "progress", "vocabulary_words", "audit_log"]) {
    tables[table] = await db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`);
  }
  return tables;
}

export interface Entry {
  readonly action: string;
  readonly subjects: readonly string[];
  readonly changes: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What the history says, the oldest first. */
export function history(db: TestDatabase): Promise<Entry[]> {
  return db.query<Entry & Record<string, unknown>>(
    "SELECT action, subjects, changes FROM audit_log ORDER BY occurred_at, id",
  );
}

/** One command on users with `--json`: its exit code, its document, or the code of its failure. */
export async function runUser(db: TestDatabase, args: readonly string[], options: CliOptions = {}) {
  const { exitCode, stdout, stderr } = await vocabdb(["user", ...args, "--json"], { url: db.url, ...options });
  if (exitCode === 0) {
    return { exitCode, document: JSON.parse(stdout) };
  }
  expect(stdout).toBe("");
  const { error } = JSON.parse(stderr);
  return { exitCode, code: error.code, message: error.message, hint: error.hint };
}
