/** The library as a backend uses it, from a process of its own: many queries, failures, a server that goes, and an end. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { runAs, serverAccount } from "../../src/db/embedded/account.js";
import { clusterBinaries } from "../../src/db/embedded/cluster.js";
import { startServer } from "../../src/db/embedded/server.js";
import { vocabdb } from "../support/cli.js";
import { startConsumer } from "../support/consumer.js";
import { it } from "../support/database.js";
import { count, tries } from "../support/experiment.js";
import { withServer } from "../support/server.js";

/** Around every program: what is there before the library is used and after everything is closed. */
const PRELUDE = `
  import { writeSync } from "node:fs";
  import { openDatabase } from "vocabdb";
  let reportedAt = 0;
  process.on("exit", () => writeSync(1, "ended after " + (performance.now() - reportedAt)));
  const warnings = [];
  process.on("warning", (warning) => warnings.push(String(warning)));
  const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const before = listeners();
  // A report goes to a pipe, which counts as a resource once it has been written to.
  const report = (found) => {
    const left = process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY)Wrap$/.test(name));
    console.log(JSON.stringify({ ...found, warnings, newListeners: listeners() - before, left }));
    reportedAt = performance.now();
  };
  const codeOf = (promise) => promise.then(() => "none", (error) => error.code ?? error.message);
  const tally = (codes) => codes.reduce((all, code) => ({ ...all, [code]: (all[code] ?? 0) + 1 }), {});`;

/** Nobody has to be told to go: a second after it has closed everything the process has ended. */
const ENDS_WITHIN_MS = 1_000;

interface Program {
  readonly name: string;
  /** How many queries, transactions or cycles it is about. */
  readonly times: number;
  /** After {@link PRELUDE}; calls `report` in the end. */
  readonly script: string;
  readonly url: string;
  /** While it runs. */
  readonly meanwhile?: (said: { readonly stdout: string }, end: () => void) => Promise<void>;
}

