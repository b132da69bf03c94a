/** Users from their creation to their restoration, and the passwords they are given. */
import { verify } from "@node-rs/argon2";
import { describe, expect } from "vitest";
import { generatePassword, hashPassword } from "../../src/core/password.js";
import type { User } from "../../src/core/user.js";
import { type ListOptions, listUsers } from "../../src/core/user-list.js";
import { createUser, deleteUser, restoreUser, showUser } from "../../src/core/users.js";
import type { Database } from "../../src/db/database.js";
import { Secret } from "../../src/secret.js";
import { it, type TestDatabase } from "../support/database.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const PASSWORD = "correct horse battery staple";
const NOW = new Date("2026-06-01T12:00:00Z");

/** Every row with its place and its version: equal only if nothing was written in between. */
async function allRows(db: TestDatabase): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {};
  for (const table of ["users", "sessions", "progress", "vocabulary_words"]) {
    tables[table] = await db.query(`SELECT ctid::text, xmin::text, t.* FROM ${table} AS t ORDER BY ctid`);
  }
  return tables;
}

async function addUsers(db: TestDatabase, ...emails: string[]): Promise<void> {
  await db.query("INSERT INTO users (email) SELECT unnest($1::text[])", [emails]);
}

async function markDeleted(db: TestDatabase, email: string): Promise<void> {
  await db.query("UPDATE users SET deleted_at = '2026-05-01Z' WHERE email = $1", [email]);
}

async function addProgress(db: TestDatabase): Promise<void> {
  await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Haus', 'house')");
  await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users u, vocabulary_words w");
}

/** Two live sessions, one expired, one that expires at {@link NOW} and one revoked before it. */
async function addSessions(db: TestDatabase, email: string): Promise<void> {
  await db.query(
    `INSERT INTO sessions (user_id, user_agent, token_hash, created_at, expires_at, revoked_at)
     SELECT u.id, s.name, encode(sha256(convert_to(u.email || s.name, 'UTF8')), 'hex'), '2026-01-01Z', s.expires, s.revoked
       FROM users AS u, (VALUES
              ('live 1', '2026-06-01 12:00:00.001Z'::timestamptz, NULL::timestamptz),
              ('live 2', '2026-07-01Z', NULL),
              ('expired', '2026-05-01Z', NULL),
              ('expiring', '2026-06-01 12:00Z', NULL),
              ('revoked', '2026-07-01Z', '2026-05-20Z')) AS s (name, expires, revoked)
      WHERE u.email = $1`,
    [email],
  );
}

async function revocations(db: TestDatabase, email: string): Promise<Record<string, Date | null>> {
  const rows = await db.query<{ name: string; revoked: Date | null }>(
    `SELECT s.user_agent AS name, s.revoked_at AS revoked
       FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE u.email = $1`,
    [email],
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.revoked]));
}

const NOT_REVOKED = {
  ...{ "live 1": null, "live 2": null, expired: null, expiring: null },
  revoked: new Date("2026-05-20T00:00:00Z"),
};
/** Of a deleted user none is left, be it expired or not; those are not counted. */
const ALL_REVOKED = { ...NOT_REVOKED, "live 1": NOW, "live 2": NOW, expired: NOW, expiring: NOW };

function emails(users: readonly User[]): string[] {
  return users.map((user) => user.email);
}

