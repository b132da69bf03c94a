/** Pruning: what no file holds goes, except what somebody has learned. */
import { describe, expect } from "vitest";
import { RowsInUseError } from "../../src/errors/loading.js";
import { it } from "../support/database.js";
import {
  allRows,
  bigCsv,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  failureOf,
  HEADER,
  manyLines,
  SHORT_HEADER,
  seed,
  waitingFor,
  withDriver,
} from "../support/seeding.js";

interface Queryable {
  query(sql: string, values: unknown[]): Promise<unknown>;
}

const PRUNES = ["refuse-used", "keep-used"] as const;

/** Gives a user progress on words. */
async function learn(db: Queryable, email: string, ...terms: readonly string[]) {
  await db.query("INSERT INTO users (email) VALUES ($1) ON CONFLICT DO NOTHING", [email]);
  await db.query(
    "INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users u, vocabulary_words w WHERE email = $1 AND term = ANY ($2)",
    [email, terms],
  );
}

const key = (term: string) => ({ language: "de", term, reading: "", sense: "" });

describe.for(PRUNES)("pruning (%s)", (prune) => {
  it("removes words that no file holds, and leaves the others untouched", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3", "de,d,4")]);
    const { vocabulary_words: before = [] } = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,c,3", "de,e,5"), csv(SHORT_HEADER, "de,a,1")], {
      prune,
    });
    expect(counts(result)).toEqual({ rows: 3, inserted: 1, unchanged: 2, pruned: 2 });
    expect(result.kept).toEqual({ count: 0, words: [] });
    expect(await definitions(db)).toEqual({ a: "1", c: "3", e: "5" });
    const { vocabulary_words: after } = await allRows(db);
    expect(after).toEqual(expect.arrayContaining(before.filter(({ term }) => term === "a" || term === "c")));
    expect(await db.query("SELECT FROM vocabulary_words WHERE xmax <> '0'")).toHaveLength(0);
  });

  it("leaves languages alone that the files have no word of", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de-AT,b,2", "ja,c,3", "zh,d,4", "zh,e,5")]);
    const files = [csv(SHORT_HEADER, "de,x,1"), csv(SHORT_HEADER, "ZH,d,4")];
    expect((await seed(connection, files, { prune })).files.map(({ pruned }) => pruned)).toEqual([1, 1]);
    expect(await definitions(db)).toEqual({ b: "2", c: "3", d: "4", x: "1" });
  });

  it("goes by the language that records without one are given", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "ja,b,2")]);
    const options = { prune, defaults: { language: "ja" } };
    expect((await seed(connection, [csv("term,definition", "c,3")], options)).total.pruned).toBe(1);
    expect(await definitions(db)).toEqual({ a: "1", c: "3" });
  });

  it("of a file without records removes nothing", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1")]);
    const options = { prune, defaults: { language: "de" } };
    expect(counts(await seed(connection, [csv(SHORT_HEADER)], options))).toEqual({});
    expect(await definitions(db)).toEqual({ a: "1" });
  });

  it("counts a language's words for the first file that has some of it", async ({ connection }) => {
    const words = ["de,a,1", "de,b,2", "fr,a,1", "fr,b,2", "fr,c,3", "ja,a,1"];
    await seed(connection, [csv(SHORT_HEADER, ...words)]);
    const files = [csv(SHORT_HEADER), csv(SHORT_HEADER, "de,x,1"), csv(SHORT_HEADER, "ja,x,1", "fr,x,1", "de,y,1")];
    const result = await seed(connection, files, { prune });
    expect(result.files.map(({ pruned }) => pruned)).toEqual([0, 2, 4]);
    expect(result.total.pruned).toBe(6);
  });

  it("goes by the whole natural key", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "zh,a,,,1,,,,", "zh,a,r,,2,,,,", "zh,a,,s,3,,,,", "zh,a,r,s,4,,,,")]);
    await seed(connection, [csv(HEADER, "zh,a,r,,2,,,,")], { prune });
    expect(await db.query("SELECT reading, sense FROM vocabulary_words")).toEqual([{ reading: "r", sense: "" }]);
  });

  it("keeps words whose records were dropped for another, and those the database keeps", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const file = csv(SHORT_HEADER, "de,a,one", "de,a,uno");
    await seed(connection, [file], { prune, onDuplicate: "last", onConflict: "keep" });
    expect(await definitions(db)).toEqual({ a: "1" });
  });

  it("removes nothing when a record was rejected, which might be that word", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const options = { prune, maxRejects: { records: 1 } };
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,one", "de,b,")], options);
    expect(counts(result)).toEqual({ rows: 2, updated: 1, rejected: 1 });
    expect(await definitions(db)).toEqual({ a: "one", b: "2" });
  });

  it("has nothing to do where a big file goes straight into an empty table", async ({ connection }) => {
    const { path, rows } = bigCsv();
    expect(counts(await seed(connection, [path], { prune }))).toEqual({ rows, inserted: rows });
  });

  it("a second time finds nothing to do", async ({ connection, db }) => {
    const file = csv(SHORT_HEADER, ...manyLines(500));
    await seed(connection, [csv(SHORT_HEADER, ...manyLines(1_000))]);
    expect(counts(await seed(connection, [file], { prune }))).toEqual({ rows: 500, unchanged: 500, pruned: 500 });
    const before = await allRows(db);
    expect(counts(await seed(connection, [file], { prune }))).toEqual({ rows: 500, unchanged: 500 });
    expect(await allRows(db)).toEqual(before);
  });
});

