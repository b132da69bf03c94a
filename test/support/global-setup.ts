/** One PostgreSQL for the whole run: the embedded one, or that of VOCABDB_TEST_DATABASE_URL. */
import { rmSync } from "node:fs";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { loadConfig } from "../../src/config.js";
import { destroyEmbedded, startEmbedded } from "../../src/core/embedded.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { resolveTarget } from "../../src/db/resolve.js";
import type { Target } from "../../src/db/target.js";
import { serverFolder } from "./server-folder.js";

/** Where the tests make their databases, as plain values: workers are processes of their own. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Database to connect to for creating others. */
  readonly adminDatabase: string;
  /** A migrated database that nothing connects to. */
  readonly template: string;
  /** How to copy a database. By its files is quicker where nothing has to reach the disk. */
  readonly copying: "" | "STRATEGY file_copy";
}

declare module "vitest" {
  export interface ProvidedContext {
    server: TestServer;
  }
}

const SETTINGS = [
  // This server is thrown away, so it need not survive a crash of the machine.
  "fsync = off",
  "synchronous_commit = off",
  "full_page_writes = off",
  // Its data may lie in memory.
  "max_wal_size = '256MB'",
  // A table that it looks at just then is in use, which some tests are about.
  "autovacuum_naptime = '7d'",
  // Every test connects many times, and guesses of its password are no danger.
  "scram_iterations = 1",
];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.VOCABDB_TEST_DATABASE_URL;
  const home = serverFolder("test");
  if (given === undefined) {
    await startEmbedded(home, null);
  }
  const env = { VOCABDB_HOME: home, ...(given !== undefined && { DATABASE_URL: given }) };
  const { target } = await resolveTarget(loadConfig({ env, cwd: home }));
  const password = target.password?.reveal() ?? "";
  const template = `vocabdb_template_${process.pid}`;

  const version = await withAdmin(target, async (admin) => {
    if (given === undefined) {
      for (const setting of SETTINGS) {
        await admin.query(`ALTER SYSTEM SET ${setting}`);
      }
      await admin.query("SELECT pg_reload_conf()");
      await admin.query("SET scram_iterations = 1");
      await admin.query(`ALTER ROLE ${pg.escapeIdentifier(target.user)} PASSWORD ${pg.escapeLiteral(password)}`);
    }
    await admin.query(`CREATE DATABASE ${template}`);
    const { rows } = await admin.query<{ server_version: string }>("SHOW server_version");
    return rows[0]?.server_version;
  });
  await deployMigrations({ ...target, database: template });
  process.stderr.write(`tests run on PostgreSQL ${version} (${given === undefined ? "embedded" : "given"})\n`);

  const { host, port, user, database: adminDatabase } = target;
  project.provide("server", {
    host,
    port,
    user,
    password,
    adminDatabase,
    template,
    copying: given === undefined ? "STRATEGY file_copy" : "",
  });

  return async () => {
    if (given === undefined) {
      await destroyEmbedded(home, adminDatabase, false);
    } else {
      await withAdmin(target, (admin) => admin.query(`DROP DATABASE IF EXISTS ${template}`));
    }
    rmSync(home, { recursive: true, force: true });
  };
}

async function withAdmin<T>(target: Target, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, user, database, password } = target;
  const client = new pg.Client({ host, port, user, database, password: password?.reveal() ?? "" });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