describe("creating a user", () => {
  it("stores what is returned, and returns no hash", async ({ database, db }) => {
    const { user, changed } = await createUser(database, {
      ...{ email: ADA, displayName: "Ada Lovelace", password: new Secret(PASSWORD) },
    });
    const [row] = await db.query("SELECT * FROM users");
    expect(changed).toBe(true);
    expect(user).toStrictEqual({
      ...{ id: row?.id, email: ADA, displayName: "Ada Lovelace" },
      ...{ createdAt: row?.created_at, updatedAt: row?.updated_at, deletedAt: null },
    });
    expect(await verify(row?.password_hash, PASSWORD)).toBe(true);
  });

  it("leaves name and password empty unless they are given", async ({ database, db }) => {
    const { user } = await createUser(database, { email: ADA });
    expect(user.displayName).toBeNull();
    expect(await db.query("SELECT password_hash FROM users")).toEqual([{ password_hash: null }]);
  });

  it("is a conflict when the email exists", async ({ database, db }) => {
    await addUsers(db, ADA);
    const before = await allRows(db);
    await expect(createUser(database, { email: ADA, displayName: "Eve" })).rejects.toMatchObject({
      ...{ code: "EMAIL_TAKEN", exitCode: 5, email: ADA, deletedAt: null },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it.for([false, true])(
    "is a conflict that names both ways out when the email belongs to a deleted user (ifNotExists: %s)",
    async (ifNotExists, { database, db }) => {
      await addUsers(db, ADA);
      await markDeleted(db, ADA);
      const before = await allRows(db);
      await expect(createUser(database, { email: ADA }, { ifNotExists })).rejects.toMatchObject({
        ...{ code: "EMAIL_TAKEN", deletedAt: new Date("2026-05-01T00:00:00Z") },
        hint: expect.stringMatching(/user restore ada@example\.org.*user purge ada@example\.org/),
      });
      expect(await allRows(db)).toEqual(before);
    },
  );

  it("with ifNotExists leaves an existing user as it is", async ({ database, db }) => {
    const first = await createUser(database, { email: ADA, displayName: "Ada" });
    const before = await allRows(db);
    const second = await createUser(
      database,
      { email: ADA, displayName: "Eve", password: new Secret(PASSWORD) },
      { ifNotExists: true },
    );
    expect(second).toEqual({ user: first.user, changed: false });
    expect(await allRows(db)).toEqual(before);
  });

  it("succeeds exactly once when 16 try at the same time", async ({ database, db }) => {
    const attempts = Array.from({ length: 16 }, (_, n) =>
      createUser(database, { email: ADA, displayName: `Ada ${n}` }),
    );
    const outcomes = await Promise.allSettled(attempts);
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    expect(failures).toEqual(Array(15).fill("EMAIL_TAKEN"));
    const created = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.user] : []));
    expect(await db.query("SELECT id, display_name FROM users")).toEqual([
      { id: created[0]?.id, display_name: created[0]?.displayName },
    ]);
  });

  it("with ifNotExists succeeds for all of 16 at the same time, and changes something once", async ({ database }) => {
    const attempts = Array.from({ length: 16 }, () => createUser(database, { email: ADA }, { ifNotExists: true }));
    const outcomes = await Promise.all(attempts);
    expect(outcomes.filter((outcome) => outcome.changed)).toHaveLength(1);
    expect(new Set(outcomes.map((outcome) => outcome.user.id)).size).toBe(1);
  });

  it("as a dry run tells the truth and writes nothing", async ({ database, db }) => {
    await addUsers(db, BOB);
    const before = await allRows(db);
    const outcome = await createUser(
      database,
      { email: ADA, displayName: "Ada", password: new Secret(PASSWORD) },
      { dryRun: true },
    );
    expect(outcome).toMatchObject({ user: { email: ADA, displayName: "Ada" }, changed: true });
    await expect(createUser(database, { email: BOB }, { dryRun: true })).rejects.toMatchObject({ code: "EMAIL_TAKEN" });
    expect(await allRows(db)).toEqual(before);
  });
});

describe("passwords", () => {
  it("become argon2id PHC strings with the parameters of OWASP", async () => {
    const hash = await hashPassword(new Secret(PASSWORD));
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22,}\$[A-Za-z0-9+/]{43}$/);
    expect(await verify(hash, PASSWORD)).toBe(true);
    expect(await verify(hash, `${PASSWORD} `)).toBe(false);
  });

  it("are salted: the same one never has the same hash", async () => {
    const [a, b] = await Promise.all([hashPassword(new Secret(PASSWORD)), hashPassword(new Secret(PASSWORD))]);
    expect(a).not.toBe(b);
  });

  it.for([
    ["empty", "", "a password needs at least 8 characters"],
    ["7 characters", "1234567", "a password needs at least 8 characters"],
    ["7 emoji", "🦉".repeat(7), "a password needs at least 8 characters"],
    ["1025 bytes", "a".repeat(1025), "a password may have at most 1024 bytes"],
    ["1026 bytes in 342 characters", "語".repeat(342), "a password may have at most 1024 bytes"],
  ] as const)("are refused when %s", async ([, password, message], { database, db }) => {
    const failure = createUser(database, { email: ADA, password: new Secret(password) });
    await expect(failure).rejects.toMatchObject({ code: "USAGE", exitCode: 2, message });
    expect(await db.query("SELECT FROM users")).toHaveLength(0);
  });

  it.for([
    ["8 characters", "12345678"],
    ["8 emoji", "🦉".repeat(8)],
    ["1024 bytes", "a".repeat(1024)],
  ] as const)("are accepted with %s", async ([, password]) => {
    expect(await verify(await hashPassword(new Secret(password)), password)).toBe(true);
  });

  it("are generated in four readable groups, each time others", () => {
    const passwords = Array.from({ length: 200 }, generatePassword);
    expect(new Set(passwords).size).toBe(200);
    for (const password of passwords) {
      expect(password).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{5}(-[a-km-zA-HJ-NP-Z2-9]{5}){3}$/);
    }
  });
});

