/** Migrations authored from schema.prisma, in a shadow database that is not there any more afterwards. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { createMigration } from "../../src/core/migration-create.js";
import { PRISMA_FOLDER, readMigrations } from "../../src/core/migration-files.js";
import { deployMigrations } from "../../src/core/migrations.js";
import type { Target } from "../../src/db/target.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { withRole } from "../support/roles.js";

const NOW = new Date("2027-03-04T05:06:07Z");
const NOTES = `
model Note {
  id   Int    @id
  text String
  @@map("notes")
}
`;

/** A copy of the project's own folder, with something added to schema.prisma. */
function checkout(added = ""): string {
  const folder = temporaryFolder();
  cpSync(PRISMA_FOLDER, folder, { recursive: true });
  writeFileSync(join(folder, "schema.prisma"), readFileSync(join(folder, "schema.prisma"), "utf8") + added);
  return folder;
}

function addMigration(folder: string, name: string, sql: string): void {
  mkdirSync(join(folder, "migrations", name));
  writeFileSync(join(folder, "migrations", name, "migration.sql"), sql);
}

/** Shadow databases on the server, and shadow schemas in the database. Other tests may have some for a moment. */
async function leftIn(db: TestDatabase, owner = ""): Promise<unknown[]> {
  return db.query(
    `SELECT datname AS name FROM pg_database
      WHERE datname LIKE 'vocabdb_shadow%' AND pg_get_userbyid(datdba) = $1
     UNION ALL SELECT nspname FROM pg_namespace WHERE nspname LIKE 'vocabdb_shadow%'
     UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'`,
    [owner],
  );
}

/** A role of the test's own, so that what it leaves on the server can be told from what others have there. */
function withAuthor<T>(db: TestDatabase, attributes: string, work: (author: Target) => Promise<T>): Promise<T> {
  return withRole(db, attributes, ({ name, password }) =>
    work({ ...db.target, user: name, password: new Secret(password) }),
  );
}

describe("on a server", () => {
  it("holds what leads to schema.prisma, and it can be applied", async ({ emptyDb }) => {
    await withAuthor(emptyDb, "CREATEDB", async (server) => {
      const folder = checkout(NOTES);
      const created = await createMigration("add_notes", { shadow: { server }, folder, now: NOW });
      const migration = "20270304050607_add_notes";
      const path = join(folder, "migrations", migration, "migration.sql");
      expect(created).toEqual({ migration, path, sql: readFileSync(path, "utf8"), changed: true });
      expect(created.sql).toContain('CREATE TABLE "notes" (');
      // The engine knows nothing of it, and every table has it.
      expect(created.sql).toContain('ALTER TABLE "notes" ENABLE ROW LEVEL SECURITY;');

      expect(await createMigration("more", { shadow: { server }, folder })).toEqual({
        ...{ migration: null, path: null, sql: null, changed: false },
      });
      expect(await leftIn(emptyDb, server.user)).toEqual([]);
      await deployMigrations(emptyDb.target, { migrations: readMigrations(join(folder, "migrations")) });
      expect(await emptyDb.query("SELECT relrowsecurity FROM pg_class WHERE relname = 'notes'")).toEqual([
        { relrowsecurity: true },
      ]);
    });
  });

  it("comes after all others, whatever the clock says, and an index may be built concurrently before", async ({
    emptyDb,
  }) => {
    const folder = checkout(NOTES);
    addMigration(folder, "20281231235959_index", 'CREATE INDEX CONCURRENTLY "a" ON users (deleted_at);');
    const shadow = { server: emptyDb.target };
    const { migration } = await createMigration("late", { shadow, folder, now: NOW, dryRun: true });
    expect(migration).toBe("20290101000000_late");
    expect(existsSync(join(folder, "migrations", "20290101000000_late"))).toBe(false);
  });

  it.for([
    {
      what: "a migration that fails",
      spoil: (folder: string) => addMigration(folder, "20280101000000_bad", "CREATE TABLE a ();\nSELECT 1 / 0;"),
      error: {
        code: "MIGRATION_FAILED",
        message: expect.stringMatching(/20280101000000_bad failed.* line 2: division/),
      },
    },
    {
      what: "a schema.prisma that is not valid",
      spoil: (folder: string) => writeFileSync(join(folder, "schema.prisma"), "model User {"),
      error: {
        code: "FILE_UNUSABLE",
        message: expect.stringMatching(/schema\.prisma: error: [\s\S]*schema\.prisma:1/),
      },
    },
  ])("$what leaves no shadow database", async ({ spoil, error }, { emptyDb }) => {
    await withAuthor(emptyDb, "CREATEDB", async (server) => {
      const folder = checkout(NOTES);
      spoil(folder);
      await expect(createMigration("x", { shadow: { server }, folder })).rejects.toMatchObject(error);
      expect(await leftIn(emptyDb, server.user)).toEqual([]);
    });
  });

  it("without the right to make one names both ways out", async ({ emptyDb }) => {
    await withAuthor(emptyDb, "", async (server) => {
      await expect(createMigration("x", { shadow: { server } })).rejects.toMatchObject({
        ...{ code: "SHADOW_DATABASE", exitCode: 2 },
        message: expect.stringMatching(/could not be made on .*: permission denied to create database$/),
        hint: expect.stringMatching(
          new RegExp(`^ALTER ROLE "${server.user}" CREATEDB; or .*--shadow-url postgresql://`),
        ),
      });
    });
  });
});

