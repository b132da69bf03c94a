/** Teams small enough to count by hand, and larger ones against a count that is plain and slow. */
import { describe, expect } from "vitest";
import { showProgress } from "../../src/core/progress.js";
import { type ReportOptions, type ReportSort, reportProgress } from "../../src/core/progress-report.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { waitingFor, withDriver } from "../support/seeding.js";

/** A Monday. */
const NOW = new Date("2026-06-01T12:00:00Z");

interface Learned {
  readonly term: string;
  readonly level?: string;
  readonly studied?: number;
  readonly correct?: number;
  readonly confidence?: number;
  readonly last?: string;
  readonly due?: string;
}

async function addUser(db: TestDatabase, email: string, learned: readonly Learned[] = [], name: string | null = null) {
  const rows = learned.map((word) => ({
    ...{ level: null, studied: 0, correct: 0, confidence: 0, last: null, due: "2030-01-01Z" },
    ...word,
  }));
  await db.query(
    `WITH learner AS (INSERT INTO users (email, display_name) VALUES ($1, $2) RETURNING id),
     given AS (
       SELECT * FROM json_to_recordset($3) AS g (term text, level text, studied integer, correct integer,
              confidence float8, last timestamptz, due timestamptz)
     ), words AS (
       INSERT INTO vocabulary_words (language, term, definition, level) SELECT 'zh', term, 'd', level FROM given
       ON CONFLICT (language, term, reading, sense) DO UPDATE SET definition = EXCLUDED.definition
       RETURNING id, term
     )
     INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
     SELECT u.id, w.id, g.studied, g.correct, g.confidence, g.last, g.due
       FROM learner AS u, words AS w JOIN given AS g USING (term)`,
    [email, name, JSON.stringify(rows)],
  );
}

const ADA: readonly Learned[] = [
  { term: "一", level: "HSK1", studied: 4, correct: 4, confidence: 0.9, last: "2026-05-31T23:59:59.999Z" },
  { term: "二", level: "HSK1", studied: 5, correct: 3, confidence: 0.6, last: "2026-05-04Z", due: "2026-06-01T12:00Z" },
  { term: "三", level: "HSK2", due: "2026-05-01Z" },
];
const BOB: readonly Learned[] = [
  { term: "一", level: "HSK1", studied: 3, correct: 3, confidence: 0.8, last: "2026-06-01T00:00Z" },
  { term: "猫", studied: 1, correct: 0, confidence: 0.1, last: "2026-03-16Z", due: "2026-05-01Z" },
];

/** Ada and Bob learn, Cy does not, Dot did and was deleted. */
async function fillTeam(db: TestDatabase): Promise<void> {
  await addUser(db, "ada@example.org", ADA, "Ada");
  await addUser(db, "bob@example.org", BOB);
  await addUser(db, "cy@other.org");
  await addUser(db, "dot@example.org", [...ADA, ...BOB.slice(1)]);
  await db.query("UPDATE users SET deleted_at = now() WHERE email = 'dot@example.org'");
}

const NOTHING = {
  ...{ words: 0, studied: 0, mastered: 0, learning: 0, due: 0, reviews: 0, correct: 0, accuracy: null },
  lastActivity: null,
};
const UNASKED = { weeklyWords: null };
const ADA_ROW = {
  ...{ email: "ada@example.org", displayName: "Ada" },
  ...{ words: 3, studied: 2, mastered: 1, learning: 1, due: 2, reviews: 9, correct: 7, accuracy: 7 / 9 },
  ...{ lastActivity: new Date("2026-05-31T23:59:59.999Z"), ...UNASKED },
};
const BOB_ROW = {
  ...{ email: "bob@example.org", displayName: null },
  ...{ words: 2, studied: 2, mastered: 1, learning: 1, due: 1, reviews: 4, correct: 3, accuracy: 3 / 4 },
  ...{ lastActivity: new Date("2026-06-01T00:00:00Z"), ...UNASKED },
};
const CY_ROW = { email: "cy@other.org", displayName: null, ...NOTHING, ...UNASKED };
const ALL = {
  ...{ users: 3, activeUsers: 2, words: 5, studied: 4, mastered: 2, learning: 2, due: 3 },
  ...{ reviews: 13, correct: 10, accuracy: 10 / 13, lastActivity: new Date("2026-06-01T00:00:00Z") },
};

