/** Everything held about a person, and the list of all users. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { parse } from "csv-parse/sync";
import { describe, expect } from "vitest";
import { exportUser, exportUserFiles, exportUsers, type UsersExportOptions } from "../../src/core/user-export.js";
import { purgeUser } from "../../src/core/user-purge.js";
import { createUser, deleteUser, updateUser } from "../../src/core/users.js";
import type { Connection } from "../../src/db/pool.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const NEW = "ada.lovelace@example.org";
const DELETED_AT = "2026-05-01T00:00:00.000Z";
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** Ada with one of everything, Bob beside her. */
async function fill(db: TestDatabase): Promise<void> {
  await addPeople(db, { email: ADA, displayName: "Ada" }, { email: BOB, words: 3, sessions: 2 });
  await db.query(`INSERT INTO vocabulary_words (language, term, reading, sense, definition)
    VALUES ('zh', '地', 'de', 'particle', 'adverbial, "-ly"'), ('zh', '地', 'dì', '', 'earth')`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at,
                                        next_review_at, created_at, updated_at)
    SELECT u.id, w.id, 7, 5, 0.30000000000000004, '2026-06-01 14:30:00.5+02', '2026-06-02Z', '2026-01-01Z', '2026-06-01Z'
      FROM users AS u, vocabulary_words AS w WHERE u.email = '${ADA}' AND w.reading = 'de'`);
  await db.query(`INSERT INTO sessions (user_id, token_hash, user_agent, created_at, expires_at)
    SELECT id, repeat('a', 64), 'curl/8', '2026-01-01Z', '2027-01-01Z' FROM users WHERE email = '${ADA}'`);
}

const WORD = {
  ...{ language: "zh", term: "地", reading: "de", sense: "particle", definition: 'adverbial, "-ly"' },
  ...{ studyCount: 7, correctCount: 5, confidence: 0.30000000000000004, lastStudiedAt: "2026-06-01T12:30:00.500Z" },
  ...{ nextReviewAt: "2026-06-02T00:00:00.000Z", createdAt: "2026-01-01T00:00:00.000Z" },
  updatedAt: "2026-06-01T00:00:00.000Z",
};

/** The export in a folder, which it reads back. */
async function filesOf(connection: Connection, email: string, escapeFormulas = false) {
  const cwd = temporaryFolder();
  const rows = await exportUserFiles(connection, email, { path: "out", cwd, stdout: process.stdout, escapeFormulas });
  const folder = join(cwd, "out");
  const read = (part: string): Record<string, string>[] =>
    parse(readFileSync(join(folder, `${part}.csv`)), { columns: true });
  return { folder, rows, read };
}

describe("the export of one user", () => {
  it("is everything but the hash, what sessions are recognised by, and other users", async ({
    connection,
    database,
    db,
  }) => {
    await fill(db);
    await updateUser(database, ADA, { password: new Secret("correct horse") }, { keepSessions: true });
    const [user] = await db.query<{ id: string }>("SELECT id FROM users WHERE email = $1", [ADA]);
    const held = await exportUser(connection, ADA);
    expect(held).toStrictEqual({
      user: {
        ...{ id: user?.id, email: ADA, displayName: "Ada", hasPassword: true },
        ...{ createdAt: TIME, updatedAt: TIME, deletedAt: null },
      },
      sessions: [
        {
          ...{ id: expect.any(String), userAgent: "curl/8", createdAt: "2026-01-01T00:00:00.000Z", lastUsedAt: null },
          ...{ expiresAt: "2027-01-01T00:00:00.000Z", revokedAt: null },
        },
      ],
      progress: [WORD],
      history: [
        {
          ...{ occurredAt: TIME, action: "user update", commandLine: null, databaseRole: expect.any(String) },
          ...{ operator: null, reason: null, changes: { users: { updated: 1 } } },
        },
      ],
    });
    expect(JSON.stringify(held)).not.toMatch(/argon2|aaaaaaaa|bob@/);
  });

  it("as files holds the same, readable by their owner alone", async ({ connection, db }) => {
    await fill(db);
    const { folder, rows, read } = await filesOf(connection, ADA);
    expect(rows).toEqual({ user: 1, sessions: 1, progress: 1, history: 0 });
    expect(readdirSync(folder).sort()).toEqual(["history.csv", "progress.csv", "sessions.csv", "user.csv"]);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(read("user")).toEqual([
      {
        ...{ id: expect.any(String), email: ADA, display_name: "Ada", has_password: "false" },
        ...{ created_at: TIME, updated_at: TIME, deleted_at: "" },
      },
    ]);
    expect(Object.values(read("progress")[0] ?? {})).toEqual(Object.values(WORD).map(String));
    expect(read("history")).toEqual([]);
    expect(readFileSync(join(folder, "history.csv"), "utf8")).toBe(
      "occurred_at,action,command_line,database_role,operator,reason,changes\n",
    );
  });

  it("leaves out no column but those that this test names", async ({ connection, db }) => {
    const leftOut = {
      users: ["password_hash", "live_id"],
      sessions: ["user_id", "token_hash", "live_user_id"],
      progress: ["user_id", "word_id"],
    };
    const instead = {
      users: ["has_password"],
      sessions: [],
      progress: ["language", "term", "reading", "sense", "definition"],
    };
    await fill(db);
    const { folder } = await filesOf(connection, ADA);
    const headers = (part: string): string[] =>
      readFileSync(join(folder, `${part}.csv`), "utf8")
        .split("\n")[0]
        ?.split(",") ?? [];
    for (const [table, part] of [
      ["users", "user"],
      ["sessions", "sessions"],
      ["progress", "progress"],
    ] as const) {
      const columns = await db.query<{ name: string }>(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
        [table],
      );
      const held = headers(part).filter((header) => !instead[table].some((name) => name === header));
      expect([...held, ...leftOut[table]].sort(), table).toEqual(columns.map(({ name }) => name).sort());
    }
  });

  it("hides a deleted user unless asked, and knows nobody where there is nobody", async ({
    connection,
    database,
    db,
  }) => {
    await fill(db);
    await deleteUser(database, ADA);
    await expect(exportUser(connection, ADA)).rejects.toMatchObject({ code: "USER_DELETED", exitCode: 4 });
    const held = await exportUser(connection, ADA, { deleted: true });
    expect(held).toMatchObject({ user: { deletedAt: TIME }, progress: [WORD], history: [{ action: "user delete" }] });
    await expect(exportUser(connection, NEW)).rejects.toMatchObject({ code: "USER_NOT_FOUND", exitCode: 4 });
    const cwd = temporaryFolder();
    const options = { path: "out", cwd, stdout: process.stdout };
    await expect(exportUserFiles(connection, NEW, options)).rejects.toMatchObject({ code: "USER_NOT_FOUND" });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("keeps hostile text as it is, and out of the way of spreadsheets on request", async ({ connection, db }) => {
    const name = '=HYPERLINK("http://evil","x")';
    await addPeople(db, { email: "=cmd@example.org", displayName: name });
    await db.query(`INSERT INTO sessions (user_id, token_hash, user_agent, expires_at)
      SELECT id, repeat('b', 64), E'@SUM(1)\\n\\x1b[2J,"', now() + interval '1 day' FROM users`);
    const agent = '@SUM(1)\n\u001b[2J,"';
    const plain = await filesOf(connection, "=cmd@example.org");
    expect(plain.read("user")).toMatchObject([{ email: "=cmd@example.org", display_name: name }]);
    expect(plain.read("sessions")).toMatchObject([{ user_agent: agent }]);
    const escaped = await filesOf(connection, "=cmd@example.org", true);
    expect(escaped.read("user")).toMatchObject([{ email: "'=cmd@example.org", display_name: `'${name}` }]);
    expect(escaped.read("sessions")).toMatchObject([{ user_agent: `'${agent}` }]);
    expect(await exportUser(connection, "=cmd@example.org")).toMatchObject({ sessions: [{ userAgent: agent }] });
  });

  it("is of one moment: what is changed together is seen together", async ({ connection, db }) => {
    await fill(db);
    const stop = new AbortController();
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await db.query(`BEGIN; UPDATE users SET display_name = '${n}' WHERE email = '${ADA}';
          UPDATE sessions SET user_agent = '${n}' WHERE user_agent IS NOT NULL;
          UPDATE progress SET study_count = ${n + 10} WHERE correct_count = 5; COMMIT`);
      }
    })();
    const seen = new Set<string>();
    while (seen.size < 8) {
      const { user, sessions, progress } = await exportUser(connection, ADA);
      const name = String(user.displayName);
      seen.add(name);
      if (name !== "Ada") {
        expect([sessions[0]?.userAgent, progress[0]?.studyCount]).toEqual([name, Number(name) + 10]);
      }
    }
    stop.abort();
    await writing;
  });
});

