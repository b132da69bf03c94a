/** What stands in a schema, by PostgreSQL's own catalogs: Prisma's engine knows tables, columns and plain indexes only. */
import type { ClientBase } from "pg";

export type ObjectKind =
  | "table"
  | "column"
  | "constraint"
  | "index"
  | "trigger"
  | "rule"
  | "policy"
  | "view"
  | "function"
  | "sequence"
  | "type"
  | "extension";

interface Located {
  /** The table that it belongs to, quoted; null for what stands in the schema by itself. */
  readonly table: string | null;
  /** Quoted; of a function with the types of its arguments. */
  readonly name: string;
  /** Ascends in the order in which things were made, so that each comes after what it builds on. */
  readonly position: number;
  /** Columns and functions of the schema that it is computed from, as {@link referenceTo} has them. */
  readonly uses: readonly string[];
}

interface Made extends Located {
  /** The statement that makes it, or what follows its name in one; what is compared. */
  readonly sql: string;
}

export interface TableObject extends Located {
  readonly kind: "table";
  readonly table: null;
  readonly logged: boolean;
  readonly rowSecurity: boolean;
  readonly rowSecurityForced: boolean;
  /** False where the triggers that keep foreign keys were disabled. */
  readonly keysEnforced: boolean;
}

export interface ColumnObject extends Located {
  readonly kind: "column";
  readonly table: string;
  readonly type: string;
  /** Where it is not that of the type. */
  readonly collation: string | null;
  readonly notNull: boolean;
  /** The default; of a generated column what it is computed by. */
  readonly expression: string | null;
  /** As in pg_attribute: stored or virtual. */
  readonly generated: "" | "s" | "v";
  /** As in pg_attribute: always or by default. */
  readonly identity: "" | "a" | "d";
}

export interface ConstraintObject extends Made {
  readonly kind: "constraint";
  readonly table: string;
  readonly isForeignKey: boolean;
}

export interface IndexObject extends Made {
  readonly kind: "index";
  readonly table: string;
  readonly valid: boolean;
}

/** A trigger or a rule. */
export interface FiringObject extends Made {
  readonly kind: "trigger" | "rule";
  readonly table: string;
  /** As in pg_trigger: O by default, D for disabled, R for replicas only, A for always. */
  readonly enabled: "O" | "D" | "R" | "A";
}

export interface PolicyObject extends Made {
  readonly kind: "policy";
  readonly table: string;
}

export interface FunctionObject extends Made {
  readonly kind: "function";
  readonly table: null;
  /** What cannot be replaced in place: kind, arguments with names and defaults, result. */
  readonly signature: string;
}

export interface PlainObject extends Made {
  readonly kind: "view" | "sequence" | "type" | "extension";
  readonly table: null;
}

export type SchemaObject =
  | TableObject
  | ColumnObject
  | ConstraintObject
  | IndexObject
  | FiringObject
  | PolicyObject
  | FunctionObject
  | PlainObject;

/** How {@link SchemaObject.uses} names it. */
export function referenceTo({ kind, table, name }: Pick<SchemaObject, "kind" | "table" | "name">): string {
  return `${kind} ${table === null ? "" : `${table}.`}${name}`;
}

/** What belongs to an extension is the extension's business. */
const notOfExtension = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend AS e
                WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

const uses = (catalog: string, oid: string): string =>
  `ARRAY(SELECT DISTINCT CASE WHEN u.refclassid = 'pg_proc'::regclass THEN 'function ' || u.refobjid::regprocedure
                     ELSE format('column %I.%I', uc.relname, ua.attname) END
           FROM pg_depend AS u
           LEFT JOIN pg_class AS uc ON u.refclassid = 'pg_class'::regclass AND uc.oid = u.refobjid
           LEFT JOIN pg_attribute AS ua ON ua.attrelid = uc.oid AND ua.attnum = u.refobjsubid
          WHERE u.classid = '${catalog}'::regclass AND u.objid = ${oid}
            AND (u.refclassid = 'pg_proc'::regclass OR u.refobjsubid > 0)
          ORDER BY 1)`;

/** That of prisma/roles.sql, of `pg_policy AS p`: part of who may do what, which is no part of a schema. Exactly as it is made there. */
const OF_ROLES_SCRIPT = `p.polname = 'vocabdb_roles' AND p.polpermissive AND p.polcmd = '*'
  AND ARRAY(SELECT r.rolname::text FROM pg_roles AS r WHERE r.oid = ANY(p.polroles) ORDER BY r.rolname COLLATE "C")
      = ARRAY['vocabdb_reader', 'vocabdb_writer'] AND cardinality(p.polroles) = 2
  AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND p.polwithcheck IS NULL`;

