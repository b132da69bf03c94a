/** What scripts rely on: the exit code, and which stream holds what. Each code of the contract that can occur. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const MIGRATIONS = [
  "20260101000000_init",
  "20261122000000_history_and_search",
  "20261125000000_database_mark",
  "20261125120000_api_roles",
];

/** The one line that a failure with --json leaves on stderr. @throws when there is anything else */
function errorOf(stderr: string): { code: string; message: string; hint: string | null } {
  expect(stderr.split("\n")).toHaveLength(2);
  return JSON.parse(stderr).error;
}

function wordsFile(content: string): string {
  const path = join(temporaryFolder(), "words.csv");
  writeFileSync(path, content);
  return path;
}

describe("0", () => {
  it("done, with the result alone on stdout", async ({ db }) => {
    const { exitCode, stdout, stderr } = await vocabdb(["user", "create", "ada@example.org"], { url: db.url });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `writing to ${db.target.host}:${db.target.port}/${db.target.database} (${db.target.user})\n`,
    });
    expect(stdout).toContain("created ada@example.org");
  });

  it("also when nothing had to change", async ({ db }) => {
    const create = ["user", "create", "ada@example.org", "--if-not-exists", "--json"];
    expect((await vocabdb(create, { url: db.url })).json()).toMatchObject({ changed: true });
    const again = await vocabdb(create, { url: db.url });
    expect(again.exitCode).toBe(0);
    expect(again.json()).toMatchObject({ changed: false, user: { email: "ada@example.org" } });

    const restore = await vocabdb(["user", "restore", "ada@example.org", "--json"], { url: db.url });
    expect(restore.exitCode).toBe(0);
    expect(restore.json()).toMatchObject({ changed: false });
    for (const changed of [true, false]) {
      const result = await vocabdb(["user", "delete", "ada@example.org", "--json"], { url: db.url });
      expect(result.exitCode).toBe(0);
      expect(result.json()).toMatchObject({ changed, sessionsRevoked: 0 });
    }
  });

  it("--quiet leaves stderr empty", async ({ db }) => {
    const { exitCode, stderr } = await vocabdb(["user", "create", "ada@example.org", "--quiet"], { url: db.url });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
});

it("1: a migration that fails, with its line and PostgreSQL's words", async ({ emptyDb }) => {
  await emptyDb.query("CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'");
  const { exitCode, stdout, stderr } = await vocabdb(["migrate", "--json"], { url: emptyDb.url });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(errorOf(stderr)).toMatchObject({
    code: "MIGRATION_FAILED",
    message: expect.stringMatching(/20260101000000_init.* line 28: function "set_updated_at" already exists/),
    hint: expect.stringContaining("vocabdb migrate resolve --rolled-back 20260101000000_init"),
  });
});

