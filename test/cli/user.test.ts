/** The commands on users as an operator types them: documents, texts, exit codes, and what stands in the history. */

import { verify } from "@node-rs/argon2";
import { describe, expect } from "vitest";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { addPeople, allRows, history, runUser } from "../support/people.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const NEW = "ada.lovelace@example.org";
const DELETED_AT = "2026-05-01T00:00:00.000Z";
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("user update", () => {
  it("takes a name as files have it: by characters, in the composed form", async ({ db }) => {
    await addPeople(db, { email: ADA });
    const rename = (name: string) => runUser(db, ["update", ADA, "--name", name]);
    expect((await rename("😀".repeat(200))).document.user.displayName).toBe("😀".repeat(200));
    expect((await rename("Zoe\u0308")).document.user.displayName).toBe("Zoë");
    expect(await rename("😀".repeat(201))).toMatchObject({ exitCode: 2, code: "USAGE" });
  });

  it("answers with a document, converges, and is recorded with the reason", async ({ db }) => {
    await addPeople(db, { email: ADA });
    const args = ["update", ADA, "--name", "Ada", "--reason", "as asked"];
    expect(await runUser(db, args)).toEqual({
      exitCode: 0,
      document: {
        user: {
          ...{ id: expect.any(String), email: ADA, displayName: "Ada" },
          ...{ createdAt: TIME, updatedAt: TIME, deletedAt: null },
        },
        ...{ changed: true, sessionsRevoked: 0, generatedPassword: null, dryRun: false },
      },
    });
    const before = await allRows(db);
    expect((await runUser(db, args)).document).toMatchObject({ changed: false });
    expect(await allRows(db)).toEqual(before);
    expect(await db.query("SELECT command_line, reason FROM audit_log")).toEqual([
      { command_line: `vocabdb user update ${ADA} --name Ada --reason 'as asked' --json`, reason: "as asked" },
    ]);
  });

  it("takes a password from standard input, and signs the user out unless told not to", async ({ db }) => {
    await addPeople(db, { email: ADA, sessions: 2 });
    const args = ["update", ADA, "--password-stdin"];
    const kept = await runUser(db, [...args, "--keep-sessions"], { input: "correct horse\n" });
    expect(kept.document).toMatchObject({ changed: true, sessionsRevoked: 0, generatedPassword: null });
    const { exitCode, stdout, stderr } = await vocabdb(["user", ...args], { url: db.url, input: "battery staple\n" });
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^2 sessions revoked$/m) });
    expect(stdout + stderr).not.toMatch(/battery staple|argon2/);
    const [row] = await db.query<{ password_hash: string }>("SELECT password_hash FROM users");
    expect(await verify(row?.password_hash ?? "", "battery staple")).toBe(true);
    expect(JSON.stringify(await db.query("SELECT * FROM audit_log"))).not.toMatch(/battery staple|argon2/);
  });

  it("shows a generated password once it is in the database, and clears it again", async ({ db }) => {
    await addPeople(db, { email: ADA });
    const rehearsed = await runUser(db, ["update", ADA, "--generate-password", "-n"]);
    expect(rehearsed.document).toMatchObject({ changed: true, generatedPassword: null, dryRun: true });
    expect(await db.query("SELECT password_hash FROM users")).toEqual([{ password_hash: null }]);
    const { stdout } = await vocabdb(["user", "update", ADA, "--generate-password"], { url: db.url });
    const [, password = ""] = /^password, shown only now: (\S+)$/m.exec(stdout) ?? [];
    const [row] = await db.query<{ password_hash: string }>("SELECT password_hash FROM users");
    expect(await verify(row?.password_hash ?? "", password)).toBe(true);
    expect((await runUser(db, ["update", ADA, "--clear-password"])).document).toMatchObject({ changed: true });
    expect((await runUser(db, ["update", ADA, "--clear-password"])).document).toMatchObject({ changed: false });
  });

  it("changes the email once; the second time nobody has the old one", async ({ db }) => {
    await addPeople(db, { email: ADA, displayName: "Ada\u001b[31m" }, { email: BOB });
    const args = ["user", "update", ADA.toUpperCase(), "--email", "Ada.Lovelace@Example.org"];
    const first = await vocabdb(args, { url: db.url });
    expect(first.stdout).toMatch(/^updated ada\.lovelace@example\.org\nwas ada@example\.org\n/);
    expect(first.stdout).toContain("Ada\\u{1b}[31m");
    expect(await runUser(db, args.slice(1))).toMatchObject({ exitCode: 4, code: "USER_NOT_FOUND" });
    expect(await runUser(db, ["update", NEW, "--email", BOB])).toMatchObject({ exitCode: 5, code: "EMAIL_TAKEN" });
    expect((await history(db)).map(({ subjects }) => subjects)).toEqual([[ADA, NEW]]);
  });

  it.for([
    [[], /at least one of --email, --name/],
    [["--name", "Ada", "--clear-name"], /one of --name and --clear-name/],
    [["--generate-password", "--clear-password"], /one of --password-stdin/],
    [["--password-stdin", "--generate-password"], /one of --password-stdin/],
    [["--name", "Ada", "--keep-sessions"], /--keep-sessions goes with/],
    [["--email", "not an email"], /--email/],
    [["--name", " "], /must not be empty/],
  ] as const)("with %j is wrong usage", async ([options, message], { db }) => {
    const failure = await runUser(db, ["update", ADA, ...options]);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });
});

