/** `vocabdb db doctor` as a process, on databases that can be signed in to: reports, exit codes, annotations, ends. */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { select } from "../../src/core/doctor/selection.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { InterruptedError } from "../../src/errors/interrupted.js";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { freePort } from "../support/ports.js";
import { withServer } from "../support/server.js";
import { examined, whileLocked } from "./examined.js";

const doctor = (db: Pick<TestDatabase, "url">, ...args: readonly string[]) =>
  vocabdb(["db", "doctor", ...args], { url: db.url });

/** A warning, and not what a healthy database has. */
const WARNING = "DROP INDEX progress_word_id_idx";
const ERROR = "ALTER TABLE users DISABLE ROW LEVEL SECURITY";
const INFO = "CREATE INDEX again ON progress (word_id)";

it("nothing is wrong with a database that was migrated and seeded", async ({ db }) => {
  for (const args of [["seed"], ["seed", "--demo"]]) {
    expect(await vocabdb(args, { url: db.url })).toMatchObject({ exitCode: 0 });
  }
  const result = await doctor(db, "--json");
  expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  const { host, port, database, user } = db.target;
  expect(result.json()).toEqual({
    target: `${host}:${port}/${database} (${user})`,
    findings: [],
    passed: expect.arrayContaining(["url.not-a-url", "net.refused", "auth.password", "schema.pending", "data.orphans"]),
    failed: null,
    steps: expect.arrayContaining([
      {
        stage: "data",
        url: "DATABASE_URL",
        outcome: "ok",
        durationMs: expect.any(Number),
        detail: "10 of 10 looked for",
      },
    ]),
    unseen: ["certificate"],
    addresses: [host],
    tls: null,
    server: { version: expect.stringMatching(/^\d+/), user, database, standby: false, latencyMs: expect.any(Number) },
    pooler: "direct",
    ...{ repaired: [], unrepaired: [], dryRun: false },
  });
});

describe("exit codes", () => {
  it.for([
    {
      broken: WARNING,
      by: [
        [[], 0],
        [["--fail-on", "warning"], 3],
      ],
    },
    {
      broken: INFO,
      by: [
        [["--fail-on", "warning", "--skip", "schema.drift"], 0],
        [["--fail-on", "info"], 3],
      ],
    },
    {
      broken: ERROR,
      by: [
        [[], 3],
        [["--fail-on", "never"], 0],
        [["--only", "schema,data"], 0],
      ],
    },
  ] as const)("by level: $broken", async ({ broken, by }, { db }) => {
    await db.query(broken);
    for (const [args, exitCode] of by) {
      expect(await doctor(db, ...args), args.join(" ")).toMatchObject({ exitCode });
    }
  });

  it("unreachable: 7, and 0 where nothing is to fail", async () => {
    const url = `postgresql://app@127.0.0.1:${await freePort()}/vocab`;
    expect(await doctor({ url })).toMatchObject({ exitCode: 7 });
    expect(await doctor({ url }, "--fail-on", "never")).toMatchObject({ exitCode: 0 });
  });

  it("a word that it does not know: 2, with what was likely meant", async ({ db }) => {
    const { exitCode, stderr, stdout } = await doctor(db, "--only", "exposre", "--skip", "data.orphan");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain('the doctor knows no "exposre"; did you mean exposure?');
    expect(stderr).toContain('the doctor knows no "data.orphan"; did you mean data.orphans?');
    expect(stderr).toMatch(/stages: url, dns, .*; areas: env, .*; ids: env\.no-database/);
  });
});

describe("what is looked at", () => {
  it("is one stage, and what leads there", async ({ db }) => {
    const { steps, passed, unseen } = await examined(db.url, ["data"]);
    expect(steps.map(({ stage }) => stage)).toEqual(["url", "dns", "tcp", "tls", "login", "data"]);
    expect(passed.filter((id) => !id.startsWith("data."))).toEqual([]);
    expect(unseen).toEqual([]);
  });

  it("is one id, for which nothing else is asked", async ({ db }) => {
    const { steps, passed } = await examined(db.url, ["data.orphans"]);
    expect(steps.at(-1)).toMatchObject({ stage: "data", detail: "2 of 2 looked for" });
    expect(passed).toEqual(["data.orphans"]);
  });

  it("is everything but what is left out, by stage, area or id", () => {
    const { has, wants } = select({ only: [], skip: ["data", "auth", "time.not-utc"] });
    expect(["data.orphans", "auth.password", "time.not-utc"].map((id) => has(id as "data.orphans"))).not.toContain(
      true,
    );
    expect(has("time.clock-skew") && wants("server") && wants("login")).toBe(true);
    expect(wants("data")).toBe(false);
  });
});

