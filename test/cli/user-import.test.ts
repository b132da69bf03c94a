/** `vocabdb user import` as scripts and people rely on it: result, plan, rejects, exit code and streams. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type CliOptions, type CliResult, folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { ADA, BOB, deleteUsers, history, people } from "../support/importing.js";
import { allRows } from "../support/seeding.js";

const HEADER = "email,name\n";
const CLASS = `${HEADER}${ADA},Ada\n${BOB},Bob\n`;
const BAD = `${HEADER}${ADA},Countess\nnobody,x\neve@example.org,Eve\n`;

function load(db: TestDatabase, cwd: string, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return vocabdb(["user", "import", ...args], { url: db.url, cwd, ...options });
}

/** The lines of a table, without its rule and its padding. */
function cells(stdout: string): string[] {
  return stdout.split("\n").flatMap((line) => (/^─*$/.test(line) ? [] : [line.trim().replace(/ +/g, " ")]));
}

describe("the result", () => {
  it("is a table with a line for each file and the total, and exit 0 also without a change", async ({ db }) => {
    const cwd = folderWith({ "a.csv": CLASS, "b.ndjson": `{"email":"eve@example.org","name":"Eve"}\n` });
    const first = await load(db, cwd, ["-f", "a.csv", "b.ndjson"]);
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^writing to 127\.0\.0\.1:.*\n$/) });
    expect(cells(first.stdout)).toEqual([
      ...["file rows inserted updated unchanged", "a.csv 2 2 0 0", "b.ndjson 1 1 0 0", "total 3 3 0 0"],
    ]);
    const again = await load(db, cwd, ["-f", "a.csv", "--quiet"]);
    expect(again).toMatchObject({ exitCode: 0, stderr: "" });
    expect(cells(again.stdout)).toEqual(["file rows inserted updated unchanged", "a.csv 2 0 0 2"]);
  });

  it("with --json is one document with every key", async ({ db }) => {
    const cwd = folderWith({
      "u.csv": CLASS,
      "new.csv": `email,Anzeige,note\n${ADA},Countess,x\n${BOB},Bob,\nnew@example.org,,\n`,
    });
    await load(db, cwd, ["-f", "u.csv"]);
    const args = ["-f", "new.csv", "--map", "email=email,displayName=Anzeige", "--json"];
    const plan = await load(db, cwd, [...args, "--dry-run"]);
    const total = { rows: 3, inserted: 1, updated: 1, unchanged: 1, duplicates: 0, rejected: 0 };
    expect(plan.exitCode).toBe(0);
    expect(plan.json()).toEqual({
      files: [{ file: "new.csv", ...total, unusedColumns: ["note"], durationMs: expect.any(Number) }],
      ...{ total, rejects: [], dryRun: true, check: false },
      changes: [
        {
          file: "new.csv",
          line: 2,
          key: { email: ADA },
          changes: [{ field: "displayName", old: "Ada", new: "Countess" }],
        },
      ],
    });
    const done = await load(db, cwd, args);
    expect(done.json()).toMatchObject({ total, changes: [], dryRun: false });
    expect(await people(db)).toMatchObject({ [ADA]: { name: "Countess" }, "new@example.org": { name: null } });
  });

  it("comes from standard input too", async ({ db }) => {
    const { exitCode, stdout } = await load(db, folderWith({}), ["-f", "-"], { input: CLASS });
    expect({ exitCode, cells: cells(stdout)[1] }).toEqual({ exitCode: 0, cells: "standard input 2 2 0 0" });
    const objects = `{"email":"${ADA}","displayName":"A"}\n`;
    await load(db, folderWith({}), ["-f", "-", "--format", "ndjson"], { input: objects });
    expect((await people(db))[ADA]?.name).toBe("A");
  });
});

describe("the plan", () => {
  it("of --dry-run shows old and new, and writes nothing", async ({ db }) => {
    const cwd = folderWith({ "u.csv": CLASS, "new.csv": `${HEADER}${ADA},"C\u001b[1m",\n`.replace(",\n", "\n") });
    await load(db, cwd, ["-f", "u.csv"]);
    const before = [await allRows(db), await history(db)];
    const { exitCode, stdout, stderr } = await load(db, cwd, ["-f", "new.csv", "-n"]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^dry run on /) });
    expect(cells(stdout)).toEqual([
      ...["file rows inserted updated unchanged", "new.csv 1 0 1 0", "changes:", "user field old new"],
      ...[`${ADA} displayName Ada C\\u{1b}[1m`, "dry run: nothing was written"],
    ]);
    expect([await allRows(db), await history(db)]).toEqual(before);
  });

  it("of --check is exit 3 with work left, 0 without, and 6 with rejects", async ({ db }) => {
    const cwd = folderWith({ "u.csv": CLASS, "bad.csv": BAD, "gone.csv": CLASS });
    const empty = await load(db, cwd, ["-f", "u.csv", "--check"]);
    expect(empty).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("the database differs in 2 users") });
    await load(db, cwd, ["-f", "u.csv"]);
    const same = await load(db, cwd, ["-f", "u.csv", "--check"]);
    expect(same).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("the database is what the files say\n"),
    });
    expect((await load(db, cwd, ["-f", "bad.csv", "--check"])).exitCode).toBe(6);
    await deleteUsers(db, ADA);
    const gone = await load(db, cwd, ["-f", "gone.csv", "--check"]);
    expect(gone).toMatchObject({
      exitCode: 6,
      stdout: expect.stringContaining("what the files say beside the rejected records"),
    });
    expect(gone.stdout).toContain(`hint:  vocabdb user restore ${ADA}`);
  });
});

