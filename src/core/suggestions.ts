/** What a shell offers for a word that somebody types: asked of the database quickly, or not at all. */
import type { PoolClient } from "pg";
import { type ConfigInput, loadConfig } from "../config.js";
import { Bindings, where } from "../db/bindings.js";
import { type Connection, openConnection } from "../db/pool.js";
import { runningTarget } from "../db/resolve.js";
import { inTransaction } from "../db/transaction.js";

export interface Suggestion {
  readonly value: string;
  readonly description: string | null;
}

export interface Wanted {
  readonly what: "liveEmails" | "deletedEmails" | "allEmails" | "languages" | "levels";
  /** What they begin with, as far as it is typed. */
  readonly prefix: string;
  /** For levels: those of one language. */
  readonly language?: string | undefined;
}

/** More are no help to anybody who reads them. */
export const SUGGESTED_AT_MOST = 100;

/**
 * Entries of the index that are looked at. Where a collation sorts as people do, what begins alike need not stand side
 * by side, so that no end of the range can be named; the beginning can.
 */
const LOOKED_AT = 1_000;

const CONNECT_MS = 1_000;
/** Then the server is told to stop. */
const CANCEL_MS = 1_300;
/** Then nobody waits any more: neither for that, nor for a name that is not resolved. */
const GIVE_UP_MS = 1_500;

/**
 * Starts no server.
 *
 * @returns at most one more than {@link SUGGESTED_AT_MOST}; none where there is no database, or no answer in time
 */
export async function suggest(input: ConfigInput, wanted: Wanted): Promise<readonly Suggestion[]> {
  const given = new Promise<readonly Suggestion[]>((resolve) => {
    setTimeout(() => resolve([]), GIVE_UP_MS).unref();
  });
  return Promise.race([ask(input, wanted).catch(() => []), given]);
}

async function ask(input: ConfigInput, wanted: Wanted): Promise<readonly Suggestion[]> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  const target = runningTarget(loadConfig(input));
  if (target === null) {
    return [];
  }
  const limited = { ...target, poolMax: 1, connectTimeoutMs: CONNECT_MS, poolTimeoutMs: CONNECT_MS };
  const connection = openConnection(limited, { unwatched: true });
  try {
    return await suggestionsFrom(connection, wanted, signal);
  } finally {
    await connection.close();
  }
}

/** The same on a connection that is open, however long it takes. */
export function suggestionsFrom(
  connection: Connection,
  { what, prefix, language }: Wanted,
  signal?: AbortSignal,
): Promise<readonly Suggestion[]> {
  return inTransaction(connection, { readOnly: true, signal }, (client) => {
    switch (what) {
      case "languages":
        return languages(client, prefix);
      case "levels":
        return levels(client, prefix, language);
      default:
        return emails(client, what, prefix.toLowerCase());
    }
  });
}

async function emails(client: PoolClient, what: Wanted["what"], prefix: string): Promise<Suggestion[]> {
  const query = new Bindings();
  const from = query.bind(prefix);
  // The few deleted users have an index of their own; among the others they are few.
  const inside = where(`email >= ${from}`, what === "deletedEmails" ? "deleted_at IS NOT NULL" : null);
  const outside = where(`starts_with(email, ${from})`, what === "liveEmails" ? "deleted_at IS NULL" : null);
  const { rows } = await client.query<{ email: string; name: string | null; isDeleted: boolean }>(
    `SELECT email, display_name AS name, deleted_at IS NOT NULL AS "isDeleted"
       FROM (SELECT email, display_name, deleted_at FROM users ${inside} ORDER BY email LIMIT ${LOOKED_AT}) AS near
       ${outside}
      LIMIT ${SUGGESTED_AT_MOST + 1}`,
    query.values,
  );
  return rows.map(({ email, name, isDeleted }) => {
    const facts = [...(name === null ? [] : [name]), ...(isDeleted && what === "allEmails" ? ["deleted"] : [])];
    return { value: email, description: facts.length === 0 ? null : facts.join(", ") };
  });
}

/** One look into the index for each language there is. */
const LANGUAGES = `
  languages (language) AS (
    SELECT min(language) FROM vocabulary_words
     UNION ALL
    SELECT (SELECT min(w.language) FROM vocabulary_words AS w WHERE w.language > l.language)
      FROM languages AS l
     WHERE l.language IS NOT NULL
  )`;

async function languages(client: PoolClient, prefix: string): Promise<Suggestion[]> {
  const { rows } = await client.query<{ language: string }>(
    `WITH RECURSIVE ${LANGUAGES}
     SELECT language FROM languages WHERE starts_with(lower(language), lower($1)) LIMIT ${SUGGESTED_AT_MOST + 1}`,
    [prefix],
  );
  return rows.map(({ language }) => ({ value: language, description: nameOf(language) }));
}

/** And one for each level of each. */
async function levels(client: PoolClient, prefix: string, language: string | undefined): Promise<Suggestion[]> {
  const query = new Bindings();
  const only = where("l.language IS NOT NULL", language === undefined ? null : `l.language = ${query.bind(language)}`);
  const { rows } = await client.query<{ level: string }>(
    `WITH RECURSIVE ${LANGUAGES}, levels (language, level) AS (
       SELECT l.language, (SELECT min(w.level) FROM vocabulary_words AS w WHERE w.language = l.language)
         FROM languages AS l ${only}
        UNION ALL
       SELECT v.language,
              (SELECT min(w.level) FROM vocabulary_words AS w WHERE w.language = v.language AND w.level > v.level)
         FROM levels AS v
        WHERE v.level IS NOT NULL
     )
     SELECT DISTINCT level FROM levels WHERE starts_with(level, ${query.bind(prefix)})
      ORDER BY level LIMIT ${SUGGESTED_AT_MOST + 1}`,
    query.values,
  );
  return rows.map(({ level }) => ({ value: level, description: null }));
}

function nameOf(language: string): string | null {
  try {
    return new Intl.DisplayNames(["en"], { type: "language", fallback: "none" }).of(language) ?? null;
  } catch {
    return null;
  }
}