describe("on the terminal and in GitHub Actions", () => {
  it("each step is told with its time, and each finding with its fix", async ({ db }) => {
    await db.query(`${ERROR}; ${WARNING}`);
    const { stdout, stderr } = await doctor(db);
    expect(stderr).toBe("");
    for (const stage of ["url", "dns", "tcp", "tls", "login", "server", "pooler", "write", "data"]) {
      expect(stdout).toMatch(new RegExp(`^ok {5} {2}${stage} +\\d+ ms {2}\\S`, "m"));
    }
    expect(stdout).toMatch(/^warning {2}schema +\d+ ms/m);
    expect(stdout).toMatch(
      /^error exposure\.rls-off {2}row level security is off for users: .*\n {2}fix: ALTER TABLE public\.users ENABLE/m,
    );
    expect(stdout).toMatch(/\n\n1 error, 2 warnings \(\d+ things are right\)\n$/);
  });

  it("annotations are one line each, whatever is in the data", async ({ db }) => {
    await db.query(`ALTER TABLE users DROP CONSTRAINT users_email_shape; ${WARNING}; ${INFO};
      INSERT INTO users (email) VALUES (E'100%,a:b\\n::error::\\x1b[2Jx')`);
    const { stdout, exitCode } = await doctor(db, "--format", "github");
    expect(exitCode).toBe(3);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => /^::(\w+) title=(\S+) on [^:,]*(?:%3A[^:,]*)+::/.exec(line)?.slice(1, 3))).toEqual([
      ["error", "schema.constraint-missing"],
      ["error", "data.email-shape"],
      ["warning", "schema.drift"],
      ["warning", "schema.index-missing"],
    ]);
    expect(lines[1]).toContain("such as '100%25,a:b\\n::error::\\u{1b}[2Jx'");
    expect(lines[1]).toContain("%0Afix: UPDATE public.users SET email");
  });

  it("nothing is printed for GitHub where nothing is wrong", async ({ db }) => {
    expect(await doctor(db, "--format", "github", "--quiet")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });
});

it("signs in once, and says who it is", async () => {
  await withServer({ conf: ["log_connections = on", "log_disconnections = on"] }, async ({ url, target, cluster }) => {
    await deployMigrations(target);
    const logins = (): number => readFileSync(cluster.logFile, "utf8").split("connection authorized").length - 1;
    const before = logins();
    expect(await doctor({ url }, "--json")).toMatchObject({ exitCode: 0 });
    expect(logins() - before).toBe(1);
    expect(readFileSync(cluster.logFile, "utf8")).toMatch(/connection authorized: .*application_name=vocabdb$/m);
  });
});

describe("it ends", () => {
  /** A catalog that nearly every question needs: whoever asks waits for the lock. */
  const CATALOG = "pg_policy";

  it("in time, with what it knows by then", async ({ db }) => {
    await db.query(`ALTER DATABASE ${db.target.database} SET timezone = 'Asia/Kolkata'`);
    const started = performance.now();
    const result = await whileLocked(db, CATALOG, () => doctor(db, "--timeout", "2s", "--json"));
    expect(performance.now() - started).toBeLessThan(4_000);
    const { findings, unseen } = result.json();
    expect(findings.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining(["time.not-utc", "doctor.timeout"]),
    );
    expect(unseen).toEqual(expect.arrayContaining(["data", "exposure"]));
    expect(result.exitCode).toBe(3);
  });

  const WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";

  it("at Ctrl-C, and leaves nothing running on the server", async ({ db }) => {
    const doctors = () => db.query(WAITING);
    await whileLocked(db, CATALOG, async () => {
      const result = vocabdb(["db", "doctor", "--timeout", "60s"], {
        url: db.url,
        onStart: (child) => {
          void expect
            .poll(doctors, { timeout: 20_000 })
            .toHaveLength(1)
            .then(() => child.kill("SIGINT"));
        },
      });
      expect(await result).toMatchObject({ exitCode: 130, stdout: "" });
      await expect.poll(doctors).toEqual([]);
    });
  });

  it("not before what it asked the server is cancelled there", async ({ db }) => {
    await withClient(db.direct, (client) =>
      whileLocked(db, CATALOG, async () => {
        const abort = new AbortController();
        const report = examined(db.url, [], 60_000, abort);
        await expect.poll(async () => (await client.query(WAITING)).rows, { timeout: 20_000 }).toHaveLength(1);
        abort.abort(new InterruptedError("SIGINT"));
        await expect(report).rejects.toThrow(InterruptedError);
        expect((await client.query(WAITING)).rows).toEqual([]);
      }),
    );
  });
});
