/** Long lists on a real terminal, made by script(1), in pagers of several manners. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { atTerminal, CTRL_C, type Typed } from "../support/terminal.js";

const addUsers = (db: TestDatabase) =>
  db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(101, 150) AS n");

/** A pager that is a script of the shell. */
function pager(script: string): string {
  const path = join(temporaryFolder(), "pager.sh");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

function list(db: TestDatabase, args: readonly string[], env: Readonly<Record<string, string>>, typed: Typed[] = []) {
  return atTerminal(db, ["user", "list", ...args], 80, typed, { env, rows: 24 });
}

it("a list that is longer than the terminal goes through the pager, which knows no secret", async ({ db }) => {
  await addUsers(db);
  const env = { VOCABDB_PAGER: pager("echo PAGED; env; cat"), PAGER: "false", OTHER_URL: db.url };
  const { exitCode, screen } = await list(db, [], env);
  expect(exitCode).toBe(0);
  expect(screen).toMatch(/^PAGED\r\n/);
  expect(screen).toContain("TERM=xterm-256color");
  expect(screen).toContain("LESS=FRX");
  expect(screen).not.toMatch(/postgres(ql)?:|DATABASE_URL|OTHER_URL/);
  expect(screen).toContain("\u001b[1memail");
  expect(screen.match(/user\d+@/g)).toHaveLength(50);
});

it.for([
  ["what is short", ["--limit", "10"]],
  ["--no-pager", ["--no-pager"]],
  ["--json", ["--json"]],
  ["--format csv", ["--format", "csv"]],
] as const)("without a pager: %s", async ([, args], { db }) => {
  await addUsers(db);
  const { exitCode, screen } = await list(db, args, { PAGER: pager("echo PAGED; cat") });
  expect(exitCode).toBe(0);
  expect(screen).not.toContain("PAGED");
  expect(screen).toContain("user101@example.org");
});

it.for([
  ["is not there", "no-such-pager -x"],
  ["the shell does not find", "no-such-pager | cat -s; exit 127"],
  ["shows nothing and fails", "false"],
  ["is empty", ""],
] as const)("a pager that %s is done without", async ([, command], { db }) => {
  await addUsers(db);
  const { exitCode, screen } = await list(db, [], { PAGER: command });
  expect(exitCode).toBe(0);
  expect(screen.match(/user\d+@/g)).toHaveLength(50);
});

it("who leaves the pager before the end is done", async ({ db }) => {
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 1000) AS n");
  const { exitCode, screen } = await list(db, ["--limit", "1000"], { PAGER: pager("head -n 3") });
  expect(exitCode).toBe(0);
  expect(screen.trimEnd().split("\r\n")).toHaveLength(3);
});

it("Ctrl-C is the pager's", async ({ db }) => {
  await addUsers(db);
  const script = "trap 'echo GOT-IT; exit 0' INT; cat > /dev/null; echo READY; while :; do sleep 0.1; done";
  const { exitCode, screen } = await list(db, [], { PAGER: pager(script) }, [{ on: "READY", keys: CTRL_C }]);
  expect(exitCode).toBe(0);
  expect(screen).toMatch(/READY.*GOT-IT/s);
  expect(screen).not.toContain("interrupted");
});
