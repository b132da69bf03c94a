/** A connection that is lost at the end of a transaction, at its very end, or in a migration. */
import { once } from "node:events";
import { describe, expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { deployMigrations, resolveMigration } from "../../src/core/migrations.js";
import { createUser } from "../../src/core/users.js";
import { withPrisma } from "../../src/db/database.js";
import { withConnection } from "../../src/db/pool.js";
import type { Target } from "../../src/db/target.js";
import { inTransaction } from "../../src/db/transaction.js";
import { CommitUnknownError, ConnectionLostError } from "../../src/errors/connection.js";
import { vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { migrateFirst } from "../support/migrating.js";
import { addPeople } from "../support/people.js";
import { type Message, type Verdict, withLossyProxy, withProxy } from "../support/proxy.js";

const SHIPPED = readMigrations();

const says = ({ body }: Message): string => body.toString("latin1");
const isCommit = (message: Message): boolean => message.type === "Q" && says(message) === "COMMIT\0";
const isCommitted = (message: Message): boolean => message.type === "C" && says(message) === "COMMIT\0";

/** Loses the connection at each message of that kind. */
function losing<T>(
  { target, direct }: TestDatabase,
  isLost: (message: Message) => boolean,
  work: (target: Target) => Promise<T>,
): Promise<T> {
  const { host = "", port = 0 } = direct;
  return withLossyProxy({ host, port }, isLost, (proxy) => work({ ...target, host: "127.0.0.1", port: proxy }));
}

const addWord = (target: Target): Promise<unknown> =>
  withConnection(target, (connection) =>
    inTransaction(connection, {}, (client) =>
      client.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Wort', 'word')"),
    ),
  );

const addUser = (target: Target): Promise<unknown> =>
  withConnection(target, (connection) =>
    withPrisma(connection, (database) => createUser(database, { email: "new@example.org" })),
  );

describe.each([
  ["a transaction", addWord, "vocabulary_words"],
  ["a transaction of Prisma's", addUser, "users"],
] as const)("%s", (_, work, table) => {
  it("that has committed, but was not told so, is not said to be rolled back", async ({ db }) => {
    await expect(losing(db, isCommitted, work)).rejects.toThrow(CommitUnknownError);
    expect(await db.query(`SELECT FROM ${table}`)).toHaveLength(1);
  });

  it("that could not be asked to commit is not said to be either", async ({ db }) => {
    await expect(losing(db, isCommit, work)).rejects.toThrow("whether it was is not known");
    expect(await db.query(`SELECT FROM ${table}`)).toEqual([]);
  });
});

it("a command that is interrupted while it commits says that it does not know", async ({ db }) => {
  await addPeople(db, { email: "ada@example.org", sessions: 1 });
  const { host = "", port = 0 } = db.direct;
  const interrupt = new AbortController();
  const watch = (message: Message): Promise<Verdict> | undefined => {
    if (!isCommitted(message)) {
      return undefined;
    }
    interrupt.abort();
    return new Promise(() => {});
  };
  const { exitCode, stderr } = await withProxy({ host, port }, watch, (proxy) =>
    vocabdb(["session", "revoke", "--user", "ada@example.org", "--json"], {
      url: db.url.replace(/@[^/]*/, `@127.0.0.1:${proxy}`),
      onStart: (child) => void once(interrupt.signal, "abort").then(() => child.kill("SIGTERM")),
    }),
  );
  expect({ exitCode, error: JSON.parse(stderr).error }).toEqual({
    exitCode: 143,
    error: {
      code: "INTERRUPTED",
      message: "interrupted by SIGTERM; whether the last change was committed is not known",
      hint: "see whether the change is on record (vocabdb history); if not, run the command again",
    },
  });
  expect(await db.query("SELECT FROM sessions WHERE revoked_at IS NULL")).toEqual([]);
});

const SECOND = SHIPPED[1]?.name ?? "";

/** As by a version that recorded the beginning by itself, and was killed. */
async function beginSecond(db: TestDatabase): Promise<void> {
  await db.query(
    "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES (gen_random_uuid(), 'x', $1, now())",
    [SECOND],
  );
}

describe("a migration", () => {
  it("whose connection is lost leaves nothing of it, and nothing to resolve", async ({ db }) => {
    const { target } = db;
    const name = "20990101000000_lost";
    const deploy = (sql: string) => deployMigrations(target, { migrations: [...SHIPPED, { name, sql }] });
    await expect(deploy("CREATE TABLE a (); SELECT pg_terminate_backend(pg_backend_pid())")).rejects.toThrow(
      ConnectionLostError,
    );
    const record = "SELECT FROM _prisma_migrations WHERE migration_name = $1";
    expect([await db.query("SELECT FROM pg_class WHERE relname = 'a'"), await db.query(record, [name])]).toEqual([
      [],
      [],
    ]);
    expect(await deploy("CREATE TABLE a ()")).toMatchObject({ applied: [name] });
  });

  it("that fails by a deferred constraint is recorded as one that failed", async ({ db }) => {
    const name = "20990101000000_deferred";
    const sql = "CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1), (1);";
    await expect(deployMigrations(db.target, { migrations: [...SHIPPED, { name, sql }] })).rejects.toMatchObject({
      failure: { sqlState: "23505", leftNothing: true, recorded: true },
    });
  });

  it("is refused by a server that takes no writes, and not said to be a bug", async ({ emptyDb: db }) => {
    await migrateFirst(db);
    await beginSecond(db);
    const readOnly = { ...db.target, options: "-c default_transaction_read_only=on" };
    const refused = { code: "PERMISSION_DENIED", message: expect.stringContaining("takes no writes") };
    await expect(resolveMigration(readOnly, SECOND, "applied")).rejects.toMatchObject(refused);
    await expect(resolveMigration(readOnly, SECOND, "rolled-back")).rejects.toMatchObject(refused);
    await resolveMigration(db.target, SECOND, "rolled-back");
    await expect(deployMigrations(readOnly)).rejects.toMatchObject(refused);
  });

  it("is resolved as applied in one go", async ({ emptyDb: db }) => {
    await migrateFirst(db);
    await beginSecond(db);
    const isInsert = (message: Message): boolean => message.type === "P" && says(message).includes("INSERT INTO");
    await expect(losing(db, isInsert, (target) => resolveMigration(target, SECOND, "applied"))).rejects.toThrow(
      ConnectionLostError,
    );
    const record = "SELECT rolled_back_at, finished_at FROM _prisma_migrations WHERE migration_name = $1";
    expect(await db.query(record, [SECOND])).toEqual([{ rolled_back_at: null, finished_at: null }]);
    await resolveMigration(db.target, SECOND, "applied");
    expect(await db.query(record, [SECOND])).toHaveLength(2);
  });

  it("that is resolved, but was not told so, is not said to be rolled back", async ({ emptyDb: db }) => {
    await migrateFirst(db);
    await beginSecond(db);
    const resolve = (target: Target): Promise<void> => resolveMigration(target, SECOND, "rolled-back");
    await expect(losing(db, isCommitted, resolve)).rejects.toThrow(CommitUnknownError);
  });
});
