/** Completion in the shells themselves. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";
import { completedBy, type ShellSetUp } from "../support/shells.js";

const SHELLS: readonly ShellSetUp[] = [
  "bash",
  "bash with bash-completion",
  "zsh",
  "zsh that sources the script",
  "fish",
];

async function fill(db: TestDatabase): Promise<void> {
  await addPeople(
    db,
    { email: "ada@example.com", displayName: "Ada Lovelace", words: 1 },
    { email: "adam@example.org" },
    { email: "o'brien@example.org" },
    { email: "gone@example.org", deletedAt: "2026-10-01Z" },
  );
  // More than are shown: what those begin with in common, the last one does not.
  await db.query("INSERT INTO users (email) SELECT 'aaa' || n || '@example.org' FROM generate_series(1000, 1150) AS n");
  await addPeople(db, { email: "aab@example.org" });
}

describe.each(SHELLS)("%s", (shell) => {
  it("completes what is typed", async ({ db }) => {
    await fill(db);
    const cases: readonly (readonly [typed: string, becomes: string])[] = [
      ["vocabdb us", "user"],
      ["vocabdb user cre", "user create"],
      ["vocabdb migrate --str", "migrate --strict"],
      ["vocabdb user list --sort cre", "user list --sort created"],
      ["vocabdb user list --sort=cre", "user list --sort=created"],
      ["vocabdb user list --fields email,nam", "user list --fields email,name"],
      ["vocabdb user list --del", "user list --deleted"],
      ["vocabdb user show adam", "user show adam@example.org"],
      ["vocabdb user show ada@", "user show ada@example.com"],
      ["vocabdb user show ada@exam", "user show ada@example.com"],
      ["vocabdb user show ad", "user show ada"],
      ["vocabdb user show aa", "user show aa"],
      ["vocabdb user show ", "user show"],
      ["vocabdb user show 'adam", "user show adam@example.org"],
      ["vocabdb user show -- adam", "user show -- adam@example.org"],
      ["vocabdb user show o", "user show o'brien@example.org"],
      ["vocabdb user restore ", "user restore gone@example.org"],
      ["vocabdb user show go", "user show go"],
      ["vocabdb user show --deleted go", "user show --deleted gone@example.org"],
      ["vocabdb session revoke --user=adam@", "session revoke --user=adam@example.org"],
      ["vocabdb word list --language ", "word list --language de"],
      ["vocabdb seed --file new", "seed --file new words.csv"],
      ["vocabdb seed --file=new", "seed --file=new words.csv"],
      ["vocabdb migrate create x --dir my", "migrate create x --dir my folder"],
      ["vocabdb help us", "help user"],
    ];
    const session = await completedBy(
      shell,
      cases.map(([typed]) => typed),
      { env: { DATABASE_URL: db.url }, files: { "new words.csv": "", "my folder/file": "", myfile: "" } },
    );
    // zsh takes the slash off again when it is not followed by a name.
    const typed = session.words.map((words) => words.join(" ").replace(/\/$/, ""));
    expect(typed).toEqual(cases.map(([, becomes]) => becomes));
  });

  it("runs nothing and shows nothing of hostile data", async ({ db }) => {
    await db.query("ALTER TABLE users DROP CONSTRAINT users_email_shape");
    await addPeople(
      db,
      { email: "a$(touch pwned)`touch pwned`@x.org" },
      { email: "b;touch pwned&#*?~!{1,2}|<>@x.org" },
      { email: "c\u001b[31mred@x.org" },
      { email: "d\ntouch pwned\n@x.org" },
      { email: "-rf@x.org" },
      { email: "sam@x.org" },
      { email: "say@x.org", displayName: "\u001b]0;title\u0007\n$(touch pwned)%F{red}" },
    );
    const typed = ["a", "b", "c", "d", "", "s"].map((start) => `vocabdb user show ${start}`);
    const { words, screen, folder } = await completedBy(shell, typed, {
      env: { DATABASE_URL: db.url },
    });
    expect(words.map((line) => line.slice(2).join(" "))).toEqual([
      "a$(touch pwned)`touch pwned`@x.org",
      "b;touch pwned&#*?~!{1,2}|<>@x.org",
      "c",
      "d",
      "",
      "sa",
    ]);
    expect(screen).not.toMatch(/\u001b\[31mred|\u001b\]0;title/);
    expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  it("says nothing without a database", async () => {
    const url = "postgresql://ada:secret@127.0.0.1:1/none";
    const { words, screen } = await completedBy(shell, ["vocabdb user show ad", "vocabdb user res"], {
      env: { DATABASE_URL: url },
    });
    expect(words.map((line) => line.join(" "))).toEqual(["user show ad", "user restore"]);
    expect(screen).not.toMatch(/error|refused|secret/i);
  });
});