describe("bad records", () => {
  it("keep everything out, and are exit 6 with their places", async ({ db }) => {
    const cwd = folderWith({ "u.csv": BAD });
    const { exitCode, stdout, stderr } = await load(db, cwd, ["-f", "u.csv"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(stderr).toContain("error: 1 of 3 records rejected, nothing was written\n");
    expect(stderr).toContain(
      'u.csv:3:1 email: "nobody" is not a valid email address: it must have the form name@domain.tld\n',
    );
    expect(await people(db)).toEqual({});
  });

  it("with --json are one line on standard error", async ({ db }) => {
    const { exitCode, stdout, stderr } = await load(db, folderWith({ "u.csv": BAD }), ["-f", "u.csv", "--json"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: "ROWS_REJECTED", hint: expect.stringContaining("--rejects") },
    });
  });

  it("can be left out and collected, and are annotated for GitHub", async ({ db }) => {
    const cwd = folderWith({ "u.csv": BAD });
    const args = ["-f", "u.csv", "--max-rejects", "40%", "--rejects", "bad.csv"];
    const { exitCode, stdout, stderr } = await load(db, cwd, args, { env: { GITHUB_ACTIONS: "true" } });
    expect(exitCode).toBe(6);
    expect(cells(stdout).slice(0, 2)).toEqual(["file rows inserted updated unchanged rejected", "u.csv 3 2 0 0 1"]);
    expect(stderr).toMatch(/^::warning file=u\.csv,line=3,col=1,title=INVALID_CELL::email: "nobody" is not/m);
    expect(readFileSync(join(cwd, "bad.csv"), "utf8")).toMatch(
      /^email,name,_line,.*\nnobody,x,3,email,INVALID_CELL,.*\n$/,
    );
    expect(Object.keys(await people(db))).toEqual([ADA, "eve@example.org"]);
  });

  it("that contradict each other name both lines", async ({ db }) => {
    const cwd = folderWith({ "u.csv": `${HEADER}${ADA},Ada\nADA@example.org,Other\n` });
    const { exitCode, stderr } = await load(db, cwd, ["-f", "u.csv"]);
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`u.csv:3:1: says something else of ${ADA} than u.csv:2\n`);
    expect(stderr).toContain("say which user counts: --on-duplicate first|last");
    expect((await load(db, cwd, ["-f", "u.csv", "--on-duplicate", "first"])).exitCode).toBe(0);
    expect((await people(db))[ADA]?.name).toBe("Ada");
  });
});

describe("the history", () => {
  it("says who, why and what, once for each change", async ({ db }) => {
    const cwd = folderWith({ "u.csv": CLASS });
    await load(db, cwd, ["-f", "u.csv", "--reason", "class of 2026"]);
    await load(db, cwd, ["-f", "u.csv"]);
    await load(db, cwd, ["-f", "u.csv", "-n", "--on-conflict", "keep"]);
    const { entries } = (await vocabdb(["history", "--json"], { url: db.url })).json();
    expect(entries).toEqual([
      {
        ...{ id: expect.any(String), occurredAt: expect.any(String), databaseRole: db.target.user },
        ...{ action: "user import", subjects: [], changes: { users: { inserted: 2 } } },
        ...{ operator: expect.stringContaining("@"), reason: "class of 2026" },
        commandLine: "vocabdb user import -f u.csv --reason 'class of 2026'",
      },
    ]);
  });
});

describe("wrong usage is exit 2", () => {
  it.for([
    ["no file", [], "-f, --file"],
    ["a file that is not there", ["-f", "missing.csv"], "missing.csv: no such file"],
    ["a rule of something else", ["-f", "u.csv", "--on-conflict", "newest"], "--on-conflict"],
    [
      "a field that is none",
      ["-f", "u.csv", "--map", "password=Secret"],
      "fields are email, displayName, createdAt, deletedAt",
    ],
    ["a format of something else", ["-f", "u.csv", "--format", "localstorage"], "--format"],
    ["an option of something else", ["-f", "u.csv", "--language", "zh"], "unknown option '--language'"],
  ] as const)("%s", async ([, args, message], { db }) => {
    const { exitCode, stdout, stderr } = await load(db, folderWith({ "u.csv": CLASS }), args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(await people(db)).toEqual({});
  });
});