describe("in a database that is lent", () => {
  it("holds the same, needs no right to make databases, and leaves the database empty", async ({ emptyDb }) => {
    await withAuthor(emptyDb, "", async (lent) => {
      const { database, user } = lent;
      await emptyDb.query(`GRANT CREATE ON DATABASE ${database} TO ${user}`);
      const folder = checkout(NOTES);
      const { sql } = await createMigration("add_notes", { shadow: { lent }, folder, dryRun: true });
      expect(sql).toContain('CREATE TABLE "notes" (');
      expect(sql).not.toContain("vocabdb_shadow");
      expect(await leftIn(emptyDb)).toEqual([]);
    });
  });

  it("takes back the extensions it made elsewhere, not those that were there", async ({ emptyDb }) => {
    await emptyDb.query("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions");
    await createMigration("x", { shadow: { lent: emptyDb.target } });
    expect(await leftIn(emptyDb)).toEqual([{ name: "citext" }]);
  });

  it("removes what a run that was killed left, but nothing else", async ({ emptyDb }) => {
    await emptyDb.query(`CREATE SCHEMA vocabdb_shadow_0123456789abcdef CREATE TABLE t ();
      CREATE SCHEMA vocabdb_shadow_mine CREATE TABLE t ()`);
    await createMigration("x", { shadow: { lent: emptyDb.target } });
    expect(await leftIn(emptyDb)).toEqual([{ name: "vocabdb_shadow_mine" }]);
  });

  it.for([
    ["table", "CREATE TABLE t ()"],
    ["view", "CREATE VIEW t AS SELECT 1"],
    ["function", "CREATE FUNCTION t() RETURNS int LANGUAGE sql RETURN 1"],
    ["type", "CREATE TYPE t AS ENUM ()"],
  ] as const)("with a %s in it is refused", async ([, sql], { emptyDb }) => {
    await emptyDb.query(sql);
    await expect(createMigration("x", { shadow: { lent: emptyDb.target } })).rejects.toMatchObject({
      ...{ code: "SHADOW_DATABASE", message: expect.stringMatching(/is not empty.*holds t$/) },
    });
  });

  it("is refused while another run has it", async ({ emptyDb }) => {
    await withClient(emptyDb.direct, async (other) => {
      await other.query("SELECT pg_advisory_lock(1986356067)");
      await expect(createMigration("x", { shadow: { lent: emptyDb.target } })).rejects.toMatchObject({
        ...{ code: "SHADOW_DATABASE", message: expect.stringContaining("is in use by another") },
      });
    });
  });
});

it("to be written by hand needs no database, and replaces no file", async () => {
  const folder = checkout();
  const options = { shadow: null, folder, now: NOW };
  const { path, sql } = await createMigration("by_hand", options);
  expect(readFileSync(path ?? "", "utf8")).toBe(sql);
  expect(sql).toMatch(/^-- .*\n$/);
  const { migration } = await createMigration("by_hand", options);
  expect(migration).toBe("20270304050608_by_hand");
});

it("a folder that is none is refused", async () => {
  await expect(createMigration("x", { shadow: null, folder: temporaryFolder() })).rejects.toMatchObject({
    ...{ code: "FILE_UNUSABLE", message: expect.stringContaining("no schema.prisma") },
  });
});
