/** Migrations against the record that Prisma Migrate keeps of them, applied by its own engine. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import type { Wait } from "../../src/blocker.js";
import { NO_DRIFT } from "../../src/core/drift/drift.js";
import { type Migration, readMigrations } from "../../src/core/migration-files.js";
import { requireMigrated } from "../../src/core/migration-record.js";
import { rehearseMigrations } from "../../src/core/migration-rehearsal.js";
import { migrationStatus } from "../../src/core/migration-status.js";
import { deployMigrations, resolveMigration } from "../../src/core/migrations.js";
import { withConnection } from "../../src/db/pool.js";
import { MigrationFailedError } from "../../src/errors/migrations.js";
import { UsageError } from "../../src/errors/usage.js";
import { folderWith, vocabdb } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";

const SHIPPED = readMigrations();
const NAMES = SHIPPED.map(({ name }) => name);

function migration(sql: string, name = "20270101000000_trial"): Migration {
  return { name, sql };
}

/** `schema.name` of every table that is not PostgreSQL's own. */
async function tables(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** The facts of the MigrationFailedError that the work has to end with. */
async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MigrationFailedError);
  return (error as MigrationFailedError).failure;
}

describe("deploy", () => {
  it("applies everything to an empty database, and nothing the second time", async ({ emptyDb }) => {
    expect(await deployMigrations(emptyDb.target)).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [] });
    expect(await tables(emptyDb)).toEqual([
      "public._prisma_migrations",
      "public.audit_log",
      "public.database_mark",
      "public.progress",
      "public.sessions",
      "public.users",
      "public.vocabulary_words",
    ]);
    expect(await deployMigrations(emptyDb.target)).toEqual({ applied: [], alreadyApplied: NAMES.length, warnings: [] });
    expect(await migrationStatus(emptyDb.target)).toEqual({
      ...{ state: "up-to-date", applied: NAMES, pending: [], failed: [], edited: [], unknown: [] },
      ...NO_DRIFT,
    });
  });

  it("leaves the rows that Prisma Migrate would", async ({ emptyDb }) => {
    await deployMigrations(emptyDb.target);
    const rows = await emptyDb.query(
      `SELECT migration_name, checksum, applied_steps_count, logs, rolled_back_at,
              finished_at >= started_at AS finished, id ~ '^[0-9a-f-]{36}$' AS "hasId"
         FROM _prisma_migrations ORDER BY migration_name`,
    );
    expect(rows).toEqual(
      SHIPPED.map(({ name, sql }) => ({
        migration_name: name,
        checksum: createHash("sha256").update(sql).digest("hex"),
        ...{ applied_steps_count: 1, logs: null, rolled_back_at: null, finished: true, hasId: true },
      })),
    );
  });

  it("by four callers at once is done by exactly one of them", async ({ emptyDb }) => {
    const results = await Promise.all(Array.from({ length: 4 }, () => deployMigrations(emptyDb.target)));
    expect(results.map(({ applied }) => applied).sort((a, b) => b.length - a.length)).toEqual([NAMES, [], [], []]);
    expect(await emptyDb.query("SELECT migration_name FROM _prisma_migrations")).toHaveLength(NAMES.length);
  });

  it("waits for a deploy that takes longer than the engine's own patience of 10 s", async ({ emptyDb }) => {
    const { host, port, user, password, database } = emptyDb.target;
    const other = { host, port, user, database, password: password?.reveal() ?? "" };
    await withClient(other, async (client) => {
      await client.query("SELECT pg_advisory_lock(72707369)");
      const deploying = deployMigrations(emptyDb.target);
      const early = await Promise.race([deploying, sleep(12_000, "still waiting")]);
      expect(early).toBe("still waiting");
      await client.query("SELECT pg_advisory_unlock(72707369)");
      expect(await deploying).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [] });
    });
  });

  it("is not stuck when others wait while it builds an index concurrently", async ({ emptyDb }) => {
    const table = migration("CREATE TABLE a (n int);", "1_table");
    const index = migration("CREATE INDEX CONCURRENTLY a_n ON a (n);", "2_index");
    await deployMigrations(emptyDb.target, { migrations: [table] });
    const deploy = () => deployMigrations(emptyDb.target, { migrations: [table, index] });
    const results = await Promise.all([deploy(), deploy(), deploy()]);
    expect(results.flatMap(({ applied }) => applied)).toEqual(["2_index"]);
    expect(await emptyDb.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_n'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });

  it("applies what was added since, in the order of the names", async ({ emptyDb }) => {
    const first = migration("CREATE TABLE a ();", "1_a");
    const later = [migration("CREATE TABLE b ();", "2_b"), migration("ALTER TABLE b ADD COLUMN c int;", "3_c")];
    await deployMigrations(emptyDb.target, { migrations: [first] });
    expect(await migrationStatus(emptyDb.target, [first, ...later])).toMatchObject({
      ...{ state: "pending", applied: ["1_a"], pending: ["2_b", "3_c"] },
    });
    const result = await deployMigrations(emptyDb.target, { migrations: [first, ...later] });
    expect(result).toEqual({ applied: ["2_b", "3_c"], alreadyApplied: 1, warnings: [] });
  });

  it("takes functions, comments and quoted semicolons as PostgreSQL does", async ({ emptyDb }) => {
    const sql = `-- a comment; with a semicolon
/* another; /* nested; */ still a comment; */
CREATE TABLE "odd;name" (note text DEFAULT 'a;b''c;', e text DEFAULT E'it\\';s');
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
  -- inside; too
  RETURN n * 2;
END;
$body$;
CREATE FUNCTION thrice(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT n; SELECT n * 3; END;
DO $$ BEGIN PERFORM 1; END $$;
INSERT INTO "odd;name" (note) VALUES (DEFAULT), ('$$;$$');`;
    await deployMigrations(emptyDb.target, { migrations: [migration(sql)] });
    expect(await emptyDb.query(`SELECT note, e, twice(4), thrice(4) FROM "odd;name" ORDER BY note DESC`)).toEqual([
      { note: "a;b'c;", e: "it';s", twice: 8, thrice: 12 },
      { note: "$$;$$", e: "it';s", twice: 8, thrice: 12 },
    ]);
  });

  it("puts the tables of another schema there, and only there", async ({ emptyDb }) => {
    await emptyDb.query("CREATE SCHEMA app");
    const target = { ...emptyDb.target, schema: "app" };
    expect(await deployMigrations(target)).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [] });
    expect(await tables(emptyDb)).toEqual([
      "app._prisma_migrations",
      "app.audit_log",
      "app.database_mark",
      "app.progress",
      "app.sessions",
      "app.users",
      "app.vocabulary_words",
    ]);
    expect(await migrationStatus(target)).toMatchObject({ state: "up-to-date" });
    await withConnection(target, requireMigrated);
    // The rules have to find each other there as well.
    await emptyDb.query("INSERT INTO app.users (email) VALUES ('ada@example.org')");
    await expect(emptyDb.query("DELETE FROM app.users")).rejects.toMatchObject({
      constraint: "users_soft_delete_first",
    });
  });
});

