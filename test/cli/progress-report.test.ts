/** `vocabdb progress report` as a user or a script meets it. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { folderWith, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const HOSTILE = '=HYPERLINK("http://evil","x")\u001b[2J';

/** Ada has learned a word, Bob one of a hostile level; Cy nothing; Dot is deleted. */
async function fillTeam(db: TestDatabase): Promise<void> {
  await db.query(
    `INSERT INTO users (email, display_name, deleted_at) VALUES
       ('ada@example.org', 'Ada, "the first"', NULL), ('=bob@example.org', $1, NULL),
       ('cy@other.org', NULL, NULL), ('dot@example.org', 'Dot', now())`,
    [HOSTILE],
  );
  await db.query(
    `INSERT INTO vocabulary_words (language, term, definition, level) VALUES ('zh', '一', 'one', 'HSK1'), ('zh', '二', 'two', $1)`,
    [HOSTILE],
  );
  await db.query(`
    INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
    SELECT u.id, w.id, 4, 3, 0.9, '2026-03-01T10:00:00Z', '2020-01-01Z'
      FROM users AS u JOIN vocabulary_words AS w
        ON (u.email, w.term) IN (('ada@example.org', '一'), ('=bob@example.org', '二'), ('dot@example.org', '一'))`);
}

const run = (db: TestDatabase, args: readonly string[], options: { cwd?: string; input?: string } = {}) =>
  vocabdb(["progress", "report", ...args], { url: db.url, ...options });

const COUNTED = {
  ...{ words: 1, studied: 1, mastered: 1, learning: 0, due: 1, reviews: 4, correct: 3, accuracy: 0.75 },
  lastActivity: "2026-03-01T10:00:00.000Z",
};
// Long ago, or never.
const WEEKLY = { weeklyWords: Array(12).fill(0) };
const NOTHING = {
  ...{ words: 0, studied: 0, mastered: 0, learning: 0, due: 0, reviews: 0, correct: 0, accuracy: null },
  lastActivity: null,
};
const ADA = { email: "ada@example.org", displayName: 'Ada, "the first"', ...COUNTED, ...WEEKLY };
const BOB = { email: "=bob@example.org", displayName: HOSTILE, ...COUNTED, ...WEEKLY };

describe("--json", () => {
  it("is the whole report, of everybody who is not deleted", async ({ db }) => {
    await fillTeam(db);
    const { exitCode, stderr, json } = await run(db, ["--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(json()).toStrictEqual({
      report: { by: "user", since: null, recentWeeks: Array(12).fill(expect.stringMatching(/^\d{4}-\d\d-\d\d$/)) },
      total: {
        ...{ users: 3, activeUsers: 2, words: 2, studied: 2, mastered: 2, learning: 0, due: 2 },
        ...{ reviews: 8, correct: 6, accuracy: 0.75, lastActivity: "2026-03-01T10:00:00.000Z" },
      },
      users: [BOB, ADA, { email: "cy@other.org", displayName: null, ...NOTHING, ...WEEKLY }],
      ...{ levels: null, weeks: null, notFound: [], output: null },
    });
  });

  it("by level and by week lists those", async ({ db }) => {
    await fillTeam(db);
    const level = { activeUsers: 1, words: 1, studied: 1, mastered: 1, due: 1, accuracy: 0.75 };
    expect((await run(db, ["--by", "level", "--json"])).json()).toMatchObject({
      users: null,
      levels: [
        { key: HOSTILE, ...level },
        { key: "HSK1", ...level },
      ],
    });
    const byWeek = (await run(db, ["--by", "week", "--since", "2026-02-20", "--json"])).json();
    expect(byWeek.report).toEqual({ by: "week", since: "2026-02-20T00:00:00.000Z", recentWeeks: null });
    expect(byWeek.weeks.slice(0, 3)).toEqual([
      { week: "2026-02-16", words: 0, activeUsers: 0 },
      { week: "2026-02-23", words: 2, activeUsers: 2 },
      { week: "2026-03-02", words: 0, activeUsers: 0 },
    ]);
  });

  it("shows all users unless limited", async ({ db }) => {
    await db.query("INSERT INTO users (email) SELECT 'u' || n || '@x.org' FROM generate_series(1, 60) AS n");
    expect((await run(db, ["--json"])).json().users).toHaveLength(60);
    const limited = (await run(db, ["--json", "--limit", "2"])).json();
    expect(limited.users.map(({ email }: { email: string }) => email)).toEqual(["u10@x.org", "u11@x.org"]);
    expect(limited.total.users).toBe(60);
  });
});

