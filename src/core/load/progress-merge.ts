/**
 * Progress from files meets progress in the database. Emails and natural keys become ids, and a rule for
 * each field says which side counts, so that an import never silently overwrites newer learning.
 */
import type { PoolClient } from "pg";
import {
  absentMasks,
  type ChangeOptions,
  countChanges,
  describeChange,
  type Merge,
  type RowChange,
  type SampledRow,
  textsOf,
} from "./changes.js";
import { PROGRESS } from "./progress-shape.js";
import { REFUSED } from "./refusals.js";
import { columnsOf } from "./shape.js";
import { STAGING } from "./stage.js";

/** What to do with progress that the database has already. */
export const RESOLUTIONS = ["newest", "best", "sum", "keep", "replace"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** In SQL, of the column: what becomes of `o`, which the database holds, given `n` from the file. */
type Rule = (o: string, n: string, column: string) => string;

/** What does not say when it was learned is never newer. */
const ofNewer: Rule = (o, n, column) =>
  `CASE WHEN COALESCE(${n}.last_studied_at > ${o}.last_studied_at, ${n}.last_studied_at IS NOT NULL)
        THEN ${n}.${column} ELSE ${o}.${column} END`;
/** Of two, and the only one where one is null. */
const greater: Rule = (o, n, column) => `GREATEST(${o}.${column}, ${n}.${column})`;
const added: Rule = (o, n, column) => `LEAST(${o}.${column}::bigint + ${n}.${column}, 2147483647)::integer`;
const ofFile: Rule = (_, n, column) => `${n}.${column}`;

/** For study_count, correct_count, confidence, last_studied_at, next_review_at; null changes nothing. */
const RULES: Readonly<Record<Resolution, readonly [Rule, Rule, Rule, Rule, Rule] | null>> = {
  newest: [ofNewer, ofNewer, ofNewer, ofNewer, ofNewer],
  best: [greater, greater, greater, greater, greater],
  sum: [added, added, ofNewer, greater, ofNewer],
  replace: [ofFile, ofFile, ofFile, ofFile, ofFile],
  keep: null,
};

/** @param withDeleted also takes progress of soft-deleted users */
export function progressMerge(resolution: Resolution, withDeleted: boolean): Merge {
  return {
    refuse: (client) => resolveKeys(client, withDeleted),
    classify: (client, options) => classify(client, options, resolution),
    sample: (client, options, size) => sample(client, options, size, resolution),
    write: (client) => write(client, resolution),
  };
}

/** Finds user and word of each staged row; what finds none, or more than one word, is refused. */
async function resolveKeys(client: PoolClient, withDeleted: boolean): Promise<void> {
  await client.query(
    `CREATE TEMPORARY TABLE resolved_rows ON COMMIT DROP AS
     SELECT s.id, u.id AS user_id, u.deleted_at IS NOT NULL AND NOT $1 AS is_hidden, w.id AS word_id,
            CASE WHEN w.id IS NULL THEN 0 ELSE 1 END AS candidates, NULL::text AS words
       FROM ${STAGING} AS s
       LEFT JOIN users AS u USING (email)
       LEFT JOIN vocabulary_words AS w USING (language, term, reading, sense)`,
    [withDeleted],
  );
  // Where a part of the key is left out, the word is meant that is the only one.
  await client.query(
    `UPDATE pg_temp.resolved_rows AS r
        SET word_id = found.ids[1], candidates = cardinality(found.ids), words = found.words
       FROM (SELECT s.id, array_agg(w.id) AS ids,
                    string_agg(concat_ws(' ', w.language, w.term, NULLIF(w.reading, ''), NULLIF(w.sense, '')), ', '
                               ORDER BY w.language, w.reading, w.sense) AS words
               FROM pg_temp.resolved_rows AS unresolved
               JOIN ${STAGING} AS s USING (id)
               JOIN vocabulary_words AS w
                 ON search_key(w.term) COLLATE "C" = search_key(s.term) COLLATE "C" AND w.term = s.term
                AND (s.language = '' OR w.language = s.language)
                AND (s.reading = '' OR w.reading = s.reading)
                AND (s.sense = '' OR w.sense = s.sense)
              WHERE unresolved.word_id IS NULL AND '' IN (s.language, s.reading, s.sense)
              GROUP BY s.id) AS found
      WHERE r.id = found.id`,
  );
  await client.query(
    `INSERT INTO ${REFUSED}
     SELECT id, 'email', 'UNKNOWN_USER', 'belongs to no user', 'create the user first: vocabdb user create or user import'
       FROM pg_temp.resolved_rows WHERE user_id IS NULL
     UNION ALL
     SELECT id, 'email', 'USER_DELETED', 'belongs to a user who is deleted', 'bring the user back first: vocabdb user restore'
       FROM pg_temp.resolved_rows WHERE is_hidden
     UNION ALL
     SELECT id, 'term', 'UNKNOWN_WORD',
            'is no word of this database: ' || concat_ws(' ', NULLIF(language, ''), term, NULLIF(reading, ''), NULLIF(sense, '')),
            'load the word first: vocabdb seed'
       FROM pg_temp.resolved_rows JOIN ${STAGING} USING (id) WHERE NOT is_hidden AND user_id IS NOT NULL AND candidates = 0
     UNION ALL
     SELECT id, 'term', 'AMBIGUOUS_WORD', 'may be any of: ' || words, 'tell them apart by language, reading and sense'
       FROM pg_temp.resolved_rows WHERE NOT is_hidden AND user_id IS NOT NULL AND candidates > 1`,
  );
  await dropRepetitions(client);
}

/**
 * Records whose keys differ only in what they leave out may mean one word. The same of it again is no more than
 * what the first one says; something else is refused.
 */
async function dropRepetitions(client: PoolClient): Promise<void> {
  await client.query(
    `CREATE TEMPORARY TABLE repeated_words ON COMMIT DROP AS
     SELECT id, is_same
       FROM (SELECT r.id, ROW (s.language, s.reading, s.sense) <> first_value(ROW (s.language, s.reading, s.sense)) OVER word AS is_other,
                    ROW (${columnsOf(PROGRESS.content, "s")}) IS NOT DISTINCT FROM first_value(ROW (${columnsOf(PROGRESS.content, "s")})) OVER word AS is_same
               FROM pg_temp.resolved_rows AS r JOIN ${STAGING} AS s USING (id)
              WHERE NOT r.is_hidden AND r.user_id IS NOT NULL AND r.candidates = 1
             WINDOW word AS (PARTITION BY r.user_id, r.word_id ORDER BY r.id)) AS rows
      WHERE is_other`,
  );
  await client.query(`DELETE FROM ${STAGING} WHERE id IN (SELECT id FROM pg_temp.repeated_words WHERE is_same)`);
  await client.query(
    `INSERT INTO ${REFUSED}
     SELECT id, 'term', 'DUPLICATE_ROWS', 'says something else of the same word than an earlier record', NULL
       FROM pg_temp.repeated_words WHERE NOT is_same`,
  );
}

/** What a field of the content would be, given `n`, whose record may say nothing about it. */
function targetOf(resolution: Resolution, o: string, n: string) {
  const rules = RULES[resolution];
  return ({ column }: { readonly column: string }, index: number): string => {
    const rule = rules?.[index]?.(o, n, column) ?? `${o}.${column}`;
    return `CASE WHEN ${n}.absent & ${1 << index} <> 0 THEN ${o}.${column} ELSE ${rule} END`;
  };
}

async function classify(client: PoolClient, options: ChangeOptions, resolution: Resolution) {
  const targets = PROGRESS.content.map(targetOf(resolution, "o", "s"));
  const differs = `(${columnsOf(PROGRESS.content, "o")}) IS DISTINCT FROM (${targets.join(", ")})`;
  await client.query(
    `CREATE TEMPORARY TABLE changed_rows ON COMMIT DROP AS
     SELECT s.id, r.user_id, r.word_id, ${columnsOf(PROGRESS.content, "s")}, s.absent, o.user_id IS NULL AS is_new
       FROM ${STAGING} AS s
       JOIN pg_temp.resolved_rows AS r USING (id)
       LEFT JOIN progress AS o ON o.user_id = r.user_id AND o.word_id = r.word_id
      WHERE o.user_id IS NULL OR ${differs}`,
  );
  return countChanges(client, options, "is_new");
}

async function sample(
  client: PoolClient,
  options: ChangeOptions,
  size: number,
  resolution: Resolution,
): Promise<RowChange[]> {
  const { rows } = await client.query<SampledRow>(
    `SELECT c.id, ARRAY[${columnsOf(PROGRESS.key, "s")}] AS key,
            ARRAY[${textsOf(PROGRESS.content, ({ column }) => `o.${column}`)}] AS old,
            ARRAY[${textsOf(PROGRESS.content, targetOf(resolution, "o", "c"))}] AS new
       FROM pg_temp.changed_rows AS c
       JOIN ${STAGING} AS s USING (id)
       JOIN progress AS o ON o.user_id = c.user_id AND o.word_id = c.word_id
      ORDER BY c.id
      LIMIT $1`,
    [size],
  );
  return rows.map((row) => describeChange(row, options));
}

/**
 * Holds the users and the words before any progress is held, in the order of those who purge and delete: keys are
 * checked at the end of a statement only, and two who wait for each other would be a deadlock.
 */
const PARENTS_ARE_HELD = `${allHeld("users", "user_id")} AND ${allHeld("vocabulary_words", "word_id")}`;

function allHeld(table: string, key: string): string {
  // As an array, which is looked up in the index however many rows the planner expects.
  const ids = `ARRAY(SELECT DISTINCT ${key} FROM pg_temp.changed_rows)`;
  const rows = `SELECT FROM ${table} WHERE id = ANY (${ids}) ORDER BY id FOR KEY SHARE`;
  return `(SELECT count(*) FROM (${rows}) AS held) >= 0`;
}

/** The rule is applied to the row as it is by then: somebody may be studying. */
async function write(client: PoolClient, resolution: Resolution): Promise<void> {
  const rules = RULES[resolution];
  for (const absent of await absentMasks(client)) {
    const said = PROGRESS.content.flatMap(({ column }, index) =>
      absent & (1 << index) ? [] : [{ column, value: rules?.[index]?.("o", "EXCLUDED", column) ?? `o.${column}` }],
    );
    const columns = columnsOf([{ column: "user_id" }, { column: "word_id" }, ...said]);
    const action =
      rules === null || said.length === 0
        ? "NOTHING"
        : `UPDATE SET ${said.map(({ column, value }) => `${column} = ${value}`).join(", ")}
           WHERE (${columnsOf(said, "o")}) IS DISTINCT FROM (${said.map(({ value }) => value).join(", ")})`;
    await client.query(
      `INSERT INTO progress AS o (${columns})
       SELECT ${columns} FROM pg_temp.changed_rows WHERE absent = $1 AND ${PARENTS_ARE_HELD} ORDER BY user_id, word_id
       ON CONFLICT (user_id, word_id) DO ${action}`,
      [absent],
    );
  }
}
