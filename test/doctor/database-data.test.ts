/** Rows that should not be: made against the rules of the database, found, and mended. */
import { describe, expect } from "vitest";
import { stages } from "../../src/core/doctor/stages.js";
import { it, type TestDatabase } from "../support/database.js";
import { withRole } from "../support/roles.js";
import { examined, expectMended, findingIn, type Setup, whileLocked } from "./examined.js";

const USER = "INSERT INTO users (email) VALUES ('ada@example.org');";
const WORD = "INSERT INTO vocabulary_words (language, term, definition) VALUES ('zh', '好', 'good');";
const NOBODY = "00000000-0000-7000-8000-000000000000";
const TOKEN = "repeat('a', 64)";

/** As a dump is loaded, or a replica written to: triggers, and with them foreign keys, are off. */
const past = (statements: string): string => `SET session_replication_role = replica; ${statements}`;

/** Of the user and the word that are there. */
const progress = (columns: string, values: string): string =>
  `INSERT INTO progress (user_id, word_id, ${columns}) SELECT u.id, w.id, ${values} FROM users AS u, vocabulary_words AS w;`;

const SESSION_OF_DELETED = `
  INSERT INTO users (email, deleted_at) VALUES ('gone@example.org', now());
  INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, ${TOKEN}, now() + interval '1 day' FROM users;`;
const SESSION_OF_NOBODY = `
  INSERT INTO sessions (user_id, token_hash, expires_at) VALUES ('${NOBODY}', ${TOKEN}, now() + interval '1 day');`;
const PROGRESS_OF_NOBODY = `${WORD} INSERT INTO progress (user_id, word_id) SELECT '${NOBODY}', id FROM vocabulary_words;`;
const PROGRESS_ON_NOTHING = `${USER} INSERT INTO progress (user_id, word_id) SELECT id, '${NOBODY}' FROM users;`;
const SAME_EMAILS = "INSERT INTO users (email) VALUES ('ada@example.org'), (' Ada@example.org');";
const DECOMPOSED = `INSERT INTO vocabulary_words (language, term, definition) VALUES ('fr', '${"été".normalize("NFD")}', 'summer');`;
const TOO_CORRECT = `${USER} ${WORD} ${progress("study_count, correct_count", "1, 5")}`;
const TOO_CONFIDENT = `${USER} ${WORD} ${progress("confidence", "'NaN'")}`;

const without = (table: string, constraint: string): string => `ALTER TABLE ${table} DROP CONSTRAINT ${constraint};`;

