/** Databases that migrations are still to come to, and many who bring them. */
import { expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { vocabdb } from "./cli.js";
import type { TestDatabase } from "./database.js";

const NAMES = readMigrations().map(({ name }) => name);

/** Applies the first migration only and adds a user; what comes next changes the table of users. */
export async function migrateFirst(emptyDb: TestDatabase): Promise<void> {
  const { host, port } = emptyDb.direct;
  const target = { ...emptyDb.target, ...(host !== undefined && port !== undefined && { host, port }) };
  await deployMigrations(target, { migrations: readMigrations().slice(0, 1) });
  await emptyDb.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  await emptyDb.query("ANALYZE users");
}

/** Ten processes at once: all of them succeed, exactly one of them has applied something, and nothing is there twice. */
export async function expectOneOfTenApplies(emptyDb: TestDatabase): Promise<void> {
  const runs = Array.from({ length: 10 }, () => vocabdb(["migrate", "--json"], { url: emptyDb.url }));
  const results = await Promise.all(runs);
  expect(results.map(({ exitCode }) => exitCode)).toEqual(results.map(() => 0));
  const applied = results.map((result) => result.json().applied as string[]).filter((names) => names.length > 0);
  expect(applied).toEqual([NAMES]);
  const record = await emptyDb.query("SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at");
  expect(record.map(({ name }) => name)).toEqual(NAMES);
}
