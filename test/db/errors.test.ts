/** What goes wrong on the way to a database and on it, as users are told: real failures, none made up. */
import http from "node:http";
import net from "node:net";
import { beforeEach, describe, expect, vi } from "vitest";
import { type Database, withPrisma } from "../../src/db/database.js";
import { translateError } from "../../src/db/errors.js";
import { withConnection } from "../../src/db/pool.js";
import { inPrismaTransaction } from "../../src/db/prisma-transaction.js";
import type { SslMode, Target } from "../../src/db/target.js";
import { inTransaction } from "../../src/db/transaction.js";
import { VocabdbError } from "../../src/errors/base.js";
import { Secret } from "../../src/secret.js";
import { it, withAdmin } from "../support/database.js";

const PASSWORD = "hunter2-päss@word";

/** The ways to the database. Prisma's translate by themselves; for the driver's the edge of the program does. */
const PATHS: Record<string, (target: Target) => Promise<unknown>> = {
  "through pg": (target) =>
    withConnection(target, ({ pool }) => pool.query("INSERT INTO users (email) VALUES ('ada@example.org')")).catch(
      (error: unknown) => {
        throw translateError(error, target);
      },
    ),
  "through Prisma": (target) => onPrisma(target, ({ prisma }) => prisma.user.create(ADA)),
  "through a Prisma transaction": (target) =>
    onPrisma(target, (database) => inPrismaTransaction(database, {}, (prisma) => prisma.user.create(ADA))),
};
const ADA = { data: { email: "ada@example.org" } };

function onPrisma<T>(target: Target, work: (database: Database) => Promise<T>): Promise<T> {
  return withConnection(target, (connection) => withPrisma(connection, work));
}

