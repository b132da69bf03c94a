/** Starting over: everything of vocabdb's goes and is made again, and nothing else. */
import { describe, expect } from "vitest";
import { findDrift } from "../../src/core/drift/drift.js";
import { readMigrations } from "../../src/core/migration-files.js";
import { resetDatabase } from "../../src/core/migration-reset.js";
import { migrationStatus } from "../../src/core/migration-status.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { Secret } from "../../src/secret.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { withRole } from "../support/roles.js";

const NAMES = readMigrations().map(({ name }) => name);
const TABLES = ["audit_log", "database_mark", "progress", "sessions", "users", "vocabulary_words"];

function reset(db: TestDatabase, options: Omit<Parameters<typeof resetDatabase>[1], "confirm"> = {}) {
  return resetDatabase(db.target, { confirm: db.target.database, ...options });
}

async function emails(db: TestDatabase): Promise<unknown[]> {
  return db.query("SELECT email FROM users");
}

it("drops what the migrations made, however it is now, and applies them again", async ({ db }) => {
  await db.query(`INSERT INTO users (email) VALUES ('ada@example.org'), ('bob@example.org');
    ALTER TABLE users ADD COLUMN extra int; DROP TABLE progress; CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger
    LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`);
  const actor = { commandLine: "migrate reset", operator: "ada", reason: "new term" };
  const result = await reset(db, { actor });
  expect(result).toMatchObject({ database: db.target.database, schema: "public", left: [], applied: NAMES });
  expect(result.dropped.filter(({ kind }) => kind === "table")).toEqual(
    TABLES.filter((name) => name !== "progress").map((name) => ({
      kind: "table",
      name,
      rows: name === "users" ? 2 : 0,
    })),
  );
  expect(result.dropped).toContainEqual({ kind: "function", name: "search_key(text)", rows: null });
  expect(await emails(db)).toEqual([]);
  expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date", drift: null });
  // In the new history, as the old one went with the rest.
  expect(await db.query("SELECT action, changes, operator, reason FROM audit_log")).toEqual([
    { action: "migrate reset", changes: { users: { deleted: 2 } }, operator: "ada", reason: "new term" },
  ]);
});

it("leaves what is not vocabdb's", async ({ db }) => {
  await db.query(`CREATE TABLE orders (id int); INSERT INTO orders VALUES (1); CREATE VIEW v AS SELECT * FROM orders;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1; CREATE EXTENSION citext;
    CREATE SCHEMA app CREATE TABLE users (id int); INSERT INTO app.users VALUES (2)`);
  const { left } = await reset(db);
  expect(left).toEqual([
    { kind: "table", name: "orders" },
    { kind: "view", name: "v" },
    { kind: "function", name: "f()" },
  ]);
  expect(await db.query("SELECT v.id, u.id AS app FROM v, app.users AS u")).toEqual([{ id: 1, app: 2 }]);
  expect((await findDrift(db.target, readMigrations())).differences).toHaveLength(3);
});

it("works in a schema of its own, and on one that is empty", async ({ emptyDb }) => {
  await emptyDb.query('CREATE SCHEMA "My app"; CREATE TABLE users (id int)');
  const target = { ...emptyDb.target, schema: "My app" };
  const confirm = target.database;
  expect(await resetDatabase(target, { confirm })).toMatchObject({ dropped: [], applied: NAMES });
  expect((await resetDatabase(target, { confirm })).dropped.length).toBeGreaterThan(TABLES.length);
  expect(await migrationStatus(target)).toMatchObject({ state: "up-to-date", drift: null });
  expect(await emptyDb.query("SELECT * FROM public.users")).toEqual([]);
});

it("is the way out of a failed migration and of another version's", async ({ db }) => {
  await db.query(`UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${NAMES[2]}';
    INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', '', '2099_other', now())`);
  expect(await reset(db)).toMatchObject({ applied: NAMES });
  expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date" });
});