describe("a migration that fails", () => {
  const cases = [
    {
      ...{ what: "by its syntax", line: 4, sqlState: "42601" },
      sql: "CREATE TABLE a ();\n\n-- €uro and 𠀀\n  CREATE TABEL b ();\nCREATE TABLE c ();\n",
    },
    {
      ...{ what: "in its third statement", line: 6, sqlState: "22012" },
      sql: "CREATE TABLE a (n int);\nINSERT INTO a VALUES (0); -- one; two\n\n/* the\n   culprit; */\nSELECT 1 / n FROM a;\nCREATE TABLE c ();",
    },
    {
      ...{ what: "inside a DO block", line: 2, sqlState: "P0001" },
      sql: "CREATE TABLE a ();\nDO $$\nBEGIN\n  RAISE EXCEPTION 'no; thanks';\nEND\n$$;",
    },
    {
      ...{ what: "by a name inside a DO block", line: 2, sqlState: "42P01" },
      sql: "CREATE TABLE a ();\nDO $$ BEGIN\n  PERFORM 1 FROM nowhere;\nEND $$;",
    },
    {
      ...{ what: "by a name", line: 3, sqlState: "42P01" },
      sql: "CREATE TABLE a ();\nINSERT INTO a\n  SELECT FROM nowhere;",
    },
    {
      ...{ what: "by a constraint", line: 3, sqlState: "23505" },
      sql: "CREATE TABLE a (n int UNIQUE);\r\nINSERT INTO a VALUES (1);\r\nINSERT INTO a VALUES (1);\r\n",
    },
  ];

  it.for(cases)("$what is reported with line and SQLSTATE, and leaves nothing", async (trial, { emptyDb }) => {
    const { sql, line, sqlState } = trial;
    const name = "20270101000000_trial";
    const failure = await failureOf(deployMigrations(emptyDb.target, { migrations: [migration(sql)] }));
    expect(failure).toMatchObject({ migration: name, line, sqlState });
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations"]);
  });

  it.for(cases)("$what is reported by a rehearsal in the same words", async (trial, { emptyDb }) => {
    const { sql, line, sqlState } = trial;
    const failure = await failureOf(rehearseMigrations(emptyDb.target, { migrations: [migration(sql)] }));
    expect(failure).toMatchObject({ line, sqlState });
    expect(await tables(emptyDb)).toEqual([]);
  });

  it("keeps what was applied before it", async ({ emptyDb }) => {
    const good = migration("CREATE TABLE good ();", "1_good");
    const bad = migration("CREATE TABLE bad ();\nSELECT 1 / 0;", "2_bad");
    const failure = await failureOf(deployMigrations(emptyDb.target, { migrations: [good, bad] }));
    expect(failure).toMatchObject({ migration: "2_bad", line: 2 });
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations", "public.good"]);
    expect(await migrationStatus(emptyDb.target, [good, bad])).toMatchObject({
      ...{ state: "failed", applied: ["1_good"], pending: [], failed: ["2_bad"] },
    });
  });

  it("blocks every deploy until it is resolved, and then its correction is applied", async ({ emptyDb }) => {
    const { target } = emptyDb;
    const broken = migration("SELECT 1 / 0;");
    const corrected = migration("CREATE TABLE a ();");
    const next = migration("CREATE TABLE b ();", "20280101000000_next");
    await failureOf(deployMigrations(target, { migrations: [broken] }));

    expect(await migrationStatus(target, [broken])).toMatchObject({ state: "failed", failed: [broken.name] });
    const unfinished = { code: "MIGRATION_UNFINISHED", exitCode: 5, migrations: [broken.name] };
    await expect(deployMigrations(target, { migrations: [broken] })).rejects.toMatchObject(unfinished);
    await expect(deployMigrations(target, { migrations: [corrected, next] })).rejects.toMatchObject(unfinished);
    await expect(rehearseMigrations(target, { migrations: [corrected] })).rejects.toMatchObject(unfinished);

    await resolveMigration(target, broken.name, "rolled-back", { migrations: [corrected, next] });
    expect(await migrationStatus(target, [corrected, next])).toMatchObject({
      ...{ state: "pending", pending: [corrected.name, next.name], failed: [], edited: [] },
    });
    const applied = [corrected.name, next.name];
    expect(await deployMigrations(target, { migrations: [corrected, next] })).toEqual({
      applied,
      alreadyApplied: 0,
      warnings: [],
    });
    expect(await migrationStatus(target, [corrected, next])).toMatchObject({ state: "up-to-date", applied });
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations", "public.a", "public.b"]);
  });

  it("can be marked as applied once its changes are there", async ({ emptyDb }) => {
    const { target } = emptyDb;
    const broken = migration("CREATE TABLE a ();\nSELECT 1 / 0;");
    await failureOf(deployMigrations(target, { migrations: [broken] }));
    await emptyDb.query("CREATE TABLE a ()");
    await resolveMigration(target, broken.name, "applied", { migrations: [broken] });
    expect(await migrationStatus(target, [broken])).toMatchObject({ state: "up-to-date", applied: [broken.name] });
    expect(await deployMigrations(target, { migrations: [broken] })).toEqual({
      applied: [],
      alreadyApplied: 1,
      warnings: [],
    });
  });
});