describe("listing users", () => {
  async function allPages(database: Database, options: ListOptions): Promise<string[][]> {
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const page = await listUsers(database, { ...options, ...(after !== undefined && { after }) });
      pages.push(emails(page.users));
      after = page.nextCursor ?? undefined;
    } while (after !== undefined);
    return pages;
  }

  it("is ordered by email and shows every field but the hash", async ({ database, db }) => {
    await addUsers(db, "c@example.org", "a@example.org", "d@example.org", "b@example.org");
    const { users, nextCursor } = await listUsers(database);
    expect(emails(users)).toEqual(["a@example.org", "b@example.org", "c@example.org", "d@example.org"]);
    expect(nextCursor).toBeNull();
    for (const user of users) {
      expect(Object.keys(user).sort()).toEqual(["createdAt", "deletedAt", "displayName", "email", "id", "updatedAt"]);
    }
  });

  it("ends with the last full page, and is one empty page without users", async ({ database, db }) => {
    expect(await allPages(database, { limit: 2 })).toEqual([[]]);
    await addUsers(db, "a@example.org", "b@example.org", "c@example.org", "d@example.org");
    expect(await allPages(database, { limit: 2 })).toEqual([
      ["a@example.org", "b@example.org"],
      ["c@example.org", "d@example.org"],
    ]);
  });

  it("pages over punctuation in the order of the database without losing or repeating anyone", async ({
    database,
    db,
  }) => {
    const names = ["a-b", "ab", "a.b", "a_b", "a+b", "a-c", "a.c", "ac", "a", "b", "a0", "a-0", "aa", "a.a"];
    await addUsers(db, ...names.map((name) => `${name}@example.org`), "a@example.com", "a@ex-ample.org");
    const pages = (await allPages(database, { limit: 3 })).flat();
    const ordered = await db.query<{ email: string }>("SELECT email FROM users ORDER BY email");
    expect(pages).toEqual(ordered.map((row) => row.email));
    expect(pages).toHaveLength(16);
  });

  it("pages cover every user exactly once while users are added and deleted in between", async ({ database, db }) => {
    const numbers = Array.from({ length: 25 }, (_, n) => String(n).padStart(2, "0"));
    await addUsers(db, ...numbers.map((n) => `user-${n}@example.org`));
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; ; page += 1) {
      const { users, nextCursor } = await listUsers(database, { limit: 4, ...(after !== undefined && { after }) });
      seen.push(...emails(users));
      if (nextCursor === null) {
        break;
      }
      after = nextCursor;
      // Before the cursor, where it comes too late, and after it, where it is met; the last one shown goes.
      await addUsers(db, `early-${page}@example.org`, `very-late-${page}@example.org`);
      await deleteUser(database, users.at(-1)?.email ?? "");
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((email) => email.startsWith("user-"))).toEqual(numbers.map((n) => `user-${n}@example.org`));
    expect(seen.filter((email) => email.startsWith("early-"))).toEqual([]);
    expect(seen.filter((email) => email.startsWith("very-late-")).length).toBeGreaterThanOrEqual(6);
  });

  it.for([
    ["a page number", "2"],
    ["an email", ADA],
    ["an empty string", ""],
    ["no email inside", Buffer.from("ada").toString("base64url")],
    ["padding added", `${Buffer.from("ab@cd.org").toString("base64url")}=`],
  ] as const)("refuses a cursor of somebody else's making: %s", async ([, after], { database }) => {
    await expect(listUsers(database, { after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  });

  it("shows live users, deleted ones or all", async ({ database, db }) => {
    await addUsers(db, ADA, BOB);
    await markDeleted(db, BOB);
    expect(emails((await listUsers(database)).users)).toEqual([ADA]);
    expect(emails((await listUsers(database, { which: "live" })).users)).toEqual([ADA]);
    expect(emails((await listUsers(database, { which: "deleted" })).users)).toEqual([BOB]);
    expect(emails((await listUsers(database, { which: "all" })).users)).toEqual([ADA, BOB]);
  });

  it("keeps to search and choice on every page", async ({ database, db }) => {
    const numbers = [1, 2, 3, 4, 5];
    await addUsers(db, ...numbers.flatMap((n) => [`match-${n}@example.org`, `other-${n}@example.org`]));
    await markDeleted(db, "match-2@example.org");
    await markDeleted(db, "other-2@example.org");
    expect(await allPages(database, { search: "match", limit: 2 })).toEqual([
      ["match-1@example.org", "match-3@example.org"],
      ["match-4@example.org", "match-5@example.org"],
    ]);
    expect(await allPages(database, { search: "match", which: "deleted", limit: 2 })).toEqual([
      ["match-2@example.org"],
    ]);
  });

  it.for([
    ["ADA@", ["ada@example.org"]],
    ["lOVELACE", ["ada@example.org"]],
    ["田中", ["tanaka@example.org"]],
    ["100%", ["percent@example.org"]],
    ["%", ["percent@example.org"]],
    ["a_b", ["a_b@example.org"]],
    ["_", ["a_b@example.org", "percent@example.org"]],
    ["back\\slash", ["backslash@example.org"]],
    ["\\", ["backslash@example.org"]],
    ["\\%", []],
    ["'; DROP TABLE users; --", []],
    ["nobody", []],
  ] as const)("searching %j finds %j", async ([search, found], { database, db }) => {
    await db.query(
      `INSERT INTO users (email, display_name) VALUES
         ('ada@example.org', 'Ada Lovelace'), ('a_b@example.org', NULL), ('axb@example.org', 'Axel'),
         ('percent@example.org', '100% _sure'), ('plain@example.org', '1000 sure'),
         ('backslash@example.org', 'back\\slash'),
         ('tanaka@example.org', '田中')`,
    );
    expect(emails((await listUsers(database, { search })).users)).toEqual(found);
  });
});

describe("showing a user", () => {
  it("counts progress and the sessions that are live at the time", async ({ database, db }) => {
    await addUsers(db, ADA, BOB);
    await addProgress(db);
    await addSessions(db, ADA);
    const [row] = await db.query("SELECT * FROM users WHERE email = $1", [ADA]);
    expect(await showUser(database, ADA, { now: NOW })).toStrictEqual({
      user: {
        ...{ id: row?.id, email: ADA, displayName: null },
        ...{ createdAt: row?.created_at, updatedAt: row?.updated_at, deletedAt: null },
      },
      progress: 1,
      sessions: 2,
    });
    expect(await showUser(database, BOB, { now: NOW })).toMatchObject({ progress: 1, sessions: 0 });
  });

  it("refuses a deleted user unless asked for", async ({ database, db }) => {
    await addUsers(db, ADA);
    await addProgress(db);
    await markDeleted(db, ADA);
    const deletedAt = new Date("2026-05-01T00:00:00Z");
    await expect(showUser(database, ADA)).rejects.toMatchObject({ code: "USER_DELETED", exitCode: 4, deletedAt });
    expect(await showUser(database, ADA, { deleted: true })).toMatchObject({ user: { deletedAt }, progress: 1 });
  });

  it("finds nobody where there is nobody", async ({ database }) => {
    for (const deleted of [false, true]) {
      await expect(showUser(database, ADA, { deleted })).rejects.toMatchObject({ code: "USER_NOT_FOUND", exitCode: 4 });
    }
  });
});

describe("deleting a user", () => {
  it("sets deletedAt and revokes the live sessions of this user, and keeps the progress", async ({ database, db }) => {
    await addUsers(db, ADA, BOB);
    await addProgress(db);
    await addSessions(db, ADA);
    await addSessions(db, BOB);
    const before = await allRows(db);
    expect(await deleteUser(database, ADA, { now: NOW })).toMatchObject({
      ...{ user: { email: ADA, deletedAt: NOW }, changed: true, sessionsRevoked: 2 },
    });
    expect(await db.query("SELECT email, deleted_at FROM users ORDER BY email")).toEqual([
      { email: ADA, deleted_at: NOW },
      { email: BOB, deleted_at: null },
    ]);
    expect(await revocations(db, ADA)).toEqual(ALL_REVOKED);
    expect(await revocations(db, BOB)).toEqual(NOT_REVOKED);
    expect((await allRows(db)).progress).toEqual(before.progress);
  });

  it("a second time changes nothing", async ({ database, db }) => {
    await addUsers(db, ADA);
    await addSessions(db, ADA);
    const first = await deleteUser(database, ADA, { now: NOW });
    const before = await allRows(db);
    const later = new Date(NOW.getTime() + 60_000);
    expect(await deleteUser(database, ADA, { now: later })).toEqual({
      ...{ user: first.user, changed: false, sessionsRevoked: 0 },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("changes something once when 8 try at the same time", async ({ database, db }) => {
    await addUsers(db, ADA);
    await addSessions(db, ADA);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => deleteUser(database, ADA, { now: NOW })));
    expect(outcomes.filter((outcome) => outcome.changed)).toHaveLength(1);
    expect(outcomes.map((outcome) => outcome.sessionsRevoked).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
    expect(await revocations(db, ADA)).toEqual(ALL_REVOKED);
  });

  it("as a dry run tells the truth and writes nothing", async ({ database, db }) => {
    await addUsers(db, ADA);
    await addProgress(db);
    await addSessions(db, ADA);
    const before = await allRows(db);
    expect(await deleteUser(database, ADA, { now: NOW, dryRun: true })).toMatchObject({
      ...{ user: { deletedAt: NOW }, changed: true, sessionsRevoked: 2 },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("finds nobody where there is nobody", async ({ database }) => {
    await expect(deleteUser(database, ADA)).rejects.toMatchObject({ code: "USER_NOT_FOUND", email: ADA });
  });
});

describe("restoring a user", () => {
  it("makes the user live; sessions stay revoked and progress stays", async ({ database, db }) => {
    await addUsers(db, ADA);
    await addProgress(db);
    await addSessions(db, ADA);
    await deleteUser(database, ADA, { now: NOW });
    const before = await allRows(db);
    expect(await restoreUser(database, ADA)).toMatchObject({ user: { email: ADA, deletedAt: null }, changed: true });
    expect(await showUser(database, ADA, { now: NOW })).toMatchObject({ progress: 1, sessions: 0 });
    expect(await revocations(db, ADA)).toEqual(ALL_REVOKED);
    const { users, ...others } = await allRows(db);
    expect(users).toMatchObject([{ email: ADA, deleted_at: null }]);
    expect({ ...others, users: before.users }).toEqual(before);
  });

  it("that is live changes nothing", async ({ database, db }) => {
    await addUsers(db, ADA, BOB);
    await markDeleted(db, BOB);
    const before = await allRows(db);
    expect(await restoreUser(database, ADA)).toMatchObject({ user: { email: ADA }, changed: false });
    expect(await allRows(db)).toEqual(before);
  });

  it("as a dry run tells the truth and writes nothing", async ({ database, db }) => {
    await addUsers(db, ADA);
    await markDeleted(db, ADA);
    const before = await allRows(db);
    expect(await restoreUser(database, ADA, { dryRun: true })).toMatchObject({
      ...{ user: { deletedAt: null }, changed: true },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("finds nobody where there is nobody", async ({ database }) => {
    await expect(restoreUser(database, ADA)).rejects.toMatchObject({ code: "USER_NOT_FOUND", email: ADA });
  });
});
