/** All that a database holds, to be compared row by row with what another one holds that went the same way. */
import type { ClientConfig } from "pg";
import { readExtensions, readSchema, referenceTo } from "../../src/db/catalog.js";
import { withClient } from "./database.js";

type Row = Readonly<Record<string, unknown>>;

export interface Snapshot {
  readonly database: string;
  /** By table, in the order of their text. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  /** Statements that make what is there, by name. */
  readonly objects: Readonly<Record<string, string>>;
  /** Differs from that of a copy of the same database as soon as one of the two has got, lost or changed an object. */
  readonly catalogs: string;
}

/** What is compared. */
export type Contents = Pick<Snapshot, "tables" | "objects">;

/** Text that is longer is compared by its hash. */
const LONG = 500;

/** Where objects are kept. A row that is new or changed is of a later transaction than all others. */
const CATALOGS = [
  ...["pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_depend", "pg_enum", "pg_extension", "pg_index"],
  ...["pg_policy", "pg_proc", "pg_rewrite", "pg_sequence", "pg_trigger", "pg_type"],
  // A session that had temporary tables leaves their schema, empty.
  "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
].map((catalog) => `(SELECT concat(count(*), ' ', max(xmin::text::bigint)) FROM ${catalog})`);

/** @param origin a snapshot of a copy of the same database, of which objects are taken that are the same: reading them takes longest */
export function takeSnapshot(config: ClientConfig, origin?: Snapshot): Promise<Snapshot> {
  return withClient(config, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL TIME ZONE 'UTC'");
    const found = await client.query<{ schema: string; table: string; columns: string }>(`
      SELECT n.nspname AS schema, c.oid::regclass::text AS "table",
             string_agg(format(CASE a.atttypid WHEN 'text'::regtype
                                 THEN '%1$L, CASE WHEN length(%1$I) > ${LONG} THEN md5(%1$I) ELSE %1$I END'
                                 ELSE '%1$L, %1$I' END, a.attname), ', ' ORDER BY a.attnum) AS columns
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast)'
       GROUP BY 1, c.oid`);
    const tables: Record<string, Row[]> = {};
    for (const { table, columns } of found.rows) {
      const { rows } = await client.query<{ row: Row }>(`SELECT json_build_object(${columns}) AS row FROM ${table}`);
      tables[table] = rows.map(({ row }) => row);
    }
    const { rows } = await client.query<{ catalogs: string }>(`SELECT concat_ws(',', ${CATALOGS}) AS catalogs`);
    const { catalogs = "" } = rows[0] ?? {};
    const { database = "" } = client;
    if (origin?.catalogs === catalogs) {
      return { database, tables, objects: origin.objects, catalogs };
    }
    const schemas = await client.query<{ name: string }>(
      "SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
    );
    const objects: Record<string, string> = {};
    for (const { name } of schemas.rows) {
      objects[`schema ${name}`] = "";
      for (const { position: _, ...object } of [
        ...(await readSchema(client, name)),
        ...(await readExtensions(client)),
      ]) {
        objects[`${name}: ${referenceTo(object)}`] = JSON.stringify(object);
      }
    }
    return { database, tables, objects, catalogs };
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const SECRET = /^(\$argon2|[0-9a-f]{64}$)/;

/**
 * The same for all runs that begin with the same database: what each of them makes up by itself (ids, times, salts)
 * has a name that says what it is. What was there in the beginning stands as it is.
 */
export function normalized(snapshot: Snapshot, beginning: Snapshot): Contents {
  const known = new Set(Object.values(beginning.tables).flatMap((rows) => rows.flatMap(Object.values)));
  const { users = [], vocabulary_words: words = [] } = snapshot.tables;
  const names = new Map<unknown, string>([
    ...users.map((row) => [row.id, `user ${row.email}`] as const),
    ...words.map((row) => [row.id, `word ${[row.language, row.term, row.reading, row.sense].join(" ")}`] as const),
  ]);
  const nameOf = (value: unknown): unknown => {
    if (typeof value !== "string" || (known.has(value) && !names.has(value))) {
      return value;
    }
    if (UUID.test(value)) {
      return names.get(value) ?? "an id";
    }
    return TIME.test(value) ? "a time" : SECRET.test(value) ? "a secret" : ofAny(value, snapshot.database);
  };
  const tables = Object.entries(snapshot.tables).map(([table, rows]) => {
    const named = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, nameOf(value)])),
    );
    return [table, named.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))] as const;
  });
  return { tables: Object.fromEntries(tables), objects: snapshot.objects };
}

/** In the history is what was typed: the database's name may be part of that, and the form of the answer. */
function ofAny(text: string, database: string): string {
  return text.replaceAll(database, "IT").replace(/ --json$/, "");
}

/** The first things that differ, in a few words; empty where the two are the same. */
export function differences(is: Contents, expected: Contents): string[] {
  const said: string[] = [];
  for (const name of namesIn(is.objects, expected.objects)) {
    const [one, other] = [is.objects[name], expected.objects[name]];
    if (one !== other) {
      said.push(`${name} ${one === undefined ? "is missing" : other === undefined ? "is too much" : `is ${one}`}`);
    }
  }
  for (const name of namesIn(is.tables, expected.tables)) {
    const [one, other] = [is.tables, expected.tables].map((tables) =>
      (tables[name] ?? []).map((row) => JSON.stringify(row)),
    );
    const [few, many] = [new Set(other), new Set(one)];
    said.push(...(one ?? []).filter((row) => !few.has(row)).map((row) => `${name} has ${row}`));
    said.push(...(other ?? []).filter((row) => !many.has(row)).map((row) => `${name} lacks ${row}`));
    if (one?.length !== other?.length) {
      said.push(`${name} has ${one?.length} rows, not ${other?.length}`);
    }
  }
  return said.slice(0, 5);
}

function namesIn(...records: readonly object[]): Set<string> {
  return new Set(records.flatMap(Object.keys));
}