describe("resolve", () => {
  it("refuses what is not so", async ({ db }) => {
    const [name = ""] = NAMES;
    await expect(resolveMigration(db.target, name, "applied")).rejects.toThrow("it is applied already");
    await expect(resolveMigration(db.target, name, "rolled-back")).rejects.toThrow("it is not in a failed state");
    await expect(resolveMigration(db.target, "0_none", "rolled-back")).rejects.toBeInstanceOf(UsageError);
    await expect(resolveMigration(db.target, "0_none", "applied")).rejects.toMatchObject({
      exitCode: 2,
      hint: `the migrations are: ${NAMES.join(", ")}`,
    });
    expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date" });
  });

  it("waits until no deploy is at work", async ({ db }) => {
    await withClient(db.direct, async (other) => {
      await other.query("SELECT pg_advisory_lock(72707369)");
      await db.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = $1", [NAMES.at(-1)]);
      const waits: Wait[] = [];
      const resolving = resolveMigration(db.target, NAMES.at(-1) ?? "", "applied", {
        onWait: (wait) => waits.push(wait),
      });
      await expect.poll(() => waits, { timeout: 20_000 }).toMatchObject([{ on: "deploy" }]);
      expect(await migrationStatus(db.target)).toMatchObject({ state: "failed" });
      await other.query("SELECT pg_advisory_unlock(72707369)");
      await resolving;
    });
    expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date" });
  });

  it("takes a database whose tables were made by hand", async ({ emptyDb }) => {
    const made = migration("CREATE TABLE a ();");
    await emptyDb.query("CREATE TABLE a ()");
    await resolveMigration(emptyDb.target, made.name, "applied", { migrations: [made] });
    expect(await deployMigrations(emptyDb.target, { migrations: [made] })).toEqual({
      applied: [],
      alreadyApplied: 1,
      warnings: [],
    });
  });
});

