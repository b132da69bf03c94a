/** What one database exports, another one, with other ids, imports and exports again, byte for byte. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryFolder, vocabdbHere as vocabdb } from "./support/cli.js";
import { it, type TestDatabase } from "./support/database.js";

const HOSTILE_WORDS = [
  "language,term,reading,sense,definition,part_of_speech,level,category,example",
  'zh,地,de,,"particle, ""-ly""",,HSK2,grammar,慢慢地走',
  "zh,地,dì,,earth,noun,HSK3,,",
  'en,=1+1,,,"formula,\nin two lines",,,,"tab\there"',
  "en,\\.,,,ends a COPY,,,,",
  "de,Bank,,1,bench,,A1,Möbel,",
  "de,Bank,,2,bank,,A1,Geld,",
  "ja,食べる,たべる,,to eat 🍜,verb,N5,,",
].join("\n");

/** In an order that the database would not give them back in, and with what text formats stumble over. */
async function fill(db: TestDatabase): Promise<void> {
  const words = join(temporaryFolder(), "words.csv");
  writeFileSync(words, HOSTILE_WORDS);
  expect((await vocabdb(["seed", "--demo"], { url: db.url })).exitCode).toBe(0);
  expect((await vocabdb(["seed", "--file", words], { url: db.url })).exitCode).toBe(0);
  await db.query(`
    INSERT INTO users (email, display_name, created_at) VALUES
      ('z@example.org', '=HYPERLINK("x")', '2026-01-02 03:04:05.678Z'), ('a-b@example.org', NULL, '2025-12-31Z'),
      ('ab@example.org', 'Zoë "the, first"', '2026-02-03Z'), ('gone@example.org', 'Gone', '2026-02-03Z');
    INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
      SELECT u.id, w.id, 7, 3, 0.1::float8 + 0.2::float8, '2026-11-01 12:00:00.001Z', '2026-12-24Z'
        FROM users AS u, vocabulary_words AS w
       WHERE u.email LIKE '%@example.org' AND (w.term IN ('地', '=1+1', '\\.', 'Bank', '食べる'));
    UPDATE progress SET last_studied_at = NULL WHERE word_id = (SELECT id FROM vocabulary_words WHERE term = '食べる');
    UPDATE users SET deleted_at = '2026-03-01Z' WHERE email = 'gone@example.org'`);
}

async function exported(db: TestDatabase, format: "csv" | "ndjson"): Promise<Record<string, string>> {
  const commands = {
    words: ["word", "export"],
    users: ["user", "export", "--all", "--deleted"],
    progress: ["progress", "export", "--all", "--deleted"],
  };
  const files: Record<string, string> = {};
  for (const [name, command] of Object.entries(commands)) {
    const { exitCode, stdout, stderr } = await vocabdb([...command, "--format", format], { url: db.url });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    files[name] = stdout;
  }
  return files;
}

it.for(["csv", "ndjson"] as const)(
  "words, users and progress make the round trip as %s",
  async (format, { db, emptyDb }) => {
    await fill(db);
    const before = await exported(db, format);
    expect(before.words?.split("\n").length).toBeGreaterThan(900);
    expect(before.progress).toContain("0.30000000000000004");

    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(before)) {
      writeFileSync(join(folder, `${name}.${format}`), text);
    }
    const imports = [
      ["migrate"],
      ["seed", "--file", `words.${format}`],
      ["user", "import", "--file", `users.${format}`],
      ["progress", "import", "--file", `progress.${format}`, "--deleted"],
    ];
    for (const command of imports) {
      const { exitCode, stderr } = await vocabdb(command, { url: emptyDb.url, cwd: folder });
      expect(stderr).not.toContain("error");
      expect(exitCode).toBe(0);
    }
    expect(await exported(emptyDb, format)).toEqual(before);

    // And once more: the other database is what the files say.
    for (const command of imports.slice(1)) {
      const check = await vocabdb([...command, "--check"], { url: emptyDb.url, cwd: folder });
      expect(check.stdout).toContain("the database is what the files say");
      expect(check.exitCode).toBe(0);
    }
    expect(readFileSync(join(folder, `users.${format}`), "utf8")).toContain("gone@example.org");
  },
);
