/** Staged words become words: duplicates found, differences counted, and only those written. */
import type { PoolClient } from "pg";
import type { CsvSource } from "./read.js";
import { type RejectList, STAGING, type StagedFile } from "./stage-words.js";
import type { WordField } from "./word-columns.js";

export interface MergeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

const KEY = "language, term, reading, sense";
const NO_CHANGE: MergeCounts = { inserted: 0, updated: 0, unchanged: 0 };

/**
 * Removes repetitions of the same record, and rejects records that say different things of one word:
 * which of them is meant only the author of the file can know.
 */
export async function removeDuplicates(
  client: PoolClient,
  sources: readonly CsvSource[],
  rejects: RejectList,
): Promise<void> {
  const { rows } = await client.query<{
    file: number;
    line: number;
    other_file: number;
    other_line: number;
    term: string;
  }>(`
    WITH ranked AS (
      SELECT file, line, term,
             (definition, part_of_speech, level, category, example) AS content,
             first_value((definition, part_of_speech, level, category, example)) OVER same_word AS first_content,
             first_value(file) OVER same_word AS other_file,
             first_value(line) OVER same_word AS other_line
        FROM ${STAGING}
      WINDOW same_word AS (PARTITION BY ${KEY} ORDER BY file, line)
    )
    SELECT file, line, other_file, other_line, term
      FROM ranked
     WHERE content IS DISTINCT FROM first_content
     ORDER BY file, line`);
  for (const { file, line, other_file, other_line, term } of rows) {
    const other = sources[other_file]?.name ?? "";
    rejects.add([
      {
        ...{ file: sources[file]?.name ?? "", line, column: 0, field: null, code: "DUPLICATE_WORD" },
        reason: `says something else of ${JSON.stringify(term)} than ${other}:${other_line}; make them one, or tell them apart by reading or sense`,
      },
    ]);
  }
  await client.query(`
    DELETE FROM ${STAGING}
     WHERE ctid IN (
       SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY ${KEY} ORDER BY file, line) AS n FROM ${STAGING}) AS numbered
        WHERE n > 1
     )`);
}

/** What a column becomes: a file that has no such column leaves what the database holds. */
function effective(column: string, parameter: number): string {
  return `CASE WHEN s.file = ANY ($${parameter}::integer[]) THEN w.${column} ELSE s.${column} END`;
}

const CHANGES = `
  SELECT s.file, ${KEY.replace(/\w+/g, "s.$&")}, s.definition,
         ${effective("part_of_speech", 1)} AS part_of_speech,
         ${effective("level", 2)} AS level,
         ${effective("category", 3)} AS category,
         ${effective("example", 4)} AS example,
         w.id IS NULL AS is_new,
         w.id IS NOT NULL AND (w.definition, w.part_of_speech, w.level, w.category, w.example) IS NOT DISTINCT FROM
           (s.definition, ${effective("part_of_speech", 1)}, ${effective("level", 2)}, ${effective("category", 3)}, ${effective("example", 4)})
           AS is_unchanged
    FROM ${STAGING} AS s
    LEFT JOIN vocabulary_words AS w USING (${KEY})`;

/**
 * One statement that writes new and changed words only; the others are not even locked. A word that
 * another client inserts in the meantime is met by ON CONFLICT.
 *
 * @returns the counts of each file, in the order of the files
 */
export async function mergeWords(client: PoolClient, files: readonly StagedFile[]): Promise<MergeCounts[]> {
  const without = (field: WordField): number[] =>
    files.flatMap((file, index) => (file.absent.has(field) ? [index] : []));
  const parameters = [without("partOfSpeech"), without("level"), without("category"), without("example")];
  const { rows } = await client.query<MergeCounts & { file: number }>(
    `SELECT file,
            count(*) FILTER (WHERE is_new)::integer AS inserted,
            count(*) FILTER (WHERE NOT is_new AND NOT is_unchanged)::integer AS updated,
            count(*) FILTER (WHERE is_unchanged)::integer AS unchanged
       FROM (${CHANGES}) AS changes
      GROUP BY file`,
    parameters,
  );
  if (rows.some((row) => row.inserted + row.updated > 0)) {
    await client.query(
      `INSERT INTO vocabulary_words (${KEY}, definition, part_of_speech, level, category, example)
       SELECT ${KEY}, definition, part_of_speech, level, category, example
         FROM (${CHANGES}) AS changes
        WHERE NOT is_unchanged
        ORDER BY ${KEY}
       ON CONFLICT (${KEY}) DO UPDATE
          SET definition = EXCLUDED.definition,
              part_of_speech = EXCLUDED.part_of_speech,
              level = EXCLUDED.level,
              category = EXCLUDED.category,
              example = EXCLUDED.example`,
      parameters,
    );
  }
  return files.map((_, index) => rows.find((row) => row.file === index) ?? NO_CHANGE);
}