it("a dry run tells what would go, changes nothing, and waits for nobody", async ({ db }) => {
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  await withClient(db.direct, async (application) => {
    await application.query("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE");
    const { dropped, applied } = await resetDatabase(db.target, { dryRun: true });
    expect(dropped).toContainEqual({ kind: "table", name: "users", rows: 1 });
    expect(applied).toEqual(NAMES);
  });
  expect(await emails(db)).toEqual([{ email: "ada@example.org" }]);
});

describe("is refused, and nothing is dropped,", () => {
  it.for([
    ["without a confirmation", undefined, /^this drops every table/],
    ["with another name", "production", /names "production" instead of the database/],
  ] as const)("%s", async ([, confirm, message], { db }) => {
    const refused = resetDatabase(db.target, confirm === undefined ? {} : { confirm });
    await expect(refused).rejects.toMatchObject({
      ...{ code: "CONSENT_MISSING", exitCode: 2, message: expect.stringMatching(message) },
      hint: expect.stringContaining(`vocabdb migrate reset --confirm ${db.target.database}`),
    });
    expect(await emails(db)).toEqual([]);
  });

  it("on a marked database, whatever is confirmed", async ({ db }) => {
    await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
    await expect(reset(db)).rejects.toMatchObject({ code: "DATABASE_MARKED", environment: "production" });
    expect(await db.query("SELECT environment FROM database_mark")).toEqual([{ environment: "production" }]);
    expect((await reset(db, { dryRun: true })).dropped).not.toEqual([]);
  });

  it("where something else depends on it, which is named", async ({ db }) => {
    await db.query(`CREATE SCHEMA app; CREATE TABLE app.orders (buyer uuid CONSTRAINT buyer_fkey REFERENCES users (id));
      CREATE VIEW app.names AS SELECT email FROM users; INSERT INTO users (email) VALUES ('ada@example.org')`);
    await expect(reset(db)).rejects.toMatchObject({
      ...{ code: "RESET_REFUSED", exitCode: 5 },
      message: expect.stringMatching(
        /constraint buyer_fkey on table app\.orders depends on table users\nview app\.names/,
      ),
    });
    expect(await emails(db)).toEqual([{ email: "ada@example.org" }]);
    expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date" });
  });

  it("while somebody uses the tables, after the time that was given", async ({ db }) => {
    await withClient(db.direct, async (application) => {
      await application.query("BEGIN; INSERT INTO users (email) VALUES ('ada@example.org')");
      const started = performance.now();
      await expect(reset(db, { lockTimeoutMs: 300 })).rejects.toMatchObject({
        ...{
          code: "RESET_REFUSED",
          message: expect.stringMatching(/were in use for .*\n {2}pid \d+ .*idle in transaction/),
        },
        hint: expect.stringContaining("SELECT pg_terminate_backend("),
      });
      expect(performance.now() - started).toBeLessThan(10_000);
      await application.query("COMMIT");
    });
    expect(await emails(db)).toEqual([{ email: "ada@example.org" }]);
  });

  it("while a deploy is under way", async ({ db }) => {
    await withClient(db.direct, async (deploying) => {
      await deploying.query("SELECT pg_advisory_lock(72707369)");
      await expect(reset(db, { lockTimeoutMs: 300 })).rejects.toMatchObject({ code: "RESET_REFUSED" });
    });
  });

  it("where no schema can be made to tell what is vocabdb's", async ({ db }) => {
    await withRole(db, "BYPASSRLS", async ({ name, password }) => {
      const target = { ...db.target, user: name, password: new Secret(password) };
      await expect(resetDatabase(target, { confirm: target.database })).rejects.toMatchObject({
        ...{ code: "PERMISSION_DENIED", message: expect.stringContaining("permission denied for database") },
      });
    });
    expect(await emails(db)).toEqual([]);
  });

  it("beside tables of others that have no record of migrations: nothing could be applied there", async ({
    emptyDb,
  }) => {
    await deployMigrations(emptyDb.target);
    await emptyDb.query("DROP TABLE _prisma_migrations; CREATE TABLE orders ()");
    await expect(reset(emptyDb)).rejects.toMatchObject({ code: "SCHEMA_NOT_EMPTY" });
    expect(await emails(emptyDb)).toEqual([]);
  });
});