const reportAt = (connection: Connection, options: ReportOptions = {}) =>
  reportProgress(connection, { now: NOW, ...options });

describe("by user", () => {
  it("everybody who is live has a line, also who learns nothing, and the total adds up", async ({ connection, db }) => {
    await fillTeam(db);
    expect(await reportAt(connection)).toStrictEqual({
      report: { by: "user", since: null, recentWeeks: null },
      total: ALL,
      users: [ADA_ROW, BOB_ROW, CY_ROW],
      ...{ levels: null, weeks: null, notFound: [] },
    });
  });

  it("a database without anybody has an empty report", async ({ connection }) => {
    expect(await reportAt(connection)).toMatchObject({ total: { users: 0, activeUsers: 0, ...NOTHING }, users: [] });
  });

  it("says of each user what progress show says", async ({ connection, db }) => {
    await fillTeam(db);
    const { users } = await reportAt(connection);
    for (const { email, displayName, lastActivity, weeklyWords, ...counted } of users ?? expect.unreachable()) {
      expect(counted).toStrictEqual((await showProgress(connection, email, { now: NOW })).summary);
    }
  });

  it("since counts only words last studied from that very moment on", async ({ connection, db }) => {
    await fillTeam(db);
    const since = new Date("2026-05-31T23:59:59.999Z");
    const { report, total, users } = await reportAt(connection, { since });
    expect(report.since).toBe(since);
    expect(users?.map(({ email, words, reviews }) => [email, words, reviews])).toEqual([
      ["ada@example.org", 1, 4],
      ["bob@example.org", 1, 3],
      ["cy@other.org", 0, 0],
    ]);
    expect(total).toMatchObject({ users: 3, activeUsers: 2, words: 2, due: 0, accuracy: 1 });
    const later = await reportAt(connection, { since: new Date("2026-06-01T00:00:00Z") });
    expect(later.total).toMatchObject({ users: 3, activeUsers: 1, words: 1 });
  });
});

describe("the last weeks of each user", () => {
  const weekly = (...words: readonly (readonly [week: number, words: number])[]) =>
    Array.from({ length: 12 }, (_, week) => words.find(([known]) => known === week)?.[1] ?? 0);

  it("are counted where they are asked for, of the users that are listed, as progress show does", async ({
    connection,
    db,
  }) => {
    await fillTeam(db);
    const { report, users } = await reportAt(connection, { weekly: true });
    expect(report.recentWeeks).toHaveLength(12);
    expect([report.recentWeeks?.[0], report.recentWeeks?.[11]]).toEqual(["2026-03-16", "2026-06-01"]);
    // The last moment before a Monday, and its first.
    const expected = [weekly([7, 1], [10, 1]), weekly([0, 1], [11, 1]), weekly()];
    expect(users?.map(({ weeklyWords }) => weeklyWords)).toEqual(expected);
    for (const { email, weeklyWords } of users ?? []) {
      const { weeks } = await showProgress(connection, email, { now: NOW });
      expect(weeks.map(({ words }) => words)).toEqual(weeklyWords);
      expect(weeks.map(({ week }) => week)).toEqual(report.recentWeeks);
    }
    const [first, ...others] =
      (await reportAt(connection, { weekly: true, sort: "last-activity", limit: 1 })).users ?? [];
    expect([first?.email, first?.weeklyWords, others]).toEqual(["bob@example.org", expected[1], []]);
  });

  it("begin with --since, where that is later", async ({ connection, db }) => {
    await fillTeam(db);
    const since = new Date("2026-05-31T23:59:59.999Z");
    const { users } = await reportAt(connection, { weekly: true, since });
    expect(users?.map(({ weeklyWords }) => weeklyWords)).toEqual([weekly([10, 1]), weekly([11, 1]), weekly()]);
  });
});

it("all at once is what the three reports are, of one moment", async ({ connection, db }) => {
  await fillTeam(db);
  const [user, level, week] = [
    await reportAt(connection, { weekly: true, limit: 2 }),
    await reportAt(connection, { by: "level" }),
    await reportAt(connection, { by: "week" }),
  ];
  expect(await reportAt(connection, { by: "all", weekly: true, limit: 2 })).toStrictEqual({
    ...user,
    ...{ report: { ...user.report, by: "all" }, levels: level.levels, weeks: week.weeks },
  });
  expect(user.users).toHaveLength(2);
  expect(user.total.users).toBe(3);
});