describe("the table", () => {
  it("has a line for each user and the total, nothing of it dangerous", async ({ db }) => {
    await fillTeam(db);
    const { stdout } = await run(db, ["--sort", "accuracy"]);
    const lines = stdout.split("\n").map((line) => line.trim().replace(/ {2,}/g, "  "));
    expect(lines).toEqual([
      "email  name  words  studied  mastered  due  accuracy  last activity  12 weeks",
      expect.stringMatching(/^─+$/),
      '=bob@example.org  =HYPERLINK("http://evil","x")\\u{1b}[2J  1  1  1  1  75 %  2026-03-01 10:00:00Z  ············',
      'ada@example.org  Ada, "the first"  1  1  1  1  75 %  2026-03-01 10:00:00Z  ············',
      "cy@other.org  –  0  0  0  0  –  –  ············",
      "",
      "users  3, 2 of them active",
      "words  2 with progress, 2 studied",
      "mastered  2, still learning 0",
      "due now  2",
      "accuracy  75 % (6 of 8 reviews)",
      "last activity  2026-03-01 10:00:00Z",
      "",
    ]);
  });

  it("shows fifty users and says how many more there are", async ({ db }) => {
    await db.query("INSERT INTO users (email) SELECT 'u' || n || '@x.org' FROM generate_series(1, 53) AS n");
    const { stdout } = await run(db, []);
    expect(stdout.match(/@x\.org/g)).toHaveLength(50);
    expect(stdout).toContain("and 3 more users: --limit N, --html FILE, --format csv or --json");
    expect((await run(db, ["--limit", "53"])).stdout).not.toContain("more user");
  });

  it("by level has bars, and by week a chart", async ({ db }) => {
    await fillTeam(db);
    const level = (await run(db, ["--by", "level"])).stdout;
    expect(level).toMatch(/HSK1 +1 +1 +1 +█{20} 100 % +1 +75 % +1\n/);
    expect(level).toContain("\\u{1b}[2J");
    expect(level).not.toContain("\u001b");
    const week = (await run(db, ["--by", "week", "--since", "2026-02-16"])).stdout;
    expect(week).toMatch(/2026-02-16 +0 +0\n/);
    expect(week).toMatch(/2026-02-23 +2 +2 +█{20}\n/);
    expect(week).toContain("studied since  2026-02-16 00:00:00Z");
  });

  it("of nobody says so", async ({ db }) => {
    const { exitCode, stdout } = await run(db, ["--domain", "nowhere.org"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^no users\n\nusers +0, 0 of them active\n/);
    expect((await run(db, ["--by", "week"])).stdout.match(/^ \d{4}-\d\d-\d\d +0 +0$/gm)).toHaveLength(12);
  });
});

describe("CSV", () => {
  const header = "email,display_name,words,studied,mastered,learning,due,reviews,correct,accuracy,last_activity\n";

  it("goes to standard output, every user of it", async ({ db }) => {
    await fillTeam(db);
    const { exitCode, stdout } = await run(db, ["--format", "csv"]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      `${header}=bob@example.org,"=HYPERLINK(""http://evil"",""x"")\u001b[2J",1,1,1,0,1,4,3,0.75,2026-03-01T10:00:00.000Z\n` +
        'ada@example.org,"Ada, ""the first""",1,1,1,0,1,4,3,0.75,2026-03-01T10:00:00.000Z\n' +
        "cy@other.org,,0,0,0,0,0,0,0,,\n",
    );
  });

  it("leaves no formula for a spreadsheet when asked so", async ({ db }) => {
    await fillTeam(db);
    const { stdout } = await run(db, ["--format", "csv", "--escape-formulas", "--limit", "1"]);
    expect(stdout).toContain(`\n'=bob@example.org,"'=HYPERLINK(`);
    const byLevel = await run(db, ["--by", "level", "--format", "csv", "--escape-formulas"]);
    expect(byLevel.stdout).toBe(
      `level,words,studied,mastered,due,accuracy,active_users\n"'=HYPERLINK(""http://evil"",""x"")\u001b[2J",1,1,1,1,0.75,1\nHSK1,1,1,1,1,0.75,1\n`,
    );
    const byWeek = await run(db, ["--by", "week", "--since", "2026-02-23", "--format", "csv"]);
    expect(byWeek.stdout).toMatch(/^week,words,active_users\n2026-02-23,2,2\n2026-03-02,0,0\n/);
  });

  it("goes to a file of its owner's, which is not replaced unasked", async ({ db }) => {
    await fillTeam(db);
    const cwd = temporaryFolder();
    const args = ["--domain", "example.org", "--output", "team.csv"];
    expect(await run(db, args, { cwd })).toMatchObject({
      exitCode: 0,
      stdout: "report of 2 users written to team.csv\n",
    });
    const path = join(cwd, "team.csv");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const first = readFileSync(path, "utf8");
    expect(first.split("\n")).toHaveLength(4);
    const again = await run(db, [...args, "--limit", "1"], { cwd });
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--force") });
    expect(readFileSync(path, "utf8")).toBe(first);
    const forced = await run(db, [...args, "--limit", "1", "--force", "--json"], { cwd });
    expect(forced.json()).toMatchObject({ output: "team.csv", users: [{ email: "=bob@example.org" }] });
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(3);
  });
});

describe("--html", () => {
  it("is a page with all users in a file of its owner's, which is not replaced unasked", async ({ db }) => {
    await fillTeam(db);
    await db.query("INSERT INTO users (email) SELECT 'u' || n || '@x.org' FROM generate_series(1, 120) AS n");
    const cwd = temporaryFolder();
    const written = await run(db, ["--html", "team.html"], { cwd });
    expect(written).toMatchObject({ exitCode: 0, stdout: "report of 123 users written to team.html\n", stderr: "" });
    const path = join(cwd, "team.html");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const page = readFileSync(path, "utf8");
    expect(page.match(/<th role="rowheader"/g)).toHaveLength(123 + 2);
    expect(page).toContain("<bdi>=HYPERLINK(&#34;http://evil&#34;,&#34;x&#34;)\\u{1b}[2J</bdi>");
    expect(page).toContain("<code><bdi>vocabdb progress report --html team.html</bdi></code>");
    expect(page).toContain(`in database <bdi>${db.target.database} at `);
    expect(page).toMatch(/<\/html>\n$/);
    expect(page).not.toMatch(/dot@example\.org|\u001b/);

    expect(await run(db, ["--html", "team.html"], { cwd })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--force"),
    });
    const limited = ["--html", "team.html", "--force", "--limit", "2", "--sort", "due", "--json"];
    const forced = (await run(db, limited, { cwd })).json();
    expect(forced).toMatchObject({ output: "team.html", report: { by: "all" }, total: { users: 123 } });
    expect([forced.users.length, forced.levels.length, forced.weeks.length]).toEqual([2, 2, 12]);
    expect(readFileSync(path, "utf8")).toContain("The first 2 of 123, by due.");
  });

  it("goes to standard output, and names who is not there", async ({ db }) => {
    await fillTeam(db);
    const { exitCode, stdout } = await run(db, ["--emails", "-", "--html", "-"], {
      input: "ada@example.org\nno@x.org\n",
    });
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^<!doctype html>\n/);
    expect(stdout).toContain("1 email of the list without a live user");
    expect(stdout).toContain("<bdi>1 user of a list</bdi>");
    expect(stdout.match(/<bdi>no@x\.org<\/bdi>/g)).toHaveLength(1);
  });
});

