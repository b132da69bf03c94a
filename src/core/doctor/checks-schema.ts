/** Checks of what migrations make beyond tables: indexes, constraints and triggers, there and in force. */
import { readMigrations } from "../migration-files.js";
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { CONSTRAINTS, INDEXES, MIGRATIONS_TABLE, TABLES, TRIGGERS } from "./checks-expected.js";
import { finding, ownTables } from "./checks-tables.js";

type Kind = "table" | "index" | "constraint" | "trigger";

interface Part {
  readonly kind: Kind;
  readonly name: string;
  readonly table: string;
  /** As the server tells it. */
  readonly definition: string;
}

const EXPECTED: readonly Part[] = [
  ...INDEXES.map((definition) => partOf("index", /INDEX (\w+) ON (\w+)/, definition)),
  ...Object.entries(CONSTRAINTS).flatMap(([table, constraints]) =>
    Object.entries(constraints).map(([name, definition]) => ({ kind: "constraint" as const, name, table, definition })),
  ),
  ...TRIGGERS.map((definition) => partOf("trigger", /TRIGGER (\w+) .* ON (\w+) /, definition)),
];

function partOf(kind: Kind, pattern: RegExp, definition: string): Part {
  const [, name = "", table = ""] = pattern.exec(definition) ?? [];
  return { kind, name, table, definition };
}