describe("2: usage and configuration", () => {
  it.for([
    [["nope"], /unknown command 'nope'/],
    [["usr", "list"], /Did you mean user\?/],
    [["user", "lst"], /Did you mean list\?/],
    [["user"], /needs a command/],
    [["migrate", "stauts"], /knows no "stauts" \(Did you mean status\?\)/],
    [["help", "usr"], /no command and no topic "usr" \(did you mean user\?\)/],
    [["help", "user", "craete"], /no command of `vocabdb user` "craete" \(did you mean create\?\)/],
    [["help", "enviroment"], /did you mean environment\?/],
    [["migrate", "status", "now"], /too many arguments for 'status'/],
    [["seed", "words.csv"], /knows no "words.csv"/],
    [["user", "show", "ada@example.org", "bob@example.org"], /too many arguments for 'show'/],
    [["user", "list", "--limt", "5"], /unknown option '--limt'.*Did you mean --limit\?/],
    [["user", "show"], /missing required argument 'email'/],
    [["user", "show", "not-an-email"], /not a valid email address/],
    [["user", "list", "--limit", "0"], /--limit.*at least 1/],
    [["user", "list", "--limit", "ten"], /--limit.*whole number/],
    [["user", "list", "--deleted", "--all"], /one of --deleted and --all/],
    [["progress", "show", "ada@example.org", "--by", "mood"], /--by.*level, category or language/],
    [["seed", "--language", "klingon!"], /not a language tag/],
    [["seed", "--file", "no-such-file.csv"], /no-such-file\.csv: no such file/],
    [["migrate", "resolve"], /one of --applied NAME and --rolled-back NAME/],
  ] as const)("%j", async ([args, message], { db }) => {
    const text = await vocabdb(args, { url: db.url });
    expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(text.stderr).toMatch(message);
    const json = await vocabdb([...args, "--json"], { url: db.url });
    expect({ exitCode: json.exitCode, stdout: json.stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(errorOf(json.stderr).message).toMatch(message);
  });

  it.for([
    [["usr"], "vocabdb help"],
    [["user"], "vocabdb help user"],
    [["user", "lst"], "vocabdb help user"],
    [["--quiet", "user", "show"], "vocabdb help user show"],
    [["user", "list", "--limit", "0"], "vocabdb help user list"],
    [["user", "list", "--deleted", "--all"], "vocabdb help user list"],
    [["migrate", "--strct"], "vocabdb help migrate"],
    [["seed", "words.csv"], "vocabdb help seed"],
    [["help", "user", "craete"], "vocabdb help user create"],
  ] as const)("%j leads to the help that fits", async ([args, hint], { db }) => {
    expect(errorOf((await vocabdb([...args, "--json"], { url: db.url })).stderr).hint).toBe(hint);
  });

  it("no database configured names both ways out", async () => {
    const { exitCode, stdout, stderr } = await vocabdb(["migrate"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("DATABASE_URL");
    expect(stderr).toContain("vocabdb db start");
  });

  it("a password is not asked for where nobody can answer", async ({ db }) => {
    const { exitCode, stderr } = await vocabdb(["user", "create", "ada@example.org", "--password-stdin"], {
      url: db.url,
      input: "short\n",
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain("at least 8 characters");
    expect(stderr).not.toContain("short");
  });

  it("test users are kept away from other machines", async () => {
    const url = "postgresql://app:secret@db.example.invalid/prod";
    const { exitCode, stderr } = await vocabdb(["seed", "--demo", "--json"], { url });
    expect(exitCode).toBe(2);
    expect(errorOf(stderr).code).toBe("DEMO_REFUSED");
  });
});

describe("3: findings", () => {
  it("migrate status --check", async ({ db, emptyDb }) => {
    const pending = await vocabdb(["migrate", "status", "--check", "--json"], { url: emptyDb.url });
    expect(pending.exitCode).toBe(3);
    expect(pending.json()).toMatchObject({ state: "pending", pending: MIGRATIONS, applied: [] });
    const done = await vocabdb(["migrate", "status", "--check", "--json"], { url: db.url });
    expect(done.exitCode).toBe(0);
    expect(done.json()).toEqual({
      ...{ state: "up-to-date", applied: MIGRATIONS, pending: [], failed: [], edited: [] },
      ...{ unknown: [], differences: [], drift: null, driftSkipped: null },
    });
  });

  it.for([["seed"], ["user", "list"], ["user", "create", "ada@example.org"], ["progress", "show", "ada@example.org"]])(
    "%j before the migrations",
    async (args, { emptyDb }) => {
      const { exitCode, stdout, stderr } = await vocabdb([...args, "--json"], { url: emptyDb.url });
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
      expect(errorOf(stderr)).toMatchObject({ code: "MIGRATIONS_PENDING", hint: "vocabdb migrate" });
    },
  );
});

it.for([
  ["user", "show"],
  ["user", "delete"],
  ["user", "restore"],
  ["progress", "show"],
])("4: not found (%j)", async ([noun = "", verb = ""], { db }) => {
  const { exitCode, stdout, stderr } = await vocabdb([noun, verb, "nobody@example.org", "--json"], { url: db.url });
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  expect(errorOf(stderr)).toMatchObject({
    code: "USER_NOT_FOUND",
    message: expect.stringContaining("nobody@example.org"),
  });
});

it("4: a deleted user is shown only with --deleted", async ({ db }) => {
  await db.query("INSERT INTO users (email, deleted_at) VALUES ('ada@example.org', now())");
  for (const noun of ["user", "progress"]) {
    const hidden = await vocabdb([noun, "show", "ada@example.org", "--json"], { url: db.url });
    expect(hidden.exitCode, noun).toBe(4);
    expect(errorOf(hidden.stderr).code).toBe("USER_DELETED");
    const shown = await vocabdb([noun, "show", "ada@example.org", "--deleted", "--json"], { url: db.url });
    expect(shown.exitCode, noun).toBe(0);
    expect(shown.json().user.deletedAt).toMatch(/^\d{4}-.*Z$/);
  }
});

it("5: the email belongs to somebody, live or deleted", async ({ db }) => {
  await db.query("INSERT INTO users (email, deleted_at) VALUES ('ada@example.org', NULL), ('bob@example.org', now())");
  const live = await vocabdb(["user", "create", "ADA@example.org", "--json"], { url: db.url });
  expect(live.exitCode).toBe(5);
  expect(errorOf(live.stderr)).toMatchObject({
    code: "EMAIL_TAKEN",
    message: expect.stringContaining("ada@example.org"),
  });
  const deleted = await vocabdb(["user", "create", "bob@example.org", "--if-not-exists", "--json"], { url: db.url });
  expect(deleted.exitCode).toBe(5);
  expect(errorOf(deleted.stderr).hint).toMatch(/user restore bob@example\.org.*user purge bob@example\.org/);
});

it("5: the tables of something else are left alone", async ({ emptyDb }) => {
  await emptyDb.query("CREATE TABLE somebody_elses (id integer)");
  const { exitCode, stderr } = await vocabdb(["migrate", "--json"], { url: emptyDb.url });
  expect(exitCode).toBe(5);
  expect(errorOf(stderr)).toMatchObject({ code: "SCHEMA_NOT_EMPTY", hint: expect.stringContaining("?schema=vocabdb") });
});

describe("6: bad data", () => {
  it("each bad cell with file, line and column, and nothing written", async ({ db }) => {
    const file = wordsFile("language,term,definition\nzh,好,good\nzh,,missing\nx!,y,z\nzh,a\n");
    const { exitCode, stdout, stderr } = await vocabdb(["seed", "--file", file], { url: db.url });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(stderr).toContain("3 of 4 records rejected, nothing was written");
    expect(stderr).toContain(`${file}:3:4 term: is empty`);
    expect(stderr).toContain(`${file}:4:1 language: "x!" is not a language tag`);
    expect(stderr).toContain(`${file}:5:1: has 2 cells where the header has 3`);
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
  });

  it("a header without what is needed", async ({ db }) => {
    const file = wordsFile("Nr,Was\n1,2\n");
    const { exitCode, stderr } = await vocabdb(["seed", "--file", file, "--json"], { url: db.url });
    expect(exitCode).toBe(6);
    expect(errorOf(stderr)).toMatchObject({ code: "BAD_HEADER", message: expect.stringContaining('"Nr", "Was"') });
  });
});

describe("7: the database", () => {
  const withUrl = (db: TestDatabase, change: (url: URL) => void): string => {
    const url = new URL(db.url);
    change(url);
    return url.href;
  };

  it("is not there", async () => {
    const { exitCode, stdout, stderr } = await vocabdb(["user", "list", "--json"], {
      url: "postgresql://app:marker-secret@127.0.0.1:1/app",
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
    expect(errorOf(stderr).code).toBe("DATABASE_UNREACHABLE");
    expect(stderr).not.toContain("marker-secret");
  });

  it("refuses the password", async ({ db }) => {
    const url = withUrl(db, (parts) => {
      parts.password = "marker-secret";
    });
    const { exitCode, stderr } = await vocabdb(["migrate", "--json"], { url });
    expect(exitCode).toBe(7);
    expect(errorOf(stderr).code).toBe("AUTHENTICATION_FAILED");
    expect(stderr).not.toContain("marker-secret");
  });

  it("does not exist", async ({ db }) => {
    const url = withUrl(db, (parts) => {
      parts.pathname = "/no_such_database";
    });
    const { exitCode, stderr } = await vocabdb(["progress", "show", "ada@example.org", "--json"], { url });
    expect(exitCode).toBe(7);
    expect(errorOf(stderr)).toMatchObject({
      code: "DATABASE_NOT_FOUND",
      message: expect.stringContaining("no_such_database"),
    });
  });
});

describe("130 and 143: interrupted", () => {
  it.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s in the middle of a load rolls back", async ([signal, code], { db }) => {
    // The load waits for this lock with its transaction open, for as long as the test wants.
    const [lock] = await Promise.all([holdSeedLock(db)]);
    try {
      const running = vocabdb(["seed", "--json"], {
        url: db.url,
        onStart: (child) => {
          void lock.waited.then(() => child.kill(signal));
        },
      });
      const { exitCode, stdout, stderr } = await running;
      expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
      expect(errorOf(stderr)).toMatchObject({ code: "INTERRUPTED", message: expect.stringContaining(signal) });
    } finally {
      await lock.release();
    }
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
    // A pooler keeps the connection, but must have it back without a transaction.
    const busy = await db.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'",
    );
    expect(busy).toHaveLength(0);
  });
});

/** Takes the lock that seeds wait for; `waited` resolves when one does. */
async function holdSeedLock(db: TestDatabase) {
  const pg = await import("pg");
  const holder = new pg.default.Client(db.direct);
  await holder.connect();
  await holder.query("BEGIN; SELECT pg_advisory_xact_lock(5662083411)");
  const isWaiting = async (): Promise<boolean> =>
    (await db.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"))
      .length > 0;
  const waited = (async () => {
    while (!(await isWaiting())) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return { waited, release: () => holder.end() };
}