describe("the folder of migrations", () => {
  it("with a folder that holds no script is refused, and it is told which", () => {
    const folder = folderWith({ "migrations/1_a/migration.sql": "SELECT 1", "migrations/2_b/notes.txt": "" });
    expect(() => readMigrations(join(folder, "migrations"))).toThrow(
      expect.objectContaining({
        ...{ code: "FILE_UNUSABLE", exitCode: 2, path: join(folder, "migrations", "2_b", "migration.sql") },
        message: expect.stringContaining("is missing"),
        hint: expect.stringContaining("restore the file"),
      }),
    );
  });
});

describe("a history that differs", () => {
  it("by an edited file is reported, and nothing is applied on top of it", async ({ emptyDb }) => {
    const { target } = emptyDb;
    const [a, b] = [migration("CREATE TABLE a ();", "1_a"), migration("CREATE TABLE b ();", "2_b")];
    await deployMigrations(target, { migrations: [a] });
    const edited = [migration("CREATE TABLE a ( );", "1_a"), b];
    expect(await migrationStatus(target, edited)).toMatchObject({
      ...{ state: "diverged", applied: ["1_a"], pending: ["2_b"], edited: ["1_a"], unknown: [] },
    });
    const diverged = { code: "MIGRATIONS_DIVERGED", exitCode: 5, edited: ["1_a"], unknown: [] };
    await expect(deployMigrations(target, { migrations: edited })).rejects.toMatchObject(diverged);
    await expect(rehearseMigrations(target, { migrations: edited })).rejects.toMatchObject(diverged);
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations", "public.a"]);
  });

  it("by a migration that this version does not know is reported, and nothing is applied", async ({ emptyDb }) => {
    const { target } = emptyDb;
    const [a, b, c] = [1, 2, 3].map((n) => migration(`CREATE TABLE t${n} ();`, `${n}_t`)) as [
      Migration,
      Migration,
      Migration,
    ];
    await deployMigrations(target, { migrations: [a, b] });
    expect(await migrationStatus(target, [a])).toMatchObject({ state: "diverged", applied: ["1_t"], unknown: ["2_t"] });
    expect(await migrationStatus(target, [a, c])).toMatchObject({
      ...{ state: "diverged", applied: ["1_t"], pending: ["3_t"], unknown: ["2_t"] },
    });
    const diverged = { code: "MIGRATIONS_DIVERGED", exitCode: 5, edited: [], unknown: ["2_t"] };
    await expect(deployMigrations(target, { migrations: [a] })).rejects.toMatchObject(diverged);
    await expect(deployMigrations(target, { migrations: [a, c] })).rejects.toMatchObject(diverged);
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations", "public.t1", "public.t2"]);
  });
});

