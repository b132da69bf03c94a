/** What is asked for at a real terminal, and that nothing is asked for where nobody can answer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it as plainIt } from "vitest";
import { withConsent } from "../../src/cli/consent.js";
import { ConsentMissingError } from "../../src/errors/usage.js";
import { folderWith, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { learn } from "../support/learning.js";
import { addPeople } from "../support/people.js";
import { SHORT_HEADER } from "../support/seeding.js";
import { atTerminal, CTRL_C, DOWN, END_OF_INPUT, ESCAPE, HIDE_CURSOR, SHOW_CURSOR } from "../support/terminal.js";

const PASSWORD = "quite a long secret";

function users(db: TestDatabase): Promise<unknown[]> {
  return db.query("SELECT email, display_name, password_hash IS NOT NULL AS secured FROM users ORDER BY email");
}

/** A deleted user with progress on three words. */
async function addGone(db: TestDatabase): Promise<void> {
  await addPeople(db, { email: "gone@example.org", words: 3, sessions: 1, deletedAt: "2026-01-01T00:00:00Z" });
}

describe("user create", () => {
  it("asks for all that is missing, on standard error, and hides the password", async ({ db }) => {
    const stdout = join(temporaryFolder(), "out.txt");
    const typed = [
      { on: "Email", keys: "nobody\r" },
      { on: "is not a valid email address", keys: "\u0015Ada@Example.org\r" },
      { on: "Name to show", keys: "Ada 愛\r" },
      { on: "type one", keys: `${DOWN}${DOWN}\r` },
      { on: "New password", keys: "short\r", isSecret: true },
      { on: "at least 8 characters", keys: `${PASSWORD}\r`, isSecret: true },
      { on: "The same once more", keys: "something else\r", isSecret: true },
      { on: "They differ", keys: `${PASSWORD}\r`, isSecret: true },
      { on: "The same once more", keys: `${PASSWORD}\r`, isSecret: true },
    ] as const;
    const { exitCode, screen } = await atTerminal(db, ["user", "create"], 100, typed, { stdout });
    expect({ exitCode, screen }).toEqual({
      exitCode: 0,
      screen: expect.stringContaining(
        "the same without questions: vocabdb user create ada@example.org --name 'Ada 愛' --password-stdin < FILE",
      ),
    });
    expect(readFileSync(stdout, "utf8")).toMatch(/^created ada@example\.org\nemail {4}ada@example\.org\n[^▪◆]*$/);
    expect(await users(db)).toEqual([{ email: "ada@example.org", display_name: "Ada 愛", secured: true }]);
    const [entry] = await db.query<{ entry: string }>("SELECT audit_log::text AS entry FROM audit_log");
    expect(entry?.entry).not.toContain(PASSWORD);
  });

  it("ends with nothing done on Ctrl-C, Escape and a dumb terminal, and asks nothing with --yes", async ({ db }) => {
    const press = (keys: string) => [{ on: "Name to show", keys }];
    const args = ["user", "create", "ada@example.org"];
    const [interrupted, escaped, ended] = await Promise.all(
      [CTRL_C, ESCAPE, END_OF_INPUT].map((keys) => atTerminal(db, args, 100, press(keys))),
    );
    const cancelled = {
      exitCode: 130,
      screen: expect.stringContaining("cancelled at a question; nothing was changed"),
    };
    expect(interrupted).toEqual(cancelled);
    expect(escaped).toEqual(cancelled);
    expect(ended).toEqual({ exitCode: 2, screen: expect.stringMatching(/nobody answered.*--name or --yes/s) });
    for (const session of [interrupted, escaped, ended]) {
      expect(session?.screen.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(session?.screen.lastIndexOf(HIDE_CURSOR) ?? 0);
    }
    expect(await users(db)).toEqual([]);

    const [dumb, agreed] = await Promise.all([
      atTerminal(db, ["user", "create"], 100, [], { env: { TERM: "dumb" } }),
      atTerminal(db, [...args, "--yes"], 100),
    ]);
    expect(dumb).toEqual({ exitCode: 2, screen: expect.stringContaining("vocabdb user create EMAIL") });
    expect(agreed?.exitCode).toBe(0);
    expect(await users(db)).toEqual([{ email: "ada@example.org", display_name: null, secured: false }]);
  });

  it("takes no questions elsewhere: the email has to be given", async ({ db }) => {
    const { exitCode, stderr } = await vocabdb(["user", "create", "--name", "Ada", "--json"], { url: db.url });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: "USAGE", hint: "vocabdb user create EMAIL" });
  });
});

