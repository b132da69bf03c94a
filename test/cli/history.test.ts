/** `vocabdb history`: what every command that changes data leaves behind, and how it is read. */
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type CliOptions, type CliResult, folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it as base, type TestDatabase } from "../support/database.js";
import { addUsers, learn } from "../support/learning.js";
import { withRole } from "../support/roles.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const CI = { GITHUB_ACTIONS: "true", GITHUB_REPOSITORY: "acme/app", GITHUB_RUN_ID: "42", GITHUB_ACTOR: "octocat" };
const OPERATOR = "github-actions acme/app run 42 by octocat";

type Run = (args: readonly string[], options?: CliOptions) => Promise<CliResult>;

/** `run` is a CI run on the test's database. */
const it = base.extend<{ run: Run }>({
  run: ({ db }, use) => use((args, options) => vocabdb(args, { url: db.url, env: CI, ...options })),
});

interface Recorded {
  readonly action: string;
  readonly command_line: string;
  readonly operator: string;
  readonly database_role: string;
  readonly reason: string | null;
  readonly subjects: string[];
  readonly changes: object;
}

const recorded = (db: TestDatabase): Promise<Recorded[]> =>
  db.query(
    `SELECT action, command_line, operator, database_role, reason, subjects, changes
       FROM audit_log ORDER BY occurred_at, id`,
  );

/** Entries of given times, newest last. */
async function log(db: TestDatabase, ...entries: readonly { at: string; reason: string }[]): Promise<void> {
  // Otherwise the times are the server's own.
  await db.query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_stamp");
  await db.query(
    `INSERT INTO audit_log (occurred_at, action, subjects, operator, reason, changes)
     SELECT e.at, 'user update', ARRAY['${ADA}'], 'eve@host', e.reason, '{"users":{"updated":1}}'
       FROM json_to_recordset($1) AS e (at timestamptz, reason text)`,
    [JSON.stringify(entries)],
  );
}

describe("each command that changes data", () => {
  it("leaves one record, with who, what, why and how many rows", async ({ db, run }) => {
    const reason = ["--reason", "ticket 7"];
    await run(["user", "create", ADA, "--name", "Ada Lovelace", ...reason]);
    await learn(db, ADA, [{ term: "一" }, { term: "二" }]);
    await db.query(
      "INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, repeat('0', 64), '2100-01-01Z' FROM users",
    );
    await run(["progress", "reset", ADA, "--confirm", ADA, ...reason]);
    await run(["user", "delete", ADA, "--json"]);
    await run(["user", "restore", ADA, "--quiet"]);
    const same = { operator: OPERATOR, database_role: db.target.user, subjects: [ADA] };
    expect(await recorded(db)).toEqual([
      {
        ...{ ...same, action: "user create", reason: "ticket 7", changes: { users: { inserted: 1 } } },
        command_line: `vocabdb user create ${ADA} --name 'Ada Lovelace' --reason 'ticket 7'`,
      },
      {
        ...{ ...same, action: "progress reset", reason: "ticket 7", changes: { progress: { deleted: 2 } } },
        command_line: `vocabdb progress reset ${ADA} --confirm ${ADA} --reason 'ticket 7'`,
      },
      {
        ...{ ...same, action: "user delete", reason: null, command_line: `vocabdb user delete ${ADA} --json` },
        changes: { users: { updated: 1 }, sessions: { updated: 1 } },
      },
      {
        ...{ ...same, action: "user restore", reason: null, changes: { users: { updated: 1 } } },
        command_line: `vocabdb user restore ${ADA} --quiet`,
      },
    ]);
  });

  it("leaves none when it changes nothing, as a dry run, and when it fails", async ({ db, run }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, [{ term: "一" }]);
    const attempts: readonly (readonly [exitCode: number, ...args: string[]])[] = [
      [0, "user", "create", ADA, "--if-not-exists"],
      [0, "user", "restore", ADA],
      [0, "progress", "reset", ADA, "--language", "de", "--confirm", ADA],
      [0, "user", "create", BOB, "--dry-run"],
      [0, "user", "delete", ADA, "-n"],
      [0, "progress", "reset", ADA, "-n"],
      [5, "user", "create", ADA],
      [2, "progress", "reset", ADA],
      [4, "user", "delete", BOB],
      [2, "user", "delete", ADA, "--reason", " "],
      [2, "user", "delete", ADA, "--reason", "x".repeat(1001)],
    ];
    const exitCodes = await Promise.all(attempts.map(async ([, ...args]) => (await run(args)).exitCode));
    expect(exitCodes).toEqual(attempts.map(([exitCode]) => exitCode));
    expect(await recorded(db)).toEqual([]);
  });
});

describe("no secret", () => {
  it("reaches the table, wherever the connection is given", async ({ db }) => {
    await withRole(db, `IN ROLE ${db.target.user}`, async ({ name, password }) => {
      const url = db.url.replace(/\/\/[^@]+@/, `//${name}:${password}@`);
      const cwd = folderWith({ "secret.env": `DATABASE_URL=${url}\n` });
      const given: readonly (readonly [CliOptions, ...string[]])[] = [
        [{ url }],
        [{}, "--database-url", url],
        [{}, `--database-url=${url}`],
        [{}, "--env-file", join(cwd, "secret.env")],
        [{ cwd }, "--env-file=secret.env"],
        [{ url, mayTell: "the name of the user" }, "--name", url, "--reason", `moved from ${url}`],
      ];
      for (const [number, [options, ...args]] of given.entries()) {
        const { exitCode } = await vocabdb(["user", "create", `u${number}@example.org`, ...args], options);
        expect(exitCode).toBe(0);
      }
      const rows = await recorded(db);
      expect(rows.map(({ database_role }) => database_role)).toEqual(given.map(() => name));
      expect(rows.slice(0, 5).map(({ command_line }) => command_line)).toEqual(
        given.slice(0, 5).map((_, number) => `vocabdb user create u${number}@example.org`),
      );
      expect(JSON.stringify(rows)).not.toContain(password);
      expect(JSON.stringify(rows)).not.toContain("secret.env");
      expect(rows[5]?.reason).toMatch(/^moved from postgresql:\/\/\*\*\*@/);
    });
  });
});

