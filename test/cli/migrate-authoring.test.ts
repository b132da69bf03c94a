/** `migrate status` with drift, `create` and `reset` as they are typed: documents, exit codes, consent, Ctrl-C. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { PRISMA_FOLDER, readMigrations } from "../../src/core/migration-files.js";
import { EXECUTABLE, startProcess, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase, withAdmin } from "../support/database.js";
import { type Role, withRole } from "../support/roles.js";

const NAMES = readMigrations().map(({ name }) => name);

/** A folder with a copy of the project's prisma folder in it, and one column more in schema.prisma. */
function checkout(): string {
  const cwd = temporaryFolder();
  const folder = join(cwd, "prisma");
  cpSync(PRISMA_FOLDER, folder, { recursive: true });
  const schema = readFileSync(join(folder, "schema.prisma"), "utf8");
  writeFileSync(join(folder, "schema.prisma"), schema.replace(/^ +category .*$/m, "$&\n  etymology String?"));
  return cwd;
}

/** Of one role: other tests make shadow databases of their own. */
async function shadowDatabases(owner: string): Promise<unknown[]> {
  return withAdmin(async (admin) => {
    const { rows } = await admin.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'vocabdb_shadow%' AND pg_get_userbyid(datdba) = $1",
      [owner],
    );
    return rows;
  });
}

/** Past any pooler: it knows no role of a test. */
function urlOf({ direct }: TestDatabase, { name, password }: Pick<Role, "name" | "password">): string {
  return `postgresql://${name}:${password}@${direct.host}:${direct.port}/${direct.database}?sslmode=disable`;
}

describe("migrate status", () => {
  it("tells drift in words and as SQL that takes it back, and --check ends with 3", async ({ db }) => {
    const { url } = db;
    await db.query("DROP INDEX users_email_key; CREATE TABLE orders ()");
    const { exitCode, stdout } = await vocabdb(["migrate", "status", "--check"], { url });
    expect(exitCode).toBe(3);
    expect(stdout).toContain("state    drifted\n");
    expect(stdout).toContain("drift    index users.users_email_key is missing\n");
    expect(stdout).toContain("drift    table orders is not of the migrations\n");
    const document = await vocabdb(["migrate", "status", "--json"], { url });
    expect(document.exitCode).toBe(0);
    const { drift } = document.json();
    expect(stdout).toContain(`back:\n${drift}\n`);

    await db.query(drift);
    await db.query("DROP TABLE orders");
    const after = await vocabdb(["migrate", "status", "--check", "--json"], { url });
    expect(after.exitCode).toBe(0);
    expect(after.json()).toEqual({
      ...{ state: "up-to-date", applied: NAMES, pending: [], failed: [], edited: [], unknown: [] },
      ...{ differences: [], drift: null, driftSkipped: null },
    });
  });

  it("is told by the doctor in one line, with the SQL as its fix", async ({ db }) => {
    await db.query("ALTER TABLE users DROP CONSTRAINT users_email_shape, DROP CONSTRAINT users_email_length");
    const doctor = await vocabdb(["db", "doctor", "--only", "schema.drift", "--json"], { url: db.url });
    expect(doctor.json().findings).toMatchObject([
      {
        ...{ id: "schema.drift", level: "warning", fix: expect.stringMatching(/^BEGIN;\n[\s\S]*COMMIT;$/) },
        message:
          "2 differences from what the migrations made: constraint users.users_email_length is missing, " +
          "constraint users.users_email_shape is missing",
      },
    ]);
  });

  it("of a role that may not read the record is refused as such", async ({ db }) => {
    await withRole(db, "", async (role) => {
      await db.query(`REVOKE ALL ON _prisma_migrations FROM ${role.name}`);
      const { exitCode, stderr } = await vocabdb(["migrate", "status", "--json"], { url: urlOf(db, role) });
      expect(exitCode).toBe(7);
      expect(JSON.parse(stderr).error).toMatchObject({
        ...{ code: "PERMISSION_DENIED", message: expect.stringContaining("_prisma_migrations") },
      });
    });
  });

  it("says when drift cannot be looked for", async ({ db }) => {
    await withRole(db, "BYPASSRLS", async (role) => {
      const { exitCode, stdout } = await vocabdb(["migrate", "status", "--check"], { url: urlOf(db, role) });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^drift +not looked for: .*permission denied for database/m);
    });
  });
});