/** The error of this package that the work ends with; it must not hold the password. */
async function failure(target: Target, work: Promise<unknown>): Promise<VocabdbError> {
  const error = await work.then(
    (value) => new Error(`nothing failed, but gave ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof VocabdbError)) {
    throw new Error("not an error of this package", { cause: error });
  }
  const { message, hint, exitCode, code } = error;
  expect(`${message}\n${hint}`).not.toContain(target.password?.reveal() ?? PASSWORD);
  expect(exitCode).toBe(code === "MIGRATIONS_PENDING" ? 3 : 7);
  return error;
}

function withMode(target: Target, mode: SslMode): Target {
  return { ...target, tls: { ...target.tls, mode } };
}

/** Runs `work` while the server listens on 127.0.0.1. */
async function listening<T>(server: net.Server, work: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as net.AddressInfo).port);
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Runs `work` as a role that may log in and nothing else. */
async function withRole(target: Target, work: (target: Target) => Promise<void>): Promise<void> {
  const role = `role_${target.database}`;
  await withAdmin((admin) => admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`));
  try {
    await work({ ...target, user: role, password: new Secret(PASSWORD) });
  } finally {
    await withAdmin((admin) => admin.query(`DROP ROLE ${role}`));
  }
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

/** Ends a server process from outside and waits until it is gone. */
async function terminate(pid: number | undefined): Promise<void> {
  const { rows } = await withAdmin((admin) => admin.query("SELECT pg_terminate_backend($1, 30000) AS gone", [pid]));
  expect(rows).toEqual([{ gone: true }]);
}

beforeEach(() => {
  // The driver would take a password from either.
  vi.stubEnv("PGPASSWORD", undefined);
  vi.stubEnv("PGPASSFILE", "/nonexistent");
  return () => {
    vi.unstubAllEnvs();
  };
});

describe.for(Object.entries(PATHS))("%s", ([, run]) => {
  it("a wrong password is told with where, who, and what to check", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, password: new Secret(PASSWORD) };
    expect(await failure(target, run(target))).toMatchObject({
      code: "AUTHENTICATION_FAILED",
      message: `${target.host}:${target.port}/${target.database} (${target.user}) refused the password`,
      hint: expect.stringContaining("# as %23"),
    });
  });

  it("a user that does not exist is told like a wrong password", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, user: "no_such_user", password: new Secret(PASSWORD) };
    expect(await failure(target, run(target))).toMatchObject({ code: "AUTHENTICATION_FAILED" });
  });

  it("a missing password is told from a wrong one, and no connection is left over", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, password: null };
    const before = openSockets();
    expect(await failure(target, run(target))).toMatchObject({
      code: "AUTHENTICATION_FAILED",
      message: expect.stringContaining("wants a password and the URL has none"),
      hint: expect.stringContaining("PGPASSWORD"),
    });
    await vi.waitFor(() => expect(openSockets()).toBeLessThanOrEqual(before), { timeout: 10_000 });
  });

  it("a database that does not exist is named, with the statement that makes it", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, database: "no_such_database" };
    expect(await failure(target, run(target))).toMatchObject({
      code: "DATABASE_NOT_FOUND",
      message: expect.stringContaining("no_such_database does not exist"),
      hint: expect.stringContaining("CREATE DATABASE no_such_database"),
    });
  });

  it("a port on which nothing listens is told with what may be wrong", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, host: "127.0.0.1", port: 1 };
    expect(await failure(target, run(target))).toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining("nothing accepts connections at 127.0.0.1:1/"),
      hint: expect.stringContaining("5432"),
    });
    const embedded = { ...target, embedded: true };
    expect(await failure(embedded, run(embedded))).toMatchObject({ hint: "vocabdb db start" });
  });

  it("a host name that does not exist is named", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, host: "no-such-host.invalid" };
    expect(await failure(target, run(target))).toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining("no-such-host.invalid"),
      hint: expect.stringContaining("check the host"),
    });
  });

  it("a socket folder without a server is a server that does not run", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, host: "/nonexistent" };
    expect(await failure(target, run(target))).toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining("nothing accepts connections at /nonexistent:"),
    });
  });

  it("a server that hangs up is a lost connection", async ({ emptyDb }) => {
    const server = net.createServer((socket) => socket.end());
    await listening(server, async (port) => {
      const target = { ...emptyDb.target, host: "127.0.0.1", port };
      expect(await failure(target, run(target))).toMatchObject({ code: "CONNECTION_LOST" });
    });
  });

  it("a server that never answers is given up after connect_timeout", async ({ emptyDb }) => {
    await listening(net.createServer(), async (port) => {
      const target = { ...emptyDb.target, host: "127.0.0.1", port, connectTimeoutMs: 1_000 };
      expect(await failure(target, run(target))).toMatchObject({
        code: "DATABASE_UNREACHABLE",
        message: expect.stringContaining("did not answer in time"),
        hint: expect.stringContaining("connect_timeout"),
      });
    });
  });

  it("missing tables are pending migrations", async ({ emptyDb: { target } }) => {
    expect(await failure(target, run(target))).toMatchObject({
      ...{ code: "MIGRATIONS_PENDING", hint: "vocabdb migrate" },
    });
  });

  it("a session that takes no writes is told from missing rights", async ({ db }) => {
    const target = { ...db.target, options: "-c default_transaction_read_only=on" };
    expect(await failure(target, run(target))).toMatchObject({
      code: "PERMISSION_DENIED",
      message: expect.stringContaining("takes no writes"),
      hint: expect.stringContaining("read replica"),
    });
  });

  it("missing rights are told with the role that lacks them", async ({ db }) => {
    await withRole(db.target, async (target) => {
      expect(await failure(target, run(target))).toMatchObject({
        code: "PERMISSION_DENIED",
        message: expect.stringMatching(new RegExp(`${target.user}.*users`)),
        hint: expect.stringContaining("owner"),
      });
    });
  });

  it("a limit of the server's is told with the setting to raise", async ({ db }) => {
    await db.query("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); END'");
    await db.query("CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slow()");
    const target = { ...db.target, options: "-c statement_timeout=500" };
    expect(await failure(target, run(target))).toMatchObject({
      code: "DATABASE_UNREACHABLE",
      message: expect.stringContaining("statement timeout"),
      hint: expect.stringContaining(`ALTER ROLE ${target.user} SET statement_timeout`),
    });
  });
});

