/** `vocabdb migrate` where others are at work: what an operator reads, and what a script gets. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { describe, expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { type CliResult, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { migrateFirst } from "../support/migrating.js";

const SHIPPED = readMigrations();
const NAMES = SHIPPED.map(({ name }) => name);
const [FIRST, ...PENDING] = NAMES;

/** A database whose next migration changes a table that somebody is reading. */
async function whileRead<T>(emptyDb: TestDatabase, work: (reader: Client, pid: number) => Promise<T>): Promise<T> {
  await migrateFirst(emptyDb);
  return withClient({ ...emptyDb.direct, application_name: "nightly report" }, async (reader) => {
    const { rows } = await reader.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await reader.query("BEGIN");
    await reader.query(`SELECT 1 AS "\u001b[31m\nerror: x" FROM users WHERE email = 'ada@example.org'`);
    return work(reader, rows[0]?.pid ?? 0);
  });
}

async function stateOf(db: TestDatabase): Promise<unknown> {
  return (await vocabdb(["migrate", "status", "--json"], { url: db.url })).json();
}

describe("a lock that others hold", () => {
  it("ends with 5, who holds it and what to do; the same command then succeeds", async ({ emptyDb }) => {
    const { url } = emptyDb;
    await whileRead(emptyDb, async (reader, pid) => {
      const { exitCode, stdout, stderr } = await vocabdb(["migrate", "--lock-timeout", "1500ms"], { url });
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
      const holder = `pid ${pid} \\(nightly report, user \\S+\\), idle in transaction for \\d+ s: `;
      const query = String.raw`SELECT … AS "\\u\{1b\}\[31m error: x" FROM users WHERE email = '…'`;
      expect(stderr).toMatch(
        new RegExp(`^trying again and again for a lock that others hold: ${holder}${query}$`, "m"),
      );
      expect(stderr).toMatch(
        new RegExp(
          `^error: migration ${PENDING[0]} got no lock in \\d\\.\\d s, .* held by:\\n {2}${holder}${query}$`,
          "m",
        ),
      );
      expect(stderr).toMatch(
        new RegExp(
          `^hint: {2}have pid ${pid} commit or roll back, .*pg_terminate_backend\\(${pid}\\).*--lock-timeout`,
          "m",
        ),
      );
      expect(stderr).not.toContain("ada@example.org");
      expect(stderr).not.toContain("\u001b");
      await reader.query("ROLLBACK");
    });
    expect(await stateOf(emptyDb)).toMatchObject({ state: "pending", applied: [FIRST], failed: [] });
    expect((await vocabdb(["migrate", "--json"], { url })).json()).toMatchObject({ applied: PENDING });
  });

  it("is told a script in one line, by a rehearsal too", async ({ emptyDb }) => {
    await whileRead(emptyDb, async (_, pid) => {
      for (const options of [[], ["--dry-run"]]) {
        const args = ["migrate", "--json", "--lock-timeout", "1s", ...options];
        const { exitCode, stdout, stderr } = await vocabdb(args, { url: emptyDb.url });
        expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
        expect(stderr.trim().split("\n")).toHaveLength(1);
        const { error } = JSON.parse(stderr);
        expect(error).toMatchObject({ code: "MIGRATION_BLOCKED", message: expect.stringContaining(`pid ${pid}`) });
      }
    });
  });

  it("is given up by Ctrl-C, with nothing left to resolve", async ({ emptyDb }) => {
    await whileRead(emptyDb, async (reader) => {
      const isTried = async () =>
        (
          await emptyDb.query(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )
        ).length;
      let interrupt = (): void => {};
      const running = vocabdb(["migrate", "--lock-timeout", "1m"], {
        url: emptyDb.url,
        onStart: (child) => {
          interrupt = () => void child.kill("SIGINT");
        },
      });
      await expect.poll(isTried, { timeout: 30_000, interval: 20 }).toBe(1);
      interrupt();
      expect(await running).toMatchObject({ exitCode: 130, stdout: "" });
      await reader.query("ROLLBACK");
    });
    expect(await stateOf(emptyDb)).toMatchObject({ state: "pending", failed: [] });
    expect(await vocabdb(["migrate"], { url: emptyDb.url })).toMatchObject({ exitCode: 0 });
  });

  it("is tried for as long as can be said, and not for ever", async ({ db }) => {
    for (const value of ["0", "2h", "soon"]) {
      expect(await vocabdb(["migrate", "--lock-timeout", value], { url: db.url })).toMatchObject({ exitCode: 2 });
    }
  });
});