describe("a rehearsal", () => {
  it("says what deploy would do and leaves no table, not even Prisma's", async ({ emptyDb }) => {
    expect(await rehearseMigrations(emptyDb.target)).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [] });
    expect(await tables(emptyDb)).toEqual([]);
    expect(await deployMigrations(emptyDb.target)).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [] });
    expect(await rehearseMigrations(emptyDb.target)).toEqual({
      applied: [],
      alreadyApplied: NAMES.length,
      warnings: [],
    });
  });

  it("stands on the migrations that were applied", async ({ db }) => {
    const added = migration("ALTER TABLE users ADD COLUMN age int; UPDATE users SET age = 1;");
    const result = await rehearseMigrations(db.target, { migrations: [...SHIPPED, added] });
    expect(result).toEqual({ applied: [added.name], alreadyApplied: NAMES.length, warnings: [] });
    expect(await migrationStatus(db.target, [...SHIPPED, added])).toMatchObject({ pending: [added.name] });
    await expect(db.query("SELECT age FROM users")).rejects.toMatchObject({ code: "42703" });
  });
});

describe("what cannot be rolled back", () => {
  it.for([
    ["COMMIT", "CREATE TABLE a ();\nCOMMIT;\nCREATE TABLE b ();"],
    ["ROLLBACK, after which the rest would be committed", "CREATE TABLE a ();\nROLLBACK AND NO CHAIN;"],
    ["PREPARE TRANSACTION", "CREATE TABLE a ();\nPREPARE TRANSACTION 'x';"],
    ["an index that is built concurrently", "CREATE TABLE a (n int);\nCREATE INDEX CONCURRENTLY ON a (n);"],
    ["VACUUM", "-- after the last\nVACUUM;"],
  ] as const)("is not rehearsed: %s", async ([, sql], { emptyDb }) => {
    const rehearsal = rehearseMigrations(emptyDb.target, { migrations: [migration(sql)] });
    await expect(rehearsal).rejects.toMatchObject({
      ...{ code: "USAGE", exitCode: 2, hint: expect.stringContaining("vocabdb migrate plan") },
      message: expect.stringContaining("line 2"),
    });
    expect(await tables(emptyDb)).toEqual([]);
  });

  it("savepoints can, and so can a block that would like to commit", async ({ emptyDb }) => {
    const savepoint = migration("SAVEPOINT a; CREATE TABLE a (); ROLLBACK TO a; CREATE TABLE b ();");
    expect(await rehearseMigrations(emptyDb.target, { migrations: [savepoint] })).toMatchObject({
      applied: [savepoint.name],
    });
    const block = migration("DO $$ BEGIN CREATE TABLE a (); COMMIT; END $$;");
    expect(await failureOf(rehearseMigrations(emptyDb.target, { migrations: [block] }))).toMatchObject({
      sqlState: "2D000",
    });
    expect(await tables(emptyDb)).toEqual([]);
  });

  it("is told when it has failed", async ({ emptyDb }) => {
    const cases = [
      ["SELECT 1;\nSELECT 1 / 0;", true],
      ["CREATE TABLE a ();\nCOMMIT;\nSELECT 1 / 0;", false],
      ["BEGIN;\nCREATE TABLE b ();\nSELECT 1 / 0;\nCOMMIT;", true],
      ["DO $$ BEGIN CREATE TABLE c (); COMMIT; PERFORM 1 / 0; END $$;", false],
      ["DO $$ BEGIN CREATE TABLE d (); PERFORM 1 / 0; END $$;", true],
      ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 1 / 0;\nCOMMIT;", true],
    ] as const;
    for (const [index, [sql, leftNothing]] of cases.entries()) {
      const failed = migration(sql, `1_${index}`);
      const failure = await failureOf(deployMigrations(emptyDb.target, { migrations: [failed] }));
      expect(failure, sql).toMatchObject({ leftNothing, recorded: true, sqlState: "22012" });
      await emptyDb.query("DELETE FROM _prisma_migrations");
    }
    expect(await tables(emptyDb)).toEqual(["public._prisma_migrations", "public.a", "public.c"]);
  });
});