/** @returns what it reported, without what has to be the same of every program */
async function runProgram({ name, times, script, url, meanwhile }: Program): Promise<Record<string, unknown>> {
  const { child, said, ended } = startConsumer(PRELUDE + script, url);
  await meanwhile?.(said, () => child.stdin.end());
  const exitCode = await ended;
  const [, json = "{}", endedAfterMs] = /^(\{.*\})\nended after (.*)$/m.exec(said.stdout) ?? [];
  expect({ exitCode, stderr: said.stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { warnings, newListeners, left, ...found } = JSON.parse(json);
  count("Library under load", { experiment: name, times, "left behind": warnings.length + newListeners + left.length });
  expect({ warnings, newListeners, left }).toEqual({ warnings: [], newListeners: 0, left: [] });
  expect(Number(endedAfterMs)).toBeLessThan(ENDS_WITHIN_MS);
  return found;
}

describe("the library", () => {
  it("serves 500 queries at once with 5 connections", async ({ db }) => {
    const ROUNDS = tries({ full: 10, short: 2 });
    const found = await runProgram({
      ...{ name: "500 queries at once on a pool of 5", times: 500 * ROUNDS },
      url: `${db.url}&connection_limit=5&pool_timeout=60`,
      script: `
        const { prisma, pool, close } = await openDatabase();
        const own = "SELECT count(*)::integer AS n FROM pg_stat_activity WHERE datname = current_database()";
        let [most, answers] = [0, 0];
        for (let round = 0; round < ${ROUNDS}; round += 1) {
          const asked = Array.from({ length: 500 }, (_, n) => n % 2 === 0
            ? prisma.user.count()
            : pool.query(own).then(({ rows }) => { most = Math.max(most, rows[0].n); }));
          answers += (await Promise.all(asked)).length;
        }
        await close();
        report({ most, answers });`,
    });
    expect(found).toEqual({ most: 5, answers: 500 * ROUNDS });
    await expectNoSession(db);
  });

  it("gives back the connection of every transaction that throws", async ({ db }) => {
    const ROUNDS = tries({ full: 200, short: 20 });
    const found = await runProgram({
      ...{ name: "transactions that throw, of five kinds", times: 5 * ROUNDS },
      url: `${db.url}&connection_limit=3&pool_timeout=60`,
      script: `
        const { prisma, pool, close } = await openDatabase();
        const data = { email: "ada@example.org" };
        await prisma.user.create({ data });
        const bob = { data: { email: "bob@example.org" } };
        const kinds = {
          plain: () => prisma.$transaction(async (tx) => {
            await tx.user.create(bob);
            throw new Error("plain");
          }),
          refused: () => prisma.$transaction(async (tx) => {
            await tx.user.create({ data });
          }),
          afterRefusal: () => prisma.$transaction(async (tx) => {
            await tx.user.create(bob);
            await tx.user.create({ data }).catch(() => {});
            throw new Error("after a refusal");
          }),
          onAfterRefusal: () => prisma.$transaction(async (tx) => {
            await tx.user.create({ data }).catch(() => {});
            await tx.user.count();
          }),
          nested: () => prisma.$transaction(async (outer) => {
            await outer.user.count();
            await prisma.$transaction(async (inner) => {
              await inner.user.count();
              throw new Error("nested");
            });
          }),
        };
        const codes = {};
        for (const [kind, run] of Object.entries(kinds)) {
          // Of those that need two connections, only one at a time is sure to get them.
          const atOnce = kind === "nested" ? 1 : 10;
          codes[kind] = [];
          for (let round = 0; round < ${ROUNDS}; round += atOnce) {
            codes[kind].push(...(await Promise.all(Array.from({ length: atOnce }, () => codeOf(run())))));
          }
          codes[kind] = tally(codes[kind]);
        }
        const users = await prisma.user.count();
        const { rows } = await pool.query("SELECT count(*)::integer AS n FROM pg_stat_activity WHERE state LIKE 'idle in %'");
        const idle = pool.idleCount === pool.totalCount;
        await close();
        report({ codes, users, open: rows[0].n, idle });`,
    });
    expect(found).toMatchObject({
      codes: {
        plain: { plain: ROUNDS },
        refused: { EMAIL_TAKEN: ROUNDS },
        afterRefusal: { "after a refusal": ROUNDS },
        nested: { nested: ROUNDS },
      },
      ...{ users: 1, idle: true },
    });
    expect(Object.values((found.codes as { onAfterRefusal: object }).onAfterRefusal)).toEqual([ROUNDS]);
    await expectNoSession(db);
  });

  it("leaves nothing behind when it is opened and closed again and again", async ({ db }) => {
    const CYCLES = tries({ full: 10_000, short: 300 });
    const found = await runProgram({
      ...{ name: "opened, asked and closed", times: CYCLES },
      url: db.url,
      script: `
        import { setFlagsFromString } from "node:v8";
        import { runInNewContext } from "node:vm";
        setFlagsFromString("--expose-gc");
        const collect = runInNewContext("gc");
        const used = () => { collect(); return process.memoryUsage().heapUsed; };
        let early = 0;
        let answers = 0;
        for (let cycle = 0; cycle < ${CYCLES}; cycle += 1) {
          const { prisma, pool, close } = await openDatabase();
          answers += cycle % 10 === 0 ? 1 + (await prisma.user.count()) : (await pool.query("SELECT 1")).rowCount;
          await close();
          if (cycle === ${Math.floor(CYCLES / 10)}) {
            early = used();
          }
        }
        report({ answers, grownBytes: used() - early });`,
    });
    expect(found.answers).toBe(CYCLES);
    expect(found.grownBytes).toBeLessThan(GROWTH_BYTES);
    await expectNoSession(db);
  });
});

/** Compiled code and the like; a cycle that kept anything would make it tens of megabytes. */
const GROWTH_BYTES = 5_000_000;

async function expectNoSession({ query }: { readonly query: TestQuery }): Promise<void> {
  const others =
    "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
  await expect.poll(() => query(others), { timeout: 5_000 }).toEqual([]);
}

type TestQuery = (sql: string) => Promise<unknown[]>;

describe("a server that is restarted in the middle", () => {
  it.for(["fast", "immediate"] as const)("%s: queries fail by their name, and later ones succeed", (mode) =>
    withServer({}, async ({ url, cluster }) => {
      const address = `${url}?sslmode=disable`;
      expect((await vocabdb(["migrate"], { url: address })).exitCode).toBe(0);
      const RESTARTS = tries({ full: 5, short: 1 });
      const found = await runProgram({
        ...{ name: `queries across restarts of the server (${mode})`, times: RESTARTS },
        url: address,
        script: `
          const { prisma, pool, close } = await openDatabase();
          let isOver = false;
          process.stdin.resume().once("end", () => { isOver = true; });
          // What the pool's own clients throw are the driver's errors.
          const codes = { prisma: [], pool: [] };
          const work = async (n) => {
            while (!isOver) {
              const code = await codeOf([
                () => prisma.user.count(),
                () => prisma.$transaction(async (tx) => { await tx.user.count(); await tx.user.count(); }),
                () => pool.query("SELECT pg_sleep(0.01)"),
              ][n % 3]());
              const kind = n % 3 === 2 ? "pool" : "prisma";
              codes[kind].push(code);
              await new Promise((resolve) => setTimeout(resolve, 5));
              console.log(kind, code);
            }
          };
          await Promise.all(Array.from({ length: 9 }, (_, n) => work(n)));
          const after = tally(await Promise.all(Array.from({ length: 50 }, () => codeOf(prisma.user.count()))));
          await close();
          report({ prisma: tally(codes.prisma), after });`,
        meanwhile: async (said, end) => {
          const { pgCtl } = await clusterBinaries(cluster.folder);
          for (let restart = 0; restart < RESTARTS; restart += 1) {
            const saidBefore = said.stdout.length;
            const answered = () => /^prisma none$/m.test(said.stdout.slice(saidBefore));
            await expect.poll(answered, { timeout: 20_000 }).toBe(true);
            await runAs(serverAccount(), pgCtl, ["stop", "-m", mode, "-D", cluster.dataDirectory]);
            await sleep(100);
            await startServer(cluster);
          }
          end();
        },
      });
      expect(found.after).toEqual({ none: 50 });
      const { none, ...failures } = found.prisma as Record<string, number>;
      expect(none).toBeGreaterThan(0);
      expect(Object.keys(failures)).not.toEqual([]);
      expect(["COMMIT_UNKNOWN", "CONNECTION_LOST", "DATABASE_UNREACHABLE"]).toEqual(expect.arrayContaining(Object.keys(failures)));
    }),
  );
});