describe("migrate create", () => {
  it("writes what schema.prisma changes, prints it with --dry-run, and says when that is nothing", async ({ db }) => {
    await withRole(db, "CREATEDB", async (role) => {
      const cwd = checkout();
      const run = (...args: string[]) =>
        vocabdb(["migrate", "create", "add_etymology", ...args], { cwd, url: urlOf(db, role) });
      const folders = join(cwd, "prisma", "migrations");
      const tried = await run("--dir", "prisma", "--dry-run");
      expect(tried).toMatchObject({ exitCode: 0, stderr: "" });
      expect(tried.stdout).toMatch(/^-- \d{14}_add_etymology\n[\s\S]*ADD COLUMN {5}"etymology" TEXT;\n$/);
      expect(readMigrations(folders)).toHaveLength(NAMES.length);

      const written = (await run("--dir", "prisma", "--json")).json();
      expect(written).toMatchObject({ changed: true, dryRun: false, sql: readFileSync(written.path, "utf8") });
      expect(readMigrations(folders).map(({ name }) => name)).toEqual([...NAMES, written.migration]);

      const again = await run("--dir", "prisma");
      expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^nothing to change/) });
      expect(await shadowDatabases(role.name)).toEqual([]);
    });
  });

  it.for(["SIGINT", "SIGTERM"] as const)("%s leaves no shadow database and no file", async (signal, { db }) => {
    await withRole(db, "CREATEDB", async (role) => {
      const cwd = checkout();
      const slow = join(cwd, "prisma", "migrations", "20290101000000_slow");
      mkdirSync(slow);
      writeFileSync(join(slow, "migration.sql"), "SELECT pg_sleep(60);");
      const { child, said, ended } = startProcess(
        process.execPath,
        [EXECUTABLE, "migrate", "create", "never", "--dir", "prisma"],
        { cwd, env: { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: urlOf(db, role) } },
      );
      const sleeping = () =>
        db.query("SELECT FROM pg_stat_activity WHERE usename = $1 AND wait_event = 'PgSleep'", [role.name]);
      await expect.poll(sleeping, { timeout: 30_000, interval: 20 }).toHaveLength(1);
      expect(await shadowDatabases(role.name)).toHaveLength(1);
      child.kill(signal);
      expect(await ended).toBe(signal === "SIGINT" ? 130 : 143);
      expect(said.stdout).toBe("");
      expect(await shadowDatabases(role.name)).toEqual([]);
      expect(readMigrations(join(cwd, "prisma", "migrations")).map(({ name }) => name)).not.toContain("never");
    });
  });

  it("without the right to make a database takes one that is lent, by option or environment", async ({
    db,
    emptyDb,
  }) => {
    await withRole(db, "", async (role) => {
      const cwd = checkout();
      const args = ["migrate", "create", "add_etymology", "--dir", "prisma", "--dry-run", "--json"];
      const url = urlOf(db, role);
      const refused = await vocabdb(args, { cwd, url });
      expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
      const { error } = JSON.parse(refused.stderr);
      expect(error.code).toBe("SHADOW_DATABASE");
      expect(error.message).toContain("permission denied to create database");
      expect(error.hint).toContain(`ALTER ROLE "${role.name}" CREATEDB; or lend an empty database: --shadow-url`);

      const { user = "", password } = emptyDb.direct;
      const lent = urlOf(emptyDb, { name: user, password: String(password) });
      const byOption = await vocabdb([...args, "--shadow-url", lent], { cwd, url });
      expect(byOption.json()).toMatchObject({ changed: true, sql: expect.stringContaining('"etymology" TEXT') });
      expect(byOption.stderr).toContain("warning: the password in --shadow-url can be read");
      const byEnvironment = await vocabdb(args, { cwd, url, env: { SHADOW_DATABASE_URL: lent } });
      expect(byEnvironment.json()).toMatchObject({ changed: true });
      expect(byEnvironment.stderr).not.toContain("warning");

      // The database itself is not empty, and is not taken for one to try things in.
      const itself = await vocabdb(args, { cwd, url, env: { SHADOW_DATABASE_URL: url } });
      expect(itself.exitCode).toBe(2);
      expect(JSON.parse(itself.stderr).error.message).toMatch(
        /is not empty.*its schema public holds _prisma_migrations/,
      );
    });
  });

  it.for(["Add-Notes", "../notes"])("refuses the name %j", async (name, { db }) => {
    const { exitCode, stderr } = await vocabdb(["migrate", "create", name], { url: db.url });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("words of small letters and digits joined by _");
  });

  it("--empty asks no server", async () => {
    const cwd = checkout();
    const url = "postgresql://nobody@127.0.0.1:1/nothing";
    const { exitCode, stdout } = await vocabdb(["migrate", "create", "by_hand", "--empty", "--dir", "prisma"], {
      cwd,
      url,
    });
    expect(exitCode).toBe(0);
    const [, path = ""] = /^wrote (.*)$/m.exec(stdout) ?? [];
    expect(existsSync(path)).toBe(true);
  });
});

describe("migrate reset", () => {
  it("wants the database's name, which --yes does not stand for, and says what goes", async ({ db }) => {
    const { url, target } = db;
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    for (const args of [[], ["--yes"], ["--confirm", "another"]]) {
      const { exitCode, stdout, stderr } = await vocabdb(["migrate", "reset", ...args], { url });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(`vocabdb migrate reset --confirm ${target.database}`);
    }
    const tried = await vocabdb(["migrate", "reset", "--dry-run"], { url });
    expect(tried.stdout).toContain("would drop table users, 1 row\n");
    expect(tried.stdout).toContain(`would apply ${NAMES[0]}\n`);
    expect(await db.query("SELECT email FROM users")).toHaveLength(1);

    const done = await vocabdb(["migrate", "reset", "--confirm", target.database, "--json"], { url });
    expect(done.json()).toMatchObject({ database: target.database, left: [], applied: NAMES, dryRun: false });
    expect(done.json().dropped).toContainEqual({ kind: "table", name: "users", rows: 1 });
    expect(await db.query("SELECT email FROM users")).toEqual([]);
    const history = (await vocabdb(["history", "--json"], { url })).json();
    expect(history.entries).toMatchObject([{ action: "migrate reset", changes: { users: { deleted: 1 } } }]);
  });

  it("is refused on a marked database, whatever is confirmed", async ({ db }) => {
    await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
    const args = ["migrate", "reset", "--confirm", db.target.database, "--yes", "--json"];
    const { exitCode, stderr } = await vocabdb(args, { url: db.url });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).error.code).toBe("DATABASE_MARKED");
    expect(await db.query("SELECT environment FROM database_mark")).toHaveLength(1);
  });
});