describe("another deploy", () => {
  it("is waited for, and it is told for whom", async ({ emptyDb }) => {
    await withClient({ ...emptyDb.direct, application_name: "deploy of build 17" }, async (other) => {
      await other.query("SELECT pg_advisory_lock(72707369)");
      const running = vocabdb(["migrate"], { url: emptyDb.url });
      await sleep(4_000);
      await other.query("SELECT pg_advisory_unlock(72707369)");
      const { exitCode, stderr } = await running;
      expect(exitCode).toBe(0);
      expect(stderr.match(/waiting for another deploy: pid \d+ \(deploy of build 17, user \S+\), idle/g)).toHaveLength(
        1,
      );
    });
  });
});

describe("what is pending", () => {
  const WARNING = { migration: PENDING[0], id: "default-rewrites", message: expect.stringContaining("users.live_id") };

  it("is printed as SQL by plan, with warnings beside it", async ({ emptyDb }) => {
    await migrateFirst(emptyDb);
    const { exitCode, stdout, stderr } = await vocabdb(["migrate", "plan"], { url: emptyDb.url });
    expect(exitCode).toBe(0);
    const pending = SHIPPED.slice(1);
    expect(stdout).toBe(`${pending.map(({ name, sql }) => `-- ${name}\n\n${sql.trim()}`).join("\n\n")}\n`);
    expect(stderr).toMatch(new RegExp(`^warning: ${PENDING[0]}, line \\d+: adds users\\.live_id .*; safer: `, "m"));

    const json = await vocabdb(["migrate", "plan", "--json"], { url: emptyDb.url });
    expect(json.json()).toEqual({
      pending,
      warnings: [{ ...WARNING, line: expect.any(Number), fix: expect.any(String) }],
    });
    expect(await stateOf(emptyDb)).toMatchObject({ state: "pending", applied: [FIRST] });
  });

  it("is refused by --strict before anything of it runs; without, it is applied with a warning", async ({
    emptyDb,
  }) => {
    await migrateFirst(emptyDb);
    const { url } = emptyDb;
    const refusals: CliResult[] = [];
    for (const args of [["plan"], ["--dry-run"], []]) {
      refusals.push(await vocabdb(["migrate", ...args, "--strict"], { url }));
    }
    for (const { exitCode, stdout, stderr } of refusals) {
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
      expect(stderr).toMatch(/^error: nothing was applied: .*\n {2}\S+, line \d+: adds users\.live_id/m);
    }
    expect(await stateOf(emptyDb)).toMatchObject({ state: "pending", applied: [FIRST] });
    const applied = await vocabdb(["migrate", "--json"], { url });
    expect(applied.json()).toMatchObject({ applied: PENDING, alreadyApplied: 1, warnings: [WARNING] });
    expect(applied.stderr).toContain("warning: ");
  });

  it("may be nothing: plan then prints nothing, and says so", async ({ db }) => {
    const { exitCode, stdout, stderr } = await vocabdb(["migrate", "plan"], { url: db.url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(stderr).toBe(`nothing to apply: the database is up to date (${NAMES.length} migrations)\n`);
    expect((await vocabdb(["migrate", "plan", "--json"], { url: db.url })).json()).toEqual({
      pending: [],
      warnings: [],
    });
  });

  it("is not planned on top of a failure or of another history", async ({ db }) => {
    const plan = () => vocabdb(["migrate", "plan"], { url: db.url });
    await db.query("UPDATE _prisma_migrations SET migration_name = '20990101000000_newer' WHERE migration_name = $1", [
      NAMES.at(-1),
    ]);
    const unknown = await plan();
    expect(unknown).toMatchObject({ exitCode: 5, stdout: "" });
    expect(unknown.stderr).toContain(
      "hint:  install the version of vocabdb that knows 20990101000000_newer, or a newer one",
    );

    await db.query(
      "UPDATE _prisma_migrations SET migration_name = $1, checksum = 'x' WHERE migration_name LIKE '%newer'",
      [NAMES.at(-1)],
    );
    const edited = await plan();
    expect(edited).toMatchObject({ exitCode: 5, stdout: "" });
    expect(edited.stderr).toContain(`changed after they were applied: ${NAMES.at(-1)}`);
    expect(edited.stderr).toContain("hint:  restore the edited files as they were");

    await db.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = $1", [NAMES.at(-1)]);
    const failed = await plan();
    expect(failed).toMatchObject({ exitCode: 5, stdout: "" });
    expect(failed.stderr).toContain("vocabdb migrate resolve --rolled-back");
  });
});
