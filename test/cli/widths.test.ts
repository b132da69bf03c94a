/** Every list on terminals of several widths, with long text in characters of every width. */
import stringWidth from "string-width";
import { expect } from "vitest";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { builtCommand, runInProcess } from "../support/in-process.js";
import { addPeople } from "../support/people.js";
import { effectsOf } from "../support/terminal-model.js";

const ADA = "ada@example.org";
const LONG = `${"漢字かな".repeat(10)} \u001b[2J\u202e ${"สวัสดี".repeat(8)} ${"👍🏽".repeat(9)}`;

async function fill(db: TestDatabase): Promise<void> {
  await addPeople(
    db,
    { email: ADA, displayName: LONG, words: 3, sessions: 2 },
    { email: `${"b".repeat(60)}@${"sub.".repeat(30)}example.org`, displayName: "Bob", words: 1, sessions: 1 },
    { email: "gone@example.org", displayName: LONG, deletedAt: "2026-01-01Z", words: 1 },
  );
  await db.query(
    `UPDATE vocabulary_words SET term = left($1, 60) || id, reading = left($1, 60), sense = left($1, 60),
            definition = $1, level = left($1, 60), category = left($1, 60)`,
    [LONG],
  );
  await db.query("UPDATE sessions SET user_agent = $1", [LONG]);
  await db.query(
    `INSERT INTO audit_log (action, command_line, operator, reason, subjects, changes)
     VALUES ('user update', $1, $1, $1, ARRAY[$1, 'x'], '{"users": {"updated": 1234567}, "sessions": {"deleted": 7}}')`,
    [LONG],
  );
}

async function shownAt(db: TestDatabase, columns: number, line: string): Promise<string> {
  const env = { DATABASE_URL: db.url };
  const { exitCode, stdout } = await runInProcess(await builtCommand(), line.split(" "), {
    cwd: temporaryFolder(),
    env,
    columns,
  });
  expect(exitCode).toBe(0);
  return stdout;
}

it("no list is wider than the terminal, from 60 columns up", { timeout: 60_000 }, async ({ db }) => {
  await fill(db);
  const lists = [
    ...["user list --all", "user list --all --fields id,email,name,created,updated,deleted", "session list --deleted"],
    ...["word list", "word search 漢字", "word stats --by level", `progress list ${ADA}`, "history"],
    ...["progress report", "progress report --by level", "progress report --by week"],
  ];
  for (const columns of [60, 80, 120]) {
    for (const line of lists) {
      const shown = await shownAt(db, columns, line);
      expect(effectsOf(shown, true), line).toEqual([]);
      const [head = "", ...rest] = shown.trimEnd().split("\n");
      const widest = Math.max(...[head, ...rest].map((each) => stringWidth(each)));
      expect(widest, `${line} at ${columns}:\n${shown}`).toBeLessThanOrEqual(columns);
      expect(head.trim().split(/\s{2,}/).length, shown).toBeGreaterThan(1);
    }
  }
});

it("what there is no room for is named, with where to find it", async ({ db }) => {
  await fill(db);
  const narrow = await shownAt(db, 60, "session list");
  expect(narrow).not.toMatch(/fingerprint .*\n─/);
  expect(narrow).toMatch(
    /\nleft out: age, fingerprint, user agent\s\(for these: a\swider\sterminal\sor\s--format\scsv\)\n/,
  );
  expect(await shownAt(db, 120, "session list")).not.toContain("left out");
  const short = await shownAt(db, 60, "user list");
  expect(short).not.toContain("left out");
});