describe("words with progress", () => {
  it("are refused to be removed, and nothing is written", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3", "de,d,4")]);
    await learn(db, "ada@example.org", "b", "d");
    await learn(db, "kenji@example.org", "a", "b");
    const before = await allRows(db);
    const file = csv(SHORT_HEADER, "de,a,changed", "de,e,5");
    const failure = await failureOf(seed(connection, [file], { prune: "refuse-used" }));
    expect(failure).toBeInstanceOf(RowsInUseError);
    expect(failure).toMatchObject({
      ...{ code: "ROWS_IN_USE", exitCode: 5, total: 2 },
      rows: [
        { key: key("b"), users: 2 },
        { key: key("d"), users: 1 },
      ],
      message:
        "2 words that no file holds are in use, nothing was written\nde b: progress of 2 users\nde d: progress of 1 user",
      hint: expect.stringContaining("--prune-keep-used"),
    });
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("are kept and listed when that is wanted, and the others go", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3")]);
    await learn(db, "ada@example.org", "a", "b");
    const before = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { prune: "keep-used" });
    expect(counts(result)).toEqual({ rows: 1, unchanged: 1, pruned: 1 });
    expect(result.kept).toEqual({ count: 1, words: [{ key: key("b"), users: 1 }] });
    const after = await allRows(db);
    expect(after.progress).toEqual(before.progress);
    expect(after.vocabulary_words).toEqual(before.vocabulary_words?.filter(({ term }) => term !== "c"));
  });

  it("are all counted and the first 20 listed", async ({ connection, db }) => {
    const terms = Array.from({ length: 30 }, (_, n) => `w${n + 10}`);
    await seed(connection, [csv(SHORT_HEADER, "de,x,1", ...terms.map((term) => `de,${term},1`))]);
    await learn(db, "ada@example.org", ...terms);
    const file = csv(SHORT_HEADER, "de,x,1");
    const { kept } = await seed(connection, [file], { prune: "keep-used" });
    expect(kept.count).toBe(30);
    expect(kept.words.map((word) => word.key.term)).toEqual(terms.slice(0, 20));
    await expect(seed(connection, [file], { prune: "refuse-used" })).rejects.toMatchObject({
      ...{ total: 30, message: expect.stringContaining("… and 10 more") },
    });
  });

  it("are kept for users that are deleted, too: they may come back", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    await learn(db, "ada@example.org", "b");
    await db.query("UPDATE users SET deleted_at = now()");
    const { kept } = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { prune: "keep-used" });
    expect(kept).toMatchObject({ count: 1, words: [{ users: 1 }] });
  });

  it("that the files hold are none of pruning's business", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "ja,b,2")]);
    await learn(db, "ada@example.org", "a", "b");
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,1")], { prune: "refuse-used" });
    expect(result.kept).toEqual({ count: 0, words: [] });
  });
});

