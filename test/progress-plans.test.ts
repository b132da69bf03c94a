/** Costs of progress and history depend on what is asked for: the plans of what is really sent, on large tables. */
import { Writable } from "node:stream";
import { describe, expect } from "vitest";
import { listHistory, recordChange } from "../src/core/audit.js";
import { exportProgress } from "../src/core/progress-export.js";
import { listProgress } from "../src/core/progress-list.js";
import { resetProgress } from "../src/core/progress-reset.js";
import { type Connection, withConnection } from "../src/db/pool.js";
import { inTransaction } from "../src/db/transaction.js";
import { itOn, type TestDatabase } from "./support/database.js";
import { plansOf } from "./support/plans.js";

const USER = "user77@example.org";

/** 500 users who learn 100 of 20,000 words each, in four languages. */
const learning = itOn(async (db) => {
  // Nothing here searches words, and filling that index takes longest.
  await db.query("DROP INDEX vocabulary_words_search_idx");
  await db.query("INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 500) AS n");
  await db.query(`INSERT INTO vocabulary_words (language, term, definition)
    SELECT (ARRAY['zh', 'ja', 'de', 'fr'])[1 + n % 4], 'word ' || n, 'a word' FROM generate_series(1, 20000) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, next_review_at)
    SELECT u.id, w.id, 1, now() + (w.number % 90 - 45) * interval '1 hour'
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users) AS u,
           (SELECT id, row_number() OVER (ORDER BY id) AS number FROM vocabulary_words) AS w
     WHERE w.number % 200 = u.number % 200`);
  await db.query("ANALYZE");
});

const nobody = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

describe("progress", () => {
  learning("is listed by the index of next reviews, on every page and with every filter", async ({ db }) => {
    const plans = await plansOf(db, async (connection) => {
      const first = await listProgress(connection, USER);
      expect(first.progress).toHaveLength(50);
      await listProgress(connection, USER, { after: first.nextCursor ?? expect.unreachable() });
      await listProgress(connection, USER, { due: true, limit: 10 });
    });
    const lists = plans.filter((plan) => plan.includes("progress"));
    expect(lists).toHaveLength(3);
    for (const plan of lists) {
      expect(plan).toContain("progress_user_id_next_review_at_idx");
      expect(plan).toContain("vocabulary_words_pkey");
    }
    expect(plans.join("\n")).not.toContain("Seq Scan");
    // The cursor is where the index is entered, not a filter on everything before it.
    expect(lists[1]).toMatch(/Index Cond: .*next_review_at >= /);

    const inOneLanguage = await plansOf(db, (connection) => listProgress(connection, USER, { language: "fr" }));
    expect(inOneLanguage.join("\n")).toContain("progress_user_id_next_review_at_idx");
    expect(inOneLanguage.join("\n")).not.toContain("Seq Scan on progress");
  });

  learning("of one user is exported and reset by indexes alone", async ({ db }) => {
    const plans = await plansOf(db, async (connection) => {
      await exportProgress(connection, nobody(), { email: USER, format: "csv" });
      await exportProgress(connection, nobody(), { email: USER, format: "ndjson" });
      await resetProgress(connection, USER, { confirm: USER, dryRun: true });
      await resetProgress(connection, USER, { language: "zh", dryRun: true });
    });
    const found = plans.filter((plan) => plan.includes("progress"));
    // Two exports, and twice the count and the deletion of a reset.
    expect(found).toHaveLength(6);
    for (const plan of found) {
      expect(plan).toMatch(/progress_user_id_next_review_at_idx|progress_pkey/);
      expect(plan).not.toContain("Seq Scan on progress");
      expect(plan).not.toContain("Seq Scan on users");
    }
    expect(found.filter((plan) => plan.startsWith("Delete on progress"))).toHaveLength(2);
  });

  learning("of everybody is read once, joined by hash and sorted", async ({ db }) => {
    const plans = await plansOf(db, (connection) =>
      exportProgress(connection, nobody(), { email: null, format: "csv" }),
    );
    expect(plans).toHaveLength(1);
    expect(plans[0]).toMatch(/^(Gather Merge|Sort)/);
    expect(plans[0]).not.toContain("Nested Loop");
  });
});