/** Of indexes and constraints the parentheses, quotes and storage parameters differ between databases that mean the same. */
const essence = (definition: string): string =>
  definition.replace(/ NOT VALID$| WITH \([^)]*\)/g, "").replace(/[()"\\\s]|CONCURRENTLY/g, "");

const missing: DatabaseCheck = {
  stage: "schema",
  ids: ["schema.table-missing", "schema.index-missing", "schema.constraint-missing", "schema.trigger-missing"],
  async run(context) {
    if (!(await isUpToDate(context))) {
      return [];
    }
    const tables = await ownTables(context);
    const there = new Set(tables.map(({ name }) => name));
    const actual = new Map((await partsOf(context)).map((part) => [`${part.kind} ${part.name}`, part]));
    const names = await namesOf(context);
    const lacking = EXPECTED.filter((part) => there.has(part.table)).flatMap((expected) => {
      const found = actual.get(`${expected.kind} ${expected.name}`);
      return found !== undefined && isSame(found, expected)
        ? []
        : [partMissing(expected, found?.table === expected.table, names)];
    });
    return [...TABLES.filter((name) => !there.has(name)).map(tableMissing), ...lacking];
  },
};

/** What is missing because its migration is pending is told by that. */
async function isUpToDate(context: CheckContext): Promise<boolean> {
  const record = (await ownTables(context)).find(({ name }) => name === MIGRATIONS_TABLE);
  if (!record?.mayRead || record.isHidden) {
    return false;
  }
  const { rows } = await context.client.query<{ name: string }>(
    `SELECT migration_name AS name FROM ${record.sql} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  const applied = new Set(rows.map(({ name }) => name));
  return readMigrations().every(({ name }) => applied.has(name));
}

/** Everything of ours that is there, without the schema of the tables. Waits for whoever has locked one of them. */
async function partsOf({ client, target }: CheckContext, tables: readonly string[] = TABLES): Promise<readonly Part[]> {
  const { rows } = await client.query<Part>(
    `WITH tables AS (
       SELECT c.oid, c.relname AS name, format(' ON %I.', n.nspname) AS prefix
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = ANY($2)
     ), trigrams AS (
       SELECT quote_ident(n.nspname) || '.' AS prefix
         FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'
     )
     SELECT 'index' AS kind, i.relname AS name, t.name AS table,
            replace(replace(regexp_replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON '), t.prefix, ' ON '),
                    coalesce((SELECT prefix FROM trigrams), '') || 'gin_trgm_ops', 'gin_trgm_ops') AS definition
       FROM tables AS t JOIN pg_index AS x ON x.indrelid = t.oid JOIN pg_class AS i ON i.oid = x.indexrelid
     UNION ALL
     SELECT 'constraint', k.conname, t.name, pg_get_constraintdef(k.oid)
       FROM tables AS t JOIN pg_constraint AS k ON k.conrelid = t.oid
     UNION ALL
     SELECT 'trigger', g.tgname, t.name, replace(pg_get_triggerdef(g.oid), t.prefix, ' ON ')
       FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal`,
    [target.schema, tables],
  );
  return rows;
}

interface Names {
  readonly schema: string;
  /** Of the trigram operator classes. */
  readonly trigrams: string;
}

async function namesOf({ client, target }: CheckContext): Promise<Names> {
  const { rows } = await client.query<Names>(
    `SELECT quote_ident($1) AS schema, coalesce((
       SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
        WHERE e.extname = 'pg_trgm'), quote_ident($1)) AS trigrams`,
    [target.schema],
  );
  return rows[0] ?? { schema: target.schema, trigrams: target.schema };
}

/** A statement that means the same whatever the search path. */
function qualified(statement: string, { schema, trigrams }: Names): string {
  // By functions: a $ in a name stays what it is.
  return statement
    .replace(/ ON (\w+) (?=USING|FOR)/, (_, table) => ` ON ${schema}.${table} `)
    .replace(/REFERENCES (\w+)/, (_, table) => `REFERENCES ${schema}.${table}`)
    .replace(/\b(search_\w+|set_\w+|refuse_\w+|stamp_\w+)\(/g, (_, name) => `${schema}.${name}(`)
    .replace(/\bgin_trgm_ops\b/g, () => `${trigrams}.gin_trgm_ops`);
}

const tableMissing = (name: string): DatabaseFinding =>
  finding(
    "schema.table-missing",
    "error",
    `the table ${name} is missing, though its migration is recorded as applied`,
    "restore it from a backup; vocabdb migrate status shows the SQL that makes it anew",
  );

function partMissing(part: Part, isThere: boolean, names: Names): DatabaseFinding {
  const { kind, name, table, definition } = part;
  const statement = qualified(definition, names);
  const onTable = `ALTER TABLE ${names.schema}.${table}`;
  const fixes: Readonly<Record<Kind, string>> = {
    table: "",
    index: isThere
      ? `DROP INDEX ${names.schema}.${name}; ${statement}`
      : statement.replace("INDEX ", "INDEX CONCURRENTLY "),
    constraint: `${onTable} ${isThere ? `DROP CONSTRAINT ${name}, ` : ""}ADD CONSTRAINT ${name} ${statement}`,
    trigger: isThere ? statement.replace("CREATE ", "CREATE OR REPLACE ") : statement,
  };
  const isOnlySlow = kind === "index" && !definition.includes("UNIQUE");
  return finding(
    `schema.${kind}-missing`,
    isOnlySlow ? "warning" : "error",
    `the ${kind} ${name} of ${table} ${isThere ? "is not the one that the migrations make" : "is missing"}: ${CONSEQUENCES[isOnlySlow ? "index" : "rule"]}`,
    fixes[kind],
  );
}

const CONSEQUENCES = {
  index: "queries that need it read the whole table",
  rule: "data that breaks the rules of the product can get in",
} as const;

interface Weak {
  readonly id: keyof typeof LEVELS;
  readonly name: string;
  readonly table: string;
  readonly fix: string;
}

const inForce: DatabaseCheck = {
  stage: "schema",
  ids: ["schema.index-invalid", "schema.index-duplicate", "schema.constraint-not-valid", "schema.trigger-disabled"],
  async run({ client, target }) {
    const { rows } = await client.query<Weak>(
      `WITH tables AS (
         SELECT c.oid, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS sql, quote_ident(n.nspname) AS schema
           FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = ANY($2)
       )
       SELECT 'schema.index-invalid' AS id, i.relname AS name, t.name AS table,
              CASE WHEN i.relname = ANY($3) THEN format('REINDEX INDEX CONCURRENTLY %s.%I', t.schema, i.relname)
                   ELSE format('DROP INDEX CONCURRENTLY %s.%I', t.schema, i.relname) END AS fix
         FROM tables AS t JOIN pg_index AS x ON x.indrelid = t.oid JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE NOT (x.indisvalid AND x.indisready)
          AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = i.oid)
       UNION ALL
       SELECT 'schema.index-duplicate', i.relname, t.name, format('DROP INDEX CONCURRENTLY %s.%I', t.schema, i.relname)
         FROM tables AS t JOIN pg_index AS x ON x.indrelid = t.oid AND x.indisvalid
         JOIN pg_class AS i ON i.oid = x.indexrelid AND i.relname <> ALL($3)
        WHERE EXISTS (
          SELECT FROM pg_index AS o JOIN pg_class AS oi ON oi.oid = o.indexrelid
           WHERE o.indrelid = x.indrelid AND oi.relname = ANY($3) AND o.indisvalid AND oi.relam = i.relam
             AND (o.indkey, o.indclass, o.indcollation, o.indoption) = (x.indkey, x.indclass, x.indcollation, x.indoption)
             AND pg_get_expr(o.indexprs, o.indrelid) IS NOT DISTINCT FROM pg_get_expr(x.indexprs, x.indrelid)
             AND pg_get_expr(o.indpred, o.indrelid) IS NOT DISTINCT FROM pg_get_expr(x.indpred, x.indrelid))
       UNION ALL
       SELECT 'schema.constraint-not-valid', k.conname, t.name,
              format('ALTER TABLE %s VALIDATE CONSTRAINT %I', t.sql, k.conname)
         FROM tables AS t JOIN pg_constraint AS k ON k.conrelid = t.oid WHERE NOT k.convalidated
       UNION ALL
       -- Of those that enforce foreign keys one for each table: they have no names of their own.
       SELECT 'schema.trigger-disabled', min(CASE WHEN g.tgisinternal THEN 'foreign keys' ELSE g.tgname END), t.name,
              CASE WHEN g.tgisinternal THEN format('ALTER TABLE %s ENABLE TRIGGER ALL', t.sql)
                   ELSE format('ALTER TABLE %s ENABLE TRIGGER %I', t.sql, min(g.tgname)) END
         FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid
        WHERE g.tgenabled NOT IN ('O', 'A')
        GROUP BY t.name, t.sql, g.tgisinternal, CASE WHEN g.tgisinternal THEN 0 ELSE g.oid END
       ORDER BY 1, 3, 2`,
      [target.schema, TABLES, EXPECTED.map(({ name }) => name)],
    );
    return rows.map((weak) => finding(weak.id, LEVELS[weak.id], WORDS[weak.id](weak), weak.fix));
  },
};

const LEVELS = {
  "schema.index-invalid": "error",
  "schema.index-duplicate": "info",
  "schema.constraint-not-valid": "warning",
  "schema.trigger-disabled": "error",
} as const;

const WORDS: Readonly<Record<Weak["id"], (weak: Weak) => string>> = {
  "schema.index-invalid": ({ name, table }) =>
    `the index ${name} of ${table} is invalid: its building broke off, it slows every write and helps no query`,
  "schema.index-duplicate": ({ name, table }) =>
    `the index ${name} of ${table} has what another of its indexes has: it slows every write and helps no query`,
  "schema.constraint-not-valid": ({ name, table }) =>
    `the constraint ${name} of ${table} holds for new rows only: older ones were never checked (NOT VALID)`,
  "schema.trigger-disabled": ({ name, table }) =>
    name === "foreign keys"
      ? `the triggers behind foreign keys of ${table} are disabled: rows may refer to what does not exist`
      : `the trigger ${name} of ${table} is disabled`,
};

/** Constraints and unique indexes of ours that hold for every row: what they forbid need not be looked for. */
export async function enforced(context: CheckContext, tables: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await context.client.query<Pick<Part, "kind" | "name">>(
    `WITH tables AS (
       SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = ANY($2)
     )
     SELECT 'constraint' AS kind, k.conname AS name
       FROM tables AS t JOIN pg_constraint AS k ON k.conrelid = t.oid WHERE k.convalidated
     UNION ALL
     SELECT 'index', i.relname
       FROM tables AS t JOIN pg_index AS x ON x.indrelid = t.oid JOIN pg_class AS i ON i.oid = x.indexrelid
      WHERE x.indisunique AND x.indisvalid AND x.indisready`,
    [context.target.schema, tables],
  );
  const inForce = new Set(rows.map(({ kind, name }) => `${kind} ${name}`));
  const actual = (await partsOf(context, tables)).filter(({ kind, name }) => inForce.has(`${kind} ${name}`));
  return new Set(actual.filter((part) => EXPECTED.some((expected) => isSame(part, expected))).map(({ name }) => name));
}

function isSame(part: Part, expected: Part): boolean {
  return (
    part.kind === expected.kind &&
    part.name === expected.name &&
    part.table === expected.table &&
    essence(part.definition) === essence(expected.definition)
  );
}

export const schemaChecks: readonly DatabaseCheck[] = [missing, inForce];