describe.for(["dry-run", "check"] as const)("a plan (%s)", (mode) => {
  it.for(PRUNES)("tells what pruning would remove and what it would keep (%s)", async (prune, { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3", "fr,d,4")]);
    await learn(db, "ada@example.org", "b");
    const before = await allRows(db);
    const files = [csv(SHORT_HEADER, "de,a,1"), csv(SHORT_HEADER, "fr,x,1", "de,y,2")];
    const plan = await seed(connection, files, { mode, prune });
    expect(plan.files.map(({ pruned }) => pruned)).toEqual([1, 1]);
    expect(counts(plan)).toEqual({ rows: 3, inserted: 2, unchanged: 1, pruned: 2 });
    expect(plan.kept).toEqual({ count: 1, words: [{ key: key("b"), users: 1 }] });
    expect(await allRows(db)).toEqual(before);
    await expectNothingLeft(db);
  });

  it("prunes nothing unasked, and nothing when a record is rejected", async ({ connection }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    const good = csv(SHORT_HEADER, "de,a,1");
    expect((await seed(connection, [good], { mode })).total.pruned).toBe(0);
    const bad = csv(SHORT_HEADER, "de,a,1", "de,b,");
    expect((await seed(connection, [bad], { mode, prune: "refuse-used" })).total).toMatchObject({
      pruned: 0,
      rejected: 1,
    });
  });
});

describe("progress that comes while pruning runs", () => {
  it.for(PRUNES)("is waited for and keeps its word (%s)", async (prune, { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3")]);
    await withDriver(db, async (client) => {
      await client.query("BEGIN");
      await learn(client, "ada@example.org", "b");
      const outcome = seed(connection, [csv(SHORT_HEADER, "de,a,1")], { prune }).catch((error: unknown) => error);
      // For the end of the transaction that has the word's progress.
      await waitingFor(db, "locktype = 'transactionid'");
      await client.query("COMMIT");
      const kept = { total: 1, rows: [{ key: key("b"), users: 1 }] };
      expect(await outcome).toMatchObject(
        prune === "refuse-used" ? kept : { kept: { count: kept.total, words: kept.rows }, total: { pruned: 1 } },
      );
    });
    expect(await definitions(db)).toEqual(prune === "refuse-used" ? { a: "1", b: "2", c: "3" } : { a: "1", b: "2" });
    expect(await db.query("SELECT FROM progress")).toHaveLength(1);
  });

  it.for([
    ["finds its word gone when pruning succeeds", false],
    ["finds its word there when pruning does not", true],
  ] as const)("waits for its end and %s", async ([, abort], { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    await db.query(`
      INSERT INTO users (email) VALUES ('ada@example.org');
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE DELETE ON vocabulary_words FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    const controller = new AbortController();
    await withDriver(db, async (client) => {
      await client.query("SELECT pg_advisory_lock(1)");
      const options = { prune: "refuse-used", signal: controller.signal } as const;
      const pruning = seed(connection, [csv(SHORT_HEADER, "de,a,1")], options).then(counts, () => "aborted");
      await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      const learning = db
        .query(
          "INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users u, vocabulary_words w WHERE term = 'b'",
        )
        .then(() => "learned")
        .catch(({ code }) => code);
      await waitingFor(db, "locktype = 'transactionid'");
      await (abort ? controller.abort() : client.query("SELECT pg_advisory_unlock(1)"));
      expect(await pruning).toEqual(abort ? "aborted" : { rows: 1, unchanged: 1, pruned: 1 });
      // PostgreSQL's foreign_key_violation: the word was gone first.
      expect(await learning).toBe(abort ? "learned" : "23503");
    });
    const words = await db.query(
      "SELECT term, EXISTS (SELECT FROM progress WHERE word_id = id) AS learned FROM vocabulary_words ORDER BY 1",
    );
    const left = { term: "a", learned: false };
    expect(words).toEqual(abort ? [left, { term: "b", learned: true }] : [left]);
  });
});