describe("user purge", () => {
  it("says what would go and how to say yes, rehearses it, does it, and converges", async ({ db }) => {
    await addPeople(db, { email: ADA, deletedAt: DELETED_AT, words: 3, sessions: 1 });
    const before = await allRows(db);
    expect(await runUser(db, ["purge", ADA])).toEqual({
      ...{ exitCode: 2, code: "CONSENT_MISSING" },
      message: `this would remove ${ADA} with 1 session and 3 rows of progress for good, and needs --confirm`,
      hint: `vocabdb user purge ${ADA} --confirm ${ADA}`,
    });
    expect(await runUser(db, ["purge", ADA, "--confirm", BOB])).toMatchObject({
      ...{ exitCode: 2, message: expect.stringMatching(/^--confirm names "bob@example.org", not ada@example.org: /) },
    });
    const rows = { users: 1, sessions: 1, progress: 3 };
    expect(await runUser(db, ["purge", ADA, "--dry-run"])).toEqual({
      ...{ exitCode: 0, document: { users: 1, rows, changed: true, dryRun: true } },
    });
    expect(await allRows(db)).toEqual(before);
    const { stdout } = await vocabdb(["user", "purge", ADA, "--confirm", ADA], { url: db.url });
    expect(stdout).toBe("purged 1 user\nusers     1 row\nsessions  1 row\nprogress  3 rows\n");
    // Nothing is left that would have to be confirmed.
    expect(await runUser(db, ["purge", ADA])).toEqual({
      exitCode: 0,
      document: { users: 0, rows: { users: 0, sessions: 0, progress: 0 }, changed: false, dryRun: false },
    });
    expect(await history(db)).toHaveLength(1);
  });

  it("refuses a live user and does not know everybody", async ({ db }) => {
    await addPeople(db, { email: ADA });
    for (const confirmed of [[], ["--confirm", ADA], ["--dry-run"]]) {
      expect(await runUser(db, ["purge", ADA, ...confirmed])).toMatchObject({ exitCode: 5, code: "USER_NOT_DELETED" });
    }
    expect(await runUser(db, ["purge", BOB, "--confirm", BOB])).toMatchObject({ exitCode: 4, code: "USER_NOT_FOUND" });
  });

  it("of many asks for another word, and takes those of the time alone", async ({ db }) => {
    const people = ["a", "b", "c"].map((name) => ({ email: `${name}@example.org`, deletedAt: DELETED_AT, words: 1 }));
    await addPeople(db, ...people, { email: ADA, deletedAt: new Date().toISOString() }, { email: BOB });
    const refused = await runUser(db, ["purge", "--deleted-before", "30d"]);
    expect(refused).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("remove 3 users with all sessions"),
    });
    // The hint is the whole command, for the very same users.
    const words = String(refused.hint).split(" ").slice(2);
    expect(words).toEqual(["purge", "--deleted-before", TIME, "--confirm", "purge"]);
    expect((await runUser(db, [...words, "--dry-run"])).document).toMatchObject({ users: 3, dryRun: true });
    expect((await runUser(db, words)).document).toEqual({
      ...{ users: 3, rows: { users: 3, sessions: 0, progress: 3 }, changed: true, dryRun: false },
    });
    expect((await runUser(db, words.slice(0, 3))).document).toMatchObject({ users: 0, changed: false });
    expect(await db.query("SELECT email FROM users ORDER BY email")).toEqual([{ email: ADA }, { email: BOB }]);
  });

  it("takes an email or a time, and not both", async ({ db }) => {
    for (const args of [[], [ADA, "--deleted-before", "30d"], ["--deleted-before", "soon"]]) {
      expect(await runUser(db, ["purge", ...args])).toMatchObject({ exitCode: 2, code: "USAGE" });
    }
  });
});