describe("requireMigrated", () => {
  const pending = { code: "MIGRATIONS_PENDING", exitCode: 3, pending: NAMES };

  it("lets a migrated database pass", async ({ connection }) => {
    await expect(requireMigrated(connection)).resolves.toBeUndefined();
  });

  it("refuses an empty database", async ({ emptyDb }) => {
    await expect(withConnection(emptyDb.target, requireMigrated)).rejects.toMatchObject(pending);
  });

  it("refuses a database whose migration failed, was rolled back, or is in another schema", async ({ db }) => {
    await db.query("CREATE SCHEMA app");
    await expect(withConnection({ ...db.target, schema: "app" }, requireMigrated)).rejects.toMatchObject(pending);
    await db.query("UPDATE _prisma_migrations SET finished_at = NULL");
    await expect(withConnection(db.target, requireMigrated)).rejects.toMatchObject(pending);
    await db.query("UPDATE _prisma_migrations SET finished_at = now(), rolled_back_at = now()");
    await expect(withConnection(db.target, requireMigrated)).rejects.toMatchObject(pending);
  });
});

describe("vocabdb migrate", () => {
  it("applies, and status --check tells before from after by its exit code", async ({ emptyDb }) => {
    const { url } = emptyDb;
    const check = ["migrate", "status", "--check", "--json"];
    const before = await vocabdb(check, { url });
    expect(before.exitCode).toBe(3);
    expect(before.json()).toEqual({
      ...{ state: "pending", applied: [], pending: NAMES, failed: [], edited: [], unknown: [] },
      ...NO_DRIFT,
    });
    expect(await vocabdb(["migrate", "status"], { url })).toMatchObject({ exitCode: 0 });

    const deployed = await vocabdb(["migrate"], { url });
    expect(deployed).toMatchObject({ exitCode: 0, stdout: NAMES.map((name) => `applied ${name}\n`).join("") });
    const { host, port, user, database } = emptyDb.target;
    expect(deployed.stderr).toBe(`writing to ${host}:${port}/${database} (${user})\n`);

    const after = await vocabdb(check, { url });
    expect(after.exitCode).toBe(0);
    expect(after.json()).toEqual({
      ...{ state: "up-to-date", applied: NAMES, pending: [], failed: [], edited: [], unknown: [] },
      ...NO_DRIFT,
    });
  });

  it("--json prints what was applied, by rehearsal, deploy and repetition", async ({ emptyDb }) => {
    const { url } = emptyDb;
    const run = async (...args: string[]) => (await vocabdb(["migrate", ...args, "--json"], { url })).json();
    expect(await run("--dry-run")).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [], dryRun: true });
    expect(await run("deploy")).toEqual({ applied: NAMES, alreadyApplied: 0, warnings: [], dryRun: false });
    expect(await run()).toEqual({ applied: [], alreadyApplied: NAMES.length, warnings: [], dryRun: false });
  });

  it("goes where DIRECT_URL leads, and nowhere else", async ({ emptyDb, db }) => {
    const url = "postgresql://nobody:secret@127.0.0.1:1/nothing";
    const deployed = await vocabdb(["migrate", "--json"], { url, env: { DIRECT_URL: emptyDb.url } });
    expect(deployed.stderr).toContain(`/${emptyDb.target.database} (`);
    expect(deployed.json()).toMatchObject({ applied: NAMES });
    const status = await vocabdb(["migrate", "status", "--json"], { url: db.url, env: { DIRECT_URL: url } });
    expect(status).toMatchObject({ exitCode: 7, stdout: "" });
  });

  it("ends with 5 on a history that differs, and names the difference", async ({ db }) => {
    await db.query("UPDATE _prisma_migrations SET checksum = repeat('0', 64)");
    const { exitCode, stdout, stderr } = await vocabdb(["migrate", "--json"], { url: db.url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain('"code":"MIGRATIONS_DIVERGED"');
    expect(stderr).toContain(NAMES[0]);
    expect((await vocabdb(["migrate", "status", "--check", "--json"], { url: db.url })).json()).toMatchObject({
      ...{ state: "diverged", edited: NAMES },
    });
  });

  it("resolve takes one of its two options", async ({ db }) => {
    for (const options of [[], ["--applied", "a", "--rolled-back", "b"]]) {
      expect(await vocabdb(["migrate", "resolve", ...options], { url: db.url })).toMatchObject({ exitCode: 2 });
    }
  });
});