describe("the selection", () => {
  it("of a domain leaves out subdomains and look-alikes", async ({ connection, db }) => {
    await fillTeam(db);
    await addUser(db, "eve@sub.example.org");
    await addUser(db, "eve@example.org.evil.com");
    const { users, total } = await reportAt(connection, { domain: "example.org" });
    expect(users).toEqual([ADA_ROW, BOB_ROW]);
    expect(total).toEqual({ ...ALL, users: 2 });
  });

  it("of emails says which of them belong to nobody; deleted users are nobody", async ({ connection, db }) => {
    await fillTeam(db);
    const emails = ["no@example.org", "bob@example.org", "dot@example.org"];
    const { users, notFound } = await reportAt(connection, { emails });
    expect(users).toEqual([BOB_ROW]);
    expect(notFound).toEqual(["no@example.org", "dot@example.org"]);
  });

  it.for(["user", "level", "week"] as const)(
    "of nobody is not one of everybody, by %s",
    async (by, { connection, db }) => {
      await fillTeam(db);
      for (const selection of [{ emails: [] }, { emails: ["no@example.org"] }, { domain: "nowhere.org" }]) {
        const { total } = await reportAt(connection, { by, ...selection });
        expect(total).toStrictEqual({ users: 0, activeUsers: 0, ...NOTHING });
      }
    },
  );

  it.for(["level", "week"] as const)("holds by %s too", async (by, { connection, db }) => {
    await fillTeam(db);
    const since = new Date("2026-01-01T00:00:00Z");
    const emails = ["bob@example.org", "cy@other.org", "dot@example.org"];
    const { total } = await reportAt(connection, { by, since, emails });
    expect(total).toMatchObject({ users: 2, activeUsers: 1, words: 2, reviews: 4, due: 1 });
  });
});

describe("the order", () => {
  it.for<[ReportSort, string]>([
    ["email", "a b c d"],
    ["words", "d a b c"],
    ["studied", "b a d c"],
    ["mastered", "b a c d"],
    ["due", "d a b c"],
    ["accuracy", "a b d c"],
    ["last-activity", "b d a c"],
  ])("by %s is %s: the greatest first, nothing last, then by email", async ([sort, expected], { connection, db }) => {
    const known = { studied: 3, correct: 2, confidence: 0.9 };
    await addUser(db, "d@x.org", [
      { term: "1", studied: 2, correct: 1, last: "2026-02-01Z", due: "2026-01-01Z" },
      { term: "2", due: "2026-01-01Z" },
      { term: "3" },
    ]);
    await addUser(db, "c@x.org");
    await addUser(db, "b@x.org", [
      { term: "1", ...known, last: "2026-03-01Z" },
      { term: "2", ...known },
    ]);
    await addUser(db, "a@x.org", [
      { term: "1", studied: 1, correct: 1, last: "2026-01-01Z", due: "2026-01-01Z" },
      { term: "2" },
    ]);
    const { users } = await reportAt(connection, { sort });
    expect(users?.map(({ email }) => email.slice(0, 1)).join(" ")).toBe(expected);
  });
});

describe("by level", () => {
  it("each has its words and active users, words without a level come last", async ({ connection, db }) => {
    await fillTeam(db);
    const { total, users, weeks, levels } = await reportAt(connection, { by: "level" });
    expect({ total, users, weeks }).toStrictEqual({ total: ALL, users: null, weeks: null });
    expect(levels).toStrictEqual([
      { key: "HSK1", activeUsers: 2, words: 3, studied: 3, mastered: 2, due: 1, accuracy: 10 / 12 },
      { key: "HSK2", activeUsers: 0, words: 1, studied: 0, mastered: 0, due: 1, accuracy: null },
      { key: null, activeUsers: 1, words: 1, studied: 1, mastered: 0, due: 1, accuracy: 0 },
    ]);
  });
});

