/** What the history keeps of who typed what: enough to know, and no secret. */
import { execFileSync } from "node:child_process";
import { hostname, userInfo } from "node:os";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actorOf } from "../../src/cli/operator.js";

const typed = (...argv: string[]): string | null => actorOf(argv, {}, undefined).commandLine;
const operator = (env: Readonly<Record<string, string>>): string | null => actorOf([], env, undefined).operator;

const SECRET = "s3cret-marker";
const URL = `postgresql://admin:${SECRET}@db.example.org:5432/app`;

describe("the command line", () => {
  it("is what was typed", () => {
    expect(typed("user", "delete", "ada@example.org", "--dry-run")).toBe(
      "vocabdb user delete ada@example.org --dry-run",
    );
    expect(typed()).toBe("vocabdb");
  });

  it("is words that a shell takes as they were", () => {
    const word = fc.oneof(
      fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
      fc.constantFrom("it's", "$HOME", "`id`", "a b", "", "~", "*", "\n"),
    );
    const lines = fc.array(fc.array(word, { maxLength: 5 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(lines, (all) => {
        // One shell for all of them: each start takes longer than the test.
        const script = all.map((words) => typed(...words)?.replace("vocabdb", "printf '%s\\0' --")).join("\n");
        const printed = execFileSync("bash", ["-c", script]).toString();
        expect(printed).toBe(
          all
            .flatMap((words) => ["--", ...words])
            .map((each) => `${each}\0`)
            .join(""),
        );
      }),
      { numRuns: 3, examples: [[[["--", "-n", "'"]]]] },
    );
  });

  it.for([
    [["--database-url", URL, "user", "list"]],
    [["user", "list", `--database-url=${URL}`]],
    [["user", "list", "--database-url", `host=h password=${SECRET}`]],
    [["user", "create", URL]],
    [["user", "create", `postgresql://u:${SECRET}/p@ss@h/db`]],
    [["user", "create", "--name", `see ${URL} and mail@example.org`]],
    [["user", "create", `postgres://h/db?user=u&password=${SECRET}&sslmode=require`]],
    [["user", "create", "--name", `host=h PASSWORD=${SECRET} user=u`]],
    [["user", "create", "--name", `host=h password='${SECRET} and more ${SECRET}' user=u`]],
    [["user", "create", `--sslpassword=${SECRET}`]],
    [["user", "list", "--env-file", `/run/secrets/${SECRET}`]],
    [["user", "list", `--env-file=/run/secrets/${SECRET}`]],
    [["--database-url", "--env-file", SECRET, "user", "list"]],
  ] as const)("leaves out the secret of %j", ([argv]) => {
    const line = typed(...argv);
    expect(line).toMatch(/^vocabdb user (list|create)/);
    expect(line).not.toContain(SECRET);
    expect(line).not.toContain("p@ss");
  });

  it("keeps what stands beside a secret", () => {
    expect(typed("--database-url", URL, "user", "create", "a@b.org", "--name", `from ${URL}`)).toBe(
      "vocabdb user create a@b.org --name 'from postgresql://***@db.example.org:5432/app'",
    );
    expect(typed("user", "list", `--database-url=${URL}`, "--json")).toBe("vocabdb user list --json");
  });

  it("is cut to 4,000 characters, never inside one", () => {
    expect([...(typed("x".repeat(5000)) ?? "")]).toHaveLength(4000);
    const line = typed("🦉".repeat(5000)) ?? "";
    expect([...line]).toHaveLength(4000);
    expect(line).not.toMatch(/\p{Surrogate}/u);
  });
});

describe("the reason", () => {
  const reason = (text?: string) => actorOf([], {}, text).reason;

  it("is what was given, without passwords", () => {
    expect(reason()).toBeNull();
    expect(reason("asked by mail, see https://tickets.example.org/7")).toBe(
      "asked by mail, see https://tickets.example.org/7",
    );
    expect(reason(`moved from ${URL}`)).toBe("moved from postgresql://***@db.example.org:5432/app");
    expect([...(reason("password=x ".repeat(90)) ?? "")].length).toBeLessThanOrEqual(1000);
  });
});

describe("the operator", () => {
  const account = `${userInfo().username}@${hostname()}`;

  it.for([
    ["a person", {}, account],
    ["a person behind sudo", { SUDO_USER: "ada" }, `${account} for ada`],
    ["some CI system", { CI: "true" }, `ci ${account}`],
    [
      "GitHub Actions",
      {
        ...{ CI: "true", GITHUB_ACTIONS: "true", GITHUB_REPOSITORY: "acme/app" },
        ...{ GITHUB_RUN_ID: "42", GITHUB_ACTOR: "octocat", GITHUB_TOKEN: SECRET },
      },
      "github-actions acme/app run 42 by octocat",
    ],
    [
      "GitLab",
      {
        ...{ CI: "true", GITLAB_CI: "true", CI_PROJECT_PATH: "acme/app", CI_JOB_ID: "7" },
        ...{ GITLAB_USER_LOGIN: "ada", CI_JOB_TOKEN: SECRET },
      },
      "gitlab-ci acme/app job 7 by ada",
    ],
  ] as const)("is %s", ([, env, expected]) => {
    expect(operator(env)).toBe(expected);
  });

  it("is a number where the user has no name, as in a container", () => {
    const own = process.geteuid?.() ?? expect.unreachable();
    // Only root can become somebody who has none.
    const uid = own === 0 ? 54_321 : own;
    process.seteuid?.(uid);
    const found = operator({});
    process.seteuid?.(own);
    expect(found).toBe(`${nameOf(uid) ?? `uid ${uid}`}@${hostname()}`);
  });

  it("is cut to 500 characters", () => {
    const env = { GITHUB_ACTIONS: "true", GITHUB_REPOSITORY: "🦉".repeat(600) };
    expect([...(operator(env) ?? "")]).toHaveLength(500);
    expect(operator(env)).not.toMatch(/\p{Surrogate}/u);
  });
});

/** What the system itself calls the user, null when it knows no name. */
function nameOf(uid: number): string | null {
  try {
    return execFileSync("id", ["-un", String(uid)], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
