/** `vocabdb progress import` as scripts and people rely on it: result, plan, rejects, exit code and streams. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import {
  type CliOptions,
  type CliResult,
  EXECUTABLE,
  folderWith,
  startProcess,
  vocabdbHere as vocabdb,
} from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { ADA, addProgress, addUsers, addWords, BOB, deleteUsers, history, progress } from "../support/importing.js";
import { allRows, expectNothingLeft, waitingFor, whileWaitingToWrite } from "../support/seeding.js";

const T1 = "2026-01-01T00:00:00.000Z";
const T2 = "2026-02-02T00:00:00.000Z";
const HEADER = "email,term,studied,correct,confidence,last_studied,due\n";
const LEARNED = `${HEADER}${ADA},Haus,5,3,0.5,${T2},${T2}\n${BOB},Haus,1,1,1,,\n`;
const BAD = `term,email\nHaus,${ADA}\nWeg,${ADA}\nHaus,nobody@example.org\n`;
const OLD = { studied: 1, correct: 1, confidence: 0.25, last: T1, due: T1 };

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA, BOB);
  await addWords(db, "de Haus", "zh 人 rén", "ja 人 ひと");
}

function load(db: TestDatabase, cwd: string, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return vocabdb(["progress", "import", ...args], { url: db.url, cwd, ...options });
}

/** The lines of a table, without its rule and its padding. */
function cells(stdout: string): string[] {
  return stdout.split("\n").flatMap((line) => (/^─*$/.test(line) ? [] : [line.trim().replace(/ +/g, " ")]));
}

describe("the result", () => {
  it("is a table, and changes nothing the second time", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "p.csv": LEARNED });
    const first = await load(db, cwd, ["-f", "p.csv"]);
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^writing to 127\.0\.0\.1:.*\n$/) });
    expect(cells(first.stdout)).toEqual(["file rows inserted updated unchanged", "p.csv 2 2 0 0"]);
    const before = await allRows(db);
    const again = await load(db, cwd, ["-f", "p.csv"]);
    expect(again.exitCode).toBe(0);
    expect(cells(again.stdout)).toEqual(["file rows inserted updated unchanged", "p.csv 2 0 0 2"]);
    expect(await allRows(db)).toEqual(before);
  });

  it("with --json is one document with every key", async ({ db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: OLD });
    const cwd = folderWith({ "p.csv": LEARNED });
    const plan = await load(db, cwd, ["-f", "p.csv", "-n", "--json"]);
    const total = { rows: 2, inserted: 1, updated: 1, unchanged: 0, duplicates: 0, rejected: 0 };
    expect(plan.exitCode).toBe(0);
    expect(plan.json()).toEqual({
      files: [{ file: "p.csv", ...total, unusedColumns: [], durationMs: expect.any(Number) }],
      ...{ total, rejects: [], dryRun: true, check: false },
      changes: [
        {
          ...{ file: "p.csv", line: 2, key: { email: ADA, language: "", term: "Haus", reading: "", sense: "" } },
          changes: [
            { field: "studyCount", old: "1", new: "5" },
            { field: "correctCount", old: "1", new: "3" },
            { field: "confidence", old: "0.25", new: "0.5" },
            { field: "lastStudiedAt", old: T1, new: T2 },
            { field: "nextReviewAt", old: T1, new: T2 },
          ],
        },
      ],
    });
    expect(await progress(db)).toEqual({ [`${ADA} de Haus`]: OLD });
    expect((await load(db, cwd, ["-f", "p.csv", "--json"])).json()).toMatchObject({
      total,
      changes: [],
      dryRun: false,
    });
  });

  it("follows --on-conflict, --user, --language and --map", async ({ db }) => {
    await prepare(db);
    await addProgress(db, ADA, { Haus: { ...OLD, last: T2 } });
    const cwd = folderWith({ "p.csv": "Wort,n,ok\nHaus,5,3\n", "q.csv": "term\n人\n" });
    const map = ["--map", "term=Wort,study_count=n", "correctCount=ok"];
    expect((await load(db, cwd, ["-f", "p.csv", "--user", "ADA@Example.org", ...map])).exitCode).toBe(0);
    expect((await progress(db))[`${ADA} de Haus`]?.studied).toBe(1);
    await load(db, cwd, ["-f", "p.csv", "--user", ADA, ...map, "--on-conflict", "sum"]);
    await load(db, cwd, ["-f", "q.csv", "--user", BOB, "--language", "JA"]);
    expect(await progress(db)).toMatchObject({
      [`${ADA} de Haus`]: { studied: 6, correct: 4, last: T2 },
      [`${BOB} ja 人 ひと`]: { studied: 0 },
    });
  });

  it("comes from what the browser version kept", async ({ db }) => {
    await prepare(db);
    const lists = [{ id: "hsk1", listName: "HSK 1", progress: { 1: true, 2: false, Haus: true } }];
    const cwd = folderWith({
      "storage.json": JSON.stringify({ lists }),
      "hsk1.csv": "No,Term,Pinyin,English\n1,人,rén,person\n",
    });
    const args = ["-f", "storage.json", "--format", "localstorage", "--user", ADA, "--map-words", "hsk1.csv"];
    const { exitCode, stdout } = await load(db, cwd, [...args, "--json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ file: "storage.json#learned", rows: 2, inserted: 2 }] });
    expect(Object.keys(await progress(db))).toEqual([`${ADA} de Haus`, `${ADA} zh 人 rén`]);
    expect(cells((await load(db, cwd, args)).stdout)[1]).toBe("storage.json#learned 2 0 0 2");
    expect(cells((await load(db, cwd, args.with(1, "-"), { input: '{"lists":[]}' })).stdout)[1]).toBe(
      "standard input#learned 0 0 0 0",
    );
  });
});

