/** What everybody with the public key of a Supabase project can do: nothing, whatever Supabase grants by default. */
import { describe, expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { addPeople } from "../support/people.js";
import { reserveApiRoles } from "../support/roles.js";

reserveApiRoles();

const API_ROLES = ["anon", "authenticated"] as const;
/** As Supabase sets up the schema of a new project. */
const DEFAULTS = ["TABLES", "SEQUENCES", "ROUTINES"]
  .map((kind) => `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON ${kind} TO anon, authenticated;`)
  .join(" ");
/** As its guides tell people to do when something is refused. */
const GRANT_ALL = ["TABLES", "SEQUENCES", "ROUTINES"]
  .map((kind) => `GRANT ALL ON ALL ${kind} IN SCHEMA public TO anon, authenticated;`)
  .join(" ");

/** A database that was migrated where the defaults of Supabase hold. */
async function asOnSupabase(emptyDb: TestDatabase, migrations = readMigrations()): Promise<void> {
  await emptyDb.query(`GRANT USAGE ON SCHEMA public TO anon, authenticated; ${DEFAULTS}`);
  await deployMigrations(emptyDb.target, { migrations });
}

const tables = (db: TestDatabase) =>
  db.query<{ name: string; columns: readonly string[] }>(
    `SELECT c.oid::regclass::text AS name, array_agg(quote_ident(a.attname) ORDER BY a.attnum)::text[] AS columns
       FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid ORDER BY 1`,
  );

/** Runs statements one by one as a role of the API. @returns what became of each: rows, or the SQLSTATE */
function attempt(db: TestDatabase, role: string, statements: readonly string[]): Promise<(number | string)[]> {
  return withClient(db.direct, async (client) => {
    const outcomes: (number | string)[] = [];
    for (const statement of statements) {
      await client.query(`BEGIN; SET LOCAL ROLE ${role}`);
      const outcome = await client.query(statement).then(
        ({ rowCount }) => rowCount ?? 0,
        ({ code }: { code: string }) => code,
      );
      await client.query("ROLLBACK");
      outcomes.push(outcome);
    }
    return outcomes;
  });
}

const PERMISSION_DENIED = "42501";
const APPEND_ONLY = "23001";
const ONLY_AS_TRIGGER = "0A000";
const ADA = { email: "ada@example.org", words: 2, sessions: 1 };

const statementsOn = (name: string, columns: readonly string[]): readonly string[] => [
  `SELECT * FROM ${name}`,
  `SELECT count(*) FROM ${name}`,
  ...columns.map((column) => `SELECT ${column} FROM ${name}`),
  `INSERT INTO ${name} DEFAULT VALUES`,
  ...columns.map((column) => `UPDATE ${name} SET ${column} = DEFAULT`),
  `DELETE FROM ${name}`,
  `TRUNCATE ${name} CASCADE`,
  `LOCK TABLE ${name} IN ACCESS SHARE MODE`,
  `COPY ${name} TO STDOUT`,
  `CREATE TRIGGER theirs BEFORE INSERT ON ${name} EXECUTE FUNCTION refuse_change_of_audit_log()`,
  `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
  `DROP TABLE ${name}`,
];

describe("anon and authenticated", () => {
  it("can read, write, empty and lock no table", async ({ emptyDb }) => {
    await asOnSupabase(emptyDb);
    await addPeople(emptyDb, ADA);
    const found = await tables(emptyDb);
    expect(found).toHaveLength(7);
    const statements = found.flatMap(({ name, columns }) => statementsOn(name, columns));
    const refused = statements.map((statement) => [statement, PERMISSION_DENIED]);
    for (const role of API_ROLES) {
      const outcomes = await attempt(emptyDb, role, statements);
      expect(statements.map((statement, n) => [statement, outcomes[n]])).toEqual(refused);
    }
  });

  it("meet row level security where somebody has granted everything again", async ({ emptyDb }) => {
    await asOnSupabase(emptyDb);
    await addPeople(emptyDb, ADA);
    await emptyDb.query(GRANT_ALL);
    for (const { name, columns } of await tables(emptyDb)) {
      const [column] = columns;
      const statements = [
        `SELECT * FROM ${name}`,
        `UPDATE ${name} SET ${column} = ${column} RETURNING *`,
        `DELETE FROM ${name} RETURNING *`,
      ];
      // The history refuses before anybody is asked for rows.
      const expected = name === "audit_log" ? [0, APPEND_ONLY, APPEND_ONLY] : [0, 0, 0];
      for (const role of API_ROLES) {
        expect(await attempt(emptyDb, role, statements), `${role} on ${name}`).toEqual(expected);
      }
    }
    const insert = "INSERT INTO users (email) VALUES ('eve@example.org')";
    expect(await attempt(emptyDb, "anon", [insert])).toEqual([PERMISSION_DENIED]);
  });

  it("find no view, no sequence, and no function that tells or does anything", async ({ emptyDb }) => {
    await asOnSupabase(emptyDb);
    const others = await emptyDb.query(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I')",
    );
    expect(others).toEqual([]);
    const functions = await emptyDb.query<{ name: string; definer: boolean; trigger: boolean }>(
      `SELECT p.oid::regprocedure::text AS name, p.prosecdef AS definer, p.prorettype = 'trigger'::regtype AS trigger
         FROM pg_proc AS p
        WHERE p.pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e') ORDER BY 1`,
    );
    expect(functions.filter(({ definer }) => definer)).toEqual([]);
    // Without rights of their own and without a table in them: they compute from what they are given.
    expect(functions.filter(({ trigger }) => !trigger).map(({ name }) => name)).toEqual([
      "search_characters(text)",
      "search_key(text)",
      "search_reading(text)",
      "search_text(text,text)",
      "uuid_v7()",
    ]);
    const triggers = functions.filter(({ trigger }) => trigger).map(({ name }) => `SELECT ${name}`);
    const making = ["CREATE TABLE theirs ()", "CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'"];
    for (const role of API_ROLES) {
      expect(new Set(await attempt(emptyDb, role, triggers))).toEqual(new Set([ONLY_AS_TRIGGER]));
      expect(new Set(await attempt(emptyDb, role, making))).toEqual(new Set([PERMISSION_DENIED]));
    }
  });
});

