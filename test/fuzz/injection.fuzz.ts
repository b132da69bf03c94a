/** Text that has broken into SQL elsewhere, wherever a text can be given: it stays text. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject } from "vitest";
import { run } from "../../src/cli/run.js";
import { ExitCode } from "../../src/errors/base.js";
import { temporaryFolder } from "../support/cli.js";
import { type KnownCommand, knownCommands } from "../support/command-lines.js";
import { it, type TestDatabase } from "../support/database.js";
import { count, tries } from "../support/experiment.js";
import { INJECTIONS } from "../support/hostile.js";
import { type InProcessResult, runInProcess } from "../support/in-process.js";
import { schemaOf } from "../support/schema.js";
import { allRows } from "../support/seeding.js";

const ADA = "ada@example.org";
const TABLE = "Hostile input";

/** What stands in the other places, so that the command gets as far as the database. */
const USUAL_ARGS: Readonly<Record<string, string>> = {
  email: ADA,
  ids: "01920000-0000-7000-8000-000000000000",
  word: "a",
};
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  seed: ["--file", "words.csv"],
  "user import": ["--file", "users.csv"],
  "progress import": ["--file", "progress.csv"],
};

interface Slot {
  readonly name: string;
  readonly argv: (text: string) => readonly string[];
}

function slotsOf({ words, args, options }: KnownCommand): Slot[] {
  const command = words.join(" ");
  const dryRun = options.some(({ name }) => name === "--dry-run") ? ["--dry-run"] : [];
  const needed = [...(NEEDED[command] ?? []), ...dryRun];
  const usual = args.map((name) => USUAL_ARGS[name] ?? "a");
  return [
    ...args.map(
      (name, index): Slot => ({
        name: `${command} <${name}>`,
        argv: (text) => [...words, ...needed, "--", ...usual.with(index, text)],
      }),
    ),
    ...options
      .filter(({ name, takesValue }) => takesValue && name !== "--output" && name !== "--rejects")
      .map(
        ({ name }): Slot => ({
          name: `${command} ${name}`,
          argv: (text) => [...words, ...(needed[0] === name ? dryRun : needed), `${name}=${text}`, ...usual],
        }),
      ),
  ];
}

async function fill(db: TestDatabase): Promise<string> {
  await db.query(`
    INSERT INTO users (email, display_name) VALUES ('${ADA}', 'Ada'), ('bob@example.org', 'Bob');
    INSERT INTO vocabulary_words (language, term, definition) VALUES ('zh', 'a', 'x'), ('zh', 'b', 'y');
    INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w`);
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "words.csv"), "language,term,definition\nzh,a,x\n");
  writeFileSync(join(cwd, "users.csv"), `email\n${ADA}\n`);
  writeFileSync(join(cwd, "progress.csv"), `email,language,term\n${ADA},zh,a\n`);
  return cwd;
}

const runner =
  (db: TestDatabase, cwd: string) =>
  (argv: readonly string[]): Promise<InProcessResult> =>
    runInProcess(run, argv, {
      cwd,
      env: { DATABASE_URL: db.url, HOME: cwd, VOCABDB_HOME: join(cwd, "server"), PATH: "" },
    });

it("in every argument and every option of every command", async ({ db }) => {
  const cwd = await fill(db);
  const run = runner(db, cwd);
  const slots = (await knownCommands()).flatMap(slotsOf);
  const before = { schema: await schemaOf(db), rows: await allRows(db) };
  const each = tries({ full: 4, short: 1 });
  let cases = 0;
  for (const [index, { name, argv }] of slots.entries()) {
    for (let n = 0; n < each; n += 1) {
      const text = INJECTIONS[(inject("experiment").seed + index * each + n) % INJECTIONS.length] ?? "";
      const { exitCode, stderr } = await run(argv(text));
      const ended = `${name} with ${JSON.stringify(text)}: ${stderr}`;
      expect([ExitCode.unexpected, ExitCode.interrupted], ended).not.toContain(exitCode);
      cases += 1;
    }
  }
  expect({ schema: await schemaOf(db), rows: await allRows(db) }).toEqual(before);
  count(TABLE, { parser: `SQL in ${slots.length} arguments and options`, cases, failures: 0 });
});