/** 40,000 entries about as many users; one of them, long ago, about {@link USER}. */
const logged = itOn(async (db) => {
  await db.query(`INSERT INTO audit_log (action, subjects, changes)
    SELECT 'user delete', ARRAY['user' || n || '@example.org'], '{"users":{"updated":1}}' FROM generate_series(1, 40000) AS n`);
  await db.query("ANALYZE audit_log");
});

/** How many rows reading the history took from the table, and from which index. */
async function rowsRead(db: TestDatabase, work: (connection: Connection) => Promise<unknown>) {
  const read = () =>
    db.query<{ name: string; rows: number }>(
      `SELECT indexrelname AS name, idx_tup_read::integer AS rows FROM pg_stat_user_indexes WHERE relname = 'audit_log'
       UNION ALL SELECT 'table', seq_tup_read::integer FROM pg_stat_user_tables WHERE relname = 'audit_log'`,
    );
  await settled(db);
  const before = await read();
  await withConnection(db.target, work);
  await settled(db);
  const after = await read();
  return Object.fromEntries(
    after.map(({ name, rows }) => [name, rows - (before.find((row) => row.name === name)?.rows ?? 0)]),
  );
}

/** A server process hands its statistics over when it ends. */
async function settled(db: TestDatabase): Promise<void> {
  const peers = () =>
    db.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
  await expect.poll(async () => (await peers()).length, { timeout: 20_000 }).toBe(0);
}

describe("the history", () => {
  logged("is read backwards in time, no further than the page", async ({ db }) => {
    const work = async (connection: Connection) => {
      const first = await listHistory(connection);
      await listHistory(connection, { after: first.nextCursor ?? expect.unreachable() });
      await listHistory(connection, { since: new Date(0), limit: 10 });
    };
    for (const plan of await plansOf(db, work)) {
      expect(plan).toContain("Index Scan Backward using audit_log_occurred_at_id_idx");
    }
    expect(await rowsRead(db, work)).toEqual({
      ...{ audit_log_pkey: 0, audit_log_subjects_idx: 0, table: 0 },
      audit_log_occurred_at_id_idx: expect.toSatisfy((rows: number) => rows >= 113 && rows <= 120),
    });
  });

  logged("of one user is found by the index of subjects, also of one who is rare", async ({ db }) => {
    const work = async (connection: Connection) => {
      expect((await listHistory(connection, { subject: USER, limit: 1 })).entries).toHaveLength(1);
      const since = new Date(0);
      expect((await listHistory(connection, { subject: USER, since, limit: 1000 })).entries).toHaveLength(1);
      expect((await listHistory(connection, { subject: "nobody@example.org" })).entries).toEqual([]);
    };
    for (const plan of await plansOf(db, work)) {
      expect(plan).toContain("Bitmap Index Scan on audit_log_subjects_idx");
    }
    expect(await rowsRead(db, work)).toEqual({
      ...{ audit_log_pkey: 0, audit_log_subjects_idx: 2, table: 0 },
      // The planner looks up where time begins and ends.
      audit_log_occurred_at_id_idx: expect.toSatisfy((rows: number) => rows <= 4),
    });
  });

  logged("of one user goes on by the same index on the next page", async ({ db }) => {
    await withConnection(db.target, (connection) =>
      inTransaction(connection, {}, async (client) => {
        for (let n = 0; n < 5; n += 1) {
          await recordChange(client, { action: "user update", subjects: [USER], changes: { users: { updated: 1 } } });
        }
      }),
    );
    const work = async (connection: Connection) => {
      const first = await listHistory(connection, { subject: USER, limit: 3 });
      const after = first.nextCursor ?? expect.unreachable();
      const second = await listHistory(connection, { subject: USER, limit: 3, after });
      expect([first.entries.length, second.entries.length, second.nextCursor]).toEqual([3, 3, null]);
    };
    expect(await rowsRead(db, work)).toMatchObject({ audit_log_subjects_idx: 12, table: 0 });
  });
});