const rights = (db: TestDatabase) =>
  db.query(
    `SELECT c.relname AS table, string_agg(DISTINCT acl.privilege_type, ', ' ORDER BY acl.privilege_type) AS rights
       FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS acl
      WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee IN ('anon'::regrole, 'authenticated'::regrole)
      GROUP BY 1 ORDER BY 1`,
  );

describe("the migration that takes Supabase's grants back", () => {
  it("works on a database that was migrated before, which had them", async ({ emptyDb }) => {
    await asOnSupabase(emptyDb, readMigrations().slice(0, 3));
    expect(await rights(emptyDb)).toHaveLength(7);
    await deployMigrations(emptyDb.target);
    expect(await rights(emptyDb)).toEqual([]);
  });

  it("leaves what a policy was made for, but for what no policy can stop, and the tables of others", async ({
    emptyDb,
  }) => {
    await asOnSupabase(emptyDb, readMigrations().slice(0, 3));
    await emptyDb.query(`CREATE TABLE theirs (); CREATE POLICY reading ON vocabulary_words FOR SELECT TO anon USING (true);
      CREATE POLICY everybody ON progress FOR SELECT USING (true)`);
    const before = await rights(emptyDb);
    await deployMigrations(emptyDb.target);
    expect(await rights(emptyDb)).toEqual([
      { table: "progress", rights: "DELETE, INSERT, SELECT, UPDATE" },
      before.find(({ table }) => table === "theirs"),
      { table: "vocabulary_words", rights: "DELETE, INSERT, SELECT, UPDATE" },
    ]);
    expect(await attempt(emptyDb, "anon", ["SELECT * FROM vocabulary_words", "TRUNCATE vocabulary_words"])).toEqual([
      0,
      PERMISSION_DENIED,
    ]);
    const reading = ["SELECT * FROM vocabulary_words"];
    expect(await attempt(emptyDb, "authenticated", reading)).toEqual([PERMISSION_DENIED]);
  });
});
