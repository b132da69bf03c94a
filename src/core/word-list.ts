/** Lists of words by natural key, a page at a time, each page by an index. */
import type { PoolClient } from "pg";
import * as z from "zod";
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { defineCursor, pageOf } from "./cursor.js";
import { naturalKeyOfWord, WORD_COLUMNS, type Word, type WordFilter } from "./words.js";

export interface WordListOptions extends WordFilter {
  /** 1 to 1000. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly after?: string | undefined;
}

export interface WordPage {
  readonly words: readonly Word[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

const cursor = defineCursor("word list", z.array(z.string()).length(4));

/**
 * Ordered by language, term, reading and sense. A page is put together language by language: every index
 * begins with it, and most languages have no word of a level that belongs to another one.
 *
 * @throws {UsageError} for a foreign cursor
 */
export async function listWords(connection: Connection, options: WordListOptions = {}): Promise<WordPage> {
  const { limit = 50, after, ...filter } = options;
  const [start, ...position] = after === undefined ? [] : cursor.decode(after);
  const words = await inTransaction(connection, { readOnly: true }, async (client) => {
    // A level looks frequent to the planner also in a language that does not have it.
    await client.query("SET LOCAL enable_seqscan = off");
    const found: Word[] = [];
    for (const language of await languagesOf(client, filter, start)) {
      const behind = language === start ? position : null;
      found.push(...(await wordsOf(client, { ...filter, language }, behind, limit + 1 - found.length)));
      if (found.length > limit) {
        break;
      }
    }
    return found;
  });
  const page = pageOf(words, limit, cursor, naturalKeyOfWord);
  return { words: page.rows, nextCursor: page.nextCursor };
}

/** The languages, from `start` on, that have words which match: one look into an index for each language there is. */
async function languagesOf(client: PoolClient, filter: WordFilter, start: string | undefined): Promise<string[]> {
  const query = new Bindings();
  const from = start === undefined ? null : `w.language >= ${query.bind(start)}`;
  const { rows } = await client.query<{ language: string }>(
    `WITH RECURSIVE languages (language) AS (
       (SELECT w.language FROM vocabulary_words AS w ${where(from)} ORDER BY w.language LIMIT 1)
       UNION ALL
       SELECT (SELECT w.language FROM vocabulary_words AS w
                WHERE w.language > l.language ORDER BY w.language LIMIT 1)
         FROM languages AS l
        WHERE l.language IS NOT NULL
     )
     SELECT l.language
       FROM languages AS l
      CROSS JOIN LATERAL (
              SELECT FROM vocabulary_words AS w
               ${where("w.language = l.language", ...conditions(query, filter))}
               LIMIT 1) AS some_word
      ORDER BY l.language`,
    query.values,
  );
  return rows.map(({ language }) => language);
}

async function wordsOf(
  client: PoolClient,
  filter: WordFilter,
  behind: readonly string[] | null,
  limit: number,
): Promise<Word[]> {
  const query = new Bindings();
  const matching = conditions(query, filter);
  const position = behind?.map((value) => query.bind(value)).join(", ");
  const { rows } = await client.query<Word>(
    `SELECT ${WORD_COLUMNS}
       FROM vocabulary_words AS w
       ${where(...matching, position === undefined ? null : `(w.term, w.reading, w.sense) > (${position})`)}
      ORDER BY w.language, w.term, w.reading, w.sense
      LIMIT ${query.bind(limit)}`,
    query.values,
  );
  return rows;
}

function conditions(query: Bindings, { language, level, category }: WordFilter): (string | null)[] {
  return [
    language === undefined ? null : `w.language = ${query.bind(language)}`,
    level === undefined ? null : `w.level = ${query.bind(level)}`,
    category === undefined ? null : `w.category = ${query.bind(category)}`,
  ];
}
