/** A fresh database for each test that asks for one, gone when the test ends. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { test as base, inject } from "vitest";
import { type Database, withPrisma } from "../../src/db/database.js";
import { type Connection, withConnection } from "../../src/db/pool.js";
import type { Target } from "../../src/db/target.js";
import { targetAt } from "./target.js";

export interface TestDatabase {
  /** Through the pooler, if the run has one. */
  readonly target: Target;
  /** The same as an operator would write it, password included. */
  readonly url: string;
  /** Past any pooler, for what a test does itself. */
  readonly direct: pg.ClientConfig;
  /** A plain driver connection that knows nothing of vocabdb's session setup. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
}

interface Fixtures {
  /** Migrated. */
  readonly db: TestDatabase;
  /** Without any table. */
  readonly emptyDb: TestDatabase;
  readonly connection: Connection;
  readonly database: Database;
}

export const it = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern
  db: ({}, use) => withTestDatabase(inject("server").template, use),
  // biome-ignore lint/correctness/noEmptyPattern: as above
  emptyDb: ({}, use) => withTestDatabase("template0", use),
  connection: ({ db }, use) => withConnection(db.target, use),
  database: ({ connection }, use) => withPrisma(connection, use),
});

/**
 * The same with a `db` that is a copy of one which is filled once for all tests of a file: rows by the ten
 * thousand take seconds, a copy of them a few milliseconds.
 */
export function itOn(fill: (db: TestDatabase) => Promise<void>) {
  return it.extend<{ readonly filled: string; readonly db: TestDatabase }>({
    filled: [
      // biome-ignore lint/correctness/noEmptyPattern: as above
      ({}, use) =>
        withTestDatabase(inject("server").template, async (db) => {
          await fill(db);
          await use(db.target.database);
        }),
      { scope: "file" },
    ],
    db: ({ filled }, use) => withTestDatabase(filled, use),
  });
}

/** Connects as the administrator of the test server. */
export async function withAdmin<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, user, password, adminDatabase: database } = inject("server");
  return withClient({ host, port, user, password, database }, work);
}

export async function withClient<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Open until the process of the test file ends: two connections less for each test. */
let administrator: Promise<pg.Client> | undefined;

async function administer(sql: string): Promise<void> {
  administrator ??= connectAsAdministrator();
  await (await administrator).query(sql);
}

async function connectAsAdministrator(): Promise<pg.Client> {
  const { host, port, user, password, adminDatabase: database } = inject("server");
  const client = new pg.Client({ host, port, user, password, database });
  // The server may stop before the process ends.
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function withTestDatabase<T>(template: string, work: (db: TestDatabase) => Promise<T>): Promise<T> {
  const server = inject("server");
  const mode = inject("poolMode");
  const { host, port } = mode === undefined ? server : (inject("poolers")?.[mode] ?? server);
  // One connection has to do for a command: tried on all of them in one of the runs.
  const poolMax = mode === "transaction" ? 1 : 5;
  const database = `vocabdb_test_${randomBytes(8).toString("hex")}`;
  await administer(`CREATE DATABASE ${database} TEMPLATE ${template} ${server.copying}`);
  const { user, password } = server;
  const target = targetAt({ host, port }, { user, password, database }, poolMax);
  const direct = { host: server.host, port: server.port, user, password, database };
  try {
    return await work({
      ...{ target, direct },
      url:
        `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}?sslmode=disable` +
        (poolMax === 5 ? "" : `&connection_limit=${poolMax}`),
      query: (sql, values) => withClient(direct, async (client) => (await client.query(sql, values)).rows),
    });
  } finally {
    await administer(`DROP DATABASE ${database} WITH (FORCE)`);
  }
}
