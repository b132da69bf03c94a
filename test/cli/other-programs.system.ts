/** What jq, less and man make of what vocabdb gives them. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { EXECUTABLE, temporaryFolder, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { atTerminal } from "../support/terminal.js";

describe("the examples of docs/json.md", () => {
  const [, script = ""] = /```sh\n(.*?)```/s.exec(readFileSync(join(packageRoot, "docs", "json.md"), "utf8")) ?? [];
  const expected: Readonly<Record<string, (lines: readonly string[]) => void>> = {
    "schema user show": (lines) => expect(JSON.parse(lines.join(""))).toContain("email"),
    "schema error": (lines) => expect(lines).toContain("USER_NOT_FOUND"),
    "user list": (lines) => expect(lines).toEqual(["gone@example.org"]),
    "migrate status": (lines) => expect(lines).toEqual(["0"]),
  };

  it.for(script.split("\n").filter((line) => line.startsWith("vocabdb ")))("%s", async (line, { db }) => {
    await vocabdb(["user", "create", "gone@example.org"], { url: db.url });
    await vocabdb(["user", "delete", "gone@example.org"], { url: db.url });
    const home = temporaryFolder();
    symlinkSync(EXECUTABLE, join(home, "vocabdb"));
    const { status, stdout, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", line], {
      ...{ cwd: home, encoding: "utf8" },
      env: { PATH: `${home}:${process.env.PATH}`, HOME: home, DATABASE_URL: db.url },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const [, check] = Object.entries(expected).find(([command]) => line.includes(`vocabdb ${command}`)) ?? [];
    expect(check, line).toBeDefined();
    check?.(stdout.trimEnd().split("\n"));
  });
});

it("less pages a long list in colour, to its end and back, until it is left", async ({ db }) => {
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(101, 150) AS n");
  const { exitCode, screen } = await atTerminal(
    db,
    ["user", "list"],
    80,
    [
      // The title of the first column.
      { on: "email", keys: "G" },
      { on: "(END)", keys: "g" },
      { on: "email", keys: "q" },
    ],
    { rows: 24 },
  );
  expect(exitCode).toBe(0);
  expect(screen).toContain("\u001b[1memail");
  // Not shown as text, as less does with what it does not trust.
  expect(screen).not.toContain("ESC[");
});

test.each(readdirSync(join(packageRoot, "man")))("man shows %s, and warns of nothing", (page) => {
  const { status, stdout, stderr } = spawnSync("man", ["--warnings", "-l", join(packageRoot, "man", page)], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, MANWIDTH: "80", LC_ALL: "C.UTF-8" },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^NAME$/m);
});