describe("what is not PostgreSQL", () => {
  it.for<SslMode>(["prefer", "require", "verify-full"])("is recognised with sslmode=%s", async (mode, { emptyDb }) => {
    await listening(http.createServer(), async (port) => {
      const target = withMode({ ...emptyDb.target, host: "127.0.0.1", port }, mode);
      const work = PATHS["through pg"]?.(target) ?? Promise.resolve();
      const translated = work.catch((error: unknown) => {
        throw translateError(error, target);
      });
      expect(await failure(target, translated)).toMatchObject({
        code: "DATABASE_UNREACHABLE",
        finding: "net.wrong-service",
        message: `what listens at 127.0.0.1:${port} is not PostgreSQL${mode === "prefer" ? " but an HTTP server" : ""}`,
      });
    });
  });

  it.for<SslMode>(["prefer", "require"])("and says nothing is given up with sslmode=%s", async (mode, { emptyDb }) => {
    await listening(net.createServer(), async (port) => {
      const target = withMode({ ...emptyDb.target, host: "127.0.0.1", port, connectTimeoutMs: 1_000 }, mode);
      const work = PATHS["through pg"]?.(target) ?? Promise.resolve();
      expect(await failure(target, work)).toMatchObject({ message: expect.stringContaining("did not answer in time") });
    });
  });
});

describe("a connection that the server ends", () => {
  const lost = { code: "CONNECTION_LOST", message: expect.stringContaining("has been rolled back") };

  it("during a statement is lost, and the next one gets a new connection", async ({ connection: { pool, target } }) => {
    const work = pool.query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)").catch((error: unknown) => {
      throw translateError(error, target);
    });
    expect(await failure(target, work)).toMatchObject(lost);
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  it("between the statements of a transaction is lost with what it had done", async ({ db, connection }) => {
    const { target } = connection;
    const work = inTransaction(connection, {}, async (client) => {
      await client.query("INSERT INTO users (email) VALUES ('ada@example.org')");
      const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await terminate(rows[0]?.pid);
      await client.query("INSERT INTO users (email) VALUES ('eve@example.org')");
    }).catch((error: unknown) => {
      throw translateError(error, target);
    });
    expect(await failure(target, work)).toMatchObject(lost);
    expect(await db.query("SELECT FROM users")).toHaveLength(0);
  });

  it("is lost through Prisma too, and the next query gets a new one", async ({ database: { prisma, target } }) => {
    const work = prisma.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())::text, pg_sleep(60)::text`;
    expect(await failure(target, work)).toMatchObject(lost);
    expect(await prisma.user.count()).toBe(0);
  });

  it.for(["before the next query", "before the commit"])(
    "in a Prisma transaction %s",
    async (when, { db, database }) => {
      const work = inPrismaTransaction(database, {}, async (prisma) => {
        await prisma.user.create(ADA);
        const [backend] = await prisma.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await terminate(backend?.pid);
        return when === "before the commit" ? null : prisma.user.count();
      });
      expect(await failure(db.target, work)).toMatchObject(lost);
      expect(await db.query("SELECT FROM users")).toHaveLength(0);
    },
  );
});

it("a pool without a free connection is told with the setting that bounds it", async ({ db }) => {
  const target = { ...db.target, poolMax: 1, poolTimeoutMs: 500 };
  await onPrisma(target, async (database) => {
    const { pool, prisma } = database;
    const taken = await pool.connect();
    const attempts = [
      pool.query("SELECT 1").catch((error: unknown) => {
        throw translateError(error, target);
      }),
      prisma.user.count(),
      inPrismaTransaction(database, {}, (transaction) => transaction.user.count()),
    ];
    for (const attempt of attempts.map((work) => failure(target, work))) {
      expect(await attempt).toMatchObject({
        code: "POOL_TIMEOUT",
        message: expect.stringContaining("became free in 0.5 s"),
        hint: expect.stringContaining("connection_limit"),
      });
    }
    taken.release();
  });
});

it("a transaction that lasts too long is not told as a pool without connections", async ({ database }) => {
  const { prisma, target } = database;
  const work = prisma
    .$transaction((transaction) => transaction.$queryRaw`SELECT pg_sleep(1)::text`, { timeout: 100 })
    .catch((error: unknown) => {
      throw translateError(error, target);
    });
  expect(await failure(target, work)).toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringContaining("took too long"),
  });
});

it("an error of another kind passes through as it is", async ({ emptyDb: { target } }) => {
  for (const error of [
    new TypeError("x is not a function"),
    new Error("ENOENT: no such file or directory"),
    "x",
    null,
  ]) {
    expect(translateError(error, target)).toBe(error);
  }
});
