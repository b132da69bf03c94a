/** What is said while `vocabdb seed` works, where it is read by CI, terminals and pipes, and what data cannot make it say. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import {
  EXECUTABLE,
  folderWith,
  type Running,
  startProcess,
  temporaryFolder,
  vocabdbHere as vocabdb,
} from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";

const HEADER = "language,term,definition\n";
const GITHUB = { GITHUB_ACTIONS: "true" };
/** Whatever could move the cursor, change colours or reverse text; line ends excepted. */
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/;

/** Lines that GitHub Actions would take for its own. */
function commands(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("::"));
}

describe("in GitHub Actions", () => {
  const BAD = `${HEADER}de,Haus,house\nde,,nothing\n100%,a,b\nde,Baum\n`;
  const NAME = "50%,a:b.csv";
  const place = (line: number, column: number, code: string): string =>
    `file=50%25%2Ca%3Ab.csv,line=${line},col=${column},title=${code}`;
  const annotated = (level: string): string[] => [
    `::${level} ${place(3, 4, "INVALID_CELL")}::term: is empty`,
    `::${level} ${place(4, 1, "INVALID_CELL")}::language: "100%25" is not a language tag such as zh, ja or pt-BR (BCP 47)`,
    `::${level} ${place(5, 1, "RAGGED_ROW")}::has 2 cells where the header has 3`,
  ];

  it("rejects are errors beside their lines, and warnings when the others were let in", async ({ db }) => {
    const options = { url: db.url, cwd: folderWith({ [NAME]: BAD }), env: GITHUB };
    const refused = await vocabdb(["seed", "-f", NAME], options);
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(commands(refused.stderr)).toEqual(annotated("error"));
    expect(refused.stderr).toContain("error: 3 of 4 records rejected");
    const loaded = await vocabdb(["seed", "-f", NAME, "--max-rejects", "3"], options);
    expect(loaded.exitCode).toBe(6);
    expect(commands(loaded.stderr)).toEqual(annotated("warning"));
    expect(commands(loaded.stdout)).toEqual([]);
  });

  it("contradictions are errors of one line, whatever the word is", async ({ db }) => {
    const cwd = folderWith({ "w.csv": `${HEADER}de,"Haus\n::stop",a\nde,"Haus\n::stop",b\n` });
    const { stderr } = await vocabdb(["seed", "-f", "w.csv"], { url: db.url, cwd, env: GITHUB });
    expect(commands(stderr)).toEqual([
      expect.stringMatching(
        /^::error file=w\.csv,line=4,col=1,title=DUPLICATE_ROWS::says something else of de Haus.+::stop than w\.csv:2$/,
      ),
    ]);
  });

  it("--json is left alone, and so is everybody elsewhere", async ({ db }) => {
    const cwd = folderWith({ [NAME]: BAD });
    const refused = await vocabdb(["seed", "-f", NAME, "--json"], { url: db.url, cwd, env: GITHUB });
    expect(refused.stdout).toBe("");
    expect(refused.stderr.split("\n")).toEqual([expect.stringMatching(/^\{"error":\{"code":"ROWS_REJECTED"/), ""]);
    const limit = ["--max-rejects", "3"];
    const loaded = await vocabdb(["seed", "-f", NAME, ...limit, "--json"], { url: db.url, cwd, env: GITHUB });
    expect(loaded.json().rejects).toHaveLength(3);
    expect(commands(loaded.stderr)).toEqual([]);
    const elsewhere = await vocabdb(["seed", "-f", NAME, ...limit], { url: db.url, cwd });
    expect(commands(elsewhere.stderr)).toEqual([]);
  });
});

describe("data cannot speak for us", () => {
  it("in the reason of a reject", async ({ db }) => {
    const cwd = folderWith({ "w.csv": `${HEADER}\u001b[31mx,a,b\nx\u009b31m\u202ey,a,b\n` });
    for (const env of [{}, GITHUB]) {
      const { exitCode, stderr } = await vocabdb(["seed", "-f", "w.csv"], { url: db.url, cwd, env });
      expect(exitCode).toBe(6);
      expect(stderr).toContain('w.csv:2:1 language: "\\u001b[31mx" is not a language tag');
      expect(stderr).toContain('w.csv:3:1 language: "x\\u{9b}31m\\u{202e}y" is not a language tag');
      expect(stderr).not.toMatch(STEERING);
    }
  });

  it("in the sample of changes", async ({ db }) => {
    const before = folderWith({ "w.csv": `${HEADER}de,a\u001b[1m,old\u0007\n` });
    await vocabdb(["seed", "-f", "w.csv"], { url: db.url, cwd: before });
    const after = folderWith({ "w.csv": `${HEADER}de,a\u001b[1m,"new\n\u202e"\n` });
    const { stdout } = await vocabdb(["seed", "-f", "w.csv", "-n"], { url: db.url, cwd: after });
    expect(stdout).toMatch(/^ de a\\u\{1b\}\[1m +definition +old\\u\{7\} +new\\u\{a\}\\u\{202e\}$/m);
    expect(stdout).not.toMatch(STEERING);
  });

  it("in a header that is not used", async ({ db }) => {
    const cwd = folderWith({ "w.csv": 'language,term,definition,"n\u001b[31m\n::error::forged"\nde,Haus,house,x\n' });
    const { exitCode, stderr } = await vocabdb(["seed", "-f", "w.csv"], { url: db.url, cwd, env: GITHUB });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("columns not used: n\\u{1b}[31m");
    expect(stderr).not.toMatch(STEERING);
    expect(commands(stderr)).toEqual([]);
  });

  it("in a word of several lines that contradicts another, or that somebody has learned", async ({ db }) => {
    const cwd = folderWith({ "w.csv": `${HEADER}de,"a\nhint:  drop it",x\nde,"a\nhint:  drop it",y\n` });
    const contradicting = await vocabdb(["seed", "-f", "w.csv"], { url: db.url, cwd });
    expect(contradicting.exitCode).toBe(6);
    await vocabdb(["seed", "-f", "w.csv", "--on-duplicate", "first"], { url: db.url, cwd });
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w");
    const prune = ["seed", "-f", "w.csv", "--prune", "--confirm", db.target.database];
    const learned = await vocabdb(prune, { url: db.url, cwd: folderWith({ "w.csv": `${HEADER}de,b,b\n` }) });
    expect(learned.exitCode).toBe(5);
    for (const { stderr } of [contradicting, learned]) {
      expect(stderr).toContain("drop it");
      expect(stderr.match(/^hint:/gm)).toHaveLength(1);
    }
  });
});

describe("a reader that goes away is no failure", () => {
  it.for([["head -1"], ["true"]])("vocabdb seed … | %s", async ([reader = ""], { db }) => {
    const cwd = folderWith({ "w.csv": `${HEADER}de,Haus,house\n` });
    const script = `'${process.execPath}' '${EXECUTABLE}' seed -f w.csv | ${reader}; echo "\${PIPESTATUS[@]}"`;
    const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url };
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], { cwd, env });
    expect(stdout.split("\n").at(-2)).toBe("0 0");
    expect(stderr).toMatch(/^writing to .*\n$/);
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(1);
  });
});

