/** Changing email, name and password of a user. */
import { verify } from "@node-rs/argon2";
import { describe, expect } from "vitest";
import { deployMigrations } from "../../src/core/migrations.js";
import { createUser, deleteUser, type UserUpdates, updateUser } from "../../src/core/users.js";
import { withPrisma } from "../../src/db/database.js";
import { withConnection } from "../../src/db/pool.js";
import { Secret } from "../../src/secret.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople, allRows, history } from "../support/people.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const NEW = "ada.lovelace@example.org";
const DELETED_AT = "2026-05-01T00:00:00.000Z";
const PASSWORD = "correct horse battery staple";

async function hashOf(db: TestDatabase, email: string): Promise<string | null> {
  const [row] = await db.query<{ password_hash: string | null }>("SELECT password_hash FROM users WHERE email = $1", [
    email,
  ]);
  return row?.password_hash ?? null;
}

async function unrevoked(db: TestDatabase): Promise<number> {
  return (await db.query("SELECT FROM sessions WHERE revoked_at IS NULL")).length;
}

describe("updating a user", () => {
  it("changes what is given and leaves the rest", async ({ database, db }) => {
    const { user } = await createUser(database, { email: ADA, displayName: "Ada", password: new Secret(PASSWORD) });
    const hash = await hashOf(db, ADA);
    expect(await updateUser(database, ADA, { displayName: "Ada Lovelace" })).toStrictEqual({
      ...{ changed: true, sessionsRevoked: 0 },
      user: { ...user, displayName: "Ada Lovelace", updatedAt: expect.any(Date) },
    });
    expect(await updateUser(database, ADA, { email: NEW })).toMatchObject({
      ...{ changed: true, user: { id: user.id, email: NEW, displayName: "Ada Lovelace" } },
    });
    expect(await hashOf(db, NEW)).toBe(hash);
    expect(await updateUser(database, NEW, { displayName: null })).toMatchObject({ user: { displayName: null } });
  });

  it("returns what the database holds, and says when it was changed", async ({ database, db }) => {
    await addPeople(db, { email: ADA, createdAt: "2026-01-01Z" });
    const { user } = await updateUser(database, ADA, { email: NEW, displayName: "Ada" });
    const [row] = await db.query("SELECT * FROM users");
    expect(user).toStrictEqual({
      ...{ id: row?.id, email: NEW, displayName: "Ada", createdAt: row?.created_at, deletedAt: null },
      updatedAt: row?.updated_at,
    });
    expect(user.updatedAt.getTime()).toBeGreaterThan(user.createdAt.getTime());
  });

  it.for([
    ["the email", { email: ADA }],
    ["the name", { displayName: "Ada" }],
    ["both", { email: ADA, displayName: "Ada" }],
    ["no password", { password: null }],
    ["nothing at all", {}],
  ] as const)("that has %s already writes nothing", async ([, updates], { database, db }) => {
    await addPeople(db, { email: ADA, displayName: "Ada", sessions: 1 });
    const before = await allRows(db);
    const { user, ...outcome } = await updateUser(database, ADA, updates);
    expect(user).toMatchObject({ email: ADA, displayName: "Ada" });
    expect(outcome).toEqual({ changed: false, sessionsRevoked: 0 });
    expect(await allRows(db)).toEqual(before);
  });

  it("takes names for data, whatever they say", async ({ database }) => {
    for (const displayName of ["'; DROP TABLE users; --", '=HYPERLINK("http://evil")', "\u001b[2J", "田中\\N"]) {
      const { user } = await updateUser(database, (await createOnce(database)).email, { displayName });
      expect(user.displayName).toBe(displayName);
    }
  });

  it("is recorded with both emails, rows by table, and no value", async ({ database, db }) => {
    await addPeople(db, { email: ADA, sessions: 2 });
    await updateUser(database, ADA, { displayName: "Ada" });
    await updateUser(database, ADA, { email: NEW, password: new Secret(PASSWORD) });
    await updateUser(database, NEW, { email: NEW });
    expect(await history(db)).toEqual([
      { action: "user update", subjects: [ADA], changes: { users: { updated: 1 } } },
      { action: "user update", subjects: [ADA, NEW], changes: { users: { updated: 1 }, sessions: { updated: 2 } } },
    ]);
  });

  it("as a dry run tells the truth and writes nothing", async ({ database, db }) => {
    await addPeople(db, { email: ADA, sessions: 2 }, { email: BOB });
    const before = await allRows(db);
    const wanted = { email: NEW, displayName: "Ada", password: new Secret(PASSWORD) };
    expect(await updateUser(database, ADA, wanted, { dryRun: true })).toMatchObject({
      ...{ user: { email: NEW, displayName: "Ada" }, changed: true, sessionsRevoked: 2 },
    });
    await expect(updateUser(database, ADA, { email: BOB }, { dryRun: true })).rejects.toMatchObject({
      code: "EMAIL_TAKEN",
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("finds nobody where there is nobody, also the second time an email is changed", async ({ database, db }) => {
    await addPeople(db, { email: ADA });
    await updateUser(database, ADA, { email: NEW });
    await expect(updateUser(database, ADA, { email: NEW })).rejects.toMatchObject({
      ...{ code: "USER_NOT_FOUND", exitCode: 4, email: ADA },
    });
  });

  it("refuses a deleted user", async ({ database, db }) => {
    await addPeople(db, { email: ADA, deletedAt: DELETED_AT });
    const before = await allRows(db);
    await expect(updateUser(database, ADA, { displayName: "Ada" })).rejects.toMatchObject({
      ...{ code: "USER_DELETED", exitCode: 4 },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("works in the schema that the connection names", async ({ emptyDb }) => {
    const target = { ...emptyDb.target, schema: "Lesson 1" };
    await deployMigrations(target);
    await withConnection(target, (connection) =>
      withPrisma(connection, async (database) => {
        await createUser(database, { email: ADA });
        expect(await updateUser(database, ADA, { email: NEW })).toMatchObject({ changed: true, user: { email: NEW } });
      }),
    );
  });
});

async function createOnce(database: Parameters<typeof createUser>[0]) {
  return (await createUser(database, { email: ADA }, { ifNotExists: true })).user;
}

describe("a new email", () => {
  it.for([
    ["a live user", undefined, null],
    ["a deleted user", DELETED_AT, new Date(DELETED_AT)],
  ] as const)("is a conflict when it belongs to %s", async ([, deletedAt, told], { database, db }) => {
    await addPeople(db, { email: ADA }, { email: BOB, ...(deletedAt !== undefined && { deletedAt }) });
    const before = await allRows(db);
    await expect(updateUser(database, ADA, { email: BOB })).rejects.toMatchObject({
      ...{ code: "EMAIL_TAKEN", exitCode: 5, email: BOB, deletedAt: told },
    });
    expect(await allRows(db)).toEqual(before);
  });

  it("leaves the old one free", async ({ database, db }) => {
    await addPeople(db, { email: ADA, displayName: "Ada" });
    await updateUser(database, ADA, { email: NEW });
    expect(await createUser(database, { email: ADA })).toMatchObject({ changed: true });
    expect(await db.query("SELECT email, display_name FROM users ORDER BY id")).toEqual([
      { email: NEW, display_name: "Ada" },
      { email: ADA, display_name: null },
    ]);
  });

  it("goes to one of 12 who want it at the same time; the others are told it is taken", async ({ database, db }) => {
    const people = Array.from({ length: 12 }, (_, n) => ({ email: `user${n}@example.org` }));
    await addPeople(db, ...people);
    const outcomes = await Promise.allSettled(people.map(({ email }) => updateUser(database, email, { email: NEW })));
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    expect(failures).toEqual(Array(11).fill("EMAIL_TAKEN"));
    expect(await history(db)).toHaveLength(1);
    expect(await db.query("SELECT FROM users WHERE email = $1", [NEW])).toHaveLength(1);
  });
});

describe("a new password", () => {
  it("signs the user out, of expired sessions too, and nobody else", async ({ database, db }) => {
    await addPeople(db, { email: ADA, sessions: 3 }, { email: BOB, sessions: 1 });
    await db.query(
      "UPDATE sessions SET created_at = '2026-01-01Z', expires_at = '2026-02-01Z' WHERE id = (SELECT min(id::text)::uuid FROM sessions)",
    );
    expect(await updateUser(database, ADA, { password: new Secret(PASSWORD) })).toMatchObject({ sessionsRevoked: 2 });
    expect(await unrevoked(db)).toBe(1);
    expect(await verify((await hashOf(db, ADA)) ?? "", PASSWORD)).toBe(true);
    expect(await history(db)).toMatchObject([{ changes: { users: { updated: 1 }, sessions: { updated: 3 } } }]);
  });

  it("is a change also when it is the old one", async ({ database, db }) => {
    await createUser(database, { email: ADA, password: new Secret(PASSWORD) });
    const hash = await hashOf(db, ADA);
    expect(await updateUser(database, ADA, { password: new Secret(PASSWORD) })).toMatchObject({ changed: true });
    expect(await hashOf(db, ADA)).not.toBe(hash);
  });

  it("can leave the sessions", async ({ database, db }) => {
    await addPeople(db, { email: ADA, sessions: 2 });
    const password = new Secret(PASSWORD);
    expect(await updateUser(database, ADA, { password }, { keepSessions: true })).toMatchObject({
      ...{ changed: true, sessionsRevoked: 0 },
    });
    expect(await unrevoked(db)).toBe(2);
  });

  it("can be none, which ends the sessions once", async ({ database, db }) => {
    await createUser(database, { email: ADA, password: new Secret(PASSWORD) });
    await db.query(
      "INSERT INTO sessions (user_id, token_hash, expires_at) SELECT id, repeat('a', 64), now() + interval '1 day' FROM users",
    );
    const clear: UserUpdates = { password: null };
    expect(await updateUser(database, ADA, clear)).toMatchObject({ changed: true, sessionsRevoked: 1 });
    expect(await hashOf(db, ADA)).toBeNull();
    expect(await updateUser(database, ADA, clear)).toMatchObject({ changed: false, sessionsRevoked: 0 });
  });

  it("that is refused changes nothing else either", async ({ database, db }) => {
    await addPeople(db, { email: ADA });
    const before = await allRows(db);
    const updates = { email: NEW, password: new Secret("short") };
    await expect(updateUser(database, ADA, updates)).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
    expect(await allRows(db)).toEqual(before);
  });
});

describe("at the same time", () => {
  it("8 updates of one user happen one after the other", async ({ database, db }) => {
    await addPeople(db, { email: ADA });
    const names = Array.from({ length: 8 }, (_, n) => `Ada ${n}`);
    const outcomes = await Promise.all(names.map((displayName) => updateUser(database, ADA, { displayName })));
    expect(outcomes.map(({ changed }) => changed)).toEqual(Array(8).fill(true));
    expect(await history(db)).toHaveLength(8);
  });

  it("an update and a deletion leave no session and no update of a deleted user", async ({ database, db }) => {
    await addPeople(db, { email: ADA, sessions: 4 });
    const [update, deletion] = await Promise.allSettled([
      updateUser(database, ADA, { password: new Secret(PASSWORD) }, { keepSessions: true }),
      deleteUser(database, ADA),
    ]);
    expect(deletion).toMatchObject({ status: "fulfilled", value: { changed: true, sessionsRevoked: 4 } });
    const actions = (await history(db)).map(({ action }) => action);
    expect(actions).toEqual(update.status === "fulfilled" ? ["user update", "user delete"] : ["user delete"]);
    expect(update.status === "rejected" ? update.reason.code : "USER_DELETED").toBe("USER_DELETED");
    expect(await unrevoked(db)).toBe(0);
  });
});
