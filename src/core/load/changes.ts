/** Staged rows against the table whose natural key they carry: which are new, which differ, and only those written. */
import type { PoolClient } from "pg";
import { isoTime } from "../export.js";
import { FILE_OF_ID, placeOf, type RowIds } from "./row-id.js";
import { columnsOf, type Field, naturalKeyOf, type Shape } from "./shape.js";
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
}

/** How staged rows become rows of the table. */
export interface Merge {
  /**
   * Puts what only the database can say against rows into the table of refusals, see refusals.ts; null
   * where there is nothing to say.
   */
  readonly refuse: ((client: PoolClient) => Promise<void>) | null;
  /** Finds the rows that are new or differ. @returns their counts by file */
  readonly classify: (client: PoolClient, options: ChangeOptions) => Promise<readonly ChangeCounts[]>;
  /** The first rows that change, for a person to see whether they are what was meant. */
  readonly sample: (client: PoolClient, options: ChangeOptions, size: number) => Promise<RowChange[]>;
  readonly write: (client: PoolClient, options: ChangeOptions) => Promise<void>;
}

/** For shapes whose natural key is the table's own. */
export function upsert(onConflict: OnConflict, refuse: Merge["refuse"] = null): Merge {
  return {
    refuse,
    classify: (client, options) => classify(client, options, onConflict),
    sample: sampleOfChanges,
    write: (client, options) => writeChanges(client, options, onConflict),
  };
}

/**
 * Keeps the rows that are new or differ, in their final form. The others are not even locked.
 *
 * @returns the counts of each file
 */
async function classify(
  client: PoolClient,
  options: ChangeOptions,
  onConflict: OnConflict,
): Promise<readonly ChangeCounts[]> {
  const { shape, absent } = options;
  const key = columnsOf(shape.key);
  const target = ({ column }: { readonly column: string }, index: number): string =>
    absent & (1 << index)
      ? `CASE WHEN s.absent & ${1 << index} <> 0 THEN w.${column} ELSE s.${column} END`
      : `s.${column}`;
  const compared = shape.content.flatMap((field, index) =>
    field.insertOnly ? [] : [{ column: field.column, target: target(field, index) }],
  );
  const differs = `(${columnsOf(compared, "w")}) IS DISTINCT FROM (${compared.map((each) => each.target).join(", ")})`;
  await client.query(
    `CREATE TEMPORARY TABLE changed_rows ON COMMIT DROP AS
     SELECT s.id, ${key}, ${shape.content.map((field, index) => `${target(field, index)} AS ${field.column}`).join(", ")},
            s.absent, w.id AS row_id
       FROM ${STAGING} AS s
       LEFT JOIN ${shape.table} AS w USING (${key})
      WHERE w.id IS NULL${onConflict === "update" ? ` OR ${differs}` : ""}`,
  );
  return countChanges(client, options, "row_id IS NULL");
}

/** @param isNew a condition on `pg_temp.changed_rows` */
export async function countChanges(
  client: PoolClient,
  { sources, ids }: ChangeOptions,
  isNew: string,
): Promise<readonly ChangeCounts[]> {
  const { rows } = await client.query<ChangeCounts & { file: number }>(
    `SELECT ${FILE_OF_ID} AS file,
            count(*) FILTER (WHERE ${isNew})::integer AS inserted,
            count(*) FILTER (WHERE NOT (${isNew}))::integer AS updated
       FROM pg_temp.changed_rows
      GROUP BY 1`,
    [ids.firsts(sources.length)],
  );
  return sources.map((_, file) => rows.find((row) => row.file === file) ?? { inserted: 0, updated: 0 });
}

async function sampleOfChanges(client: PoolClient, options: ChangeOptions, size: number): Promise<RowChange[]> {
  const { shape } = options;
  const { rows } = await client.query<SampledRow>(
    `SELECT c.id, ARRAY[${columnsOf(shape.key, "c")}] AS key,
            ARRAY[${textsOf(shape.content, "w")}] AS old,
            ARRAY[${textsOf(shape.content, "c")}] AS new
       FROM pg_temp.changed_rows AS c
       JOIN ${shape.table} AS w ON w.id = c.row_id
      ORDER BY c.id
      LIMIT $1`,
    [size],
  );
  return rows.map((row) => describeChange(row, options));
}

/** A row of `changed_rows` beside what it changes, the content as text. */
export interface SampledRow {
  readonly id: string;
  readonly key: readonly string[];
  readonly old: readonly (string | null)[];
  readonly new: readonly (string | null)[];
}

export function describeChange(row: SampledRow, { shape, sources }: ChangeOptions): RowChange {
  const { file, line } = placeOf(row.id);
  return {
    ...{ file: sources[file]?.name ?? "", line },
    key: naturalKeyOf(shape, row.key),
    changes: shape.content.flatMap(({ name, insertOnly }, index) => {
      const [before = null, after = null] = [row.old[index], row.new[index]];
      return before === after || insertOnly ? [] : [{ field: name, old: before, new: after }];
    }),
  };
}

/** In SQL: the columns of some fields as texts. */
export function textsOf(fields: readonly Field[], alias: string): string {
  return fields.map((field) => textOf(field, `${alias}.${field.column}`)).join(", ");
}

/** @param value of the field, in SQL */
export function textOf({ type }: Field, value: string): string {
  return type === "timestamptz(3)" ? isoTime(value) : `(${value})::text`;
}

/**
 * A row that another client inserts in the meantime is met by ON CONFLICT. What its record says nothing
 * about is not assigned, so that it keeps what it has by then: hence a statement for each set of fields.
 */
async function writeChanges(client: PoolClient, { shape }: ChangeOptions, onConflict: OnConflict): Promise<void> {
  const key = columnsOf(shape.key);
  for (const absent of await absentMasks(client)) {
    const said = shape.content.filter((_, index) => (absent & (1 << index)) === 0);
    const columns = `id, ${columnsOf([...shape.key, ...said])}`;
    const assigned = said.filter(({ insertOnly }) => !insertOnly);
    const assignments = assigned.map(({ column }) => `${column} = EXCLUDED.${column}`).join(", ");
    await client.query(
      `INSERT INTO ${shape.table} (${columns})
       SELECT ${columns} FROM pg_temp.changed_rows WHERE absent = $1 ORDER BY ${key}
       ON CONFLICT (${key}) DO ${onConflict === "update" && assignments !== "" ? `UPDATE SET ${assignments}` : "NOTHING"}`,
      [absent],
    );
  }
}

/** Which sets of fields the records of this run say nothing about. */
export async function absentMasks(client: PoolClient): Promise<readonly number[]> {
  const { rows } = await client.query<{ absent: number }>(
    "SELECT DISTINCT absent FROM pg_temp.changed_rows ORDER BY absent",
  );
  return rows.map(({ absent }) => absent);
}