describe("user list", () => {
  it("shows the fields that are named, in their order, in the table and in JSON", async ({ db }) => {
    await addPeople(db, { email: ADA, displayName: "Ada\u202e", createdAt: "2026-01-01Z" });
    const { stdout } = await vocabdb(["user", "list", "--fields", "created, name,email"], { url: db.url });
    expect(stdout.split("\n").map((line) => line.trim())).toEqual([
      expect.stringMatching(/^created +name +email$/),
      expect.stringMatching(/^─+$/),
      `2026-01-01 00:00:00Z  Ada\\u{202e}  ${ADA}`,
      "",
    ]);
    const { document } = await runUser(db, ["list", "--fields", "displayName,email,name"]);
    expect(JSON.stringify(document)).toBe(
      JSON.stringify({ users: [{ displayName: "Ada\u202e", email: ADA }], nextCursor: null }),
    );
    expect(Object.keys((await runUser(db, ["list"])).document.users[0])).toHaveLength(6);
    expect(await runUser(db, ["list", "--fields", "email,password_hash"])).toMatchObject({
      ...{ exitCode: 2, message: expect.stringContaining('knows no "password_hash"') },
    });
  });

  it("filters by domain in any spelling, by times and ages, and sorts", async ({ db }) => {
    await addPeople(
      db,
      { email: "a@xn--mnchen-3ya.de", createdAt: "2026-01-01Z" },
      { email: "b@xn--mnchen-3ya.de", createdAt: "2026-02-01Z", sessions: 1 },
      { email: "c@example.org" },
    );
    const names = async (...args: string[]): Promise<string[]> =>
      (await runUser(db, ["list", ...args])).document.users.map(({ email }: { email: string }) => email.charAt(0));
    expect(await names("--domain", "@München.DE", "--sort", "created")).toEqual(["b", "a"]);
    expect(await names("--created-after", "1d")).toEqual(["c"]);
    expect(await names("--created-after", "2026-02-01")).toEqual(["b", "c"]);
    expect(await names("--inactive-since", "2w")).toEqual(["a", "c"]);
    expect(await names("--inactive-since", "2w", "--domain", "example.org")).toEqual(["c"]);
    for (const args of [
      ["--domain", "nowhere"],
      ["--sort", "id"],
      ["--inactive-since", "yesterday"],
      ["--deleted", "--all"],
    ]) {
      expect(await runUser(db, ["list", ...args])).toMatchObject({ exitCode: 2, code: "USAGE" });
    }
  });

  it("goes on behind a cursor with the same options", async ({ db }) => {
    await addPeople(db, ...["a", "b", "c"].map((name) => ({ email: `${name}@example.org` })));
    const args = ["list", "--sort", "created", "--limit", "2"];
    const first = (await runUser(db, args)).document;
    const second = (await runUser(db, [...args, "--after", first.nextCursor])).document;
    expect(first.users).toHaveLength(2);
    expect(second).toMatchObject({ users: [{}], nextCursor: null });
    const other = await runUser(db, ["list", "--after", first.nextCursor]);
    expect(other).toMatchObject({ exitCode: 2, message: expect.stringContaining("not a cursor of") });
  });
});
