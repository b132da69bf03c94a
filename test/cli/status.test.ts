/** `db status` over a real database: what it tells, and that it reads no table to do so. */
import { expect, inject } from "vitest";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { addPeople } from "../support/people.js";
import { freePort } from "../support/ports.js";

const TABLES = ["users", "sessions", "vocabulary_words", "progress", "audit_log"];

interface TableStatus {
  readonly name: string;
  readonly rows: number | null;
}

/** Scans of the tables that grow, by index or from end to end, as the server has counted them. */
async function scans(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ scans: number }>(
    `SELECT sum(seq_scan + COALESCE(idx_scan, 0))::integer AS scans FROM pg_stat_user_tables WHERE relname = ANY ($1)`,
    [TABLES],
  );
  return row?.scans ?? 0;
}

it("tells what the database is and how it fares", async ({ db }) => {
  await db.query("INSERT INTO database_mark (environment) VALUES ('staging')");
  const { exitCode, stderr, json } = await vocabdb(["db", "status", "--json"], { url: db.url });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { host, port, user, database: name } = db.target;
  const { database, ...embedded } = json();
  expect(embedded).toEqual({
    ...{ state: null, url: null, port: null, pid: null, startedAt: null, dataDirectory: null, logFile: null },
  });
  expect(database).toMatchObject({
    ...{ target: `${host}:${port}/${name} (${user})`, role: user, mark: "staging", tls: null },
    migrations: { state: "up-to-date", applied: 4, pending: [], failed: [], unknown: [] },
    pooler: inject("poolMode") ?? "direct",
  });
  const [server] = await db.query("SHOW server_version");
  expect(database.version).toBe(server?.server_version);
  expect(database.latencyMs).toBeGreaterThan(0);
  expect(database.sizeBytes).toBeGreaterThan(5_000_000);
  expect(database.connections.max).toBeGreaterThan(0);
  expect(database.connections.used).toBeGreaterThan(0);
  expect(database.connections.poolMax).toBe(db.target.poolMax);
  expect(database.connections.byApplication.map(({ application }: { application: string }) => application)).toContain(
    "vocabdb",
  );
  expect(database.tables.map((table: TableStatus) => table.name).sort()).toEqual(
    [...TABLES, "database_mark", "_prisma_migrations"].sort(),
  );
});

it("is the same as text, with the sizes of each table", async ({ db }) => {
  const { exitCode, stdout } = await vocabdb(["db", "status"], { url: db.url });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^mark +none$/m);
  expect(stdout).toMatch(/^version +PostgreSQL \d+/m);
  expect(stdout).toMatch(/^migrations +4 applied$/m);
  expect(stdout).toMatch(/^connections +\d+ of \d+ in use \(.*vocabdb \d.*\); vocabdb opens up to \d+$/m);
  expect(stdout).toMatch(/^ vocabulary_words +– +[\d.]+ kB +[\d.]+ kB$/m);
});

it("counts rows by the statistics, as of the last analysis, and reads no table that grows", async ({ db }) => {
  const rows = async (): Promise<number | null | undefined> => {
    const { database } = (await vocabdb(["db", "status", "--json"], { url: db.url })).json();
    return database.tables.find(({ name }: TableStatus) => name === "vocabulary_words")?.rows;
  };
  expect(await rows()).toBeNull();
  await addPeople(db, { email: "ada@example.org", words: 40 });
  await db.query("ANALYZE vocabulary_words");
  expect(await rows()).toBe(40);
  await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Rest', 'rest')");
  const before = await scans(db);
  expect(await rows()).toBe(40);
  expect(await scans(db)).toBe(before);

  await db.query("SELECT count(*) FROM vocabulary_words");
  await expect.poll(() => scans(db), { message: "a count would have been seen" }).toBe(before + 1);
});

it("does not wait for a table that is locked", async ({ db }) => {
  await withClient(db.direct, async (client) => {
    await client.query("BEGIN; LOCK TABLE vocabulary_words");
    const { exitCode, stdout } = await vocabdb(["db", "status"], { url: db.url });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ vocabulary_words +– +locked +locked$/m);
    expect(stdout).toMatch(/^ users +– +[\d.]+ kB +[\d.]+ kB$/m);
  });
});

it("tells of a database without tables, and of one that lacks a migration", async ({ emptyDb, db }) => {
  const empty = await vocabdb(["db", "status", "--json"], { url: emptyDb.url });
  expect(empty.exitCode).toBe(0);
  expect(empty.json().database).toMatchObject({ tables: [], mark: null, migrations: { state: "none", applied: 0 } });
  const text = await vocabdb(["db", "status"], { url: emptyDb.url });
  expect(text.stdout).toMatch(/^migrations +none applied, 4 migrations pending$/m);
  expect(text.stdout).toContain("no tables of vocabdb");

  await db.query("DELETE FROM _prisma_migrations WHERE migration_name LIKE '%database_mark'");
  await db.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%history_and_search'");
  const { database } = (await vocabdb(["db", "status", "--json"], { url: db.url })).json();
  expect(database.migrations).toMatchObject({
    ...{ state: "failed", applied: 2, failed: ["20261122000000_history_and_search"] },
    pending: ["20261125000000_database_mark"],
  });
});

it("exits with 7 where nothing answers", async () => {
  const url = `postgresql://app:secret@127.0.0.1:${await freePort()}/vocab`;
  const { exitCode, stdout, stderr } = await vocabdb(["db", "status", "--json"], { url });
  expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
  expect(JSON.parse(stderr).error).toMatchObject({ code: "DATABASE_UNREACHABLE" });
  expect(stderr).not.toContain("secret");
});
