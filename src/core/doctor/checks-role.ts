/** Checks of the role that signs in: what it can do too much, and what it cannot do. */
import { isSupabase } from "../../db/supabase.js";
import { isLoopback } from "../../db/target.js";
import { readMark } from "../mark.js";
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { MIGRATIONS_TABLE } from "./checks-expected.js";
import { finding, type OwnTable, ownTables } from "./checks-tables.js";

interface Role {
  readonly name: string;
  readonly isSuperuser: boolean;
  /** Names of attributes that reach beyond this database. */
  readonly powers: readonly string[];
  readonly schema: string;
  readonly hasSchema: boolean;
  readonly mayUse: boolean;
  readonly mayCreate: boolean;
  /** One that prisma/roles.sql made, so that it may not do everything. */
  readonly isLimited: boolean;
}

async function roleOf({ client, target }: CheckContext): Promise<Role | undefined> {
  const { rows } = await client.query<Role>(
    `SELECT quote_ident(r.rolname) AS name, r.rolsuper AS "isSuperuser",
            array_remove(ARRAY[CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END,
                               CASE WHEN r.rolreplication THEN 'REPLICATION' END], NULL) AS powers,
            quote_ident($1) AS schema, n.oid IS NOT NULL AS "hasSchema",
            coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS "mayUse",
            coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(current_database(), 'CREATE')) AS "mayCreate",
            EXISTS (SELECT FROM pg_roles AS g WHERE g.rolname IN ('vocabdb_writer', 'vocabdb_reader')
                       AND pg_has_role(g.oid, 'USAGE')) AS "isLimited"
       FROM pg_roles AS r LEFT JOIN pg_namespace AS n ON n.nspname = $1
      WHERE r.rolname = current_user`,
    [target.schema],
  );
  return rows[0];
}

const powers: DatabaseCheck = {
  stage: "server",
  ids: ["role.superuser", "role.powers"],
  async run(context) {
    const role = await roleOf(context);
    if (role === undefined) {
      return [];
    }
    if (role.isSuperuser) {
      return await superuser(role, context);
    }
    // The one that Supabase gives to everybody, and needs as it is.
    if (isSupabase(context.target) && role.name === "postgres") {
      return [];
    }
    const tables = await ownTables(context);
    const isOwner = tables.length === 0 || tables.some((table) => table.isOwner);
    // Of no use to an owner, whom row level security does not concern.
    const excessive = role.powers.filter((power) => power !== "BYPASSRLS" || isOwner);
    return excessive.length === 0
      ? []
      : [
          finding(
            "role.powers",
            "info",
            `the role ${role.name} has ${excessive.join(", ")}, which vocabdb does not need`,
            `ALTER ROLE ${role.name} ${excessive.map((power) => `NO${power}`).join(" ")}`,
          ),
        ];
  },
};

/** On a machine of one's own a superuser is the usual role; anywhere else, and in production, it is too much. */
async function superuser(role: Role, context: CheckContext): Promise<readonly DatabaseFinding[]> {
  const { target } = context;
  const mark = await markOf(context);
  if (mark !== "production" && (target.embedded || isLoopback(target))) {
    return [];
  }
  const where = mark === "production" ? "in a database marked production" : "of a server elsewhere";
  return [
    finding(
      "role.superuser",
      "warning",
      `the role ${role.name} is a superuser ${where}: whoever has this URL has the whole server, its files included`,
      "CREATE ROLE vocabdb LOGIN PASSWORD '…'; then ALTER TABLE … OWNER TO vocabdb for each table, and that role in DATABASE_URL",
    ),
  ];
}

async function markOf(context: CheckContext): Promise<string | null> {
  const mark = (await ownTables(context)).find(({ name }) => name === "database_mark");
  return mark?.mayRead ? readMark(context.client) : null;
}

const rights: DatabaseCheck = {
  stage: "server",
  ids: ["role.no-create", "role.not-owner", "role.no-read", "role.rows-hidden"],
  async run(context) {
    const role = await roleOf(context);
    if (role === undefined) {
      return [];
    }
    const tables = await ownTables(context);
    const lacking = role.isLimited ? [] : [...noCreate(role, tables), ...notOwner(role, tables)];
    return [...lacking, ...noRead(role, tables), ...rowsHidden(role, tables)];
  },
};

/** For tables that were made after it was run. */
const ROLES_SCRIPT = "run prisma/roles.sql again, as the owner of the tables (docs/security.md)";

function noCreate(role: Role, tables: readonly OwnTable[]): readonly DatabaseFinding[] {
  if (role.mayCreate) {
    return [];
  }
  // Once the tables are there, only migrations miss it.
  const level = tables.length === 0 ? "error" : "info";
  const message = `the role ${role.name} may not create tables in the schema ${role.schema}, as migrations do`;
  const fix = role.hasSchema
    ? `GRANT USAGE, CREATE ON SCHEMA ${role.schema} TO ${role.name}`
    : `CREATE SCHEMA ${role.schema} AUTHORIZATION ${role.name}`;
  return [finding("role.no-create", level, message, fix)];
}

function notOwner(role: Role, tables: readonly OwnTable[]): readonly DatabaseFinding[] {
  const foreign = tables.filter(({ isOwner }) => !isOwner);
  const owners = [...new Set(foreign.map(({ owner }) => owner))];
  return foreign.length === 0
    ? []
    : [
        finding(
          "role.not-owner",
          "info",
          `${namesOf(foreign)} ${foreign.length === 1 ? "belongs" : "belong"} to ${owners.join(", ")}: as ${role.name}, migrations and repairs are refused`,
          `run migrations as ${owners.join(", ")} (DIRECT_URL), who may also hand over: ${foreign.map(({ sql }) => `ALTER TABLE ${sql} OWNER TO ${role.name}`).join("; ")}`,
        ),
      ];
}

function noRead(role: Role, tables: readonly OwnTable[]): readonly DatabaseFinding[] {
  const unreadable = tables.filter(({ mayRead }) => !mayRead);
  if (unreadable.length === 0) {
    return [];
  }
  const lists = unreadable.map(({ sql }) => sql).join(", ");
  const fix = role.isLimited
    ? ROLES_SCRIPT
    : role.mayUse
      ? `GRANT SELECT ON TABLE ${lists} TO ${role.name}`
      : `GRANT USAGE ON SCHEMA ${role.schema} TO ${role.name}`;
  return [finding("role.no-read", "error", `the role ${role.name} may not read ${namesOf(unreadable)}`, fix)];
}

function rowsHidden(role: Role, tables: readonly OwnTable[]): readonly DatabaseFinding[] {
  // Migrations are the owner's business.
  const hidden = tables.filter(({ name, isHidden }) => isHidden && name !== MIGRATIONS_TABLE);
  return hidden.length === 0
    ? []
    : [
        finding(
          "role.rows-hidden",
          "error",
          `row level security hides every row of ${namesOf(hidden)} from the role ${role.name}: reads find nothing, and say so without an error`,
          role.isLimited ? ROLES_SCRIPT : `ALTER ROLE ${role.name} BYPASSRLS`,
        ),
      ];
}

const namesOf = (tables: readonly OwnTable[]): string => tables.map(({ name }) => name).join(", ");

export const roleChecks: readonly DatabaseCheck[] = [powers, rights];