describe("by week", () => {
  it("twelve weeks up to now, those without activity as zeros", async ({ connection, db }) => {
    await fillTeam(db);
    const { report, total, weeks } = await reportAt(connection, { by: "week" });
    expect(report).toEqual({ by: "week", since: new Date("2026-03-16T00:00:00Z"), recentWeeks: null });
    expect(weeks).toHaveLength(12);
    expect(weeks?.filter(({ words }) => words > 0)).toStrictEqual([
      { week: "2026-03-16", words: 1, activeUsers: 1 },
      { week: "2026-05-04", words: 1, activeUsers: 1 },
      // A millisecond before Monday.
      { week: "2026-05-25", words: 1, activeUsers: 1 },
      { week: "2026-06-01", words: 1, activeUsers: 1 },
    ]);
    expect(weeks?.[1]).toStrictEqual({ week: "2026-03-23", words: 0, activeUsers: 0 });
    expect(total).toMatchObject({ users: 3, activeUsers: 2, words: 4, studied: 4 });
  });

  it("since begins with its week, and what is later than this week is left out", async ({ connection, db }) => {
    await fillTeam(db);
    await addUser(db, "eve@example.org", [
      { term: "一", studied: 1, last: "2026-06-08Z" },
      { term: "二", studied: 1, last: "2026-06-07Z" },
    ]);
    const since = new Date("2026-05-28T00:00:00Z");
    const { total, weeks } = await reportAt(connection, { by: "week", since });
    expect(weeks).toEqual([
      { week: "2026-05-25", words: 1, activeUsers: 1 },
      { week: "2026-06-01", words: 2, activeUsers: 2 },
    ]);
    expect(total.words).toBe(3);
    expect((await reportAt(connection, { by: "week", since: new Date("2026-07-01Z") })).weeks).toEqual([]);
    expect((await reportAt(connection, { by: "week", since: new Date("1969-12-29Z") })).weeks).toHaveLength(2945);
  });

  it("weeks are those of UTC, wherever the server and the process are", async ({ connection, db }) => {
    await db.query(`ALTER DATABASE ${db.target.database} SET timezone = 'Pacific/Auckland'`);
    await fillTeam(db);
    const { weeks } = await reportAt(connection, { by: "week", since: new Date("2026-05-25T00:00:00Z") });
    expect(weeks).toEqual([
      { week: "2026-05-25", words: 1, activeUsers: 1 },
      { week: "2026-06-01", words: 1, activeUsers: 1 },
    ]);
  });
});

it("the three reports have one total, whatever they list", async ({ connection, db }) => {
  await db.query(`INSERT INTO users (email, deleted_at)
    SELECT 'u' || n || '@x.org', CASE WHEN n % 7 = 0 THEN now() END FROM generate_series(1, 60) AS n`);
  await db.query(`INSERT INTO vocabulary_words (language, term, definition, level)
    SELECT 'de', n::text, 'd', (ARRAY['A1', 'A2', NULL])[1 + n % 3] FROM generate_series(1, 40) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
    SELECT u.id, w.id, 1 + n % 5, n % 2, (n % 11) / 10.0, '2026-06-01Z'::timestamptz - n % 2000 * interval '1 hour', '2026-05-31Z'::timestamptz + n % 50 * interval '1 hour'
      FROM (SELECT id FROM users ORDER BY id LIMIT 50) AS u, vocabulary_words AS w, hashtext(u.id::text || w.term) AS h, abs(h / 2) AS n`);
  const since = new Date("2026-03-30T00:00:00Z");
  const reports = await Promise.all(
    (["user", "level", "week"] as const).map((by) => reportAt(connection, { by, since })),
  );
  const [counted] = await db.query(
    `SELECT count(*)::integer AS words, sum(study_count)::integer AS reviews, count(DISTINCT user_id)::integer AS "activeUsers"
       FROM progress JOIN users AS u ON u.id = user_id WHERE u.deleted_at IS NULL AND last_studied_at >= $1`,
    [since],
  );
  expect(counted?.words).toBeGreaterThan(500);
  for (const { total } of reports) {
    expect(total).toStrictEqual(reports[0]?.total);
    expect(total).toMatchObject({ users: 52, ...counted });
  }
});

it("an interruption stops it in the middle of its work", async ({ connection, db }) => {
  const abort = new AbortController();
  const running = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await withDriver(db, async (client) => {
    await client.query("BEGIN; LOCK TABLE progress");
    const report = reportAt(connection, { signal: abort.signal });
    report.catch(() => {});
    await waitingFor(db, "relation = 'progress'::regclass");
    abort.abort(new Error("enough"));
    await expect(report).rejects.toThrow("enough");
    await expect.poll(() => db.query(running)).toHaveLength(0);
  });
});
