/** Test users with progress: added once, never over what is there, never on a database that may be real. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { verify } from "@node-rs/argon2";
import { describe, expect } from "vitest";
import { addDemoUsers, type DemoCounts } from "../../src/core/demo.js";
import { showProgress } from "../../src/core/progress.js";
import { SHIPPED_WORDS, seedWords } from "../../src/core/seed.js";
import type { Connection } from "../../src/db/pool.js";
import { inTransaction } from "../../src/db/transaction.js";
import { packageRoot } from "../../src/package-root.js";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const NOW = new Date("2026-06-01T12:00:00Z");
const LATER = new Date("2026-06-15T12:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;
const EMAILS = ["ada@example.com", "kenji@example.com", "lucia@example.com", "newcomer@example.com"];

/** Seeds the words that ship, and the demo. */
async function seedDemo(connection: Connection, now = NOW): Promise<DemoCounts | null> {
  const { demo } = await seedWords(connection, { files: [SHIPPED_WORDS], demo: true, now: () => now });
  return demo;
}

/** Every row with its place and its version: equal only if nothing was written in between. */
async function allRows(db: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of ["users", "sessions", "progress", "vocabulary_words"]) {
    tables[table] = await db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`);
  }
  return tables;
}

describe("the demo", () => {
  it("adds four users that can sign in with the passwords of the data", async ({ connection, db }) => {
    expect(await seedDemo(connection)).toMatchObject({ usersInserted: 4 });
    const users = await db.query<{ email: string; hash: string }>(
      "SELECT email, password_hash AS hash FROM users WHERE deleted_at IS NULL ORDER BY email",
    );
    expect(users.map(({ email }) => email)).toEqual(EMAILS);
    for (const { email, hash } of users) {
      expect(await verify(hash, `demo-${email.split("@")[0]}-2026`), email).toBe(true);
    }
  });

  it("finds every word that its progress is about", async ({ connection, db }) => {
    const demo = await seedDemo(connection);
    expect(await db.query("SELECT count(*)::integer AS n FROM progress")).toEqual([{ n: demo?.progressInserted }]);
    const perUser = await db.query<{ email: string; n: number }>(
      "SELECT email, count(p.*)::integer AS n FROM users u LEFT JOIN progress p ON p.user_id = u.id GROUP BY 1 ORDER BY 1",
    );
    const lines = readFileSync(join(packageRoot, "data", "progress.csv"), "utf8").split("\n");
    expect(perUser).toEqual(
      EMAILS.map((email) => ({ email, n: lines.filter((line) => line.startsWith(`${email},`)).length })),
    );
    expect(demo?.progressInserted).toBeGreaterThan(100);
  });

  it("shows something of everything: mastered, learning, due now and due later", async ({ connection }) => {
    await seedDemo(connection);
    for (const email of EMAILS.slice(0, 3)) {
      const { summary, forecast } = await showProgress(connection, email, { now: NOW });
      const { mastered, learning, due, accuracy } = summary;
      expect(Math.min(mastered, learning, due, accuracy ?? 0), email).toBeGreaterThan(0);
      expect(
        forecast.some((day) => day.due > 0),
        email,
      ).toBe(true);
    }
  });

  it("counts its times from the moment of seeding", async ({ connection, db }) => {
    await seedDemo(connection, LATER);
    const [word] = await db.query(`
      SELECT p.study_count, p.correct_count, p.confidence, p.last_studied_at, p.next_review_at
        FROM progress p JOIN users u ON u.id = p.user_id JOIN vocabulary_words w ON w.id = p.word_id
       WHERE u.email = 'ada@example.com' AND w.term = '汉语'`);
    expect(word).toEqual({
      ...{ study_count: 6, correct_count: 6, confidence: 0.98 },
      last_studied_at: new Date(LATER.getTime() - 3.7 * DAY_MS),
      next_review_at: new Date(LATER.getTime() - 1.0 * DAY_MS),
    });
    expect(await db.query("SELECT FROM progress WHERE (study_count = 0) <> (last_studied_at IS NULL)")).toEqual([]);
    expect(await db.query("SELECT DISTINCT created_at, expires_at, revoked_at FROM sessions")).toEqual([
      { created_at: LATER, expires_at: new Date(LATER.getTime() + 30 * DAY_MS), revoked_at: null },
    ]);
  });

  it("gives every user two live sessions whose tokens differ", async ({ connection, db }) => {
    await seedDemo(connection);
    const sessions = await db.query(
      "SELECT user_id, count(DISTINCT token_hash)::integer AS n FROM sessions GROUP BY 1",
    );
    expect(sessions.map(({ n }) => n)).toEqual([2, 2, 2, 2]);
    expect(await db.query("SELECT DISTINCT token_hash FROM sessions")).toHaveLength(8);
  });

  it("a second time adds nothing", async ({ connection, db }) => {
    await seedDemo(connection);
    const before = await allRows(db);
    expect(await seedDemo(connection, LATER)).toEqual({ usersInserted: 0, sessionsInserted: 0, progressInserted: 0 });
    expect(await allRows(db)).toEqual(before);
  });

  it("keeps what was learned, renamed and deleted since, and adds what is missing", async ({ connection, db }) => {
    await seedDemo(connection);
    await db.query(`
      UPDATE progress SET study_count = 99, correct_count = 98, confidence = 0.5 WHERE ctid = '(0,1)';
      UPDATE users SET display_name = 'Countess', password_hash = NULL WHERE email = 'ada@example.com';
      UPDATE users SET deleted_at = now() WHERE email = 'kenji@example.com';
      UPDATE sessions SET revoked_at = now() FROM users WHERE user_id = users.id AND email = 'kenji@example.com';
      DELETE FROM progress WHERE ctid = '(0,2)'`);
    const before = await allRows(db);
    expect(await seedDemo(connection, LATER)).toEqual({ usersInserted: 0, sessionsInserted: 0, progressInserted: 1 });
    const after = await allRows(db);
    expect(after.progress?.length).toBe((before.progress?.length ?? 0) + 1);
    expect(after.progress).toEqual(expect.arrayContaining(before.progress ?? []));
    expect({ ...after, progress: [] }).toEqual({ ...before, progress: [] });
  });

  it("adds users also where the words are missing", async ({ connection, db }) => {
    const added = await inTransaction(connection, {}, (client) => addDemoUsers(client, NOW));
    expect(added).toEqual({ usersInserted: 4, sessionsInserted: 8, progressInserted: 0 });
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
  });

  it("is added once by two seeds at the same time", async ({ connection, db }) => {
    const results = await Promise.all([seedDemo(connection), seedDemo(connection)]);
    expect(results.map((demo) => demo?.usersInserted).sort()).toEqual([0, 4]);
    expect(await db.query("SELECT FROM users")).toHaveLength(4);
  });
});

describe("on the command line", () => {
  it("adds users and progress on a loopback address, and says so", async ({ db }) => {
    const { exitCode, stderr, json } = await vocabdb(["seed", "--demo", "--json"], { url: db.url });
    expect(exitCode, stderr).toBe(0);
    expect(json()).toMatchObject({ demo: { usersInserted: 4, progressInserted: expect.any(Number) } });
    expect(await db.query("SELECT FROM users")).toHaveLength(4);
  });

  // A connection to any of these would fail by its name, with exit code 7.
  it.for([
    "postgresql://me:s3cret-word@db.invalid/app",
    "postgresql://me:s3cret-word@localhost.invalid/app",
    "postgresql://me:s3cret-word@127.0.0.1.invalid:5432/app?sslmode=disable",
    "postgresql://localhost:s3cret-word@db.invalid/localhost",
    "postgresql://me:s3cret-word@localhost/app?host=db.invalid",
  ])("is refused before anything is contacted: %s", async (url) => {
    for (const more of [[], ["--dry-run"]]) {
      const { exitCode, stdout, stderr } = await vocabdb(["seed", "--demo", "--json", ...more], { url });
      expect(exitCode, stderr).toBe(2);
      expect(stdout).toBe("");
      const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
      expect(error).toMatchObject({ code: "DEMO_REFUSED", message: expect.stringContaining(".invalid") });
      expect(stderr).not.toContain("s3cret-word");
    }
  });

  it("without --demo the same address is contacted, and not found", async () => {
    const { exitCode, stderr } = await vocabdb(["seed", "--json"], {
      url: "postgresql://me:s3cret-word@db.invalid/app",
    });
    expect(exitCode, stderr).toBe(7);
  });
});
