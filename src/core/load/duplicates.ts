/** Records of the input that mean the same row: the same again, or something else of it. */
import type { PoolClient } from "pg";
import { DuplicatesError } from "../../errors/loading.js";
import { FILE_OF_ID, placeOf, type RowIds } from "./row-id.js";
import { columnsOf, type Shape } from "./shape.js";
import type { Source } from "./source.js";
import { STAGING, type Suspects } from "./stage.js";

export type OnDuplicate = "error" | "first" | "last";

export interface DuplicateOptions {
  readonly shape: Shape;
  readonly into: "staging" | "table";
  readonly suspects: Suspects;
  readonly onDuplicate: OnDuplicate;
  readonly sources: readonly Source[];
  readonly ids: RowIds;
}

const SHOWN = 20;

/**
 * Leaves one row of each natural key.
 *
 * @returns how many rows were dropped, by file
 * @throws {DuplicatesError} when records contradict each other and it is not said which one counts
 */
export async function resolveDuplicates(client: PoolClient, options: DuplicateOptions): Promise<readonly number[]> {
  const { shape, into, suspects, onDuplicate, sources, ids } = options;
  const dropped = sources.map(() => 0);
  if (suspects.count === 0) {
    return dropped;
  }
  const rows = into === "staging" ? STAGING : shape.table;
  const key = columnsOf(shape.key);
  const content = columnsOf(shape.content, "s");
  const absent = into === "staging" ? "s.absent" : "0::smallint";
  await client.query(
    "CREATE TEMPORARY TABLE repeated_rows (id uuid NOT NULL, first_id uuid NOT NULL, is_same boolean NOT NULL, is_kept boolean NOT NULL, absent smallint NOT NULL) ON COMMIT DROP",
  );
  const repeatedKeys = suspects.areAllKnown
    ? `SELECT DISTINCT ${key} FROM ${rows} WHERE id = ANY ($1::uuid[])`
    : `SELECT ${key} FROM ${rows} GROUP BY ${key} HAVING count(*) > 1`;
  await client.query(
    `INSERT INTO pg_temp.repeated_rows
     SELECT s.id, first_value(s.id) OVER same_key,
            ROW (${content}) IS NOT DISTINCT FROM first_value(ROW (${content})) OVER same_key,
            s.id = ${onDuplicate === "last" ? "last_value" : "first_value"}(s.id) OVER same_key,
            bit_and(${absent}) OVER (PARTITION BY ${key}, ${content})
       FROM ${rows} AS s
       JOIN (${repeatedKeys}) AS repeated USING (${key})
     WINDOW same_key AS (PARTITION BY ${key} ORDER BY s.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`,
    suspects.areAllKnown ? [suspects.ids] : [],
  );
  if (onDuplicate === "error") {
    await refuseContradictions(client, rows, options);
  }
  await client.query(`DELETE FROM ${rows} WHERE id IN (SELECT id FROM pg_temp.repeated_rows WHERE NOT is_kept)`);
  if (into === "staging") {
    // Of equal rows, one that says there is nothing counts more than one that says nothing.
    await client.query(
      `UPDATE ${rows} AS s SET absent = r.absent FROM pg_temp.repeated_rows AS r
        WHERE s.id = r.id AND r.is_kept AND s.absent <> r.absent`,
    );
  }
  const { rows: counts } = await client.query<{ file: number; count: number }>(
    `SELECT ${FILE_OF_ID} AS file, count(*)::integer AS count
       FROM pg_temp.repeated_rows WHERE NOT is_kept GROUP BY 1`,
    [ids.firsts(sources.length)],
  );
  for (const { file, count } of counts) {
    dropped[file] = count;
  }
  return dropped;
}

async function refuseContradictions(client: PoolClient, rows: string, options: DuplicateOptions): Promise<void> {
  const { shape, sources } = options;
  const { rows: found } = await client.query<{ id: string; first_id: string; key: readonly string[]; total: number }>(
    `SELECT r.id, r.first_id, ARRAY[${columnsOf(shape.key, "s")}] AS key, count(*) OVER ()::integer AS total
       FROM pg_temp.repeated_rows AS r JOIN ${rows} AS s USING (id)
      WHERE NOT r.is_same
      ORDER BY r.id
      LIMIT ${SHOWN}`,
  );
  const named = (id: string): { file: string; line: number } => {
    const { file, line } = placeOf(id);
    return { file: sources[file]?.name ?? "", line };
  };
  if (found.length > 0) {
    throw new DuplicatesError(
      shape.noun,
      found.map((each) => ({ ...named(each.id), first: named(each.first_id), key: each.key })),
      found[0]?.total ?? 0,
    );
  }
}