describe("the history in an export", () => {
  const reasons = async (connection: Connection, email: string): Promise<unknown[]> =>
    (await exportUser(connection, email)).history.map(({ reason }) => reason);
  const because = (reason: string) => ({ actor: { commandLine: null, operator: null, reason } });

  it("follows the user through changes of email", async ({ connection, database }) => {
    await createUser(database, { email: ADA }, because("ada is created"));
    await updateUser(database, ADA, { email: NEW }, because("ada becomes new"));
    await updateUser(database, NEW, { email: ADA }, because("new becomes ada"));
    await updateUser(database, ADA, { email: NEW, displayName: "Ada" }, because("ada becomes new again"));
    await updateUser(database, NEW, { displayName: null }, because("new is changed"));
    expect(await reasons(connection, NEW)).toEqual([
      ...["ada is created", "ada becomes new", "new becomes ada", "ada becomes new again", "new is changed"],
    ]);
  });

  it("leaves out what was done to those who had the email before and after", async ({ connection, database }) => {
    await createUser(database, { email: ADA }, because("first is created"));
    await updateUser(database, ADA, { email: BOB }, because("first moves on"));
    await createUser(database, { email: ADA }, because("second is created"));
    await deleteUser(database, ADA, because("second is deleted"));
    await purgeUser(connection, ADA, because("second is purged"));
    await createUser(database, { email: ADA }, because("third is created"));
    expect(await reasons(connection, ADA)).toEqual(["third is created"]);
    expect(await reasons(connection, BOB)).toEqual(["first is created", "first moves on"]);
  });
});