describe("the plan", () => {
  it("of --check is exit 3 with work left, 0 without, and 6 with rejects; nothing is written", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "p.csv": LEARNED, "bad.csv": BAD });
    const empty = await load(db, cwd, ["-f", "p.csv", "--check"]);
    expect(empty).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("the database differs in 2 words") });
    expect([await progress(db), await history(db)]).toEqual([{}, []]);
    await load(db, cwd, ["-f", "p.csv"]);
    expect((await load(db, cwd, ["-f", "p.csv", "--check"])).exitCode).toBe(0);
    const bad = await load(db, cwd, ["-f", "bad.csv", "--check"]);
    expect(bad.exitCode).toBe(6);
    expect(cells(bad.stdout).slice(1)).toEqual([
      ...["bad.csv 3 0 0 1 2", "rejected:", "bad.csv:3:1 term: is no word of this database: Weg"],
      ...["bad.csv:4:1 email: belongs to no user", "hint: load the word first: vocabdb seed"],
      "the database is what the files say beside the rejected records",
    ]);
  });
});

describe("bad records", () => {
  it("keep everything out, and are exit 6 with their reasons and annotations", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "bad.csv": BAD });
    const { exitCode, stdout, stderr } = await load(db, cwd, ["-f", "bad.csv"], { env: { GITHUB_ACTIONS: "true" } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(stderr.split("\n").filter((line) => line.startsWith("::"))).toEqual([
      "::error file=bad.csv,line=3,col=1,title=UNKNOWN_WORD::term: is no word of this database: Weg",
      "::error file=bad.csv,line=4,col=1,title=UNKNOWN_USER::email: belongs to no user",
    ]);
    expect(stderr).toContain("error: 2 of 3 records rejected, nothing was written\n");
    expect(stderr).toContain("hint:  load the word first: vocabdb seed\n");
    expect(await progress(db)).toEqual({});
  });

  it("of a pipe are collected as they stood, and can be loaded once they are right", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({});
    const args = ["-f", "-", "--rejects", "rejects.csv", "--max-rejects", "2", "--json"];
    const first = await load(db, cwd, args, { input: BAD, env: { TMPDIR: cwd } });
    expect(first.exitCode).toBe(6);
    expect(first.json()).toMatchObject({
      total: { rows: 3, inserted: 1, rejected: 2 },
      rejects: [{ line: 3 }, { line: 4 }],
    });
    expect(readdirSync(cwd)).toEqual(["rejects.csv"]);
    expect(readFileSync(join(cwd, "rejects.csv"), "utf8")).toBe(
      "term,email,_line,_column,_code,_reason\n" +
        `Weg,${ADA},3,term,UNKNOWN_WORD,term is no word of this database: Weg\n` +
        "Haus,nobody@example.org,4,email,UNKNOWN_USER,email belongs to no user\n",
    );
    await addWords(db, "de Weg");
    await addUsers(db, "nobody@example.org");
    expect((await load(db, cwd, ["-f", "rejects.csv"])).exitCode).toBe(0);
    expect(Object.keys(await progress(db))).toHaveLength(3);
  });

  it("cannot speak for us", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({
      "p.csv": `email,term,"n\u001b[31m\n::error::forged"\n${ADA},"x\u001b[2J\n::error::y\u202e",z\n`,
    });
    const { stderr } = await load(db, cwd, ["-f", "p.csv"], { env: { GITHUB_ACTIONS: "true" } });
    expect(stderr).toContain("is no word of this database: x\\u{1b}[2J");
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
    expect(stderr.split("\n").filter((line) => line.startsWith("::"))).toHaveLength(1);
  });

  it("of a pipe that there is no room for are a failure that names the way out", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({});
    const input = `email,term\n${`${ADA},Haus\n`.repeat(20_000)}${ADA},Weg\n`;
    const command = `ulimit -f 64; exec '${process.execPath}' '${EXECUTABLE}' progress import -f - --rejects r.csv --json`;
    const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url, TMPDIR: cwd };
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd, input, env, encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(JSON.parse(stderr).error).toMatchObject({
      ...{
        code: "FILE_UNUSABLE",
        message: expect.stringMatching(/vocabdb-spool-.*larger than this account may make a file/),
        hint: expect.stringContaining("TMPDIR"),
      },
    });
    expect(readdirSync(cwd)).toEqual([]);
    await expectNothingLeft(db);
  });
});

