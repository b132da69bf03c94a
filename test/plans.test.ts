/** Costs depend on what is asked for: each query of the daily commands finds its rows by an index. */
import { expect } from "vitest";
import { showProgress } from "../src/core/progress.js";
import { listUsers } from "../src/core/user-list.js";
import { showUser } from "../src/core/users.js";
import { withPrisma } from "../src/db/database.js";
import { withConnection } from "../src/db/pool.js";
import { itOn, type TestDatabase } from "./support/database.js";

const USERS = 20_000;
const WORDS = 200;

const it = itOn(async (db) => {
  await db.query(`INSERT INTO users (email, display_name, deleted_at)
    SELECT 'user' || n || '@example.org', 'Name ' || n, CASE WHEN n % 1000 = 0 THEN now() END FROM generate_series(1, ${USERS}) AS n`);
  await db.query(`INSERT INTO vocabulary_words (language, term, definition)
    SELECT 'de', 'Wort ' || n, 'word' FROM generate_series(1, ${WORDS}) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, next_review_at)
    SELECT u.id, w.id, 1, now() - interval '1 hour' FROM (SELECT id FROM users LIMIT 500) u, vocabulary_words w`);
  await db.query(`INSERT INTO sessions (user_id, token_hash, expires_at, revoked_at)
    SELECT id, encode(sha256(id::text::bytea), 'hex'), now() + interval '1 day', deleted_at FROM users`);
  await db.query("ANALYZE");
});

/** Rows that sequential scans of our big tables have read so far. */
async function scanned(db: TestDatabase): Promise<Record<string, number>> {
  const rows = await db.query<{ relname: string; seq_tup_read: string }>(
    "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname IN ('users', 'sessions', 'progress')",
  );
  return Object.fromEntries(rows.map(({ relname, seq_tup_read }) => [relname, Number(seq_tup_read)]));
}

it("no daily command reads a big table from end to end", async ({ db }) => {
  const before = await scanned(db);
  const { user, page, overview } = await withConnection(db.target, (connection) =>
    withPrisma(connection, async (database) => {
      const deleted = await listUsers(database, { which: "deleted", limit: 20 });
      const first = await listUsers(database, { limit: 20 });
      await listUsers(database, { after: first.nextCursor ?? expect.unreachable(), limit: 20 });
      const found = await listUsers(database, { search: "ser1999", limit: 20 });
      expect(deleted.users).toHaveLength(20);
      return {
        page: found,
        user: await showUser(database, "user77@example.org"),
        overview: await showProgress(connection, "user77@example.org", { due: true }),
      };
    }),
  );
  expect(page.users.length).toBeGreaterThan(0);
  expect(user.sessions).toBe(1);
  expect(overview.user.email).toBe("user77@example.org");
  // A server process hands its statistics over when it ends, or a second later.
  await expect.poll(() => idlePeers(db), { timeout: 20_000 }).toBe(0);
  expect(await scanned(db)).toEqual(before);
});

it("that a full scan would be noticed", async ({ db }) => {
  const before = await scanned(db);
  await db.query("SELECT count(*) FROM users WHERE display_name LIKE 'x%y'");
  await db.query(
    "SET enable_indexscan = off; SET enable_bitmapscan = off; SELECT * FROM progress WHERE study_count > 5",
  );
  await expect.poll(() => scanned(db), { timeout: 20_000 }).not.toEqual(before);
});

async function idlePeers(db: TestDatabase): Promise<number> {
  const rows = await db.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
  );
  return rows.length;
}