describe("the export of all users", () => {
  async function exported(
    connection: Connection,
    options: UsersExportOptions,
  ): Promise<{ rows: number; text: string }> {
    const chunks: Buffer[] = [];
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => {
        chunks.push(chunk);
        done();
      },
    });
    const rows = await exportUsers(connection, sink, options);
    return { rows, text: Buffer.concat(chunks).toString("utf8") };
  }

  const PEOPLE = [
    { email: "b@example.org", displayName: 'Bob "B", Jr.', createdAt: "2026-01-02T03:04:05.678Z" },
    { email: "a-b@example.org", createdAt: "2026-01-01T00:00:00+05:30" },
    { email: "ab@example.org", displayName: "田中", createdAt: "2026-01-01Z", deletedAt: DELETED_AT },
    { email: "a_b@example.org", displayName: "+1", createdAt: "2026-01-01Z" },
  ];

  it("is CSV of the live ones, ordered by code point", async ({ connection, db }) => {
    await addPeople(db, ...PEOPLE);
    expect(await exported(connection, { format: "csv" })).toEqual({
      rows: 3,
      text:
        "email,display_name,created_at,deleted_at\n" +
        "a-b@example.org,,2025-12-31T18:30:00.000Z,\n" +
        "a_b@example.org,+1,2026-01-01T00:00:00.000Z,\n" +
        'b@example.org,"Bob ""B"", Jr.",2026-01-02T03:04:05.678Z,\n',
    });
    expect((await exported(connection, { format: "csv", escapeFormulas: true })).text).toContain(",'+1,");
  });

  it("with the deleted ones, as NDJSON", async ({ connection, db }) => {
    await addPeople(db, ...PEOPLE);
    const { rows, text } = await exported(connection, { format: "ndjson", deleted: true });
    expect(rows).toBe(4);
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { email: "a-b@example.org", displayName: null },
      { email: "a_b@example.org" },
      {
        ...{ email: "ab@example.org", displayName: "田中" },
        ...{ createdAt: "2026-01-01T00:00:00.000Z", deletedAt: DELETED_AT },
      },
      { email: "b@example.org", displayName: 'Bob "B", Jr.' },
    ]);
  });

  it("of nobody is a header", async ({ connection }) => {
    expect(await exported(connection, { format: "csv" })).toEqual({
      ...{ rows: 0, text: "email,display_name,created_at,deleted_at\n" },
    });
    expect(await exported(connection, { format: "ndjson" })).toEqual({ rows: 0, text: "" });
  });
});
