/** Checks of who may read and write the tables without being their owner: on Supabase, every browser. */
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { MIGRATIONS_TABLE, TABLES } from "./checks-expected.js";
import { finding, ownTables } from "./checks-tables.js";

/** The roles as which Supabase's API works for whoever has the public key; PUBLIC is everybody. */
const STRANGERS = ["anon", "authenticated"];

const rowSecurity: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.rls-off"],
  async run(context) {
    const open = (await ownTables(context)).filter((table) => !table.rowSecurity);
    if (open.length === 0) {
      return [];
    }
    const repair = open.map(({ sql }) => `ALTER TABLE ${sql} ENABLE ROW LEVEL SECURITY`);
    const isOwner = open.every((table) => table.isOwner);
    return [
      finding(
        "exposure.rls-off",
        "error",
        `row level security is off for ${open.map(({ name }) => name).join(", ")}: whoever is granted a table reads all of it, and Supabase serves the schema public to every browser`,
        `${repair.join("; ")}${isOwner ? "" : ` (as ${open[0]?.owner})`}`,
        { repair: isOwner ? repair : null },
      ),
    ];
  },
};

interface Policy {
  readonly policy: string;
  readonly table: string;
  readonly roles: string;
}

const policies: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.rls-policy"],
  async run({ client, target }) {
    const { rows } = await client.query<Policy>(
      `SELECT quote_ident(p.polname) AS policy, format('%I.%I', n.nspname, c.relname) AS table,
              array_to_string(ARRAY(
                SELECT CASE WHEN role = 0 THEN 'everybody' ELSE pg_get_userbyid(role) END FROM unnest(p.polroles) AS role
              ), ', ') AS roles
         FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = ANY($2) AND p.polpermissive
          AND (0 = ANY(p.polroles) OR EXISTS (
                SELECT FROM pg_roles AS r WHERE r.rolname = ANY($3) AND r.oid = ANY(p.polroles)))
        ORDER BY c.relname, p.polname`,
      [target.schema, [...TABLES, MIGRATIONS_TABLE], STRANGERS],
    );
    return rows.map(({ policy, table, roles }) =>
      finding(
        "exposure.rls-policy",
        "warning",
        `the policy ${policy} on ${table} lets ${roles} past row level security`,
        `unless that is meant: DROP POLICY ${policy} ON ${table}`,
      ),
    );
  },
};

interface Grants {
  readonly table: string;
  readonly grantee: string;
  readonly privileges: string;
  readonly protected: boolean;
  /** Who has to take it back, where that is not the owner: a REVOKE of anybody else leaves it in force. */
  readonly grantor: string | null;
  readonly isOwner: boolean;
  /** Somebody has let the grantee past row level security: the grant is there for a reason. */
  readonly isMeant: boolean;
}

/** What no policy has a say in. */
const UNSTOPPABLE = /TRUNCATE|TRIGGER|REFERENCES/;

const grants: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.anon-grant"],
  async run({ client, target }) {
    const { rows } = await client.query<Grants>(
      `SELECT format('%I.%I', n.nspname, c.relname) AS table,
              CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END AS grantee,
              string_agg(DISTINCT acl.privilege_type, ', ') AS privileges, c.relrowsecurity AS protected,
              pg_has_role(c.relowner, 'USAGE') AS "isOwner",
              CASE WHEN acl.grantor <> c.relowner THEN quote_ident(pg_get_userbyid(acl.grantor)) END AS grantor,
              EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive
                         AND (0 = ANY(p.polroles) OR acl.grantee = ANY(p.polroles))) AS "isMeant"
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        CROSS JOIN LATERAL (SELECT * FROM aclexplode(c.relacl) UNION ALL SELECT * FROM aclexplode(a.attacl)) AS acl
        WHERE n.nspname = $1 AND c.relname = ANY($2)
          AND (acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY($3)))
        GROUP BY c.oid, 1, 2, c.relrowsecurity, c.relowner, acl.grantee, acl.grantor
        ORDER BY 1, 2`,
      [target.schema, [...TABLES, MIGRATIONS_TABLE], STRANGERS],
    );
    if (rows.length === 0) {
      return [];
    }
    const revokes = rows.flatMap(({ table, grantee, grantor }) => {
      const revoke = `REVOKE ALL ON ${table} FROM ${grantee}`;
      return grantor === null ? revoke : [`SET ROLE ${grantor}`, revoke, "RESET ROLE"];
    });
    const exposed = rows.filter((row) => !row.protected);
    const named = (exposed.length > 0 ? exposed : rows).slice(0, 3);
    const what = named.map(({ grantee, privileges, table }) => `${grantee} has ${privileges} on ${table}`).join("; ");
    const more = rows.length > named.length ? ` (and ${rows.length - named.length} more)` : "";
    return [
      finding(
        "exposure.anon-grant",
        exposed.length > 0 ? "error" : "warning",
        exposed.length > 0
          ? `${what}${more}, and row level security does not stop them`
          : `${what}${more}; row level security keeps all rows from them as long as it stays on${rows.some(({ privileges }) => UNSTOPPABLE.test(privileges)) ? ", but stops neither TRUNCATE nor triggers and foreign keys of theirs" : ""}`,
        revokes.join("; "),
        {
          repair: rows.every(({ isOwner, grantor, isMeant }) => isOwner && grantor === null && !isMeant)
            ? revokes
            : null,
        },
      ),
    ];
  },
};

