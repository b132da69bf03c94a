/** Removes what the files no longer hold, except what somebody has learned. */
import type { PoolClient } from "pg";
import { RowsInUseError } from "../../errors/loading.js";
import { FILE_OF_ID, type RowIds } from "./row-id.js";
import { columnsOf, naturalKeyOf, type Shape } from "./shape.js";
import type { Source } from "./source.js";
import { STAGING } from "./stage.js";

/** A row that no file holds any more and that is kept because progress hangs on it. */
export interface KeptRow {
  readonly key: Readonly<Record<string, string>>;
  /** How many users have progress on it. */
  readonly users: number;
}

export interface Pruned {
  /** By file: rows of a language count for the first file that has words of it. */
  readonly removed: readonly number[];
  /** All that are kept, of which `sample` shows the first. */
  readonly kept: number;
  readonly sample: readonly KeptRow[];
}

export interface PruneOptions {
  readonly shape: Shape;
  readonly sources: readonly Source[];
  readonly ids: RowIds;
  /** The field whose values in the files say what they are complete for. */
  readonly scope: string;
  /** Whether rows in use are an error, or kept without complaint. */
  readonly refuseUsed: boolean;
  /** Or only look. */
  readonly write: boolean;
}

const SHOWN = 20;

/** @throws {RowsInUseError} with `refuseUsed`, when a row in use would have to go */
export async function prune(client: PoolClient, options: PruneOptions): Promise<Pruned> {
  const { shape, sources, ids, scope, refuseUsed, write } = options;
  await client.query("CREATE TEMPORARY TABLE pruned_rows (id uuid PRIMARY KEY, file integer NOT NULL) ON COMMIT DROP");
  // Locked against new progress until the end, so that what is found unused stays so.
  await client.query(
    `INSERT INTO pg_temp.pruned_rows
     SELECT w.id, scope.file
       FROM ${shape.table} AS w
       JOIN (SELECT ${scope}, min(${FILE_OF_ID}) AS file FROM ${STAGING} GROUP BY ${scope}) AS scope USING (${scope})
      WHERE NOT EXISTS (SELECT FROM ${STAGING} AS s WHERE ${shape.key.map(({ column }) => `s.${column} = w.${column}`).join(" AND ")})
     ${write ? "FOR UPDATE OF w" : ""}`,
    [ids.firsts(sources.length)],
  );
  const used = await rowsInUse(client, shape);
  if (used.total > 0 && refuseUsed) {
    throw new RowsInUseError(shape.noun, used.sample, used.total);
  }
  await client.query("DELETE FROM pg_temp.pruned_rows AS p WHERE EXISTS (SELECT FROM progress WHERE word_id = p.id)");
  if (write) {
    await client.query(`DELETE FROM ${shape.table} WHERE id IN (SELECT id FROM pg_temp.pruned_rows)`);
  }
  const { rows } = await client.query<{ file: number; count: number }>(
    "SELECT file, count(*)::integer AS count FROM pg_temp.pruned_rows GROUP BY file",
  );
  const removed = sources.map((_, file) => rows.find((row) => row.file === file)?.count ?? 0);
  return { removed, kept: used.total, sample: used.sample };
}

async function rowsInUse(client: PoolClient, shape: Shape): Promise<{ total: number; sample: KeptRow[] }> {
  const { rows } = await client.query<{ key: string[]; users: number; total: number }>(
    `SELECT ARRAY[${columnsOf(shape.key, "w")}] AS key,
            u.users::integer AS users, count(*) OVER ()::integer AS total
       FROM pg_temp.pruned_rows AS p
       JOIN (SELECT word_id, count(*) AS users FROM progress
              WHERE word_id IN (SELECT id FROM pg_temp.pruned_rows) GROUP BY word_id) AS u ON u.word_id = p.id
       JOIN ${shape.table} AS w ON w.id = p.id
      ORDER BY 1
      LIMIT ${SHOWN}`,
  );
  return {
    total: rows[0]?.total ?? 0,
    sample: rows.map(({ key, users }) => ({ key: naturalKeyOf(shape, key), users })),
  };
}
