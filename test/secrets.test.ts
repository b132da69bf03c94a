/** That the tests would notice a password that is told; and what is kept of passwords. */
import { describe, expect } from "vitest";
import { startProcess, vocabdb } from "./support/cli.js";
import { it } from "./support/database.js";
import { leaked } from "./support/secrets.js";
import { atTerminal, CTRL_C } from "./support/terminal.js";

const SECRET = "it's a s3cret: 100%/é";

describe("a password that is told", () => {
  it.for([
    ["in clear", SECRET],
    ["in part", SECRET.slice(5, 13)],
    ["percent-encoded", encodeURIComponent(SECRET)],
    ["for a shell", SECRET.replaceAll("'", "'\\''")],
    ["in hexadecimal digits", Buffer.from(SECRET).toString("hex")],
    ...[0, 1, 2].map((before) => [
      `in base64, ${before} behind`,
      Buffer.from(`${"x".repeat(before)}${SECRET}y`).toString("base64"),
    ]),
  ])("%s is noticed", ([, text = ""]) => {
    expect(leaked(`before ${text} after`, [SECRET])).not.toEqual([]);
    expect(leaked("before and after", [SECRET])).toEqual([]);
  });

  it("by a process that was given it fails its test, unless that says why it may", async () => {
    const args = ["-c", 'echo "$PGPASSWORD"'];
    const options = { env: { PATH: process.env.PATH, PGPASSWORD: SECRET }, input: "" };
    await expect(startProcess("sh", args, options).ended).rejects.toThrow("tells a secret");
    await expect(startProcess("sh", args, { ...options, mayTell: "it is asked to" }).ended).resolves.toBe(0);
  });
});

it("a password that is typed where it is shown is noticed", async ({ db }) => {
  const typed = [
    { on: "Email", keys: "s3cret battery", isSecret: true },
    { on: "s3cret battery", keys: CTRL_C },
  ] as const;
  await expect(atTerminal(db, ["user", "create"], 100, typed)).rejects.toThrow("tells a secret");
});

describe("a connection URL where none belongs", () => {
  const url = "postgresql://app:mark3r-of-the-url@db.example.org/vocab";

  it.for([
    [["user", "list", "--limit", url]],
    [["user", "list", `--${url}`]],
    [["user", url]],
    [["user", "show", url]],
    [["seed", "--file", url, "--verbose"]],
    [["word", "show", url, "--verbose"]],
    [["db", "doctor"], { VOCABDB_POOL_MAX: url }],
    [["user", "list", "--verbose"], { VOCABDB_POOL_MAX: url }],
  ] as const)("is shown without its password: %j", async ([args, env], { db }) => {
    for (const form of [[], ["--json"]]) {
      const { exitCode, stdout, stderr } = await vocabdb([...args, ...form], { url: db.url, env: { ...env } });
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).not.toContain("mark3r");
    }
  });
});

describe("the hash of a password", () => {
  it("is argon2id with what OWASP asks for, or more", async ({ db }) => {
    await vocabdb(["user", "create", "ada@example.org", "--password-stdin"], { url: db.url, input: "correct horse" });
    const [row] = await db.query<{ password_hash: string }>("SELECT password_hash FROM users");
    const [, ...parameters] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(row?.password_hash ?? "") ?? [];
    const [memory = 0, passes = 0, lanes = 0] = parameters.map(Number);
    expect(memory).toBeGreaterThanOrEqual(19_456);
    expect(passes).toBeGreaterThanOrEqual(2);
    expect(lanes).toBeGreaterThanOrEqual(1);
  });

  it("is not told with the row that a changed table refuses", async ({ db }) => {
    await db.query("ALTER TABLE users ADD team text NOT NULL");
    for (const form of [["--verbose"], ["--json"]]) {
      const { stdout, stderr } = await vocabdb(["user", "create", "ada@example.org", "--password-stdin", ...form], {
        ...{ url: db.url, input: "correct horse" },
      });
      expect(stderr).toContain("null value in column");
      expect(stdout + stderr).not.toMatch(/argon2|Failing row/);
    }
  });
});
