/** A migration that has to wait: for a lock of a table, without having the application wait behind it; for another deploy. */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { describe, expect } from "vitest";
import type { Wait } from "../../src/blocker.js";
import { type Migration, readMigrations } from "../../src/core/migration-files.js";
import { rehearseMigrations } from "../../src/core/migration-rehearsal.js";
import { migrationStatus } from "../../src/core/migration-status.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { withConnection } from "../../src/db/pool.js";
import { MigrationBlockedError, MigrationFailedError } from "../../src/errors/migrations.js";
import { Secret } from "../../src/secret.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { withServer } from "../support/server.js";

const SHIPPED = readMigrations();
const ALTER: Migration = {
  name: "20990101000000_age",
  sql: "CREATE TABLE a ();\nALTER TABLE users ADD COLUMN age int;",
};
const migrations = [...SHIPPED, ALTER];

/** Somebody who has read the users and does not end the transaction. */
function withBlocker<T>(db: TestDatabase, work: (blocker: pg.Client, pid: number) => Promise<T>): Promise<T> {
  return withClient({ ...db.direct, application_name: "reporting" }, async (blocker) => {
    await blocker.query("BEGIN");
    await blocker.query("SELECT count(*) FROM users WHERE email = 'ada@example.org' AND 4711 > 1");
    const { rows } = await blocker.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await blocker.query("SELECT count(*) FROM users WHERE email = 'ada@example.org' AND 4711 > 1");
    return work(blocker, rows[0]?.pid ?? 0);
  });
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Reads users as an application does, one query after another; milliseconds that each took. */
async function latenciesDuring(db: TestDatabase, work: () => Promise<unknown>): Promise<number[]> {
  return withClient(db.direct, async (application) => {
    const latencies: number[] = [];
    let isOver = false;
    const reading = (async () => {
      while (!isOver) {
        const start = performance.now();
        await application.query("SELECT count(*) FROM users");
        latencies.push(performance.now() - start);
        await sleep(20);
      }
    })();
    try {
      await work();
    } finally {
      isOver = true;
      await reading;
    }
    return latencies;
  });
}

describe("a lock that others hold", () => {
  it("is given up in time, with the name of who holds it, and can be tried again", async ({ db }) => {
    const waits: Wait[] = [];
    await withBlocker(db, async (blocker, pid) => {
      const options = { migrations, lockTimeoutMs: 2_000, onWait: (wait: Wait) => waits.push(wait) };
      const error = await failureOf(deployMigrations(db.target, options));

      expect(error).toBeInstanceOf(MigrationBlockedError);
      const { message, hint, blockers, waitedMs } = error as MigrationBlockedError;
      expect(blockers).toEqual([
        {
          ...{ pid, application: "reporting", user: db.target.user, state: "idle in transaction", waiting: false },
          ageSeconds: expect.any(Number),
          query: "SELECT count(*) FROM users WHERE email = '…' AND … > …",
        },
      ]);
      expect(blockers[0]?.ageSeconds).toBeGreaterThan(1);
      expect(message).toMatch(
        new RegExp(
          `^migration ${ALTER.name} got no lock in \\d\\.\\d s, and nothing of it took effect; the lock is held by:\\n` +
            ` {2}pid ${pid} \\(reporting, user \\S+\\), idle in transaction for \\d s: SELECT count`,
        ),
      );
      expect(hint).toContain(`SELECT pg_terminate_backend(${pid})`);
      expect(waitedMs).toBeGreaterThan(1_200);
      expect(waitedMs).toBeLessThan(3_500);
      expect(waits).toEqual([{ on: "lock", blockers: [expect.objectContaining({ pid })] }]);
      expect(await migrationStatus(db.target, migrations)).toMatchObject({ state: "pending", failed: [] });
      await blocker.query("ROLLBACK");
    });
    expect(await deployMigrations(db.target, { migrations })).toMatchObject({ applied: [ALTER.name] });
    expect(await db.query("SELECT age FROM users")).toEqual([]);
  });

  it("is had as soon as it is free, within the time", async ({ db }) => {
    await withBlocker(db, async (blocker) => {
      const deploying = deployMigrations(db.target, { migrations, lockTimeoutMs: 20_000 });
      await sleep(2_500);
      await blocker.query("COMMIT");
      expect(await deploying).toMatchObject({ applied: [ALTER.name] });
    });
    const { rows } = await withClient(db.direct, (client) => client.query("SHOW lock_timeout"));
    expect(rows).toEqual([{ lock_timeout: "0" }]);
  });

  it("never has the application wait for long, where a plain ALTER TABLE stops it altogether", async ({ db }) => {
    await withBlocker(db, async (blocker) => {
      const blocked = () => failureOf(deployMigrations(db.target, { migrations, lockTimeoutMs: 4_000 }));
      const latencies = await latenciesDuring(db, blocked);
      expect(latencies.length).toBeGreaterThan(30);
      expect(Math.max(...latencies)).toBeLessThan(1_000);

      const plain = () =>
        withClient(db.direct, async (client) => {
          const altering = client.query("ALTER TABLE users ADD COLUMN age int");
          await sleep(2_000);
          await blocker.query("ROLLBACK");
          await altering;
        });
      expect(Math.max(...(await latenciesDuring(db, plain)))).toBeGreaterThan(1_500);
    });
  });

  it("is told to the last one in the queue, who may be waiting for somebody else", async ({ db }) => {
    await withBlocker(db, async (blocker, root) => {
      await withClient({ ...db.direct, application_name: "another" }, async (second) => {
        const waiting = second.query("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
        const error = await failureOf(deployMigrations(db.target, { migrations, lockTimeoutMs: 1_500 }));
        await blocker.query("ROLLBACK");
        await waiting;
        expect(error).toMatchObject({
          blockers: [
            { application: "reporting", pid: root, waiting: false },
            { application: "another", waiting: true },
          ],
        });
        const { hint } = error as MigrationBlockedError;
        expect(hint?.match(/pg_terminate_backend\((\d+)\)/g)).toEqual([`pg_terminate_backend(${root})`]);
      });
    });
  });

  it("of a prepared transaction, which has no process, is told by its identifier", async () => {
    await withServer({ conf: ["max_prepared_transactions = 2"] }, async ({ target, query }) => {
      await deployMigrations(target);
      await query("BEGIN; SELECT FROM users; PREPARE TRANSACTION 'order 66'");
      const error = await failureOf(deployMigrations(target, { migrations, lockTimeoutMs: 1_500 }));
      const { blockers, message, hint } = error as MigrationBlockedError;
      expect(blockers).toMatchObject([{ pid: null, query: "order 66" }]);
      expect(message).toMatch(/held by:\n {2}a prepared transaction for \d s: order 66$/);
      expect(hint).toContain("ROLLBACK PREPARED");
      await query("ROLLBACK PREPARED 'order 66'");
    });
  });

  it("of an autovacuum, which gives way to those only who wait long enough, is had by an ordinary role", async () => {
    const conf = [
      "autovacuum_naptime = 1s",
      "autovacuum_vacuum_cost_delay = 100ms",
      "autovacuum_vacuum_cost_limit = 1",
    ];
    await withServer({ conf }, async ({ target: admin, query }) => {
      await query("CREATE ROLE clerk LOGIN PASSWORD 'clerk'");
      await query("CREATE DATABASE app OWNER clerk");
      const target = { ...admin, user: "clerk", password: new Secret("clerk"), database: "app" };
      const large = {
        name: "1_large",
        sql: "CREATE TABLE large AS SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n",
      };
      await deployMigrations(target, { migrations: [large] });
      await withConnection(target, ({ pool }) => pool.query("DELETE FROM large WHERE n % 2 = 0"));
      const isAtWork = () => query("SELECT FROM pg_stat_activity WHERE query LIKE 'autovacuum: VACUUM%public.large%'");
      await expect.poll(isAtWork, { timeout: 20_000 }).toHaveLength(1);
      const waits: Wait[] = [];
      const alter = { name: "2_alter", sql: "ALTER TABLE large ADD COLUMN m int" };
      const options = { migrations: [large, alter], onWait: (wait: Wait) => waits.push(wait) };
      expect(await deployMigrations(target, options)).toMatchObject({ applied: [alter.name] });
      expect(waits).toMatchObject([{ blockers: [{ application: "autovacuum worker", state: null, query: null }] }]);
    });
  });

  it("is waited for by a rehearsal in the same way", async ({ db }) => {
    await withBlocker(db, async (blocker, pid) => {
      const options = { migrations, lockTimeoutMs: 1_500 };
      expect(await failureOf(rehearseMigrations(db.target, options))).toMatchObject({
        ...{ code: "MIGRATION_BLOCKED", exitCode: 5, blockers: [{ pid }] },
      });
      const latencies = await latenciesDuring(db, () => failureOf(rehearseMigrations(db.target, options)));
      expect(Math.max(...latencies)).toBeLessThan(1_000);
      await blocker.query("ROLLBACK");
      expect(await rehearseMigrations(db.target, options)).toMatchObject({ applied: [ALTER.name] });
    });
  });

  it("is no longer tried for after Ctrl-C, and leaves nothing to resolve", async ({ db }) => {
    await withBlocker(db, async () => {
      for (const delay of [700, 1_000]) {
        const abort = new AbortController();
        const options = { migrations, lockTimeoutMs: 60_000, signal: abort.signal };
        const deploy = failureOf(deployMigrations(db.target, options));
        const isTried = async () =>
          (
            await db.query(
              "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            )
          ).length > 0;
        await expect.poll(isTried, { timeout: 30_000, interval: 20 }).toBe(true);
        await sleep(delay);
        const reason = new Error("interrupted");
        const start = performance.now();
        abort.abort(reason);
        expect(await deploy).toBe(reason);
        expect(performance.now() - start).toBeLessThan(2_000);
        expect(await migrationStatus(db.target, migrations)).toMatchObject({ state: "pending", failed: [] });
      }
    });
  });

  it("is not tried for again by a script that has committed something, and is left to be resolved", async ({ db }) => {
    const script = { ...ALTER, sql: "CREATE TABLE a ();\nCOMMIT;\nALTER TABLE users ADD COLUMN age int;" };
    await withBlocker(db, async () => {
      const error = await failureOf(deployMigrations(db.target, { migrations: [...SHIPPED, script] }));
      expect(error).toBeInstanceOf(MigrationFailedError);
      expect(error).toMatchObject({ failure: { line: 3, sqlState: "55P03", leftNothing: false, recorded: true } });
      expect((error as MigrationFailedError).hint).toContain("may be there");
    });
  });

  it("is tried for again by a script that begins its own transaction and has not committed it", async ({ db }) => {
    const script = { ...ALTER, sql: "BEGIN;\nCREATE TABLE a ();\nALTER TABLE users ADD COLUMN age int;\nCOMMIT;" };
    await withBlocker(db, async (blocker) => {
      const deploying = deployMigrations(db.target, { migrations: [...SHIPPED, script] });
      await sleep(1_500);
      await blocker.query("ROLLBACK");
      expect(await deploying).toMatchObject({ applied: [script.name] });
    });
  });

  it("is not waited for at leisure by a script that PostgreSQL is to refuse", async ({ db }) => {
    const script = { ...ALTER, sql: `${ALTER.sql}\nCREATE INDEX CONCURRENTLY a_age ON users (age);` };
    await withBlocker(db, async () => {
      const options = { migrations: [...SHIPPED, script], lockTimeoutMs: 1_000 };
      const latencies = await latenciesDuring(db, () => failureOf(deployMigrations(db.target, options)));
      expect(Math.max(...latencies)).toBeLessThan(1_000);
    });
  });

  it("that an index waits for which is built concurrently is waited for without end, and told", async ({ db }) => {
    const index = { ...ALTER, sql: "CREATE INDEX CONCURRENTLY users_age ON users (display_name, email);" };
    const waits: Wait[] = [];
    await withBlocker(db, async (blocker, pid) => {
      await blocker.query("UPDATE users SET display_name = 'x'");
      const options = { migrations: [...SHIPPED, index], lockTimeoutMs: 500, onWait: (wait: Wait) => waits.push(wait) };
      const deploying = deployMigrations(db.target, options);
      await expect.poll(() => waits, { timeout: 20_000 }).toMatchObject([{ on: "lock", blockers: [{ pid }] }]);
      await blocker.query("COMMIT");
      expect(await deploying).toMatchObject({ applied: [index.name] });
    });
    expect(await db.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_age'::regclass")).toEqual([
      { indisvalid: true },
    ]);
  });
});

describe("another deploy", () => {
  it("is told once, with who it is, and waited for", async ({ db }) => {
    const waits: Wait[] = [];
    await withClient({ ...db.direct, application_name: "other deploy" }, async (other) => {
      await other.query("SELECT pg_advisory_lock(72707369)");
      const deploying = deployMigrations(db.target, { migrations, onWait: (wait) => waits.push(wait) });
      await expect.poll(() => waits, { timeout: 20_000 }).toHaveLength(1);
      await sleep(1_000);
      await other.query("SELECT pg_advisory_unlock(72707369)");
      expect(await deploying).toMatchObject({ applied: [ALTER.name] });
    });
    expect(waits).toMatchObject([{ on: "deploy", blockers: [{ application: "other deploy", state: "idle" }] }]);
  });
});
