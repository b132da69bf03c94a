/** `vocabdb db doctor --fix`: shown before it is done, done only where it is safe, and never by half. */
import { describe, expect } from "vitest";
import { setMark } from "../../src/core/mark.js";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const doctor = (db: TestDatabase, ...args: readonly string[]) => vocabdb(["db", "doctor", ...args], { url: db.url });

/** All that `--fix` mends, in the order in which it does. */
const MENDED = ["data.deleted-user-session", "exposure.rls-off", "exposure.anon-grant", "time.not-utc"];

/** One of each, and something that only a person can decide. */
async function breakDatabase(db: TestDatabase): Promise<void> {
  await db.query(`
    ALTER DATABASE ${db.target.database} SET timezone = 'Asia/Tokyo';
    ALTER TABLE sessions DISABLE ROW LEVEL SECURITY;
    GRANT SELECT ON sessions TO PUBLIC;
    DROP INDEX progress_word_id_idx;
    SET session_replication_role = replica;
    INSERT INTO users (email, deleted_at) VALUES ('gone@example.org', now());
    INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, repeat('a', 64), now() + interval '1 day' FROM users`);
}

const stateOf = async ({ query, target }: TestDatabase): Promise<unknown> => [
  await query(
    "SELECT relname, relacl::text, relrowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
  ),
  await query(
    "SELECT setconfig FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase WHERE datname = $1",
    [target.database],
  ),
  await query("SELECT id, revoked_at FROM sessions"),
  await query("SELECT count(*) FROM audit_log"),
];

const idsIn = ({ json }: { json(): { findings: { id: string }[] } }): string[] => json().findings.map(({ id }) => id);

it("mends what is safe, records it, and leaves a database with which nothing of that is wrong", async ({ db }) => {
  await breakDatabase(db);
  const { exitCode, json, stderr } = await doctor(db, "--fix", "--yes", "--json");
  const { repaired, unrepaired, findings } = json();
  expect({ exitCode, repaired, unrepaired, left: findings.map(({ id }: { id: string }) => id) }).toEqual({
    ...{ exitCode: 0, repaired: MENDED, unrepaired: [], left: ["schema.drift", "schema.index-missing"] },
  });
  const { host, port, database, user } = db.target;
  expect(stderr.split("\n")).toEqual([
    `writing to ${host}:${port}/${database} (${user})`,
    expect.stringMatching(/^data\.deleted-user-session: SELECT FROM public\.users .* FOR NO KEY UPDATE$/),
    expect.stringMatching(
      /^data\.deleted-user-session: UPDATE public\.sessions .* SET revoked_at = CURRENT_TIMESTAMP /,
    ),
    "exposure.rls-off: ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY",
    "exposure.anon-grant: REVOKE ALL ON public.sessions FROM PUBLIC",
    `time.not-utc: ALTER DATABASE ${database} SET timezone = 'UTC'`,
    "",
  ]);
  expect(await db.query("SELECT action, subjects, changes, command_line FROM audit_log")).toEqual([
    {
      ...{ action: "db doctor", subjects: ["gone@example.org"], changes: { sessions: { updated: 1 } } },
      command_line: "vocabdb db doctor --fix --yes --json",
    },
  ]);
  expect(idsIn(await doctor(db, "--json"))).toEqual(["schema.drift", "schema.index-missing"]);
  // With nothing left to mend, nobody is asked anything.
  expect(await doctor(db, "--fix")).toMatchObject({ exitCode: 0, stderr: "" });
});

it("in a dry run does it all and takes it back", async ({ db }) => {
  await breakDatabase(db);
  const before = await stateOf(db);
  const { exitCode, stdout, stderr } = await doctor(db, "--fix", "--dry-run");
  expect(exitCode).toBe(3);
  expect(stdout).toContain(`would mend ${MENDED.join(", ")}\n`);
  expect(stderr).toMatch(/^(?:looking at: .*\n)*dry run on .*\n(?:(?:data|exposure|time)\.\S+: .*\n){5}$/);
  expect(await stateOf(db)).toEqual(before);
});

describe("without consent nothing is changed", () => {
  it("where nobody can be asked", async ({ db }) => {
    await breakDatabase(db);
    const before = await stateOf(db);
    const { exitCode, stdout, stderr } = await doctor(db, "--fix");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(
      /time\.not-utc: ALTER DATABASE .*\nerror: --fix would run these statements.*\nhint: {2}vocabdb db doctor --fix --yes\n$/s,
    );
    expect(await stateOf(db)).toEqual(before);
  });

  it("on a marked database but with its name, which says yes as well", async ({ db, connection }) => {
    await breakDatabase(db);
    await setMark(connection, "production");
    const before = await stateOf(db);
    const { database } = db.target;
    for (const args of [["--yes"], ["--confirm", "another", "--yes"]]) {
      const { exitCode, stderr } = await doctor(db, "--fix", ...args);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(new RegExp(`is marked production: .*\nhint: .*--confirm ${database}`));
    }
    expect(await stateOf(db)).toEqual(before);
    expect(await doctor(db, "--fix", "--dry-run")).toMatchObject({ exitCode: 3 });
    expect((await doctor(db, "--fix", "--confirm", database, "--json")).json()).toMatchObject({ repaired: MENDED });
  });
});

it("a repair that fails is told, takes nothing of itself along, and keeps no other from being done", async ({ db }) => {
  await breakDatabase(db);
  await db.query(
    `
    CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'grants are frozen' USING HINT = 'ask Eve'; END $$;
    CREATE EVENT TRIGGER frozen ON ddl_command_start WHEN TAG IN ('REVOKE') EXECUTE FUNCTION refuse()`,
  );
  const rehearsed = await doctor(db, "--fix", "--dry-run", "--json");
  expect(rehearsed.json()).toMatchObject({ unrepaired: [{ id: "exposure.anon-grant" }] });

  const { exitCode, stdout } = await doctor(db, "--fix", "--yes", "--fail-on", "warning");
  expect(exitCode).toBe(3);
  expect(stdout).toContain(`mended ${MENDED.filter((id) => id !== "exposure.anon-grant").join(", ")}\n`);
  expect(stdout).toMatch(/could not mend exposure\.anon-grant {2}grants are frozen \(P0001\)\n {2}fix: ask Eve\n/);
  expect(idsIn(await doctor(db, "--json")).sort()).toEqual([
    "exposure.anon-grant",
    "schema.drift",
    "schema.index-missing",
  ]);
});
