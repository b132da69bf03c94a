/** Tables that strangers may read: with the roles as Supabase has them, found and closed. */
import { describe, expect } from "vitest";
import { MIGRATIONS_TABLE, TABLES } from "../../src/core/doctor/checks-expected.js";
import { stages } from "../../src/core/doctor/stages.js";
import type { FindingId } from "../../src/finding.js";
import { it } from "../support/database.js";
import { reserveApiRoles, withRole } from "../support/roles.js";
import { examined, expectMended, findingIn, runFix, type Setup } from "./examined.js";

reserveApiRoles();

const OPEN = "ALTER TABLE users DISABLE ROW LEVEL SECURITY;";
const VIEW = "CREATE VIEW people AS SELECT id, email FROM users;";

const setups: readonly Setup[] = [
  ...[...TABLES, MIGRATIONS_TABLE].map(
    (table): Setup => ({
      name: `row level security off for ${table}`,
      broken: `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`,
      ...{ id: "exposure.rls-off", level: "error", message: `row level security is off for ${table}: ` },
      fix: new RegExp(`^ALTER TABLE public\\.${table} ENABLE ROW LEVEL SECURITY$`),
      byFix: true,
    }),
  ),
  {
    name: "a table granted, behind row level security",
    broken: "GRANT SELECT, INSERT ON users TO anon",
    ...{ id: "exposure.anon-grant", level: "warning" },
    message: "anon has INSERT, SELECT on public.users; row level security keeps all rows from them",
    fix: /^REVOKE ALL ON public\.users FROM anon$/,
    byFix: true,
  },
  {
    name: "a table granted with what row level security does not stop",
    broken: "GRANT ALL ON users TO authenticated",
    ...{ id: "exposure.anon-grant", level: "warning" },
    message: "as long as it stays on, but stops neither TRUNCATE nor triggers and foreign keys of theirs",
    fix: /^REVOKE ALL ON public\.users FROM authenticated$/,
    byFix: true,
  },
  {
    name: "a table granted, and open",
    broken: `${OPEN} GRANT SELECT ON users, sessions TO authenticated`,
    ...{ id: "exposure.anon-grant", level: "error" },
    message: "authenticated has SELECT on public.users (and 1 more), and row level security does not stop them",
    fix: /^REVOKE ALL ON public\.sessions FROM authenticated; REVOKE ALL ON public\.users FROM authenticated$/,
    byFix: true,
  },
  {
    name: "a table granted to everybody",
    broken: "GRANT SELECT ON vocabulary_words TO PUBLIC",
    ...{ id: "exposure.anon-grant", level: "warning", message: "PUBLIC has SELECT on public.vocabulary_words" },
    fix: /^REVOKE ALL ON public\.vocabulary_words FROM PUBLIC$/,
    byFix: true,
  },
  {
    name: "a column granted",
    broken: `${OPEN} GRANT SELECT (password_hash) ON users TO anon`,
    ...{ id: "exposure.anon-grant", level: "error", message: "anon has SELECT on public.users" },
    fix: /^REVOKE ALL ON public\.users FROM anon$/,
    byFix: true,
  },
  {
    name: "a table granted for a policy, which nobody but a person may take back",
    broken: `GRANT SELECT ON vocabulary_words TO anon;
             CREATE POLICY reading ON vocabulary_words FOR SELECT TO anon USING (true)`,
    ...{ id: "exposure.anon-grant", level: "warning", message: "anon has SELECT on public.vocabulary_words" },
    fix: /^REVOKE ALL ON public\.vocabulary_words FROM anon$/,
  },
  {
    name: "a policy for everybody",
    broken: 'CREATE POLICY "Let them" ON users USING (true)',
    ...{ id: "exposure.rls-policy", level: "warning" },
    message: 'the policy "Let them" on public.users lets everybody past row level security',
    fix: /^unless that is meant: DROP POLICY "Let them" ON public\.users$/,
  },
  {
    name: "a policy for strangers",
    broken: "CREATE POLICY theirs ON progress FOR SELECT TO authenticated, anon USING (true)",
    ...{
      id: "exposure.rls-policy",
      level: "warning",
      message: /theirs on public\.progress lets (?:anon|authenticated), /,
    },
    fix: /DROP POLICY theirs ON public\.progress$/,
  },
  {
    name: "a view",
    broken: `${VIEW} GRANT SELECT ON people TO anon`,
    ...{ id: "exposure.view", level: "error" },
    message: "the view public.people shows users to anon, with the rights of its owner and past row level security",
    fix: /^ALTER VIEW public\.people SET \(security_invoker = true\), or: REVOKE ALL ON public\.people FROM anon$/,
  },
  {
    name: "a view of a view in another schema",
    broken: `${VIEW} CREATE SCHEMA api CREATE VIEW names AS SELECT email FROM public.people;
             GRANT SELECT ON api.names TO PUBLIC`,
    ...{ id: "exposure.view", level: "error", message: "the view api.names shows users to PUBLIC" },
    fix: /REVOKE ALL ON api\.names FROM PUBLIC$/,
  },
  {
    name: "a materialized view, which knows no invoker",
    broken: "CREATE MATERIALIZED VIEW seen AS SELECT * FROM sessions; GRANT SELECT ON seen TO authenticated",
    ...{ id: "exposure.view", level: "error", message: "the view public.seen shows sessions to authenticated" },
    fix: /^REVOKE ALL ON public\.seen FROM authenticated$/,
  },
  {
    name: "a function with the rights of its owner",
    broken: `CREATE FUNCTION "Look up"(wanted text, many integer[]) RETURNS SETOF users
               LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM users WHERE email = wanted'`,
    ...{ id: "exposure.function", level: "warning" },
    message:
      'the function public."Look up"(wanted text, many integer[]) runs with the rights of its owner, and PUBLIC may',
    fix: /^unless that is meant: REVOKE EXECUTE ON ROUTINE public\."Look up"\(wanted text, many integer\[\]\) FROM PUBLIC$/,
  },
  {
    name: "a procedure for strangers",
    broken: `CREATE PROCEDURE tidy() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM sessions';
             REVOKE EXECUTE ON PROCEDURE tidy FROM PUBLIC; GRANT EXECUTE ON PROCEDURE tidy TO anon`,
    ...{
      id: "exposure.function",
      level: "warning",
      message: "public.tidy() runs with the rights of its owner, and anon may",
    },
    fix: /REVOKE EXECUTE ON ROUTINE public\.tidy\(\) FROM anon$/,
  },
  {
    name: "tables to come, as Supabase has it",
    broken: "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated",
    ...{ id: "exposure.default-grant", level: "info" },
    message: /^tables that \S+ makes in public are granted to anon, authenticated at once/,
    fix: /^ALTER DEFAULT PRIVILEGES FOR ROLE \S+ IN SCHEMA public REVOKE ALL ON TABLES FROM anon, authenticated$/,
  },
  {
    name: "tables to come, in every schema and to everybody",
    broken: "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    ...{ id: "exposure.default-grant", level: "info", message: /^tables that \S+ makes are granted to PUBLIC at once/ },
    fix: /^ALTER DEFAULT PRIVILEGES FOR ROLE \S+ REVOKE ALL ON TABLES FROM PUBLIC$/,
  },
];