describe("what cannot be undone", () => {
  const purge = ["user", "purge", "gone@example.org"];

  it("shows what goes and is done for its name; not for another, nor with --json or --yes", async ({ db }) => {
    await addGone(db);
    const name = "Type gone@example.org";
    const [refused, asJson, agreed] = await Promise.all([
      atTerminal(db, purge, 100, [
        { on: name, keys: "gone\r" },
        { on: "not it; 2 more", keys: "\r" },
        { on: "not it; 1 more", keys: "y\r" },
      ]),
      atTerminal(db, [...purge, "--json"], 100),
      atTerminal(db, [...purge, "--yes"], 100, [{ on: name, keys: ESCAPE }]),
    ]);
    expect(refused).toEqual({ exitCode: 2, screen: expect.stringContaining("--confirm gone@example.org") });
    expect(asJson).toEqual({ exitCode: 2, screen: expect.stringMatching(/^\{"error":\{"code":"CONSENT_MISSING"/) });
    expect(agreed?.exitCode).toBe(130);
    expect(await users(db)).toHaveLength(1);

    const done = await atTerminal(db, purge, 100, [{ on: name, keys: "gone@example.org\r" }], {
      env: { NO_COLOR: "1" },
    });
    expect(done.exitCode).toBe(0);
    expect(done.screen).toMatch(/writing to .*this removes gone@example\.org with 1 session and 3 rows of progress/s);
    expect(done.screen).not.toMatch(/\u001b\[[39]\dm/);
    expect(await users(db)).toEqual([]);
  });

  it("seed --prune counts first what goes, and asks for nothing that would be refused", async ({ db }) => {
    const { database } = db.target;
    const header = `${SHORT_HEADER}\n`;
    const word = (term: string): string => `de,${term},x\n`;
    const cwd = folderWith({
      "all.csv": header + ["a", "b", "c"].map(word).join(""),
      "one.csv": header + word("a"),
      "bad.csv": `${header}${word("a")}de,,x\n`,
    });
    const seed = (file: string): string[] => ["seed", "--file", join(cwd, file)];
    const terms = async (): Promise<unknown[]> =>
      (await db.query<{ term: string }>("SELECT term FROM vocabulary_words ORDER BY term")).map(({ term }) => term);
    await vocabdb(seed("all.csv"), { url: db.url });

    const prune = [...seed("one.csv"), "--prune"];
    const [escaped, bad] = await Promise.all([
      atTerminal(db, prune, 100, [{ on: `Type ${database}`, keys: ESCAPE }]),
      atTerminal(db, [...seed("bad.csv"), "--prune"], 100),
    ]);
    expect(escaped.exitCode).toBe(130);
    expect(escaped.screen).toContain("--prune removes 2 words that no file holds");
    expect(bad).toEqual({ exitCode: 6, screen: expect.stringMatching(/1 of 2 records rejected.*bad\.csv:3:4/s) });
    expect(bad.screen).not.toContain("Type");
    expect(await terms()).toEqual(["a", "b", "c"]);

    await addPeople(db, { email: "ada@example.org" });
    await learn(db, "ada@example.org", [{ language: "de", term: "c", definition: "x" }]);
    const used = await atTerminal(db, prune, 100);
    expect(used).toEqual({ exitCode: 5, screen: expect.stringMatching(/de c: progress of 1 user/) });
    const kept = await atTerminal(db, [...prune, "--prune-keep-used"], 100, [
      { on: "--prune removes 1 word that", keys: "" },
      { on: `Type ${database}`, keys: `${database}\r` },
    ]);
    expect(kept.exitCode).toBe(0);
    expect(await terms()).toEqual(["a", "c"]);
  });

  it("on a marked database asks for its name first", async ({ db }) => {
    await addGone(db);
    await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
    const { database } = db.target;
    const { exitCode, screen } = await atTerminal(db, [...purge, "--quiet"], 100, [
      { on: `Type ${database}`, keys: `${database}\r` },
      { on: "Type gone@example.org", keys: "gone@example.org\r" },
    ]);
    expect({ exitCode, screen }).toEqual({
      exitCode: 0,
      screen: expect.stringMatching(
        new RegExp(`/${database} .* is marked production.*/${database} .*\\[production\\].*this removes gone@`, "s"),
      ),
    });
    expect(await users(db)).toEqual([]);
  });

  plainIt("is not asked about by whoever gave names, nor twice for the same name", async () => {
    const asked: string[] = [];
    const ask = async ({ name }: { readonly name: string }): Promise<boolean> => asked.push(name) > 0;
    const refusal = new ConsentMissingError("this removes it", "--confirm it", { what: "this removes it", name: "it" });
    const refuse = async (): Promise<never> => {
      throw refusal;
    };
    await expect(withConsent(["other"], ask, refuse)).rejects.toBe(refusal);
    expect(asked).toEqual([]);
    await expect(withConsent([], ask, refuse)).rejects.toBe(refusal);
    expect(asked).toEqual(["it"]);
  });
});