function start(db: TestDatabase, command: string, args: readonly string[]): Running {
  const home = temporaryFolder();
  const env = { PATH: process.env.PATH, HOME: home, DATABASE_URL: db.url, TERM: "xterm-256color", SHELL: "/bin/sh" };
  return startProcess(command, args, { cwd: home, env });
}

describe("progress off a terminal", () => {
  it("is a line every few seconds, unless nobody wants it", async ({ db }) => {
    const seeds = [[], ["--quiet"], ["--json"]].map((options) =>
      start(db, process.execPath, [EXECUTABLE, "seed", "-f", "-", "--check", ...options]),
    );
    const [plain, quiet, json] = seeds as [Running, Running, Running];
    const write = (text: string) => seeds.map(({ child }) => child.stdin?.write(text));
    write(HEADER);
    let row = 0;
    const feeding = setInterval(() => write(`de,Wort${row++},word\n`), 100);
    const progress = /^reading standard input: [\d,]+ rows, [\d,]+ rows\/s$/gm;
    try {
      await expect.poll(() => plain.said.stderr.match(progress), { timeout: 30_000 }).toHaveLength(2);
    } finally {
      clearInterval(feeding);
      seeds.map(({ child }) => child.stdin?.end());
    }
    expect(await Promise.all(seeds.map(({ ended }) => ended))).toEqual([3, 3, 3]);
    expect(plain.said.stdout).toMatch(/^ standard input +\d+/m);
    expect(quiet.said.stderr).toBe("");
    expect(json.said.stderr).toMatch(/^dry run on .*\n$/);
    expect(JSON.parse(json.said.stdout).files[0].rows).toBe(row);
  });

  it("names what is waited for", async ({ db }) => {
    await withClient(db.direct, async (other) => {
      await other.query("BEGIN; SELECT pg_advisory_xact_lock(5662083411)");
      const { said, ended } = start(db, process.execPath, [EXECUTABLE, "seed"]);
      await expect.poll(() => said.stderr, { timeout: 12_000 }).toMatch(/^waiting for other loads to end$/m);
      await other.query("COMMIT");
      expect(await ended).toBe(0);
    });
  });
});

describe("progress on a terminal", () => {
  const SHOW_CURSOR = "\u001b[?25h";
  const HIDE_CURSOR = "\u001b[?25l";
  const atTerminal = (db: TestDatabase, args: readonly string[]): Running => {
    const line = `stty cols 100 && exec ${[process.execPath, EXECUTABLE, ...args].map((word) => `'${word}'`).join(" ")}`;
    const linux = process.platform === "linux";
    return start(db, "script", linux ? ["-qec", line, "/dev/null"] : ["-q", "/dev/null", "/bin/sh", "-c", line]);
  };
  const many = (rows: number, last: string): string => {
    const lines = Array.from({ length: rows }, (_, n) => `de,Wort${n},the meaning of word number ${n}\n`);
    return join(folderWith({ "many.csv": HEADER + lines.join("") + last }), "many.csv");
  };

  it("is a bar with rows per second and the phases, which gives the cursor back", async ({ db }) => {
    const { said, ended } = atTerminal(db, ["seed", "-f", many(500_000, ""), "--check"]);
    expect(await ended).toBe(3);
    expect(said.stdout).toMatch(/█+░* \d+ % {2}reading .*: [\d,]+ rows, [\d,]+ rows\/s(, \d+ s left)?/);
    expect(said.stdout).toContain("comparing with the database: 500,000 rows");
    expect(said.stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(said.stdout.lastIndexOf(HIDE_CURSOR));
    expect(said.stdout).toContain("the database differs in 500,000 words");
  });

  it("gives the cursor back before a failure is told", async ({ db }) => {
    const { said, ended } = atTerminal(db, ["seed", "-f", many(50_000, "de,,nothing\n")]);
    expect(await ended).toBe(6);
    const places = [HIDE_CURSOR, SHOW_CURSOR, "many.csv:50002:4 term: is empty"].map((text) =>
      said.stdout.indexOf(text),
    );
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(said.stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(said.stdout.lastIndexOf(HIDE_CURSOR));
    expect(await db.query("SELECT FROM vocabulary_words")).toEqual([]);
  });
});