describe("--emails", () => {
  it("takes a file or standard input", async ({ db }) => {
    await fillTeam(db);
    const cwd = folderWith({ "class.csv": "name,email\nAda,ADA@example.org\nCy,cy@other.org\n" });
    const fromFile = await run(db, ["--emails", "class.csv", "--json"], { cwd });
    expect(fromFile.json()).toMatchObject({ total: { users: 2, activeUsers: 1 }, notFound: [] });
    const fromStdin = await run(db, ["--emails", "-", "--json"], { input: "ada@example.org\n" });
    expect(fromStdin.json().users).toEqual([ADA]);
  });

  it("4: reports on those who are there and names the others", async ({ db }) => {
    await fillTeam(db);
    const input = "ada@example.org\nno@example.org\ndot@example.org\n";
    const asJson = await run(db, ["--emails", "-", "--json"], { input });
    expect(asJson.exitCode).toBe(4);
    expect(asJson.json()).toMatchObject({ users: [ADA], notFound: ["no@example.org", "dot@example.org"] });
    const asTable = await run(db, ["--emails", "-", "--by", "level"], { input });
    expect(asTable.exitCode).toBe(4);
    expect(asTable.stdout).toContain("HSK1");
    expect(asTable.stderr).toBe("2 emails without a live user: no@example.org, dot@example.org\n");
    const many = Array.from({ length: 12 }, (_, n) => `no${n}@x.org\n`).join("");
    expect((await run(db, ["--emails", "-"], { input: many })).stderr).toMatch(/^12 emails .*no9@x\.org and 2 more\n$/);
  });

  it("6: names the lines that hold no email, and reports nothing", async ({ db }) => {
    const cwd = folderWith({ "class.txt": "ada@example.org\n'; DROP TABLE users; --\n" });
    const { exitCode, stdout, stderr } = await run(db, ["--emails", "class.txt", "--output", "out.csv"], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(stderr).toContain("class.txt:2:1 email:");
    expect(existsSync(join(cwd, "out.csv"))).toBe(false);
  });
});

it.for<[string[], RegExp]>([
  [["--domain", "example.org", "--emails", "x.txt"], /one of --domain and --emails/],
  [["--domain", "' OR 1=1 --"], /--domain.*not a domain name/],
  [["--emails", "none.txt"], /none\.txt: no such file/],
  [["--by", "mood"], /--by.*user, level or week/],
  [["--sort", "name"], /--sort.*must be one of email, words/],
  [["--by", "level", "--sort", "due"], /--by level lists none/],
  [["--by", "week", "--limit", "5"], /--by week lists none/],
  [["--limit", "0"], /--limit.*at least 1/],
  [["--since", "yesterday"], /--since.*must be a day/],
  [["--format", "csv", "--json"], /give one of --json and --format csv/],
  [["--format", "table", "--output", "x.txt"], /--output is for CSV/],
  [["--escape-formulas"], /--escape-formulas is for CSV/],
  [["--html", "x.html", "--by", "week"], /--html has all parts/],
  [["--html", "x.html", "--output", "x.csv"], /--html has all parts/],
  [["--html", "-", "--json"], /--json needs --html FILE/],
])("2: %s", async ([args, message], { db }) => {
  const { exitCode, stdout, stderr } = await run(db, args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(message);
});

it("3: says that the database is not migrated", async ({ emptyDb }) => {
  const { exitCode, stderr } = await run(emptyDb, ["--json"]);
  expect(exitCode).toBe(3);
  expect(JSON.parse(stderr).error.code).toBe("MIGRATIONS_PENDING");
});