describe("found and closed", () => {
  it.for(setups)("$name", async (setup, { db }) => {
    await expectMended(db, setup);
  });
});

it("every open table is named, and several findings of one id stand beside each other", async ({ db }) => {
  await db.query(`ALTER TABLE users DISABLE ROW LEVEL SECURITY; ALTER TABLE progress DISABLE ROW LEVEL SECURITY;
    CREATE POLICY one ON sessions USING (true); CREATE POLICY two ON sessions USING (true)`);
  const { findings } = await examined(db.url, ["exposure"]);
  expect(findings.map(({ id, message }) => `${id}: ${message.slice(0, 50)}`)).toEqual([
    "exposure.rls-off: row level security is off for users, progress: who",
    "exposure.rls-policy: the policy one on public.sessions lets everybody p",
    "exposure.rls-policy: the policy two on public.sessions lets everybody p",
  ]);
});

describe("nothing is said of", () => {
  it.for([
    [
      "a view with the rights of whoever reads it",
      `${VIEW} ALTER VIEW people SET (security_invoker = on); GRANT SELECT ON people TO anon`,
    ],
    ["a view that nobody is granted", VIEW],
    ["a view of something else", "CREATE VIEW now_there AS SELECT now(); GRANT SELECT ON now_there TO anon"],
    ["a policy that only restricts", "CREATE POLICY narrow ON users AS RESTRICTIVE USING (true)"],
    ["a policy for another role", "CREATE POLICY theirs ON users TO pg_monitor USING (true)"],
    ["a function with the rights of whoever calls it", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    ["grants on tables of somebody else", "CREATE TABLE theirs (); GRANT ALL ON theirs TO anon"],
  ] as const)("%s", async ([, statements], { db }) => {
    await db.query(statements);
    expect((await examined(db.url, ["exposure"])).findings).toEqual([]);
  });
});

describe("what the role may not mend", () => {
  it("is told with whose task it is", async ({ db }) => {
    await db.query(`${OPEN} GRANT SELECT ON users TO anon`);
    await withRole(db, "BYPASSRLS", async ({ name, password }) => {
      const report = await examined(db.url.replace(/\/\/[^@]*@/, `//${name}:${password}@`), ["exposure"]);
      expect(report.findings.map(({ id, repair }) => ({ id, repair }))).toEqual([
        { id: "exposure.rls-off", repair: null },
        { id: "exposure.anon-grant", repair: null },
      ]);
      expect(report.findings[0]?.fix).toMatch(/ENABLE ROW LEVEL SECURITY \(as \S+\)$/);
    });
  });

  it("grants that another role has made, which a REVOKE of the owner leaves in force", async ({ db }) => {
    await withRole(db, "", async (middleman) => {
      await db.query(`GRANT SELECT ON users TO ${middleman.name} WITH GRANT OPTION`);
      await middleman.query("GRANT SELECT ON users TO anon");
      const found = findingIn(await examined(db.url, ["exposure"]), {
        ...{ id: "exposure.anon-grant", level: "warning", message: "anon has SELECT on public.users" },
        fix: `SET ROLE ${middleman.name}; REVOKE ALL ON public.users FROM anon; RESET ROLE`,
      });
      expect(found.repair).toBeNull();
      await runFix(db, found);
      expect((await examined(db.url, ["exposure"])).findings).toEqual([]);
    });
  });
});

it("every finding of the stage has its set-up here", () => {
  const made = new Set<FindingId>(setups.map(({ id }) => id));
  expect([...made].sort()).toEqual([...stages.exposure].sort());
});
