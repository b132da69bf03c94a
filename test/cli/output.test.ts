/** Help, version, formats, pipes and secrets, as a user meets them. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { packageVersion } from "../../src/package-root.js";
import { EXECUTABLE, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";

describe("help", () => {
  it("is the answer to nothing at all, on stdout", async () => {
    const { exitCode, stdout, stderr } = await vocabdb([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const noun of ["db", "migrate", "seed", "user", "progress"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${noun} `, "m"));
    }
  });

  it("of a command has its options, those of every command, and examples", async () => {
    const { exitCode, stdout } = await vocabdb(["user", "create", "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("--password-stdin");
    expect(stdout).toContain("--database-url");
    expect(stdout).toContain("vocabdb user create grace@example.com --generate-password");
  });

  it("--version is that of the package", async () => {
    const { exitCode, stdout } = await vocabdb(["--version"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${packageVersion()}\n` });
  });

  it.each([["--version"], ["-V"], ["--help"], ["-h"], []])(
    "%s says alone, where the parser is not loaded, what it says beside other options",
    async (...words) => {
      const alone = await vocabdb(words);
      const beside = await vocabdb(["--no-color", ...words]);
      expect(alone.stdout).toMatch(/\S/);
      expect(alone).toMatchObject({ exitCode: 0, stdout: beside.stdout, stderr: beside.stderr });
      expect(beside.exitCode).toBe(0);
    },
  );
});

it("global options are understood before and after the command", async ({ db }) => {
  for (const args of [
    ["--json", "user", "list", "--database-url", db.url],
    ["--database-url", db.url, "user", "list", "--json"],
  ]) {
    const { exitCode, json } = await vocabdb(args);
    expect(exitCode).toBe(0);
    expect(json()).toEqual({ users: [], nextCursor: null });
  }
});

it("what is no option asks for no JSON, stack trace or other form", async ({ db }) => {
  const search = await vocabdb(["word", "search", "--", "--json"], { url: db.url });
  expect(search).toMatchObject({ exitCode: 0, stdout: "no words\n" });
  const missing = await vocabdb(["word", "show", "--", "-v"], { url: db.url });
  expect(missing.exitCode).toBe(4);
  expect(missing.stderr.split("\n")).toHaveLength(3);
  const verbose = await vocabdb(["word", "show", "nowhere", "-qv"], { url: db.url });
  expect(verbose.stderr).toMatch(/^ +at /m);
});

it("--json keeps to the documented form", async ({ db }) => {
  const created = (
    await vocabdb(["user", "create", "ada@example.org", "--name", "Ada", "--json"], { url: db.url })
  ).json();
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const user = {
    ...{ id: expect.stringMatching(/^[0-9a-f-]{36}$/), email: "ada@example.org", displayName: "Ada" },
    ...{ createdAt: time, updatedAt: time, deletedAt: null },
  };
  expect(created).toEqual({ user, changed: true, generatedPassword: null, dryRun: false });
  expect((await vocabdb(["user", "show", "ada@example.org", "--json"], { url: db.url })).json()).toEqual({
    ...{ user, progress: 0, sessions: 0 },
  });
  expect((await vocabdb(["progress", "show", "ada@example.org", "--json"], { url: db.url })).json()).toMatchObject({
    user,
    summary: { words: 0, studied: 0, mastered: 0, learning: 0, due: 0, reviews: 0, correct: 0, accuracy: null },
    by: [],
    forecast: Array.from({ length: 7 }, () => ({ date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), due: 0 })),
  });
  const seeded = (await vocabdb(["seed", "--json"], { url: db.url })).json();
  const counts = { rows: 900, inserted: 900, updated: 0, unchanged: 0, rejected: 0, pruned: 0 };
  expect(seeded).toMatchObject({ files: [{ ...counts, file: expect.stringContaining("words.csv") }], total: counts });
});

it("the whole main job, as text", async ({ emptyDb }) => {
  const url = emptyDb.url;
  expect((await vocabdb(["migrate"], { url })).stdout).toBe(
    "applied 20260101000000_init\napplied 20261122000000_history_and_search\n" +
      "applied 20261125000000_database_mark\napplied 20261125120000_api_roles\n",
  );
  expect((await vocabdb(["migrate"], { url })).stdout).toContain("nothing to apply");
  expect((await vocabdb(["seed", "--demo"], { url })).stdout).toMatch(/words\.csv +900 +900 +0 +0\n\ndemo: 4 users/);
  expect((await vocabdb(["seed"], { url })).stdout).toMatch(/words\.csv +900 +0 +0 +900\n/);
  expect((await vocabdb(["user", "delete", "ada@example.com"], { url })).stdout).toMatch(
    /deleted ada.*\n2 sessions revoked\n/,
  );
  expect((await vocabdb(["user", "list"], { url })).stdout).not.toContain("ada@example.com");
  expect((await vocabdb(["user", "restore", "ada@example.com"], { url })).stdout).toContain("restored ada@example.com");
  const { stdout } = await vocabdb(["progress", "show", "ada@example.com", "--by", "language", "--due"], { url });
  expect(stdout).toMatch(/^words +75 with progress, 67 studied$/m);
  expect(stdout).toMatch(/^ zh +60 /m);
});

describe("--dry-run", () => {
  it("shows what would change and writes nothing", async ({ db, emptyDb }) => {
    const before = await vocabdb(["migrate", "--dry-run"], { url: emptyDb.url });
    expect(before.stdout).toContain("would apply 20260101000000_init");
    expect(await emptyDb.query("SELECT FROM pg_tables WHERE schemaname = 'public'")).toHaveLength(0);

    const seed = await vocabdb(["seed", "--dry-run", "--json"], { url: db.url });
    expect(seed.stderr).toMatch(/^dry run on /);
    expect(seed.json().total).toMatchObject({ inserted: 900 });
    const create = await vocabdb(["user", "create", "ada@example.org", "-n", "--generate-password", "--json"], {
      url: db.url,
    });
    expect(create.json()).toMatchObject({ changed: true, dryRun: true, generatedPassword: null });
    expect(await db.query("SELECT FROM users")).toHaveLength(0);
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
  });
});

describe("passwords", () => {
  it("from standard input are hashed, and shown nowhere", async ({ db }) => {
    const { exitCode, stdout, stderr } = await vocabdb(
      ["user", "create", "ada@example.org", "--password-stdin", "-v"],
      {
        url: db.url,
        input: "correct horse battery\n",
      },
    );
    expect(exitCode).toBe(0);
    expect(stdout + stderr).not.toMatch(/correct horse|argon2/);
    const [row] = await db.query<{ password_hash: string }>("SELECT password_hash FROM users");
    const { verify } = await import("@node-rs/argon2");
    expect(await verify(row?.password_hash ?? "", "correct horse battery")).toBe(true);
  });

  it("are generated on request, and printed once", async ({ db }) => {
    const { json } = await vocabdb(["user", "create", "ada@example.org", "--generate-password", "--json"], {
      url: db.url,
    });
    const password: string = json().generatedPassword;
    const [row] = await db.query<{ password_hash: string }>("SELECT password_hash FROM users");
    const { verify } = await import("@node-rs/argon2");
    expect(await verify(row?.password_hash ?? "", password)).toBe(true);
  });
});

it("text from the database cannot steer the terminal", async ({ db }) => {
  await db.query("INSERT INTO users (email, display_name) VALUES ('eve@example.org', $1)", [
    "\u001b[31mEve\u202e\u0007",
  ]);
  const { stdout } = await vocabdb(["user", "list"], { url: db.url });
  expect(stdout).toContain("\\u{1b}[31mEve\\u{202e}\\u{7}");
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

it("no colour off a terminal, whatever TERM says", async ({ db }) => {
  const { stderr } = await vocabdb(["user", "show", "nobody@example.org"], {
    url: db.url,
    env: { TERM: "xterm-256color" },
  });
  expect(stderr).not.toContain("\u001b");
});

it("a reader that goes away is no failure", async ({ db }) => {
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 1000) AS n");
  const child = spawn(process.execPath, [EXECUTABLE, "user", "list", "--limit", "1000"], {
    env: { PATH: process.env.PATH, DATABASE_URL: db.url, HOME: temporaryFolder() },
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

describe("which database", () => {
  it(".env in the current folder is read, the environment wins", async ({ db }) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, ".env"), `DATABASE_URL="${db.url}"\n`);
    expect((await vocabdb(["user", "list", "--json"], { cwd })).exitCode).toBe(0);
    const other = await vocabdb(["user", "list", "--json"], { cwd, url: "postgresql://a:b@127.0.0.1:1/c" });
    expect(other.exitCode).toBe(7);
  });

  it("a password on the command line works, with a warning", async ({ db }) => {
    const { exitCode, stderr } = await vocabdb(["user", "list", "--database-url", db.url]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("warning: the password in --database-url can be read by every user");
    expect(stderr).not.toContain(db.target.password?.reveal());
  });

  it("an unknown parameter is named, Supabase's own are not", async ({ db }) => {
    const { stderr } = await vocabdb(["user", "list"], { url: `${db.url}&pgbouncer=true&conection_limit=3` });
    expect(stderr).toBe(
      'warning: DATABASE_URL (environment): the parameter "conection_limit" is not known and has no effect\n',
    );
  });
});

it("the shipped files are found from any folder", async ({ db }) => {
  const { json } = await vocabdb(["seed", "--json"], { url: db.url, cwd: temporaryFolder() });
  const shipped: string = json().files[0].file;
  expect(readFileSync(shipped, "utf8")).toContain("language,term,reading");
});
