/** Words: what they are, finding them by how they are written, and counting them. */
import type { PoolClient } from "pg";
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { WordNotFoundError } from "../errors/words.js";

export interface Word {
  readonly id: string;
  /** BCP 47, canonical. */
  readonly language: string;
  readonly term: string;
  /** Empty where there is none, like `sense`. */
  readonly reading: string;
  readonly sense: string;
  readonly definition: string;
  readonly partOfSpeech: string | null;
  readonly level: string | null;
  readonly category: string | null;
  readonly example: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The fields of a word in SQL, of `vocabulary_words AS w`. */
export const WORD_COLUMNS = `w.id, w.language, w.term, w.reading, w.sense, w.definition,
  w.part_of_speech AS "partOfSpeech", w.level, w.category, w.example,
  w.created_at AS "createdAt", w.updated_at AS "updatedAt"`;

export interface WordFilter {
  /** BCP 47, canonical. */
  readonly language?: string | undefined;
  readonly level?: string | undefined;
  readonly category?: string | undefined;
}

export interface WordSelector {
  /** The term, composed (NFC), or the id. */
  readonly word: string;
  readonly language?: string | undefined;
  readonly reading?: string | undefined;
  readonly sense?: string | undefined;
}

/** Language, term, reading and sense: what tells words apart in every database. */
export function naturalKeyOfWord({ language, term, reading, sense }: Word): string[] {
  return [language, term, reading, sense];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Every word that is written exactly like this, or the one with this id, in the order of their natural keys.
 *
 * @param lock keeps them from being changed, deleted or learned by others until the transaction ends
 * @throws {WordNotFoundError} when there is none
 */
export async function findWords(
  client: PoolClient,
  selector: WordSelector,
  lock: "none" | "for update" = "none",
): Promise<Word[]> {
  const query = new Bindings();
  const word = query.bind(selector.word);
  const conditions = where(
    // Whatever is written alike has the same key, by which there is an index without the language.
    UUID.test(selector.word)
      ? `w.id = ${word}`
      : `search_key(w.term) COLLATE "C" = search_key(${word}) AND w.term = ${word}`,
    selector.language === undefined ? null : `w.language = ${query.bind(selector.language)}`,
    selector.reading === undefined ? null : `w.reading = ${query.bind(selector.reading)}`,
    selector.sense === undefined ? null : `w.sense = ${query.bind(selector.sense)}`,
  );
  const { rows } = await client.query<Word>(
    `SELECT ${WORD_COLUMNS}
       FROM vocabulary_words AS w ${conditions}
      ORDER BY w.language, w.term, w.reading, w.sense ${lock === "none" ? "" : "FOR UPDATE"}`,
    query.values,
  );
  if (rows.length === 0) {
    throw new WordNotFoundError(selector.word);
  }
  return rows;
}

export interface WordDetails extends Word {
  /** Users with progress on it; soft-deleted ones are not counted. */
  readonly learners: number;
}

/** @throws {WordNotFoundError} */
export async function showWords(
  connection: Connection,
  selector: WordSelector,
): Promise<{ readonly words: readonly WordDetails[] }> {
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const words = await findWords(client, selector);
    const { rows } = await client.query<{ id: string; learners: number }>(
      `SELECT p.word_id AS id, count(*)::integer AS learners
         FROM progress AS p
         JOIN users AS u ON u.id = p.user_id
        WHERE p.word_id = ANY($1) AND u.deleted_at IS NULL
        GROUP BY p.word_id`,
      [words.map(({ id }) => id)],
    );
    const learners = new Map(rows.map((row) => [row.id, row.learners]));
    return { words: words.map((word) => ({ ...word, learners: learners.get(word.id) ?? 0 })) };
  });
}

export type WordGrouping = "language" | "level" | "category";

export interface WordStats {
  readonly total: number;
  readonly groupedBy: WordGrouping;
  /** Each with the value that its words have in common, under the name of the grouping; null where they have none. */
  readonly by: readonly (Readonly<Partial<Record<WordGrouping, string | null>>> & { readonly words: number })[];
}

/** The column is one of three literals, never text from outside. */
const GROUP_COLUMN: Readonly<Record<WordGrouping, string>> = {
  language: "w.language",
  level: "w.level",
  category: "w.category",
};

/** Reads the index over the three alone, but from end to end: it counts every word. */
export async function wordStats(
  connection: Connection,
  options: { readonly by?: WordGrouping; readonly language?: string | undefined } = {},
): Promise<WordStats> {
  const { by = "language", language } = options;
  const query = new Bindings();
  const conditions = where(language === undefined ? null : `w.language = ${query.bind(language)}`);
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const { rows } = await client.query<{ key: string | null; words: number }>(
      `SELECT ${GROUP_COLUMN[by]} AS key, count(*)::integer AS words
         FROM vocabulary_words AS w ${conditions}
        GROUP BY 1
        ORDER BY 1 NULLS LAST`,
      query.values,
    );
    return {
      total: rows.reduce((sum, { words }) => sum + words, 0),
      groupedBy: by,
      by: rows.map(({ key, words }) => ({ [by]: key, words })),
    };
  });
}
