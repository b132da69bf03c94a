/** A server that stops answering in the middle of something, and one that only takes its time. */
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { deployMigrations } from "../../src/core/migrations.js";
import { openTarget } from "../../src/db/database.js";
import { onConnection, withConnection } from "../../src/db/pool.js";
import type { Target } from "../../src/db/target.js";
import { inTransaction } from "../../src/db/transaction.js";
import { ConnectionError } from "../../src/errors/connection.js";
import { EXECUTABLE, type Running, startProcess, temporaryFolder } from "../support/cli.js";
import { hang, hangServer } from "../support/hang.js";
import { failureOf } from "../support/seeding.js";
import { COUNT_LOGINS, sharedServer } from "../support/server.js";

/** For a first silence and three questions without an answer it takes four of these. */
const LIMIT_MS = 2_000;
/** On a machine that is busy, and with a look at the network after it. */
const LOST_WITHIN_MS = 30_000;

const server = sharedServer({ conf: COUNT_LOGINS });

function target(connectTimeoutMs = LIMIT_MS): Target {
  return { ...server().target, connectTimeoutMs };
}

function start(args: readonly string[], { connectTimeout = LIMIT_MS / 1_000 } = {}): Running {
  const folder = temporaryFolder();
  const url = `${server().url}?sslmode=disable&connect_timeout=${connectTimeout}`;
  const env = { PATH: process.env.PATH, HOME: folder, DATABASE_URL: url };
  return startProcess(process.execPath, [EXECUTABLE, ...args, "--json"], { cwd: folder, env });
}

/** Resolves when as many sessions wait for that in such a statement. */
async function sessionsAt(wait: string, query: RegExp, count = 1): Promise<void> {
  const look = async () => {
    const sessions = await server().query<{ wait: string | null; query: string }>(
      "SELECT wait_event AS wait, query FROM pg_stat_activity WHERE application_name = 'vocabdb'",
    );
    return sessions.filter((session) => session.wait === wait && query.test(session.query)).length;
  };
  await expect.poll(look, { timeout: 30_000, interval: 50 }).toBe(count);
}

/** While another session has a lock that every reader of the table has to wait for. */
function whileLocked<T>(table: string, work: () => Promise<T>): Promise<T> {
  return withConnection(target(0), ({ pool }) =>
    onConnection(pool, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${table}`);
      return work();
    }),
  );
}

/** Lets a commit take as long as a test. */
const SLOW_COMMIT = `
  CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
  CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.email LIKE 'slow%') EXECUTE FUNCTION wait()`;

const STOPPED = {
  code: "CONNECTION_LOST",
  message: expect.stringMatching(/:\d+\/vocabdb \(vocabdb\) stopped answering; it rolls back what was not committed$/),
};
/** As a command tells it, which looks at the network then. */
const STOPPED_TOLD = { ...STOPPED, hint: expect.stringContaining("look at the server") };
const UNKNOWN = {
  code: "COMMIT_UNKNOWN",
  message: expect.stringMatching(/ was lost while the work was being committed; whether it was is not known$/),
  hint: expect.stringContaining("vocabdb history"),
};

async function pidOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? expect.unreachable();
}

async function expectLost({ said, ended }: Running, failure: object): Promise<void> {
  expect({ exitCode: await ended, stdout: said.stdout }).toEqual({ exitCode: 7, stdout: "" });
  expect(JSON.parse(said.stderr).error).toMatchObject(failure);
}

async function expectLostError(rejected: Promise<unknown>, failure: object): Promise<void> {
  const error = await rejected;
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject(failure);
}

beforeAll(async () => {
  await deployMigrations(target(60_000));
  await server().query(SLOW_COMMIT);
});

describe("a server that hangs", () => {
  it("is given up wherever a command or the library has got to, and closing waits for nobody", async () => {
    const database = openTarget(target());
    const idle = openTarget(target());
    await idle.prisma.user.count();
    await whileLocked("sessions", async () => {
      const reading = start(["session", "list"]);
      const interrupted = start(["session", "list"], { connectTimeout: 600 });
      const loading = start(["seed", "-f", "-", "--language", "de"]);
      loading.child.stdin.write("term,definition\nja,yes\n");
      const creating = start(["user", "create", "slow1@example.org"]);
      const counting = failureOf(database.prisma.session.count());
      const inserting = failureOf(
        inTransaction(database, {}, (client) => client.query("INSERT INTO users (email) VALUES ('slow2@example.org')")),
      );
      await sessionsAt("PgSleep", /^COMMIT/, 2);
      await sessionsAt("relation", /sessions/, 3);
      await sessionsAt("ClientRead", /^COPY/);
      const resume = hangServer(server().pid);
      try {
        const stoppedAt = performance.now();
        const connecting = start(["session", "list"]);
        // More than the kernel's buffers take.
        loading.child.stdin.end(`${"x".repeat(40)},y\n`.repeat(400_000));
        interrupted.child.kill("SIGINT");
        await idle.close();
        await expectLostError(counting, STOPPED);
        await expectLostError(inserting, UNKNOWN);
        await database.close();
        expect(await interrupted.ended).toBe(130);
        await expectLost(reading, STOPPED_TOLD);
        await expectLost(creating, UNKNOWN);
        await expectLost(loading, STOPPED_TOLD);
        expect(await connecting.ended).toBe(7);
        expect(connecting.said.stderr).toContain("takes connections but says nothing");
        expect(performance.now() - stoppedAt).toBeLessThan(LOST_WITHIN_MS);
      } finally {
        resume();
      }
    });
    expect(await server().query("SELECT FROM users")).toEqual([]);
    expect(await server().query("SELECT FROM vocabulary_words")).toEqual([]);
  });
});

describe("a server that answers others", () => {
  it("may take as long as it likes, and is asked ever more seldom", async () => {
    const logins = await server().loginsDuring(() =>
      withConnection(target(1_000), async ({ pool }) => {
        await Promise.all(Array.from({ length: 3 }, () => pool.query("SELECT pg_sleep(4.5)")));
        // Of connections that wait for nothing it is not asked at all.
        await sleep(2 * LIMIT_MS);
      }),
    );
    // Those of the pool, and after 1 and 3 seconds one for all, where each would have made it nine.
    expect(logins).toBeGreaterThan(4);
    expect(logins).toBeLessThan(9);
  });

  it.concurrent("is given up where the session has not read what was sent to it", async () => {
    await withConnection(target(), async ({ pool }) => {
      const stopped = onConnection(pool, async (client) => {
        const resume = hang([await pidOf(client)]);
        try {
          await client.query("SELECT 1");
        } finally {
          resume();
        }
      });
      await expect(stopped).rejects.toThrow("the server stopped answering");
      expect((await pool.query("SELECT 1")).rowCount).toBe(1);
    });
  });

  it.concurrent("is waited for where the session says that it works, until it is to be cancelled", async () => {
    await withConnection(target(), async (connection) => {
      const abort = new AbortController();
      let isOver = false;
      let resume = (): void => {};
      const stopped = inTransaction(connection, { signal: abort.signal }, async (client) => {
        const pid = await pidOf(client);
        const sleeping = client.query("SELECT pg_sleep(600)");
        await sleep(100);
        resume = hang([pid]);
        return sleeping;
      }).finally(() => {
        isOver = true;
      });
      try {
        // Longer than a server that hangs is given.
        await Promise.race([stopped, sleep(6 * LIMIT_MS)]);
        expect(isOver).toBe(false);
        abort.abort(new Error("enough"));
        await expect(stopped).rejects.toThrow("enough");
      } finally {
        resume();
      }
    });
  });
});
