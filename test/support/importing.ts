/** What the tests of imports share: people, words and progress to begin with, and what became of them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import {
  importProgress,
  importProgressFrom,
  importUsers,
  type ProgressImportOptions,
  type UserImportOptions,
} from "../../src/core/import.js";
import { localStorageSource } from "../../src/core/load/local-storage.js";
import { findInputs, type LoadResult } from "../../src/core/load/run.js";
import { readWordNumbers } from "../../src/core/load/word-numbers.js";
import type { Connection } from "../../src/db/pool.js";
import { temporaryFolder } from "./cli.js";
import type { TestDatabase } from "./database.js";
import { csv } from "./seeding.js";

export const ADA = "ada@example.org";
export const BOB = "bob@example.org";

export const USER_HEADER = "email,display_name,created_at,deleted_at";
export const PROGRESS_HEADER =
  "email,language,term,reading,sense,study_count,correct_count,confidence,last_studied_at,next_review_at";

/** A file of users with the header of all columns. */
export function usersFrom(
  connection: Connection,
  lines: readonly string[],
  options: Omit<UserImportOptions, "files"> = {},
): Promise<LoadResult> {
  return importUsers(connection, { files: [csv(USER_HEADER, ...lines)], ...options });
}

/** The first line is the header. */
export function progressFrom(
  connection: Connection,
  lines: readonly string[],
  options: Omit<ProgressImportOptions, "files"> = {},
): Promise<LoadResult> {
  return importProgress(connection, { files: [csv(...lines)], ...options });
}

/** @returns the path of a file with one object per line */
export function ndjson(...records: readonly object[]): string {
  const path = join(temporaryFolder(), "records.ndjson");
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return path;
}

export async function addUsers(db: TestDatabase, ...emails: readonly string[]): Promise<void> {
  await db.query("INSERT INTO users (email) SELECT unnest($1::text[])", [emails]);
}

export async function deleteUsers(db: TestDatabase, ...emails: readonly string[]): Promise<void> {
  await db.query("UPDATE users SET deleted_at = '2026-03-04T05:06:07Z' WHERE email = ANY ($1)", [emails]);
}

/** Words of which each is `language term reading sense`, the last two as far as they are there. */
export async function addWords(db: TestDatabase, ...words: readonly string[]): Promise<void> {
  const rows = words.map((word) => {
    const [language, term, reading = "", sense = ""] = word.split(" ");
    return { language, term, reading, sense };
  });
  await db.query(
    `INSERT INTO vocabulary_words (language, term, reading, sense, definition)
     SELECT language, term, reading, sense, 'x'
       FROM json_to_recordset($1) AS w (language text, term text, reading text, sense text)`,
    [JSON.stringify(rows)],
  );
}

/** Progress in the order in which it is compared: null is nothing, times are ISO 8601. */
export interface Learned {
  readonly studied: number;
  readonly correct: number;
  readonly confidence: number;
  readonly last: string | null;
  readonly due: string;
}

export async function addProgress(
  db: TestDatabase,
  email: string,
  learned: Readonly<Record<string, Learned>>,
): Promise<void> {
  const rows = Object.entries(learned).map(([term, row]) => ({ term, ...row }));
  await db.query(
    `INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
     SELECT u.id, w.id, g.studied, g.correct, g.confidence, g.last, g.due
       FROM json_to_recordset($2)
            AS g (term text, studied integer, correct integer, confidence float8, last timestamptz, due timestamptz)
       JOIN vocabulary_words AS w USING (term), users AS u
      WHERE u.email = $1`,
    [email, JSON.stringify(rows)],
  );
}

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/**
 * Progress by email and word. What fell due the moment it was made has `created` for a time, which nobody
 * can know beforehand.
 */
export async function progress(db: TestDatabase): Promise<Readonly<Record<string, Learned>>> {
  const rows = await db.query<Learned & { key: string }>(`
    SELECT concat_ws(' ', u.email, w.language, w.term, NULLIF(w.reading, ''), NULLIF(w.sense, '')) AS key,
           p.study_count AS studied, p.correct_count AS correct, p.confidence, ${iso("p.last_studied_at")} AS last,
           CASE WHEN p.next_review_at = p.created_at THEN 'created' ELSE ${iso("p.next_review_at")} END AS due
      FROM progress AS p JOIN users AS u ON u.id = p.user_id JOIN vocabulary_words AS w ON w.id = p.word_id
     ORDER BY 1`);
  return Object.fromEntries(rows.map(({ key, ...learned }) => [key, learned]));
}

/** Users by their email. */
export async function people(db: TestDatabase): Promise<Readonly<Record<string, Record<string, unknown>>>> {
  const rows = await db.query<{ email: string }>(`
    SELECT email, display_name AS name, ${iso("created_at")} AS created, ${iso("deleted_at")} AS deleted
      FROM users ORDER BY email`);
  return Object.fromEntries(rows.map(({ email, ...user }) => [email, user]));
}

/** What the history holds, the oldest first. */
export function history(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query("SELECT action, subjects, changes, reason FROM audit_log ORDER BY occurred_at, id");
}

export function jsonFile(content: string | Buffer): string {
  const path = join(temporaryFolder(), "storage.json");
  writeFileSync(path, content);
  return path;
}

export interface StoredOptions extends Omit<Partial<ProgressImportOptions>, "files"> {
  /** Of a file of numbered words. */
  readonly words?: readonly string[];
}

/** What a browser kept, of Ada unless it is said otherwise. */
export async function loadStored(
  connection: Connection,
  path: string,
  { words, ...options }: StoredOptions = {},
): Promise<LoadResult> {
  const [numbers] = words === undefined ? [] : await findInputs({ files: [csv(...words)] });
  const [source] = await findInputs({ files: [path] });
  const wordOf = numbers === undefined ? undefined : await readWordNumbers(numbers);
  const converted = await localStorageSource(source ?? expect.unreachable(), wordOf);
  return importProgressFrom(connection, [converted], { defaults: { email: ADA }, ...options });
}

/** @param lists by name: the words as keys */
export function stored(lists: Readonly<Record<string, unknown>>): string {
  const items = Object.entries(lists).map(([listName, learned], n) => ({ id: `id-${n}`, listName, progress: learned }));
  return jsonFile(JSON.stringify({ lists: items }));
}