describe("vocabdb history", () => {
  it("--json is one document, the newest first", async ({ db, run }) => {
    await run(["user", "create", ADA, "--reason", "ticket 7"]);
    await run(["user", "delete", ADA]);
    const rows = await db.query("SELECT id, occurred_at FROM audit_log ORDER BY occurred_at DESC");
    const { exitCode, stderr, json } = await run(["history", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const same = { databaseRole: db.target.user, operator: OPERATOR, subjects: [ADA] };
    expect(json()).toStrictEqual({
      entries: [
        {
          ...{ id: rows[0]?.id, occurredAt: rows[0]?.occurred_at.toISOString(), ...same },
          ...{ action: "user delete", commandLine: `vocabdb user delete ${ADA}`, reason: null },
          changes: { users: { updated: 1 } },
        },
        {
          ...{ id: rows[1]?.id, occurredAt: rows[1]?.occurred_at.toISOString(), ...same },
          ...{ action: "user create", reason: "ticket 7" },
          commandLine: `vocabdb user create ${ADA} --reason 'ticket 7'`,
          changes: { users: { inserted: 1 } },
        },
      ],
      nextCursor: null,
    });
  });

  it("is a table, in which a reason cannot hide or colour anything", async ({ db, run }) => {
    expect((await run(["history"])).stdout).toBe("nothing was changed\n");
    const reason = "\u001b[2Jgone\u202e\nuser delete\u009b";
    await log(db, { at: "2026-06-01T12:00:00.123Z", reason }, { at: "2026-06-02T00:00:00Z", reason: "=cmd()" });
    const { exitCode, stdout } = await run(["history"]);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((line) => line.trim().replace(/\s{2,}/g, " | "))).toEqual([
      "when | what | about | rows | by | reason",
      expect.stringMatching(/^─+$/),
      `2026-06-02 00:00:00Z | user update | ${ADA} | users: 1 updated | eve@host | =cmd()`,
      `2026-06-01 12:00:00Z | user update | ${ADA} | users: 1 updated | eve@host | \\u{1b}[2Jgone\\u{202e}\\u{a}user delete\\u{9b}`,
      "",
    ]);
  });

  it("goes on behind the cursor that it prints", async ({ db, run }) => {
    const at = "2026-06-01T12:00:00Z";
    await log(db, ...["a", "b", "c"].map((reason) => ({ at, reason })));
    const first = await run(["history", "--limit", "2"]);
    const [, cursor = ""] = /more: --after (\S+)/.exec(first.stdout) ?? [];
    const second = (await run(["history", "--limit", "2", "--after", cursor, "--json"])).json();
    expect(second).toMatchObject({ entries: [{ occurredAt: "2026-06-01T12:00:00.000Z" }], nextCursor: null });
    expect(first.stdout).not.toMatch(new RegExp(` ${second.entries[0].reason}$`, "m"));
  });

  it("--since takes a day, a time or an age", async ({ db, run }) => {
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 60 * 60 * 1000).toISOString();
    await log(
      db,
      ...[
        { at: "2026-06-01T23:59:59.999Z", reason: "first" },
        { at: "2026-06-02T00:00:00Z", reason: "second" },
        { at: hoursAgo(3), reason: "third" },
        { at: hoursAgo(1), reason: "fourth" },
      ],
    );
    const since = async (time: string) => {
      const { entries } = (await run(["history", "--since", time, "--json"])).json();
      return entries.map(({ reason }: { reason: string }) => reason);
    };
    expect(await since("2026-06-02")).toEqual(["fourth", "third", "second"]);
    expect(await since("2026-06-02T01:59:59.999+02:00")).toEqual(["fourth", "third", "second", "first"]);
    expect(await since("2h")).toEqual(["fourth"]);
  });

  it("--subject finds users under any spelling of the email, also those who are gone for good", async ({ db, run }) => {
    await run(["user", "create", ADA]);
    await run(["user", "create", BOB]);
    await run(["user", "delete", ADA]);
    await db.query("DELETE FROM users WHERE email = $1", [ADA]);
    const { entries } = (await run(["history", "--subject", " ADA@Example.org", "--json"])).json();
    expect(entries.map(({ action }: { action: string }) => action)).toEqual(["user delete", "user create"]);
    expect((await run(["history", "--subject", "eve@example.org", "--json"])).json().entries).toEqual([]);
  });

  it.for([
    ["--subject", "ada"],
    ["--since", "yesterday"],
    ["--since", "2026-02-30"],
    ["--limit", "1001"],
    ["--after", "2"],
    ["--until", "2026-01-01"],
  ] as const)("%s %s: exit 2", async ([option, value], { run }) => {
    const { exitCode, stdout, stderr } = await run(["history", option, value, "--json"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(JSON.parse(stderr).error.code).toBe("USAGE");
  });

  it("shows nothing to a role that does not own it", async ({ db, run }) => {
    await run(["user", "create", ADA]);
    await withRole(db, "", async ({ name, password }) => {
      const url = db.url.replace(/\/\/[^@]+@/, `//${name}:${password}@`);
      expect((await run(["history", "--json"], { url })).json()).toEqual({ entries: [], nextCursor: null });
    });
  });
});
