/** Imports against the traffic of an app: what both were told to have done adds up to what is there. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import { temporaryFolder, vocabdb } from "../support/cli.js";
import { startConsumer } from "../support/consumer.js";
import { it, type TestDatabase } from "../support/database.js";
import { count, tries } from "../support/experiment.js";
import { shuffled } from "../support/operators.js";

const { seed } = inject("experiment");
const EXPERIMENT = "imports, seeds and deletions × traffic through the library";
const [USERS, WORDS, APPS] = [12, 40, 3];
const ROUNDS = tries({ full: 12, short: 2 });

const emails = Array.from({ length: USERS }, (_, n) => `user${n}@example.org`);
const terms = Array.from({ length: WORDS }, (_, n) => `w${n}`);

/** Studies, signs in and reads until its standard input ends; then tells what it was told to have done. */
const APP = `
  import { createHash } from "node:crypto";
  import { openDatabase, showProgress, withDeleted } from "vocabdb";
  const database = await openDatabase();
  const { prisma } = database;
  const users = await prisma.user.findMany({ where: { ...withDeleted, email: { endsWith: "@example.org" } }, select: { id: true, email: true } });
  const words = await prisma.vocabularyWord.findMany({ select: { id: true, term: true } });
  let random = Number(process.argv[2]);
  const pick = (items) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return items[(random >>> 16) % items.length];
  };
  const report = { studied: {}, done: 0, refused: {} };
  const study = async () => {
    const [user, word] = [pick(users), pick(words)];
    await prisma.progress.upsert({
      where: { userId_wordId: { userId: user.id, wordId: word.id } },
      create: { userId: user.id, wordId: word.id, studyCount: 1 },
      update: { studyCount: { increment: 1 } },
    });
    const key = user.email + " " + word.term;
    report.studied[key] = (report.studied[key] ?? 0) + 1;
  };
  const signIn = () => prisma.session.create({ data: {
    userId: pick(users).id, expiresAt: new Date(Date.now() + 3_600_000),
    tokenHash: createHash("sha256").update(process.argv[2] + "/" + report.done + "/" + random).digest("hex"),
  } });
  const read = () => showProgress(database, pick(users).email, { deleted: true });
  let isOver = false;
  process.stdin.resume().once("end", () => { isOver = true; });
  const work = async () => {
    while (!isOver) {
      await pick([study, study, signIn, read])().catch((error) => {
        const refusal = error.code ?? String(error);
        report.refused[refusal] = (report.refused[refusal] ?? 0) + 1;
      });
      report.done += 1;
    }
  };
  await Promise.all([work(), work(), work()]);
  await database.close();
  console.log(JSON.stringify(report));`;

interface Report {
  /** By email and term. */
  readonly studied: Readonly<Record<string, number>>;
  readonly done: number;
  /** By error code. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Everything that a person or a nightly job may run on users who are studying. */
async function administer(db: TestDatabase, folder: string, round: number): Promise<void> {
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(folder, `${round}-${name}.csv`);
    writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
    return path;
  };
  const pairs = shuffled(
    emails.flatMap((email) => terms.map((term) => `${email},${term},1,0`)),
    seed + round,
  );
  const [first = "", second = ""] = shuffled(emails, seed + round);
  const definitions = shuffled(terms, seed + round).map((term) => `${term},of round ${round}`);
  const commands: readonly (readonly string[])[] = [
    [
      "progress",
      "import",
      "--deleted",
      "--on-conflict",
      "sum",
      "-f",
      file("progress", ["email,term,studied,correct", ...pairs]),
    ],
    ["seed", "--language", "de", "-f", file("words", ["term,definition", ...definitions])],
    [
      "user",
      "import",
      "-f",
      file("users", ["email,display_name", ...definitions.map((_, n) => `new${n}@x.org,n${n}`)]),
    ],
    ["user", "delete", first],
    ["user", "restore", first],
    ["session", "revoke", "--user", second],
  ];
  const results = await Promise.all(commands.map((args) => vocabdb([...args, "--json"], { url: db.url })));
  const failed = results.flatMap(({ exitCode, stderr }, n) =>
    exitCode === 0 ? [] : [`${commands[n]?.slice(0, 2).join(" ")}: ${exitCode} ${stderr}`],
  );
  // Whoever is deleted just then cannot be signed out.
  expect(failed.filter((text) => !/^session revoke: 4 /.test(text))).toEqual([]);
}

describe("imports and an app", () => {
  it("lose nothing of each other, and meet in no deadlock", async ({ db }) => {
    await db.query("INSERT INTO users (email) SELECT unnest($1::text[])", [emails]);
    await db.query(
      "INSERT INTO vocabulary_words (language, term, definition) SELECT 'de', unnest($1::text[]), 'before'",
      [terms],
    );
    const folder = temporaryFolder();
    const apps = Array.from({ length: APPS }, (_, n) => startConsumer(APP, db.url, [String(seed + n)]));
    let violations = 1;
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        await administer(db, folder, round);
      }
      const reports = await Promise.all(
        apps.map(async ({ child, said, ended }): Promise<Report> => {
          child.stdin.end();
          expect({ exitCode: await ended, stderr: said.stderr }).toEqual({ exitCode: 0, stderr: "" });
          return JSON.parse(said.stdout);
        }),
      );
      await expectNothingLost(db, reports);
      violations = 0;
    } finally {
      count("Concurrency", { experiment: EXPERIMENT, rounds: ROUNDS, processes: APPS + 6, violations });
    }
  });

  async function expectNothingLost(db: TestDatabase, reports: readonly Report[]): Promise<void> {
    expect(reports.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThan(100);
    // Nobody who is deleted can be signed in; everything else has to be done.
    const refusals = new Set(reports.flatMap(({ refused }) => Object.keys(refused)));
    refusals.delete("CONSTRAINT_VIOLATED");
    expect([...refusals], `VOCABDB_TEST_SEED=${seed}`).toEqual([]);
    const rows = await db.query<{ email: string; term: string; studied: number }>(
      `SELECT email, term, study_count AS studied
         FROM progress AS p JOIN users AS u ON u.id = p.user_id JOIN vocabulary_words AS w ON w.id = p.word_id`,
    );
    const studied = new Map(rows.map((row) => [`${row.email} ${row.term}`, row.studied]));
    const told = new Map(
      emails
        .flatMap((email) => terms.map((term) => `${email} ${term}`))
        .map((key) => [key, ROUNDS + reports.reduce((sum, report) => sum + (report.studied[key] ?? 0), 0)]),
    );
    expect(studied).toEqual(told);
    const live =
      "SELECT FROM sessions JOIN users AS u ON u.id = user_id WHERE deleted_at IS NOT NULL AND revoked_at IS NULL";
    expect(await db.query(live)).toEqual([]);
  }
});