interface View {
  readonly view: string;
  readonly isMaterialized: boolean;
  readonly tables: string;
  readonly grantees: string;
}

/** A view, or one that reads it, has the rights of its owner, whom row level security does not concern. */
const views: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.view"],
  async run({ client, target }) {
    const { rows } = await client.query<View>(
      `WITH RECURSIVE reading AS (
         SELECT c.oid, c.relname AS table
           FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = ANY($2)
         UNION
         SELECT r.ev_class, reading.table
           FROM reading
           JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.oid
                              AND d.classid = 'pg_rewrite'::regclass
           JOIN pg_rewrite AS r ON r.oid = d.objid
       )
       SELECT format('%I.%I', vn.nspname, v.relname) AS view, v.relkind = 'm' AS "isMaterialized",
              string_agg(DISTINCT reading.table, ', ') AS tables,
              (SELECT string_agg(DISTINCT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee) END, ', ')
                 FROM aclexplode(v.relacl) AS acl
                WHERE acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY($3))) AS grantees
         FROM reading
         JOIN pg_class AS v ON v.oid = reading.oid AND v.relkind IN ('v', 'm')
         JOIN pg_namespace AS vn ON vn.oid = v.relnamespace
        WHERE NOT coalesce((SELECT option_value::boolean FROM pg_options_to_table(v.reloptions)
                             WHERE option_name = 'security_invoker'), false)
        GROUP BY v.oid, v.relname, v.relkind, v.relacl, vn.nspname ORDER BY 1`,
      [target.schema, [...TABLES, MIGRATIONS_TABLE], STRANGERS],
    );
    return rows
      .filter(({ grantees }) => grantees !== null)
      .map(({ view, isMaterialized, tables, grantees }) =>
        finding(
          "exposure.view",
          "error",
          `the view ${view} shows ${tables} to ${grantees}, with the rights of its owner and past row level security`,
          isMaterialized
            ? `REVOKE ALL ON ${view} FROM ${grantees}`
            : `ALTER VIEW ${view} SET (security_invoker = true), or: REVOKE ALL ON ${view} FROM ${grantees}`,
        ),
      );
  },
};

interface Routine {
  readonly routine: string;
  readonly grantees: string;
}

/** What such a function does, it does as its owner. */
const functions: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.function"],
  async run({ client, target }) {
    const { rows } = await client.query<Routine>(
      `SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS routine,
              string_agg(CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee) END, ', ') AS grantees
         FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
        WHERE n.nspname = $1 AND p.prosecdef AND acl.privilege_type = 'EXECUTE'
          AND p.prorettype <> 'trigger'::regtype AND p.prorettype <> 'event_trigger'::regtype
          AND (acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY($2)))
          AND EXISTS (SELECT FROM pg_roles WHERE rolname = ANY($2))
        GROUP BY p.oid, p.proname, n.nspname ORDER BY 1`,
      [target.schema, STRANGERS],
    );
    return rows.map(({ routine, grantees }) =>
      finding(
        "exposure.function",
        "warning",
        `the function ${routine} runs with the rights of its owner, and ${grantees} may call it through Supabase's API`,
        `unless that is meant: REVOKE EXECUTE ON ROUTINE ${routine} FROM ${grantees}`,
      ),
    );
  },
};

/** Whoever makes the next table gives it away with it. */
const defaults: DatabaseCheck = {
  stage: "exposure",
  ids: ["exposure.default-grant"],
  async run({ client, target }: CheckContext): Promise<readonly DatabaseFinding[]> {
    const { rows } = await client.query<{ owner: string; grantees: string; schema: string | null }>(
      `SELECT quote_ident(pg_get_userbyid(d.defaclrole)) AS owner, quote_ident(n.nspname) AS schema,
              string_agg(DISTINCT CASE WHEN acl.grantee = 0 THEN 'PUBLIC'
                                       ELSE quote_ident(pg_get_userbyid(acl.grantee)) END, ', ') AS grantees
         FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
        CROSS JOIN LATERAL aclexplode(d.defaclacl) AS acl
        WHERE (n.nspname = $1 OR d.defaclnamespace = 0) AND d.defaclobjtype = 'r'
          AND pg_has_role(d.defaclrole, 'USAGE')
          AND (acl.grantee = 0 OR acl.grantee IN (SELECT oid FROM pg_roles WHERE rolname = ANY($2)))
        GROUP BY d.defaclrole, n.nspname ORDER BY 1, 2`,
      [target.schema, STRANGERS],
    );
    return rows.map(({ owner, grantees, schema }) =>
      finding(
        "exposure.default-grant",
        "info",
        `tables that ${owner} makes${schema === null ? "" : ` in ${schema}`} are granted to ${grantees} at once; vocabdb's migrations turn row level security on for theirs`,
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner}${schema === null ? "" : ` IN SCHEMA ${schema}`} REVOKE ALL ON TABLES FROM ${grantees}`,
      ),
    );
  },
};

export const exposureChecks: readonly DatabaseCheck[] = [rowSecurity, policies, grants, views, functions, defaults];
