/** `vocabdb session` as an operator types it. */
import { describe, expect } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { EXECUTABLE, startProcess, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { allRows, waitingFor, withDriver } from "../support/seeding.js";
import {
  ADA,
  addSessions,
  addUsers,
  BOB,
  history,
  revocations,
  sessionId,
  sha256,
  tokenHash,
} from "../support/sessions.js";

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** Of Ada 1 (expired) and 2 (active), of Bob 3 (revoked). */
async function fill(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addSessions(
    db,
    { n: 1, createdAt: "2020-01-01T00:00:00Z", expiresAt: "2020-02-01T00:00:00Z", userAgent: "curl/8.0" },
    { n: 2, expiresAt: "2100-01-01T00:00:00Z", userAgent: "Firefox", lastUsedAt: "2026-01-02T03:04:05.678Z" },
    { n: 3, email: BOB, expiresAt: "2100-01-01T00:00:00Z", revokedAt: "2026-01-03T00:00:00Z" },
  );
}

const fingerprint = (n: number): string => sha256(tokenHash(n)).slice(0, 8);

const ADAS_ACTIVE = {
  ...{ id: sessionId(2), email: ADA, state: "active", userAgent: "Firefox", fingerprint: fingerprint(2) },
  ...{ createdAt: "2026-01-01T00:00:00.000Z", lastUsedAt: "2026-01-02T03:04:05.678Z" },
  ...{ expiresAt: "2100-01-01T00:00:00.000Z", revokedAt: null },
};

describe("session list", () => {
  it("--json is the documented form, in UTC wherever process and server are", async ({ db }) => {
    await fill(db);
    await db.query(`ALTER DATABASE ${db.target.database} SET TIME ZONE 'Asia/Kolkata'`);
    const { exitCode, json, stderr } = await vocabdb(["session", "list", "--json"], {
      ...{ url: db.url, env: { TZ: "Asia/Tokyo" } },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(json()).toEqual({
      sessions: [
        {
          ...{ id: sessionId(3), email: BOB, state: "revoked", userAgent: null, fingerprint: fingerprint(3) },
          ...{ createdAt: "2026-01-01T00:00:00.000Z", lastUsedAt: null },
          ...{ expiresAt: "2100-01-01T00:00:00.000Z", revokedAt: "2026-01-03T00:00:00.000Z" },
        },
        ADAS_ACTIVE,
        {
          ...{ id: sessionId(1), email: ADA, state: "expired", userAgent: "curl/8.0", fingerprint: fingerprint(1) },
          ...{ createdAt: "2020-01-01T00:00:00.000Z", lastUsedAt: null },
          ...{ expiresAt: "2020-02-01T00:00:00.000Z", revokedAt: null },
        },
      ],
      nextCursor: null,
    });
  });

  it("is a table with the age of each session, and never a token's hash", async ({ db }) => {
    await fill(db);
    const { stdout } = await vocabdb(["session", "list", ADA], { url: db.url });
    const [head, , active, expired, ...others] = stdout.trimEnd().split("\n");
    expect(head?.trim().split(/ {2,}/)).toEqual(["id", "email", "state", "age", "fingerprint", "user agent"]);
    expect(active).toMatch(new RegExp(`^ ${sessionId(2)} +${ADA} +active +\\d+ d +${fingerprint(2)} +Firefox$`));
    expect(expired).toMatch(new RegExp(`^ ${sessionId(1)} +${ADA} +expired +[0-9,]+ d +${fingerprint(1)} +curl/8.0$`));
    expect(others).toEqual([]);
    expect(stdout).not.toContain(tokenHash(2).slice(0, 8));
  });

  it("goes from page to page, in one state, and ends with one", async ({ db }) => {
    await fill(db);
    const first = await vocabdb(["session", "list", "--limit", "2"], { url: db.url });
    const [, after = ""] = /^more: --after (\S+)$/m.exec(first.stdout) ?? [];
    const second = (await vocabdb(["session", "list", "--after", after, "--json"], { url: db.url })).json();
    expect(second).toMatchObject({ sessions: [{ id: sessionId(1) }], nextCursor: null });
    const active = (await vocabdb(["session", "list", "--state", "active", "--json"], { url: db.url })).json();
    expect(active).toEqual({ sessions: [ADAS_ACTIVE], nextCursor: null });
    expect((await vocabdb(["session", "list", BOB, "--state", "active"], { url: db.url })).stdout).toBe(
      "no sessions\n",
    );
  });

  it("shows what a browser claims to be without obeying it", async ({ db }) => {
    await addUsers(db, ADA);
    const userAgent = "\u001b[2J\u202e=cmd|'/c calc'!A1\n'; DROP TABLE sessions; --";
    await addSessions(db, { n: 1, userAgent, expiresAt: "2100-01-01T00:00:00Z" });
    const text = await vocabdb(["session", "list"], { url: db.url });
    expect(text.stdout).toContain("\\u{1b}[2J\\u{202e}=cmd|'/c calc'!A1\\u{a}'; DROP TABLE sessions; --");
    const { sessions } = (await vocabdb(["session", "list", "--json"], { url: db.url })).json();
    expect(sessions[0].userAgent).toBe(userAgent);
  });

  it("hides a deleted user, says so, and shows the sessions when asked", async ({ db }) => {
    await fill(db);
    await vocabdb(["user", "delete", ADA], { url: db.url });
    const hidden = await vocabdb(["session", "list", ADA, "--json"], { url: db.url });
    expect({ exitCode: hidden.exitCode, stdout: hidden.stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(JSON.parse(hidden.stderr).error.code).toBe("USER_DELETED");
    const everyone = (await vocabdb(["session", "list", "--json"], { url: db.url })).json();
    expect(everyone.sessions).toMatchObject([{ email: BOB }]);
    const asked = (await vocabdb(["session", "list", ADA, "--deleted", "--json"], { url: db.url })).json();
    expect(asked.sessions).toMatchObject([{ state: "revoked" }, { state: "expired" }]);
  });
});

describe("session revoke", () => {
  it("by id shows the sessions, and leaves who, what and why on record", async ({ db }) => {
    await fill(db);
    const args = ["session", "revoke", sessionId(2).toUpperCase(), sessionId(3), "--reason", "lost laptop", "--json"];
    const { exitCode, json, stderr } = await vocabdb(args, { url: db.url });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^writing to .+\n$/) });
    expect(json()).toEqual({
      sessions: [
        expect.objectContaining({ id: sessionId(3), revokedAt: "2026-01-03T00:00:00.000Z" }),
        { ...ADAS_ACTIVE, state: "revoked", revokedAt: TIME },
      ],
      ...{ changed: true, sessionsRevoked: 1, dryRun: false },
    });
    const [entry] = (await vocabdb(["history", "--subject", ADA, "--json"], { url: db.url })).json().entries;
    expect(entry).toMatchObject({
      ...{ action: "session revoke", reason: "lost laptop", subjects: [ADA], changes: { sessions: { updated: 1 } } },
    });
    expect(entry.commandLine).toMatch(/^vocabdb session revoke /);
  });

  it("by user ends all of them, and changes nothing a second time", async ({ db }) => {
    await fill(db);
    const revoke = (): ReturnType<typeof vocabdb> => vocabdb(["session", "revoke", "--user", ADA], { url: db.url });
    expect((await revoke()).stdout).toMatch(/^revoked 2 sessions\n/);
    const before = await allRows(db);
    expect(await revoke()).toMatchObject({
      ...{ exitCode: 0, stdout: "nothing changed: every session was revoked already\n" },
    });
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toHaveLength(1);
  });

  it("as a dry run says what would end", async ({ db }) => {
    await fill(db);
    const before = await allRows(db);
    const text = await vocabdb(["session", "revoke", "--user", ADA, "--dry-run"], { url: db.url });
    expect(text.stdout).toMatch(/^would revoke 2 sessions\n/);
    const { changed, sessionsRevoked, dryRun } = (
      await vocabdb(["session", "revoke", sessionId(2), "-n", "--json"], { url: db.url })
    ).json();
    expect({ changed, sessionsRevoked, dryRun }).toEqual({ changed: true, sessionsRevoked: 1, dryRun: true });
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toEqual([]);
  });
});

it.for([
  ["list --state lively", 2, "USAGE"],
  ["list not-an-email", 2, "USAGE"],
  ["list nobody@example.org", 4, "USER_NOT_FOUND"],
  ["revoke", 2, "USAGE"],
  [`revoke ${sessionId(2)} --user ${ADA}`, 2, "USAGE"],
  ["revoke '; DROP TABLE sessions; --", 2, "USAGE"],
  [`revoke ${sessionId(2)} ${sessionId(99)}`, 4, "SESSION_NOT_FOUND"],
  ["revoke --user nobody@example.org", 4, "USER_NOT_FOUND"],
  ["prune --older-than yesterday", 2, "USAGE"],
  ["prune --older-than 2099-01-01", 2, "USAGE"],
] as const)("session %s ends with exit code %i and changes nothing", async ([line, code, error], { db }) => {
  await fill(db);
  const before = await allRows(db);
  const { exitCode, stdout, stderr } = await vocabdb(["--json", "session", ...line.split(" ")], { url: db.url });
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  expect(JSON.parse(stderr).error.code).toBe(error);
  expect(await allRows(db)).toEqual(before);
});

it.for(["list", `revoke ${sessionId(2)}`, "prune"])(
  "session %s asks for migrations where there are none, and works in a schema of its own",
  async (line, { emptyDb: db }) => {
    const args = ["session", ...line.split(" ")];
    expect(await vocabdb(args, { url: db.url })).toMatchObject({ exitCode: 3, stdout: "" });
    const url = `${db.url}&schema=learning`;
    await vocabdb(["migrate"], { url });
    await db.query("SET search_path = learning; INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query(
      `INSERT INTO learning.sessions (id, user_id, token_hash, expires_at)
       SELECT '${sessionId(2)}', id, '${tokenHash(2)}', '2100-01-01Z' FROM learning.users`,
    );
    expect(await vocabdb(args, { url })).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/./) });
  },
);

