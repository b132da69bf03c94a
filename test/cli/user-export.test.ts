/** `user export` as an operator types it: documents, files and what is refused. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { folderWith, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { addPeople, runUser } from "../support/people.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const DELETED_AT = "2026-05-01T00:00:00.000Z";

describe("user export", () => {
  it("prints one document, the same as with --json", async ({ db }) => {
    await addPeople(db, { email: ADA, words: 2, sessions: 1 });
    const { stdout, stderr } = await vocabdb(["user", "export", ADA], { url: db.url });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual((await runUser(db, ["export", ADA])).document);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ user: { email: ADA, hasPassword: false }, sessions: [{ revokedAt: null }], history: [] },
      progress: [{ term: "Wort 1", studyCount: 1 }, { term: "Wort 2" }],
    });
  });

  it("writes a file for its owner alone, and replaces none unless told to", async ({ db }) => {
    await addPeople(db, { email: ADA, words: 2 });
    const cwd = folderWith({ "ada.json": "precious" });
    expect(await runUser(db, ["export", ADA, "-o", "ada.json"], { cwd })).toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readFileSync(join(cwd, "ada.json"), "utf8")).toBe("precious");
    expect((await runUser(db, ["export", ADA, "-o", "ada.json", "--force"], { cwd })).document).toEqual({
      ...{ output: "ada.json", format: "json", rows: { user: 1, sessions: 0, progress: 2, history: 0 } },
    });
    const file = join(cwd, "ada.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ user: { email: ADA } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd)).toEqual(["ada.json"]);
  });

  it("makes a folder of CSV files", async ({ db }) => {
    await addPeople(db, { email: ADA, displayName: "=1+1", words: 2 });
    const cwd = temporaryFolder();
    const args = ["user", "export", ADA, "--format", "csv", "--escape-formulas", "-o", "ada"];
    const { stdout } = await vocabdb(args, { url: db.url, cwd });
    expect(stdout).toBe("wrote ada (user: 1 row, sessions: 0 rows, progress: 2 rows, history: 0 rows)\n");
    expect(readFileSync(join(cwd, "ada", "user.csv"), "utf8")).toContain(",'=1+1,false,");
    expect(await runUser(db, args.slice(1), { cwd })).toMatchObject({ exitCode: 2, code: "FILE_UNUSABLE" });
  });

  it("of all is CSV on standard output, or a file with its count", async ({ db }) => {
    await addPeople(db, { email: BOB, createdAt: DELETED_AT }, { email: ADA, deletedAt: DELETED_AT });
    const { stdout } = await vocabdb(["user", "export", "--all"], { url: db.url });
    expect(stdout).toBe(`email,display_name,created_at,deleted_at\n${BOB},,${DELETED_AT},\n`);
    const cwd = temporaryFolder();
    const args = ["export", "--all", "--deleted", "--format", "ndjson", "-o", "users.ndjson"];
    expect((await runUser(db, args, { cwd })).document).toEqual({
      ...{ output: "users.ndjson", format: "ndjson", rows: { users: 2 } },
    });
    const [first = ""] = readFileSync(join(cwd, "users.ndjson"), "utf8").split("\n");
    expect(JSON.parse(first)).toMatchObject({ email: ADA, deletedAt: DELETED_AT });
  });

  it("of a deleted user is refused unless asked for", async ({ db }) => {
    await addPeople(db, { email: ADA, deletedAt: DELETED_AT });
    const cwd = temporaryFolder();
    expect(await runUser(db, ["export", ADA, "-o", "a.json"], { cwd })).toMatchObject({
      exitCode: 4,
      code: "USER_DELETED",
    });
    expect(await runUser(db, ["export", BOB, "-o", "a.json"], { cwd })).toMatchObject({ code: "USER_NOT_FOUND" });
    expect(existsSync(join(cwd, "a.json"))).toBe(false);
    expect((await runUser(db, ["export", ADA, "--deleted"])).document).toMatchObject({
      user: { deletedAt: DELETED_AT },
    });
  });

  it.for([
    [[], /either the email of a user or --all/],
    [[ADA, "--all"], /either the email of a user or --all/],
    [[ADA, "--format", "csv"], /which --output names/],
    [[ADA, "--format", "csv", "--force", "-o", "x"], /--force replaces files/],
    [[ADA, "--format", "ndjson"], /is for --all/],
    [["--all", "--format", "json"], /is for one user/],
    [["--all"], /--json needs --output FILE/],
    [[ADA, "--escape-formulas"], /is for --format csv/],
    [["--all", "--format", "ndjson", "--escape-formulas", "-o", "x"], /is for --format csv/],
    [[ADA, "--format", "xml"], /must be one of json, csv, ndjson/],
  ] as const)("with %j and --json is wrong usage", async ([args, message], { db }) => {
    const failure = await runUser(db, ["export", ...args]);
    expect(failure).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });
});