describe("the history", () => {
  it("says who, why, what, and of whom", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "p.csv": "term\nHaus\n" });
    await load(db, cwd, ["-f", "p.csv", "--user", ADA, "--reason", "moved here"]);
    await load(db, cwd, ["-f", "p.csv", "--user", ADA, "--reason", "again"]);
    const { entries } = (await vocabdb(["history", "--subject", ADA, "--json"], { url: db.url })).json();
    expect(entries).toMatchObject([
      {
        ...{ action: "progress import", subjects: [ADA], changes: { progress: { inserted: 1 } }, reason: "moved here" },
        commandLine: `vocabdb progress import -f p.csv --user ${ADA} --reason 'moved here'`,
      },
    ]);
  });
});

describe("wrong usage is exit 2", () => {
  it.for([
    ["no file", [], "-f, --file"],
    ["an email that is none", ["-f", "p.csv", "--user", "ada"], '--user <email>: "ada" is not a valid email address'],
    ["a language that is none", ["-f", "p.csv", "--language", "German"], "is not a language tag"],
    ["a rule that is none", ["-f", "p.csv", "--on-conflict", "update"], "--on-conflict"],
    ["numbers of another format", ["-f", "p.csv", "--map-words", "p.csv"], "--map-words is for --format localstorage"],
    ["nobody to learn", ["-f", "p.csv", "--format", "localstorage"], "--format localstorage needs --user"],
    [
      "a file of numbers that is not there",
      ["-f", "p.csv", "--format", "localstorage", "--user", ADA, "--map-words", "x.csv"],
      "x.csv: no such file",
    ],
  ] as const)("%s", async ([, args, message], { db }) => {
    const { exitCode, stdout, stderr } = await load(db, folderWith({ "p.csv": LEARNED }), args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  it("a database that is not migrated is exit 3", async ({ emptyDb }) => {
    const { exitCode, stderr } = await load(emptyDb, folderWith({ "p.csv": LEARNED }), ["-f", "p.csv"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("hint:  vocabdb migrate\n");
  });
});

describe("not alone", () => {
  it("a user who is purged meanwhile is exit 5, and nothing is written", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "p.csv": LEARNED });
    const { exitCode, stdout, stderr } = await whileWaitingToWrite(
      db,
      "progress",
      () => load(db, cwd, ["-f", "p.csv"]),
      async (client) => {
        await deleteUsers(db, ADA);
        await client.query("DELETE FROM users WHERE email = $1", [ADA]);
      },
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(stderr).toContain("the database refused the change: ");
    expect(await progress(db)).toEqual({});
  });

  it("Ctrl-C while it waits for another load leaves nothing", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({ "p.csv": LEARNED });
    await withClient(db.direct, async (other) => {
      await other.query("BEGIN; SELECT pg_advisory_xact_lock(5662083411)");
      const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url, TMPDIR: cwd };
      const args = ["progress", "import", "-f", "p.csv", "--rejects", "rejects.csv", "--quiet"];
      const { child, said, ended } = startProcess(process.execPath, [EXECUTABLE, ...args], { cwd, env });
      await waitingFor(db, "locktype = 'advisory'");
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(said).toEqual({
        ...{ stdout: "", stderr: "error: interrupted by SIGINT; what was not finished has been rolled back\n" },
      });
      await other.query("COMMIT");
    });
    expect([await progress(db), await history(db)]).toEqual([{}, []]);
    expect(readdirSync(cwd)).toEqual(["p.csv"]);
    await expectNothingLeft(db);
  });

  it("Ctrl-C while it reads a pipe leaves no copy of it", async ({ db }) => {
    await prepare(db);
    const cwd = folderWith({});
    const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url, TMPDIR: cwd };
    const args = ["progress", "import", "-f", "-", "--rejects", "rejects.csv", "--quiet"];
    const { child, ended } = startProcess(process.execPath, [EXECUTABLE, ...args], { cwd, env });
    child.stdin.write(LEARNED);
    await expect.poll(() => readdirSync(cwd), { timeout: 30_000 }).toEqual([expect.stringMatching(/^vocabdb-spool-/)]);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
    await expectNothingLeft(db);
  });
});