/** Each row: kind, table, name, position, uses, the other fields of the kind as an object, and its place among its like. */
const QUERY = `
WITH tables AS MATERIALIZED (
  SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relpersistence, quote_ident(c.relname) AS name
    FROM pg_class AS c
   WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND c.relkind IN ('r', 'p')
     AND ${notOfExtension("pg_class", "c.oid")}
)
SELECT 'table' AS kind, NULL AS table, t.name, t.oid::bigint::float8 AS position, '{}'::text[] AS uses,
       jsonb_build_object('logged', t.relpersistence = 'p', 'rowSecurity', t.relrowsecurity,
         'rowSecurityForced', t.relforcerowsecurity,
         'keysEnforced', NOT EXISTS (SELECT FROM pg_trigger AS k
                                      WHERE k.tgrelid = t.oid AND k.tgisinternal AND k.tgenabled <> 'O')) AS fields,
       0 AS place
  FROM tables AS t
UNION ALL
SELECT 'column', t.name, quote_ident(a.attname),
       greatest(t.oid, d.oid, CASE WHEN y.typnamespace = to_regnamespace(quote_ident($1)) THEN y.oid END)::bigint::float8,
       CASE WHEN d.oid IS NULL THEN '{}' ELSE ${uses("pg_attrdef", "d.oid")} END,
       jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
         'collation', CASE WHEN a.attcollation <> y.typcollation THEN a.attcollation::regcollation::text END,
         'expression', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated, 'identity', a.attidentity), a.attnum
  FROM tables AS t
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS y ON y.oid = a.atttypid
  LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
UNION ALL
SELECT 'constraint', t.name, quote_ident(c.conname), c.oid::bigint::float8, ${uses("pg_constraint", "c.oid")},
       jsonb_build_object('sql', pg_get_constraintdef(c.oid), 'isForeignKey', c.contype = 'f'), 0
  FROM tables AS t
  JOIN pg_constraint AS c ON c.conrelid = t.oid AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conislocal
UNION ALL
SELECT 'index', t.name, quote_ident(c.relname), c.oid::bigint::float8, ${uses("pg_class", "c.oid")},
       jsonb_build_object('sql', regexp_replace(pg_get_indexdef(c.oid, 0, true), ' ON ONLY ', ' ON '), 'valid', i.indisvalid AND i.indisready), 0
  FROM tables AS t
  JOIN pg_index AS i ON i.indrelid = t.oid
  JOIN pg_class AS c ON c.oid = i.indexrelid
 WHERE NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'trigger', t.name, quote_ident(g.tgname), g.oid::bigint::float8, '{}',
       jsonb_build_object('sql', pg_get_triggerdef(g.oid, true), 'enabled', g.tgenabled), 0
  FROM tables AS t
  JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgparentid = 0
UNION ALL
SELECT 'rule', t.name, quote_ident(r.rulename), r.oid::bigint::float8, '{}',
       jsonb_build_object('sql', rtrim(pg_get_ruledef(r.oid, true), ';'), 'enabled', r.ev_enabled), 0
  FROM tables AS t
  JOIN pg_rewrite AS r ON r.ev_class = t.oid
UNION ALL
SELECT 'policy', t.name, quote_ident(p.polname), p.oid::bigint::float8, '{}',
       jsonb_build_object('sql', format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, t.name,
         CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
         CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                       ELSE 'ALL' END,
         (SELECT string_agg(CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END, ', '
                            ORDER BY role) FROM unnest(p.polroles) AS role),
         ' USING (' || pg_get_expr(p.polqual, t.oid) || ')',
         ' WITH CHECK (' || pg_get_expr(p.polwithcheck, t.oid) || ')')), 0
  FROM tables AS t
  JOIN pg_policy AS p ON p.polrelid = t.oid
 WHERE NOT (${OF_ROLES_SCRIPT})
UNION ALL
SELECT 'view', NULL, quote_ident(c.relname), c.oid::bigint::float8, '{}',
       jsonb_build_object('sql', format('CREATE %s %I%s AS %s',
         CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, c.relname,
         ' WITH (' || array_to_string(c.reloptions, ', ') || ')', rtrim(pg_get_viewdef(c.oid, true), ';'))), 0
  FROM pg_class AS c
 WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND c.relkind IN ('v', 'm')
   AND ${notOfExtension("pg_class", "c.oid")}
UNION ALL
-- The server writes the name of a function with its schema, whatever is searched.
SELECT 'function', NULL, p.oid::regprocedure::text, p.oid::bigint::float8, ${uses("pg_proc", "p.oid")},
       jsonb_build_object('signature', concat_ws(' ', p.prokind, pg_get_function_arguments(p.oid),
         pg_get_function_result(p.oid)),
         'sql', rtrim(replace(left(s.sql, length(h.head)), h.head, h.short) || substr(s.sql, length(h.head) + 1), E'\\n')), 0
  FROM pg_proc AS p
  CROSS JOIN LATERAL (SELECT pg_get_functiondef(p.oid) AS sql) AS s
  CROSS JOIN LATERAL (
    SELECT format('CREATE OR REPLACE %s %I.%I(', o.object, $1::text, p.proname) AS head,
           format('CREATE OR REPLACE %s %I(', o.object, p.proname) AS short
      FROM (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS object) AS o) AS h
 WHERE p.pronamespace = to_regnamespace(quote_ident($1)) AND p.prokind IN ('f', 'p', 'w')
   AND ${notOfExtension("pg_proc", "p.oid")}
UNION ALL
-- Those of identity columns come and go with their columns.
SELECT 'sequence', NULL, quote_ident(c.relname), c.oid::bigint::float8, '{}',
       jsonb_build_object('sql', format(
         'CREATE SEQUENCE %I AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s',
         c.relname, format_type(q.seqtypid, NULL), q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
         CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)), 0
  FROM pg_class AS c
  JOIN pg_sequence AS q ON q.seqrelid = c.oid
 WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND ${notOfExtension("pg_class", "c.oid")}
   AND NOT EXISTS (SELECT FROM pg_depend AS i
                    WHERE i.classid = 'pg_class'::regclass AND i.objid = c.oid AND i.deptype = 'i')
UNION ALL
SELECT 'type', NULL, quote_ident(y.typname), y.oid::bigint::float8, '{}',
       jsonb_build_object('sql', CASE y.typtype
         WHEN 'e' THEN format('CREATE TYPE %I AS ENUM (%s)', y.typname,
           (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder)
              FROM pg_enum AS l WHERE l.enumtypid = y.oid))
         ELSE format('CREATE DOMAIN %I AS %s%s%s%s', y.typname, format_type(y.typbasetype, y.typtypmod),
           ' DEFAULT ' || pg_get_expr(y.typdefaultbin, 0), CASE WHEN y.typnotnull THEN ' NOT NULL' END,
           (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
              FROM pg_constraint AS k WHERE k.contypid = y.oid AND k.contype = 'c')) END), 0
  FROM pg_type AS y
 WHERE y.typnamespace = to_regnamespace(quote_ident($1)) AND y.typtype IN ('e', 'd')
   AND ${notOfExtension("pg_type", "y.oid")}
ORDER BY kind, "table", place, name`;

interface Row extends Located {
  readonly kind: ObjectKind;
  readonly fields: object;
}

/**
 * Reads catalogs only, under no lock that anybody would wait for.
 *
 * @param client whose search path begins with the schema: names within it are then told without it
 * @returns by kind, table and name; columns in that of their table; without owners, grants, comments and storage settings
 */
export async function readSchema(client: ClientBase, schema: string): Promise<SchemaObject[]> {
  const { rows } = await client.query<Row>(QUERY, [schema]);
  // The query gives each kind the fields of its interface.
  return rows.map(({ kind, table, name, position, uses, fields }) => {
    return { kind, table, name, position, uses, ...fields } as SchemaObject;
  });
}

/** Of the whole database; before everything else, as anything may build on them. */
export async function readExtensions(client: ClientBase): Promise<SchemaObject[]> {
  const { rows } = await client.query<{ name: string; sql: string }>(
    `SELECT quote_ident(extname) AS name, format('CREATE EXTENSION %I SCHEMA %I', extname, nspname) AS sql
       FROM pg_extension JOIN pg_namespace AS n ON n.oid = extnamespace`,
  );
  return rows.map(({ name, sql }) => ({ kind: "extension", table: null, name, position: 0, uses: [], sql }));
}
