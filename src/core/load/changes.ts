/** Staged rows against the table: which are new, which differ, and only those written. */
import type { PoolClient } from "pg";
import { FILE_OF_ID, placeOf, type RowIds } from "./row-id.js";
import { columnsOf, fieldsOf, naturalKeyOf, type Shape } from "./shape.js";
import type { Source } from "./source.js";
import { STAGING } from "./stage.js";

export type OnConflict = "update" | "keep";

export interface ChangeCounts {
  readonly inserted: number;
  readonly updated: number;
}

/** What becomes of one row that is there already. */
export interface RowChange {
  readonly file: string;
  readonly line: number;
  /** The natural key. */
  readonly key: Readonly<Record<string, string>>;
  readonly changes: readonly { readonly field: string; readonly old: string | null; readonly new: string | null }[];
}

export interface ChangeOptions {
  readonly shape: Shape;
  readonly sources: readonly Source[];
  readonly ids: RowIds;
  /** Bits of the content's fields that some staged row says nothing about. */
  readonly absent: number;
  readonly onConflict: OnConflict;
}

/**
 * Keeps the rows that are new or differ, in their final form. The others are not even locked.
 *
 * @returns the counts of each file
 */
export async function classify(client: PoolClient, options: ChangeOptions): Promise<readonly ChangeCounts[]> {
  const { shape, sources, ids, absent, onConflict } = options;
  const key = columnsOf(shape.key);
  const target = ({ column }: { readonly column: string }, index: number): string =>
    absent & (1 << index)
      ? `CASE WHEN s.absent & ${1 << index} <> 0 THEN w.${column} ELSE s.${column} END`
      : `s.${column}`;
  const differs = `(${columnsOf(shape.content, "w")}) IS DISTINCT FROM (${shape.content.map(target).join(", ")})`;
  await client.query(
    `CREATE TEMPORARY TABLE changed_rows ON COMMIT DROP AS
     SELECT s.id, ${key}, ${shape.content.map((field, index) => `${target(field, index)} AS ${field.column}`).join(", ")},
            s.absent, w.id AS row_id
       FROM ${STAGING} AS s
       LEFT JOIN ${shape.table} AS w USING (${key})
      WHERE w.id IS NULL${onConflict === "update" ? ` OR ${differs}` : ""}`,
  );
  const { rows } = await client.query<ChangeCounts & { file: number }>(
    `SELECT ${FILE_OF_ID} AS file,
            count(*) FILTER (WHERE row_id IS NULL)::integer AS inserted,
            count(row_id)::integer AS updated
       FROM pg_temp.changed_rows
      GROUP BY 1`,
    [ids.firsts(sources.length)],
  );
  return sources.map((_, file) => rows.find((row) => row.file === file) ?? { inserted: 0, updated: 0 });
}

/** The first rows that change, for a person to see whether they are what was meant. */
export async function sampleOfChanges(client: PoolClient, options: ChangeOptions, size: number): Promise<RowChange[]> {
  const { shape, sources } = options;
  const { rows } = await client.query<{ id: string; key: string[]; old: (string | null)[]; new: (string | null)[] }>(
    `SELECT c.id, ARRAY[${columnsOf(shape.key, "c")}] AS key,
            ARRAY[${columnsOf(shape.content, "w")}] AS old,
            ARRAY[${columnsOf(shape.content, "c")}] AS new
       FROM pg_temp.changed_rows AS c
       JOIN ${shape.table} AS w ON w.id = c.row_id
      ORDER BY c.id
      LIMIT $1`,
    [size],
  );
  return rows.map((row) => {
    const { file, line } = placeOf(row.id);
    return {
      ...{ file: sources[file]?.name ?? "", line },
      key: naturalKeyOf(shape, row.key),
      changes: shape.content.flatMap(({ name }, index) => {
        const [before = null, after = null] = [row.old[index], row.new[index]];
        return before === after ? [] : [{ field: name, old: before, new: after }];
      }),
    };
  });
}

/**
 * A row that another client inserts in the meantime is met by ON CONFLICT. What its record says nothing
 * about is not assigned, so that it keeps what it has by then: hence a statement for each set of fields.
 */
export async function writeChanges(client: PoolClient, options: ChangeOptions): Promise<void> {
  const { shape, onConflict } = options;
  const key = columnsOf(shape.key);
  const columns = `id, ${columnsOf(fieldsOf(shape))}`;
  const { rows } = await client.query<{ absent: number }>("SELECT DISTINCT absent FROM pg_temp.changed_rows");
  for (const { absent } of rows) {
    const said = shape.content.filter((_, index) => (absent & (1 << index)) === 0);
    const assignments = said.map(({ column }) => `${column} = EXCLUDED.${column}`).join(", ");
    await client.query(
      `INSERT INTO ${shape.table} (${columns})
       SELECT ${columns} FROM pg_temp.changed_rows WHERE absent = $1 ORDER BY ${key}
       ON CONFLICT (${key}) DO ${onConflict === "update" ? `UPDATE SET ${assignments}` : "NOTHING"}`,
      [absent],
    );
  }
}