const setups: readonly Setup[] = [
  {
    name: "a live session of a deleted user",
    broken: past(SESSION_OF_DELETED),
    ...{ id: "data.deleted-user-session", level: "error" },
    message: "1 session of deleted users can still be used, such as one of gone@example.org",
    fix: /^vocabdb db doctor --fix, or: UPDATE public\.sessions AS s SET revoked_at/,
    byFix: true,
  },
  {
    name: "a session of nobody",
    broken: past(SESSION_OF_NOBODY),
    ...{ id: "data.orphans", level: "error" },
    message: `1 session of users that do not exist, such as user_id ${NOBODY}`,
    fix: /^DELETE FROM public\.sessions /,
  },
  {
    name: "progress of nobody",
    broken: past(PROGRESS_OF_NOBODY),
    ...{ id: "data.orphans", level: "error" },
    message: `1 row of progress of users that do not exist, such as user_id ${NOBODY}`,
    fix: /^DELETE FROM public\.progress /,
  },
  {
    name: "progress on a word that is not there",
    broken: past(PROGRESS_ON_NOTHING),
    ...{ id: "data.orphans", level: "error" },
    message: `1 row of progress of vocabulary_words that do not exist, such as word_id ${NOBODY}`,
    fix: /^DELETE FROM public\.progress /,
  },
  {
    name: "one email in two spellings",
    broken: `${without("users", "users_email_shape")} ${SAME_EMAILS}`,
    ...{ id: "data.duplicate-email", level: "error" },
    message: "1 email stored more than once, told apart by case or spaces only, such as ' Ada@example.org' and 'ada@ex",
    fix: /vocabdb user delete/,
    mended: "UPDATE users SET deleted_at = now(); DELETE FROM users WHERE email LIKE ' %'",
  },
  {
    name: "an email that nobody would type",
    broken: `${without("users", "users_email_shape")} INSERT INTO users (email) VALUES (' Ada@example.org')`,
    ...{ id: "data.email-shape", level: "error" },
    message: "1 email not trimmed, lower-case and of the form local@domain.tld, such as ' Ada@example.org'",
    fix: /^UPDATE public\.users SET email = /,
  },
  {
    name: "a word in decomposed form",
    broken: `${without("vocabulary_words", "vocabulary_words_term")} ${DECOMPOSED}`,
    ...{ id: "data.word-not-nfc", level: "error" },
    message: "1 word not in Unicode's composed form (NFC), such as e\u0301te\u0301",
    fix: /^UPDATE public\.vocabulary_words SET term = normalize/,
  },
  {
    name: "words that differ in the width of their letters",
    broken:
      "INSERT INTO vocabulary_words (language, term, definition) VALUES ('ja', 'NHK', 'a'), ('ja', 'ＮＨＫ', 'b')",
    ...{ id: "data.word-duplicate", level: "warning" },
    message: "1 word stored more than once, told apart by case, width or blanks only, such as 'NHK' and 'ＮＨＫ'",
    fix: /vocabdb word delete ID/,
    mended: "DELETE FROM vocabulary_words WHERE term = 'ＮＨＫ'",
  },
  {
    name: "words that differ in blanks",
    broken:
      "INSERT INTO vocabulary_words (language, term, definition) VALUES ('en', 'ice cream', 'a'), ('en', 'ice  cream', 'b')",
    ...{ id: "data.word-duplicate", level: "warning" },
    message: "such as 'ice  cream' and 'ice cream'",
    fix: /vocabdb word delete ID/,
    mended: "DELETE FROM vocabulary_words WHERE term LIKE '%  %'",
  },
  {
    name: "words that differ in case and mean the same",
    broken:
      "INSERT INTO vocabulary_words (language, term, definition) VALUES ('en', 'Hello', 'a greeting'), ('en', 'hello', 'A greeting')",
    ...{ id: "data.word-duplicate", level: "warning" },
    message: "such as 'Hello' and 'hello'",
    fix: /vocabdb word delete ID/,
    mended: "DELETE FROM vocabulary_words WHERE term = 'Hello'",
  },
  {
    name: "more correct answers than answers",
    broken: `${without("progress", "progress_counts")} ${TOO_CORRECT}`,
    ...{ id: "data.progress-bounds", level: "error" },
    message: /1 row of progress out of bounds, such as user_id \S+, word_id \S+ \(5 of 1 correct, confidence 0\)/,
    fix: /^UPDATE public\.progress SET study_count = greatest/,
  },
  {
    name: "a confidence that is not a number, under a constraint that was never validated",
    broken: `${without("progress", "progress_confidence")} ${TOO_CONFIDENT}
      ALTER TABLE progress ADD CONSTRAINT progress_confidence CHECK (0 <= confidence AND confidence <= 1) NOT VALID`,
    ...{ id: "data.progress-bounds", level: "error" },
    message: /1 row of progress out of bounds, .*confidence NaN/,
    fix: /^UPDATE public\.progress/,
  },
  {
    name: "learning in the future",
    broken: `${USER} ${WORD} ${progress("last_studied_at", "now() + interval '3 days'")}`,
    ...{ id: "data.progress-in-future", level: "warning" },
    message: "1 row of progress last studied in the future, such as user_id",
    fix: /^UPDATE public\.progress SET last_studied_at = CURRENT_TIMESTAMP/,
  },
  ...(
    [
      ["users", "deleted_at infinity", "INSERT INTO users (email, deleted_at) VALUES ('ada@example.org', 'infinity')"],
      [
        "sessions",
        "expires_at infinity",
        `${USER} INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, ${TOKEN}, 'infinity' FROM users`,
      ],
      [
        "vocabulary_words",
        "updated_at -infinity",
        `${WORD} ${past("UPDATE vocabulary_words SET updated_at='-infinity'")}`,
      ],
      ["progress", "next_review_at infinity", `${USER} ${WORD} ${progress("next_review_at", "'infinity'")}`],
      [
        "database_mark",
        "marked_at -infinity",
        "INSERT INTO database_mark (environment, marked_at) VALUES ('x', '-infinity')",
      ],
    ] as const
  ).map(
    ([table, example, broken]): Setup => ({
      name: `a time without end in ${table}`,
      ...{ broken, id: "data.infinite-time", level: "warning" },
      message: `1 row of ${table} with a time that is infinite, such as ${example}: clients`,
      fix: new RegExp(`^UPDATE public\\.${table} SET `),
    }),
  ),
];

describe("found and mended", () => {
  it.for(setups)("$name", async (setup, { db }) => {
    await expectMended(db, setup);
  });
});

describe("impossible while the rules of the database are in force", () => {
  it.for([
    ["a live session of a deleted user", SESSION_OF_DELETED, "23503"],
    ["a session of nobody", SESSION_OF_NOBODY, "23503"],
    ["progress of nobody", PROGRESS_OF_NOBODY, "23503"],
    ["progress on a word that is not there", PROGRESS_ON_NOTHING, "23503"],
    ["one email in two spellings", SAME_EMAILS, "23514"],
    ["a word in decomposed form", DECOMPOSED, "23514"],
    ["more correct answers than answers", TOO_CORRECT, "23514"],
    ["a confidence that is not a number", TOO_CONFIDENT, "23514"],
  ] as const)("%s", async ([, statements, code], { db }) => {
    await expect(db.query(statements)).rejects.toMatchObject({ code });
    expect((await examined(db.url, ["data"])).findings).toEqual([]);
  });
});

