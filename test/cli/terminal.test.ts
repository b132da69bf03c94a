/** On a real terminal, made by script(1): colours, the moving line, and Ctrl-C typed at it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryFolder } from "../support/cli.js";
import { it } from "../support/database.js";
import { atTerminal, CTRL_C, HIDE_CURSOR, SHOW_CURSOR } from "../support/terminal.js";
import { effectsOf } from "../support/terminal-model.js";

function manyWords(rows: number): string {
  const path = join(temporaryFolder(), "many.csv");
  const lines = Array.from({ length: rows }, (_, n) => `de,Wort${n},word ${n}`);
  writeFileSync(path, `language,term,definition\n${lines.join("\n")}\n`);
  return path;
}

it("results have colours, and fit the width", async ({ db }) => {
  await db.query("INSERT INTO users (email, display_name) VALUES ('ada@example.org', $1)", ["長い名前".repeat(20)]);
  const { exitCode, screen } = await atTerminal(db, ["user", "list"], 60);
  expect(exitCode).toBe(0);
  expect(screen).toContain("\u001b[1memail");
  expect(screen).toContain("…");
  const { default: stringWidth } = await import("string-width");
  expect(Math.max(...screen.split("\r\n").map((line) => stringWidth(line)))).toBeLessThanOrEqual(60);
});

it.for(["word list", "word export", "word list --json", "word show x"])(
  "data moves no cursor at it: %s",
  async (line, { db }) => {
    await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'x', $1)", [
      "\u001b[2J\u009b31m\u202ered\u001b]0;title\u0007",
    ]);
    const { exitCode, screen } = await atTerminal(db, line.split(" "), 100);
    expect(exitCode).toBe(0);
    expect(screen).toContain("[2J");
    expect(effectsOf(screen.replaceAll("\r\n", "\n"), true)).toEqual([]);
  },
);

it("a load shows its progress, and gives the cursor back", async ({ db }) => {
  const { exitCode, screen } = await atTerminal(db, ["seed", "--file", manyWords(20_000)], 80);
  expect(exitCode).toBe(0);
  expect(screen).toContain(HIDE_CURSOR);
  expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.lastIndexOf(HIDE_CURSOR));
  expect(screen).toMatch(/reading .*many\.csv/);
  expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(20_000);
});

it("a terminal that does not know its width gets the result without a moving line", async ({ db }) => {
  const { exitCode, screen } = await atTerminal(db, ["seed"], 0);
  expect(exitCode).toBe(0);
  expect(screen).not.toContain(HIDE_CURSOR);
  expect(screen).toContain("900");
});

it("Ctrl-C in the middle of a load rolls back, says so, and gives the cursor back", async ({ db }) => {
  const file = manyWords(200_000);
  const { exitCode, screen } = await atTerminal(db, ["seed", "--file", file], 80, [{ on: "000 rows", keys: CTRL_C }]);
  expect(exitCode).toBe(130);
  expect(screen).toContain("interrupted by SIGINT");
  expect(screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(screen.lastIndexOf(HIDE_CURSOR));
  expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
});

it.for([
  ["y", 0, "mended exposure.rls-off", true],
  ["\r", 2, "nothing was changed", false],
] as const)("a repair is shown, and done for a %j only", async ([answer, exitCode, said, secured], { db }) => {
  await db.query("ALTER TABLE users DISABLE ROW LEVEL SECURITY");
  const type = { on: "Run these statements?", keys: answer };
  const session = await atTerminal(db, ["db", "doctor", "--fix"], 100, [type]);
  expect(session.exitCode).toBe(exitCode);
  expect(session.screen).toMatch(/exposure\.rls-off: ALTER TABLE public\.users ENABLE ROW LEVEL SECURITY.*Run these/s);
  expect(session.screen).toContain(said);
  expect(await db.query("SELECT relrowsecurity AS secured FROM pg_class WHERE oid = 'users'::regclass")).toEqual([
    { secured },
  ]);
});
