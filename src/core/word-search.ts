/** Words by any spelling: without case, width, tones, spaces and apostrophes, from their beginning or from anywhere. */
import type { PoolClient } from "pg";
import { Bindings, escapeLike, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { WORD_COLUMNS, type Word } from "./words.js";

/** How much of the term or of the reading the text is. */
export type Match = "exact" | "prefix" | "substring";

export interface FoundWord extends Word {
  readonly match: Match;
}

export interface SearchResult {
  /** Best first: exact ones, those whose term begins so, then whose reading does, then all others. */
  readonly words: readonly FoundWord[];
  /** Whether there are more than were asked for. */
  readonly truncated: boolean;
}

export interface SearchOptions {
  /** BCP 47, canonical. */
  readonly language?: string | undefined;
  /** 1 to 1000. */
  readonly limit?: number;
}

/** What is looked for. Either key may be empty, and then stands for nothing. */
interface Keys {
  /** As terms are compared. */
  readonly term: string;
  /** As readings are: without the numbers of tones. */
  readonly reading: string;
  /** Whether this database's trigrams are made of ASCII letters and digits only. */
  readonly asciiTrigrams: boolean;
}

/** What one query takes: the words' language, and how many of them. */
interface Bounds {
  readonly language: string | undefined;
  readonly limit: number;
}

/**
 * Finds words whose term or reading the text is, begins, or is part of. The last needs three letters or digits in
 * a row, or one character beyond ASCII: shorter parts are not in the index.
 */
export async function searchWords(
  connection: Connection,
  text: string,
  { language, limit = 50 }: SearchOptions = {},
): Promise<SearchResult> {
  const bounds: Bounds = { language, limit: limit + 1 };
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const keys = await keysOf(client, text);
    // The planner knows neither how few rows match these expressions nor what computing them costs.
    await client.query("SET LOCAL enable_seqscan = off");
    const beginning = [
      ...(await beginningWith(client, "search_key(w.term)", keys.term, bounds)),
      ...(await beginningWith(client, "search_reading(w.reading)", keys.reading, bounds)),
    ];
    const exact = beginning.filter(({ match }) => match === "exact");
    const prefix = beginning.filter(({ match }) => match === "prefix");
    const best = withoutRepetition([...exact, ...prefix]);
    const others = best.length > limit ? [] : await containing(client, keys, bounds, best);
    const words = [...best, ...others];
    return { words: words.slice(0, limit), truncated: words.length > limit };
  });
}

async function keysOf(client: PoolClient, text: string): Promise<Keys> {
  // pg_trgm asks the C library what a letter is, which in these locales knows none beyond ASCII.
  const { rows } = await client.query<Keys>(
    `SELECT search_key($1) AS term, search_reading($1) AS reading, datctype IN ('C', 'POSIX') AS "asciiTrigrams"
       FROM pg_database
      WHERE datname = current_database()`,
    [text],
  );
  const [keys] = rows;
  return keys ?? { term: "", reading: "", asciiTrigrams: true };
}

/**
 * In the order of the index, which has the exact ones first. Of thousands that are read alike only as many are
 * fetched as are shown, and only those are sorted further.
 */
async function beginningWith(
  client: PoolClient,
  expression: "search_key(w.term)" | "search_reading(w.reading)",
  key: string,
  { language, limit }: Bounds,
): Promise<FoundWord[]> {
  if (key === "") {
    return [];
  }
  const query = new Bindings();
  const indexed = `${expression} COLLATE "C"`;
  const start = query.bind(key);
  const conditions = where(
    `${indexed} ^@ ${start}`,
    language === undefined ? null : `w.language = ${query.bind(language)}`,
  );
  const { rows } = await client.query<FoundWord>(
    `SELECT ${WORD_COLUMNS}, CASE WHEN w.key = ${start} THEN 'exact' ELSE 'prefix' END AS match
       FROM (SELECT w.*, ${indexed} AS key
               FROM vocabulary_words AS w ${conditions}
              ORDER BY ${indexed}, w.language
              LIMIT ${query.bind(limit)}) AS w
      ORDER BY w.key, w.language, w.term, w.reading, w.sense`,
    query.values,
  );
  return rows;
}

/** Words that contain a key and were not found before; ordered, though which of too many are taken is left open. */
async function containing(
  client: PoolClient,
  keys: Keys,
  { language, limit }: Bounds,
  before: readonly Word[],
): Promise<FoundWord[]> {
  const query = new Bindings();
  const parts = [...new Set([keys.term, keys.reading])]
    .map((key) => containsKey(query, key, keys.asciiTrigrams))
    .filter((condition) => condition !== null);
  if (parts.length === 0) {
    return [];
  }
  const conditions = where(
    `(${parts.join(" OR ")})`,
    // As the index has it.
    language === undefined ? null : `ARRAY[w.language] @> ARRAY[${query.bind(language)}]`,
    before.length === 0 ? null : `w.id <> ALL (${query.bind(before.map(({ id }) => id))}::uuid[])`,
  );
  // What is in another index would be fetched row by row, to compute the expression for each.
  await client.query("SET LOCAL enable_indexscan = off");
  const { rows } = await client.query<FoundWord>(
    `SELECT found.*, 'substring' AS match
       FROM (SELECT ${WORD_COLUMNS} FROM vocabulary_words AS w ${conditions} LIMIT ${query.bind(limit)}) AS found
      ORDER BY found.language, found.term, found.reading, found.sense`,
    query.values,
  );
  return rows;
}

const SEARCH_TEXT = "search_text(w.term, w.reading)";

/**
 * By trigrams where the key has one, and else by its characters beyond ASCII. Never by both: where a key has no
 * trigram, the trigram half of the index is read from end to end.
 *
 * @returns null for a key that no part of the index can find
 */
function containsKey(query: Bindings, key: string, asciiTrigrams: boolean): string | null {
  if ((asciiTrigrams ? /[a-z0-9]{3}/ : /[\p{L}\p{Nd}]{3}/u).test(key)) {
    return `${SEARCH_TEXT} LIKE ${query.bind(`%${escapeLike(key)}%`)}`;
  }
  if (/[^\u0000-\u007f]/.test(key)) {
    const part = query.bind(key);
    // strpos and not LIKE, which would be looked up among the trigrams.
    return `(search_characters(${SEARCH_TEXT}) @> search_characters(${part}) AND strpos(${SEARCH_TEXT}, ${part}) > 0)`;
  }
  return null;
}

function withoutRepetition(words: readonly FoundWord[]): FoundWord[] {
  const seen = new Set<string>();
  return words.filter(({ id }) => !seen.has(id) && seen.add(id));
}