/** As it is stored. */
const stored = (text: string): string => text.trim().normalize("NFC");
const TEXTS = [...new Set(INJECTIONS.map(stored))].filter((text) => text !== "");

const WORD_CELLS = [
  "term",
  "reading",
  "sense",
  "definition",
  "part_of_speech",
  "level",
  "category",
  "example",
] as const;

it("in every cell of every file, where it is stored and found as it is", async ({ db }) => {
  const cwd = await fill(db);
  const run = runner(db, cwd);
  const ok = async (...argv: string[]): Promise<InProcessResult> => {
    const result = await run(argv);
    expect(result.exitCode, `${argv.join(" ")}: ${result.stderr}`).toBe(ExitCode.ok);
    return result;
  };
  const schema = await schemaOf(db);

  // Each text in one cell after the other, with a term of its own.
  const words = TEXTS.flatMap((text, n) =>
    WORD_CELLS.map((cell) => ({ language: "en", term: `${cell} ${n}`, definition: "x", [cell]: text })),
  );
  writeFileSync(join(cwd, "cells.ndjson"), words.map((word) => JSON.stringify(word)).join("\n"));
  await ok("seed", "--file", "cells.ndjson", "--on-duplicate", "first");
  const found = await db.query(
    `
    SELECT w.cell, w.text FROM json_to_recordset($1) AS w (n integer, cell text, text text)
     WHERE NOT EXISTS (SELECT FROM vocabulary_words AS v
                        WHERE language = 'en' AND to_jsonb(v) ->> w.cell = w.text AND term = CASE w.cell WHEN 'term' THEN w.text ELSE w.cell || ' ' || w.n END)`,
    [JSON.stringify(TEXTS.flatMap((text, n) => WORD_CELLS.map((cell) => ({ n, cell, text }))))],
  );
  expect(found).toEqual([]);

  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  writeFileSync(
    join(cwd, "people.csv"),
    ["email,display_name", ...TEXTS.map((text, n) => `p${n}@example.org,${quoted(text)}`)].join("\n"),
  );
  await ok("user", "import", "--file", "people.csv");
  const names = await db.query<{ name: string }>(
    "SELECT display_name AS name FROM users WHERE email LIKE 'p%' ORDER BY substr(email, 2, strpos(email, '@') - 2)::int",
  );
  expect(names.map(({ name }) => name)).toEqual(TEXTS);

  writeFileSync(
    join(cwd, "learned.csv"),
    ["email,language,term,study_count,correct_count", ...TEXTS.map((text) => `${ADA},en,${quoted(text)},1,1`)].join(
      "\n",
    ),
  );
  expect(JSON.parse((await ok("progress", "import", "--file", "learned.csv", "--json")).stdout).total).toMatchObject({
    inserted: TEXTS.length,
  });
  count(TABLE, { parser: "SQL in cells of files", cases: words.length + 2 * TEXTS.length, failures: 0 });

  for (const text of TEXTS) {
    const { users } = JSON.parse((await ok("user", "list", `--search=${text}`, "--limit", "1000", "--json")).stdout);
    const people = (users as { email: string; displayName: string }[]).filter(({ email }) => email.startsWith("p"));
    const matching = TEXTS.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
    expect(people.map(({ displayName }) => displayName).sort(), text).toEqual(matching.sort());
    const shown = JSON.parse((await ok("word", "show", "--json", "--language", "en", "--", text)).stdout);
    expect(JSON.stringify(shown), text).toContain(JSON.stringify(text).slice(1, -1));
    await ok("user", "update", ADA, `--name=${text}`, `--reason=${text}`);
    const { user } = JSON.parse((await ok("user", "show", ADA, "--json")).stdout);
    expect(user.displayName).toBe(text);
  }
  const reasons = await db.query<{ reason: string }>(
    "SELECT reason FROM audit_log WHERE reason IS NOT NULL ORDER BY occurred_at, id",
  );
  expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(TEXTS));
  count(TABLE, {
    parser: "SQL in what is searched, named and given as a reason",
    cases: 4 * TEXTS.length,
    failures: 0,
  });
  expect(await schemaOf(db)).toEqual(schema);
});
