/** What a small import costs depends on the import, not on the tables it meets. */
import { expect } from "vitest";
import { importUsers } from "../../src/core/import.js";
import { withConnection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { progressFrom } from "../support/importing.js";
import { counts, csv } from "../support/seeding.js";

async function fill(db: TestDatabase): Promise<void> {
  await db.query(`INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 20000) AS n`);
  await db.query(`INSERT INTO vocabulary_words (language, term, reading, definition)
    SELECT 'de', 'Wort ' || n, CASE WHEN n % 2 = 0 THEN 'r' ELSE '' END, 'word' FROM generate_series(1, 20000) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id)
    SELECT u.id, w.id FROM (SELECT id FROM users LIMIT 1000) u, (SELECT id FROM vocabulary_words LIMIT 100) w`);
  await db.query("ANALYZE");
}

/** Rows that sequential scans of our tables have read so far. */
async function scanned(db: TestDatabase): Promise<Record<string, number>> {
  const rows = await db.query<{ relname: string; read: string }>(
    "SELECT relname, seq_tup_read AS read FROM pg_stat_user_tables WHERE relname IN ('users', 'vocabulary_words', 'progress')",
  );
  return Object.fromEntries(rows.map(({ relname, read }) => [relname, Number(read)]));
}

it("a small import reads no table from end to end", async ({ db }) => {
  await fill(db);
  const before = await scanned(db);
  const lines = Array.from({ length: 6 }, (_, n) => `user${n + 1}@example.org,Wort ${n + 98},${n + 1},1`);
  await withConnection(db.target, async (connection) => {
    // Half of the words are found by their whole key, half by a part of it.
    const result = await progressFrom(connection, ["email,term,studied,correct", ...lines], {
      ...{ defaults: { language: "de" }, onConflict: "replace" },
    });
    expect(counts(result)).toEqual({ rows: 6, inserted: 3, updated: 3 });
    const users = await importUsers(connection, {
      files: [csv("email,name", "user7@example.org,Seven", "new@example.org,")],
    });
    expect(counts(users)).toEqual({ rows: 2, inserted: 1, updated: 1 });
  });
  // A server process hands its statistics over when it ends, or a second later.
  const peers = () =>
    db.query(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
  await expect.poll(peers, { timeout: 20_000 }).toEqual([]);
  expect(await scanned(db)).toEqual(before);
});
