/** How a report is carried out: a few users by index, all of them in one pass of several processes. */
import { describe, expect } from "vitest";
import { reportProgress } from "../src/core/progress-report.js";
import { itOn, type TestDatabase } from "./support/database.js";
import { plansOf } from "./support/plans.js";

/** 2,000 users at 200 domains, who learn 50 of 5,000 words each. */
const it = itOn(async (db) => {
  await db.query("DROP INDEX vocabulary_words_search_idx");
  await db.query(`INSERT INTO users (email)
    SELECT 'user' || n || '@d' || n % 200 || '.example.org' FROM generate_series(1, 2000) AS n`);
  await db.query(`INSERT INTO vocabulary_words (language, term, definition, level)
    SELECT 'de', 'Wort ' || n, 'word', 'A' || n % 6 FROM generate_series(1, 5000) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, last_studied_at)
    SELECT u.id, w.id, 1, now() - u.number * interval '1 hour'
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM users) AS u,
           (SELECT id, row_number() OVER (ORDER BY id) AS number FROM vocabulary_words) AS w
     WHERE w.number % 100 = u.number % 100`);
  await db.query("ANALYZE");
});

/** The plan that reads progress. */
async function planOf(db: TestDatabase, options: Parameters<typeof reportProgress>[1]): Promise<string> {
  const plans = await plansOf(db, (connection) => reportProgress(connection, options));
  expect(plans).toHaveLength(2);
  return plans[1] ?? expect.unreachable();
}

describe("a few users", () => {
  it("are found by index, by domain and by email, and so is their progress", async ({ db }) => {
    const emails = ["user7@d7.example.org", "user8@d8.example.org"];
    for (const [options, index] of [
      [{ domain: "d7.example.org" }, "users_domain_idx"],
      [{ emails }, "users_email_key"],
    ] as const) {
      for (const by of ["user", "level", "week"] as const) {
        const [users, ...progress] = await plansOf(db, (connection) =>
          reportProgress(connection, { by, weekly: true, ...options }),
        );
        expect(users).toContain(index);
        expect(progress).toHaveLength(by === "user" ? 2 : 1);
        for (const plan of progress) {
          expect(plan).toMatch(/Index.* Scan .*progress_(pkey|user_id_next_review_at_idx)/);
          expect(plan).not.toContain("Seq Scan on progress");
        }
      }
    }
  });

  it("in a long list are read in one pass, which is cheaper then", async ({ db }) => {
    const rows = await db.query<{ email: string }>("SELECT email FROM users");
    expect(await planOf(db, { emails: rows.map(({ email }) => email) })).toContain("Seq Scan on progress");
  });
});

describe("all users", () => {
  it.for(["user", "level", "week"] as const)("are one pass by several processes, by %s", async (by, { db }) => {
    // At ten million rows no setting is needed for it.
    for (const setting of ["parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"]) {
      await db.query(`ALTER DATABASE ${db.target.database} SET ${setting}`);
    }
    const plan = await planOf(db, { by });
    expect(plan).toContain("Partial");
    expect(plan.match(/Seq Scan on progress/g)).toHaveLength(1);
    expect(plan).toContain("Parallel Seq Scan on progress");
  });

  it("are joined to their words by hash, once for all", async ({ db }) => {
    const plan = await planOf(db, { by: "level" });
    expect(plan).toMatch(/Hash Join\n\s+Hash Cond: \(p\.word_id = w\.id\)/);
  });
});
