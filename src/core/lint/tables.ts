/** What the lint has to know of the tables that a migration names, without reading or locking one. */
import type { ClientBase } from "pg";
import type { TableName } from "./reader.js";

export interface TableFacts {
  /** As estimated by the server. */
  readonly rows: number;
  /** Types as `format_type` writes them, by column. */
  readonly types: ReadonlyMap<string, string>;
  /** Columns that a validated check keeps from being null. */
  readonly neverNull: ReadonlySet<string>;
}

export interface Facts {
  /** @returns null for a table that is not there */
  table(name: TableName): TableFacts | null;
  /** Whether a function of that name may return something else for each row. */
  isVolatile(name: string): boolean;
}

/** For pages whose rows were never counted. */
const ROWS_PER_PAGE = 50;

/**
 * Catalogs and statistics only. Functions such as pg_relation_size and pg_get_constraintdef lock the table: they
 * would wait behind whoever waits for it. Hence the inner form of `column IS NOT NULL`, the same since PostgreSQL 9.
 */
const TABLES = `
  SELECT wanted.name AS key, sizes.rows, columns.types, checks.columns AS "neverNull"
    FROM unnest($1::text[], $2::text[]) AS wanted (name, regclass)
    JOIN pg_class ON pg_class.oid = to_regclass(wanted.regclass) AND relkind IN ('r', 'p', 'm')
   CROSS JOIN LATERAL (
     WITH RECURSIVE parts (oid) AS (
       SELECT pg_class.oid
       UNION
       SELECT inhrelid FROM pg_inherits JOIN parts ON inhparent = parts.oid
     )
     SELECT sum(greatest(
              CASE WHEN reltuples >= 0 THEN reltuples::float8 ELSE relpages * ${ROWS_PER_PAGE} END,
              pg_stat_get_live_tuples(leaf.oid)
            ))::float8 AS rows
       FROM pg_class AS leaf JOIN parts USING (oid) WHERE relkind <> 'p'
   ) AS sizes
   CROSS JOIN LATERAL (
     SELECT COALESCE(jsonb_object_agg(attname, format_type(atttypid, atttypmod)), '{}') AS types
       FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
   ) AS columns
   CROSS JOIN LATERAL (
     SELECT COALESCE(jsonb_agg(attname), '[]') AS columns
       FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND conkey = ARRAY[attnum]
      WHERE conrelid = pg_class.oid AND contype = 'c' AND convalidated
        AND conbin::text ~ '^\\{NULLTEST :arg \\{VAR [^{}]*\\} :nulltesttype 1 '
   ) AS checks`;

const VOLATILE = "SELECT DISTINCT proname AS name FROM pg_proc WHERE proname = ANY ($1) AND provolatile = 'v'";

interface TableRow {
  readonly key: string;
  readonly rows: number | null;
  readonly types: Readonly<Record<string, string>>;
  readonly neverNull: readonly string[];
}

/** @param client with the migrations' search path */
export async function readFacts(
  client: ClientBase,
  tables: readonly TableName[],
  functions: readonly string[],
): Promise<Facts> {
  const quoted = tables.map(({ schema, name }) => [...(schema === null ? [] : [schema]), name].map(quote).join("."));
  const { rows } = await client.query<TableRow>(TABLES, [tables.map(keyOf), quoted]);
  const known = new Map<string, TableFacts>();
  for (const { key, rows: estimate, types, neverNull } of rows) {
    known.set(key, { rows: estimate ?? 0, types: new Map(Object.entries(types)), neverNull: new Set(neverNull) });
  }
  const volatile = await client.query<{ name: string }>(VOLATILE, [functions]);
  const changing = new Set(volatile.rows.map(({ name }) => name));
  return {
    table: (name) => known.get(keyOf(name)) ?? null,
    isVolatile: (name) => changing.has(name),
  };
}

/** Only ever a parameter of to_regclass, which reads it as a name. */
function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function keyOf({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}