describe("session prune", () => {
  it("removes what ended, and says up to when", async ({ db }) => {
    await fill(db);
    const prune = ["session", "prune", "--older-than", "2026-01-04T00:00:00+05:30"];
    const rehearsal = await vocabdb([...prune, "--dry-run"], { url: db.url });
    expect(rehearsal.stdout).toBe("would remove 2 sessions that ended before 2026-01-03 18:30:00Z\n");
    expect(Object.keys(await revocations(db))).toEqual(["1", "2", "3"]);
    expect((await vocabdb([...prune, "--json"], { url: db.url })).json()).toEqual({
      ...{ deleted: 2, changed: true, dryRun: false, endedBefore: "2026-01-03T18:30:00.000Z" },
    });
    expect(Object.keys(await revocations(db))).toEqual(["2"]);
    expect(await vocabdb([...prune, "--json"], { url: db.url })).toMatchObject({ exitCode: 0 });
    expect(await history(db)).toEqual([
      { action: "session prune", subjects: [], changes: { sessions: { deleted: 2 } } },
    ]);
  });

  it("keeps what ended in the last 30 days unless told otherwise", async ({ db }) => {
    await addUsers(db, ADA);
    const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
    const [createdAt, revokedAt] = [daysAgo(40), daysAgo(29)];
    await addSessions(
      db,
      { n: 1, createdAt, expiresAt: daysAgo(31) },
      { n: 2, createdAt, expiresAt: daysAgo(-1), revokedAt },
    );
    expect((await vocabdb(["session", "prune", "--json"], { url: db.url })).json().deleted).toBe(1);
    expect((await vocabdb(["session", "prune", "--older-than", "4w", "--json"], { url: db.url })).json().deleted).toBe(
      1,
    );
  });

  it("stopped by Ctrl-C leaves the finished batches done, and the next run does the rest", async ({ db }) => {
    await addUsers(db, ADA);
    await db.query(`
      INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
      SELECT u.id, encode(sha256(n::text::bytea), 'hex'), '2020-01-01Z', '2020-02-01Z' FROM users AS u, generate_series(1, 2500) AS n;
      CREATE FUNCTION pause_second() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN IF EXISTS (SELECT FROM audit_log) THEN PERFORM pg_advisory_xact_lock(1); END IF; RETURN NULL; END';
      CREATE TRIGGER pause_second BEFORE DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION pause_second()`);
    await withDriver(db, async (gate) => {
      await gate.query("SELECT pg_advisory_lock(1)");
      const env = { PATH: process.env.PATH, HOME: packageRoot, DATABASE_URL: db.url };
      const { child, said, ended } = startProcess(process.execPath, [EXECUTABLE, "session", "prune"], { env });
      await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(said).toMatchObject({ stdout: "", stderr: expect.stringContaining("error: interrupted by SIGINT") });
    });
    const batch = { action: "session prune", subjects: [], changes: { sessions: { deleted: 1000 } } };
    expect(await history(db)).toEqual([batch]);
    expect(await db.query("SELECT FROM sessions")).toHaveLength(1500);
    expect((await vocabdb(["session", "prune", "--json"], { url: db.url })).json().deleted).toBe(1500);
  });
});