it("words of one look are no duplicates where case, sense, reading or language tells them apart", async ({ db }) => {
  await db.query(`INSERT INTO vocabulary_words (language, term, reading, sense, definition) VALUES
    ('en', 'Polish', '', '', 'of Poland'), ('en', 'polish', '', '', 'to make shine'), ('de', 'polish', '', '', 'to make shine'),
    ('zh', '好', 'hǎo', '', 'good'), ('zh', '好', 'hào', '', 'to be fond of'),
    ('en', 'bank', '', 'river', 'edge'), ('en', 'bank', '', 'money', 'edge')`);
  expect((await examined(db.url, ["data.word-duplicate"])).findings).toEqual([]);
});

it("counts no more than a person wants to know", async ({ db }) => {
  await db.query(
    past(`${WORD} INSERT INTO progress (user_id, word_id)
    SELECT gen_random_uuid(), id FROM vocabulary_words, generate_series(1, 1500)`),
  );
  const { findings } = await examined(db.url, ["data.orphans"]);
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^more than 1000 rows of progress of/),
  ]);
});

describe("what could not be looked at has not passed", () => {
  it("tables whose rows the role does not see", async ({ db }) => {
    await db.query(past(SESSION_OF_DELETED));
    await withRole(db, "", async ({ name, password }) => {
      const url = db.url.replace(/\/\/[^@]*@/, `//${name}:${password}@`);
      const { findings, passed } = await examined(url, ["data"]);
      expect(new Set(findings.map(({ id }) => id))).toEqual(new Set(["data.not-validated"]));
      expect(findings.map(({ message }) => message)).toContain(
        "data.deleted-user-session was not looked at in full: the role sees no rows of users and sessions and audit_log",
      );
      expect(passed).toEqual([]);
    });
  });

  it("tables that somebody has locked, which takes no longer than it may", async ({ db }) => {
    await db.query(`${USER} ${past(SESSION_OF_NOBODY)}`);
    const { findings, passed, steps } = await whileLocked(db, "progress", () => examined(db.url, ["data"], 3_000));
    findingIn({ findings }, { id: "data.orphans", level: "error", message: "1 session of users", fix: /^DELETE/ });
    expect(findings.filter(({ id }) => id === "data.not-validated").map(({ message }) => message)).toEqual([
      "data.orphans was not looked at in full: reading progress and users takes too long, or waits for a lock",
      "data.orphans was not looked at in full: reading progress and vocabulary_words takes too long, or waits for a lock",
      "data.progress-bounds was not looked at in full: reading progress takes too long, or waits for a lock",
      "data.progress-in-future was not looked at in full: reading progress takes too long, or waits for a lock",
      "data.infinite-time was not looked at in full: reading progress takes too long, or waits for a lock",
    ]);
    expect(findings.map(({ id }) => id)).not.toContain("doctor.timeout");
    expect(passed).toEqual(expect.arrayContaining(["data.word-not-nfc", "data.deleted-user-session"]));
    expect(passed).not.toContain("data.progress-bounds");
    const step = steps.find(({ stage }) => stage === "data");
    expect(step?.durationMs).toBeLessThan(3_000);
    expect(step?.detail).toBe("6 of 10 looked for");
  });
});

it("every finding of the stage has its set-up here", () => {
  const made = new Set<string>([...setups.map(({ id }) => id), "data.not-validated"]);
  expect([...made].sort()).toEqual([...stages.data].sort());
});

it("is quick where the rules are in force: nothing is read to find what they forbid", async ({ db }) => {
  const scans = await scansOf(db, () =>
    examined(db.url, ["data.email-shape", "data.duplicate-email", "data.word-not-nfc"]),
  );
  expect(scans).toEqual({ users: 0, vocabulary_words: 0 });
});

/** How often each table was read from one end to the other. */
async function scansOf(db: TestDatabase, work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts = () =>
    db.query<{ name: string; scans: number }>(
      `SELECT relname AS name, seq_scan::int AS scans FROM pg_stat_user_tables
        WHERE relname IN ('users', 'vocabulary_words') AND pg_stat_clear_snapshot() IS NOT NULL ORDER BY 1`,
    );
  const before = await counts();
  await work();
  const after = await counts();
  return Object.fromEntries(after.map(({ name, scans }, index) => [name, scans - (before[index]?.scans ?? 0)]));
}