describe("interrupted", () => {
  const slow: Migration = {
    name: "20990101000000_slow",
    sql: "CREATE TABLE half_done (); SELECT pg_sleep(60); CREATE TABLE done ();",
  };

  const runs = async (db: TestDatabase): Promise<boolean> =>
    (await db.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"))
      .length > 0;

  it("a script is cancelled on the server, where it would otherwise run on and commit", async ({ db }) => {
    const abort = new AbortController();
    const migrations = [...SHIPPED, slow];
    const deploy = deployMigrations(db.target, { migrations, signal: abort.signal }).catch((error: unknown) => error);
    await expect.poll(() => runs(db), { timeout: 30_000 }).toBe(true);
    const reason = new Error("interrupted");
    abort.abort(reason);
    expect(await deploy).toBe(reason);
    expect(await runs(db)).toBe(false);
    expect(await db.query("SELECT FROM pg_tables WHERE tablename IN ('half_done', 'done')")).toHaveLength(0);
  });

  it("a script that is rolled back leaves nothing to resolve: the same deploy goes on", async ({ db }) => {
    const abort = new AbortController();
    const waiting = migration(
      "CREATE TABLE a (); SELECT pg_sleep(CASE WHEN 'yes' = current_setting('a.b') THEN 60 ELSE 0 END)",
    );
    await db.query(`ALTER DATABASE ${db.target.database} SET a.b = 'yes'`);
    const options = { migrations: [...SHIPPED, waiting] };
    const deploy = deployMigrations(db.target, { ...options, signal: abort.signal }).catch((error: unknown) => error);
    await expect.poll(() => runs(db), { timeout: 30_000 }).toBe(true);
    abort.abort(new Error("interrupted"));
    await deploy;
    expect(await migrationStatus(db.target, options.migrations)).toMatchObject({ state: "pending", failed: [] });
    await db.query(`ALTER DATABASE ${db.target.database} SET a.b = 'no'`);
    expect(await deployMigrations(db.target, options)).toMatchObject({ applied: [waiting.name] });
  });

  it("a script that has committed something by then is left to be resolved", async ({ db }) => {
    const abort = new AbortController();
    const migrations = [...SHIPPED, migration("CREATE TABLE a (); COMMIT; SELECT pg_sleep(60);")];
    const deploy = deployMigrations(db.target, { migrations, signal: abort.signal }).catch((error: unknown) => error);
    await expect.poll(() => runs(db), { timeout: 30_000 }).toBe(true);
    abort.abort(new Error("interrupted"));
    await deploy;
    expect(await migrationStatus(db.target, migrations)).toMatchObject({ state: "failed" });
    await expect(deployMigrations(db.target, { migrations })).rejects.toMatchObject({ code: "MIGRATION_UNFINISHED" });
  });

  it("waiting for another deploy ends at once", async ({ db }) => {
    await withClient({ connectionString: db.url }, async (other) => {
      await other.query("SELECT pg_advisory_lock(72707369)");
      const abort = new AbortController();
      const deploy = deployMigrations(db.target, { signal: abort.signal }).catch((error: unknown) => error);
      await sleep(1_000);
      const reason = new Error("interrupted");
      abort.abort(reason);
      expect(await deploy).toBe(reason);
    });
  });
});
