/** `vocabdb seed` as scripts and people rely on it: result, plan, rejects, exit code and streams. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type CliOptions, type CliResult, folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const HEADER = "language,term,definition\n";
const HOUSE_AND_TREE = `${HEADER}de,Haus,house\nde,Baum,tree\n`;
const TWO_BAD_OF_FOUR = `${HEADER}de,Haus,house\nde,,nothing\nde,Baum\nde,Weg,way\n`;

function seed(db: TestDatabase, cwd: string, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return vocabdb(["seed", ...args], { url: db.url, cwd, ...options });
}

/** Every word as it is stored; xmin tells that a row was written, even with the same values. */
function words(db: TestDatabase): Promise<{ term: string; definition: string }[]> {
  return db.query("SELECT *, xmin FROM vocabulary_words ORDER BY term");
}

async function definitions(db: TestDatabase): Promise<Record<string, string>> {
  return Object.fromEntries((await words(db)).map(({ term, definition }) => [term, definition]));
}

async function learn(db: TestDatabase, term: string): Promise<void> {
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  await db.query(
    "INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w WHERE w.term = $1",
    [term],
  );
}

/** The lines of a table, without its rule and its padding. */
function cells(stdout: string): string[] {
  return stdout.split("\n").flatMap((line) => (/^─*$/.test(line) ? [] : [line.trim().replace(/ +/g, " ")]));
}

/** The one line that a failure with --json leaves on stderr. @throws when there is anything else */
function errorOf({ stdout, stderr }: CliResult): { code: string; message: string; hint: string | null } {
  expect({ stdout, lines: stderr.split("\n") }).toEqual({ stdout: "", lines: [expect.stringMatching(/^\{/), ""] });
  return JSON.parse(stderr).error;
}

describe("the result", () => {
  it("is a table with a line for each file and the total", async ({ db }) => {
    const cwd = folderWith({ "a.csv": HOUSE_AND_TREE, "b.csv": `${HEADER}de,Weg,way\nde,Weg,way\n` });
    await seed(db, cwd, ["-f", "a.csv"]);
    const { exitCode, stdout } = await seed(db, cwd, ["-f", "a.csv", "b.csv"]);
    expect(exitCode).toBe(0);
    expect(cells(stdout)).toEqual([
      "file rows inserted updated unchanged duplicates",
      ...["a.csv 2 0 0 2 0", "b.csv 2 1 0 0 1", "total 4 1 0 2 1"],
    ]);
  });

  it("with --json is one document with every key", async ({ db }) => {
    const cwd = folderWith({
      "before.csv": `${HOUSE_AND_TREE}de,Alt,old\nde,Kind,child\n`,
      "words.csv": "language,term,definition,note\nde,Haus,home,x\nde,Baum,tree,x\nde,Neu,new,x\nde,Neu,new,x\n",
    });
    await seed(db, cwd, ["-f", "before.csv"]);
    await learn(db, "Kind");
    const plan = await seed(db, cwd, ["-f", "words.csv", "--prune", "--prune-keep-used", "-n", "--json"]);
    const counts = { rows: 4, inserted: 1, updated: 1, unchanged: 1, duplicates: 1, rejected: 0, pruned: 1 };
    const key = (term: string) => ({ language: "de", term, reading: "", sense: "" });
    expect(plan.exitCode).toBe(0);
    expect(plan.json()).toEqual({
      files: [{ file: "words.csv", ...counts, unusedColumns: ["note"], durationMs: expect.any(Number) }],
      ...{ total: counts, rejects: [], demo: null, dryRun: true, check: false },
      changes: [
        { file: "words.csv", line: 2, key: key("Haus"), changes: [{ field: "definition", old: "house", new: "home" }] },
      ],
      kept: { count: 1, words: [{ key: key("Kind"), users: 1 }] },
    });
    const done = await seed(db, cwd, ["-f", "words.csv", "--json"]);
    expect(done.json()).toMatchObject({ total: { ...counts, pruned: 0 }, changes: [], dryRun: false });
  });

  it("with --quiet is all there is", async ({ db }) => {
    const cwd = folderWith({ "words.csv": "language,term,definition,note\nde,Haus,house,x\n" });
    const loud = await seed(db, cwd, ["-f", "words.csv"]);
    expect(loud.stderr).toContain("words.csv: columns not used: note");
    const quiet = await seed(db, cwd, ["-f", "words.csv", "--quiet"]);
    expect({ exitCode: quiet.exitCode, stderr: quiet.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(quiet.stdout).toContain("words.csv");
  });
});

describe("the plan", () => {
  it("of --dry-run shows old and new, and writes nothing", async ({ db }) => {
    const cwd = folderWith({ "old.csv": HOUSE_AND_TREE, "new.csv": `${HEADER}de,Haus,home\nde,Weg,way\n` });
    await seed(db, cwd, ["-f", "old.csv"]);
    const before = await words(db);
    const { exitCode, stdout, stderr } = await seed(db, cwd, ["-f", "new.csv", "--prune", "--dry-run"]);
    expect(exitCode).toBe(0);
    expect(cells(stdout)).toEqual([
      ...["file rows inserted updated unchanged pruned", "new.csv 2 1 1 0 1", "changes:", "word field old new"],
      ...["de Haus definition house home", "dry run: nothing was written"],
    ]);
    expect(stderr).toMatch(/^dry run on /);
    expect(await words(db)).toEqual(before);
  });

  it("of --check is exit 3 with work left, and 0 without", async ({ db }) => {
    const cwd = folderWith({ "words.csv": HOUSE_AND_TREE, "less.csv": `${HEADER}de,Haus,house\n` });
    const empty = await seed(db, cwd, ["-f", "words.csv", "--check"]);
    expect(empty.exitCode).toBe(3);
    expect(empty.stdout).toContain("the database differs in 2 words");
    expect(await words(db)).toEqual([]);
    await seed(db, cwd, ["-f", "words.csv"]);
    const inSync = await seed(db, cwd, ["-f", "words.csv", "--check", "--json"]);
    expect(inSync.exitCode).toBe(0);
    expect(inSync.json()).toMatchObject({ check: true, total: { inserted: 0, updated: 0, unchanged: 2 } });
    expect((await seed(db, cwd, ["-f", "less.csv", "--check"])).exitCode).toBe(0);
    expect((await seed(db, cwd, ["-f", "less.csv", "--check", "--prune"])).exitCode).toBe(3);
    expect(await words(db)).toHaveLength(2);
  });

  it("lists bad records, and is then exit 6", async ({ db }) => {
    const cwd = folderWith({ "words.csv": TWO_BAD_OF_FOUR });
    for (const mode of ["--check", "--dry-run"]) {
      const { exitCode, stdout } = await seed(db, cwd, ["-f", "words.csv", mode]);
      expect(exitCode, mode).toBe(6);
      expect(cells(stdout)).toContain("words.csv 4 2 0 0 2");
      expect(stdout).toContain("words.csv:3:4 term: is empty\nwords.csv:4:1: has 2 cells where the header has 3\n");
    }
    expect(await words(db)).toEqual([]);
  });
});

describe("--prune", () => {
  const seeded = async (db: TestDatabase): Promise<string> => {
    const cwd = folderWith({ "all.csv": `${HOUSE_AND_TREE}de,Weg,way\n`, "less.csv": `${HEADER}de,Haus,house\n` });
    await seed(db, cwd, ["-f", "all.csv"]);
    return cwd;
  };

  it("removes what no file holds", async ({ db }) => {
    const cwd = await seeded(db);
    const { exitCode, stdout } = await seed(db, cwd, ["-f", "less.csv", "--prune", "--confirm", db.target.database]);
    expect(exitCode).toBe(0);
    expect(cells(stdout)).toContain("less.csv 1 0 0 1 2");
    expect(await definitions(db)).toEqual({ Haus: "house" });
  });

  it("is exit 5 when it meets a learned word, and removes nothing", async ({ db }) => {
    const cwd = await seeded(db);
    await learn(db, "Weg");
    const before = await words(db);
    const prune = ["-f", "less.csv", "--prune", "--confirm", db.target.database];
    const refused = await seed(db, cwd, prune);
    expect({ exitCode: refused.exitCode, stdout: refused.stdout }).toEqual({ exitCode: 5, stdout: "" });
    expect(refused.stderr).toContain("de Weg: progress of 1 user");
    expect(refused.stderr).toContain("--prune-keep-used");
    expect(errorOf(await seed(db, cwd, [...prune, "--json"])).code).toBe("ROWS_IN_USE");

    const plan = await seed(db, cwd, ["-f", "less.csv", "--prune", "--dry-run"]);
    expect(plan.exitCode).toBe(5);
    expect(cells(plan.stdout)).toContain("de Weg 1");
    expect(await words(db)).toEqual(before);

    const kept = await seed(db, cwd, [...prune, "--prune-keep-used"]);
    expect(kept.exitCode).toBe(0);
    expect(kept.stdout).toContain("1 word that no file holds and somebody has learned:");
    expect(await definitions(db)).toEqual({ Haus: "house", Weg: "way" });
  });
});

describe("bad records", () => {
  it("keep everything out, and are exit 6", async ({ db }) => {
    const cwd = folderWith({ "words.csv": TWO_BAD_OF_FOUR });
    const { exitCode, stdout, stderr } = await seed(db, cwd, ["-f", "words.csv"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(stderr).toContain(
      "error: 2 of 4 records rejected, nothing was written\n" +
        "words.csv:3:4 term: is empty\nwords.csv:4:1: has 2 cells where the header has 3\nhint:  ",
    );
    expect(stderr).toContain("--max-rejects");
    expect(await words(db)).toEqual([]);
  });

  it.for([["2"], ["50%"]])("within --max-rejects %s let the others in, exit 6", async ([limit = ""], { db }) => {
    const cwd = folderWith({ "words.csv": TWO_BAD_OF_FOUR });
    const args = ["-f", "words.csv", "--max-rejects", limit];
    const { exitCode, stdout, stderr } = await seed(db, cwd, [...args, "--quiet"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 6, stderr: "" });
    expect(cells(stdout)).toContain("words.csv 4 2 0 0 2");
    expect(stdout).toContain("rejected:\nwords.csv:3:4 term: is empty\n");
    expect(await definitions(db)).toEqual({ Haus: "house", Weg: "way" });
    const again = await seed(db, cwd, [...args, "--json"]);
    expect(again.exitCode).toBe(6);
    expect(again.json()).toMatchObject({
      total: { unchanged: 2, rejected: 2 },
      rejects: [
        { file: "words.csv", line: 3, column: 4, field: "term", code: "INVALID_CELL", reason: "is empty" },
        { file: "words.csv", line: 4, column: 1, field: null, code: "RAGGED_ROW" },
      ],
    });
  });

  it.for([["1"], ["49.9%"], ["10%"]])("beyond --max-rejects %s keep everything out", async ([limit = ""], { db }) => {
    const cwd = folderWith({ "words.csv": TWO_BAD_OF_FOUR });
    const result = await seed(db, cwd, ["-f", "words.csv", "--max-rejects", limit, "--json"]);
    expect(result.exitCode).toBe(6);
    expect(errorOf(result).code).toBe("ROWS_REJECTED");
    expect(await words(db)).toEqual([]);
  });

  it("are collected byte for byte for their owner alone, and load once repaired", async ({ db }) => {
    const bad = [' de ,"","say ""x"""', "de,Gr\xfc\xdfe,greetings", "de,Baum"];
    const lines = [HEADER.trim(), "de,Haus,house", ...bad];
    const cwd = folderWith({ "words.csv": Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1") });
    const rejects = join(cwd, "rejects.csv");
    const first = await seed(db, cwd, ["-f", "words.csv", "--rejects", "rejects.csv", "--max-rejects", "3"]);
    expect(first.exitCode).toBe(6);
    expect(statSync(rejects).mode & 0o777).toBe(0o600);
    const collected = readFileSync(rejects, "latin1");
    expect(collected.split("\n")).toEqual([
      "language,term,definition,_line,_column,_code,_reason",
      ...[`${bad[0]},3,term,INVALID_CELL,term is empty`, `${bad[1]},4,term,INVALID_UTF8,term is not UTF-8`],
      ...[`${bad[2]},5,,RAGGED_ROW,has 2 cells where the header has 3`, ""],
    ]);
    writeFileSync(
      rejects,
      collected.replace(',"",', ",Wort,").replace("Gr\xfc\xdfe", "Grüße").replace("de,Baum", "de,Baum,tree"),
    );
    const second = await seed(db, cwd, ["-f", "rejects.csv", "--quiet"]);
    expect({ exitCode: second.exitCode, stderr: second.stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(await definitions(db)).toEqual({ Baum: "tree", Grüße: "greetings", Haus: "house", Wort: 'say "x"' });
  });

  it("beyond the first are counted, also after one with faults in two lines", async ({ db }) => {
    const cwd = folderWith({ "words.csv": `${HEADER}x!,"a\nb",\n${"de,,x\n".repeat(25)}` });
    const { stderr } = await seed(db, cwd, ["-f", "words.csv"]);
    expect(stderr.match(/^words\.csv:\d+/gm)).toHaveLength(20);
    // Of 26 records, 19 are shown.
    expect(stderr).toMatch(/^… and 7 more$/m);
  });

  it("that contradict each other are named with both lines", async ({ db }) => {
    const cwd = folderWith({ "words.csv": `${HOUSE_AND_TREE}de,Haus,home\n` });
    const result = await seed(db, cwd, ["-f", "words.csv"]);
    expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: 6, stdout: "" });
    expect(result.stderr).toMatch(/^words\.csv:4:1: .*de Haus.* words\.csv:2$/m);
    expect(result.stderr).toContain("--on-duplicate first|last");
    expect(await words(db)).toEqual([]);
    expect((await seed(db, cwd, ["-f", "words.csv", "--on-duplicate", "last"])).exitCode).toBe(0);
    expect(await definitions(db)).toEqual({ Haus: "home", Baum: "tree" });
  });
});

describe("2: what cannot be meant", () => {
  it.for([
    [["--map", "word=Wort"], /--map.*"word=Wort" is not FIELD=HEADER; fields are language, term/],
    [["--map", "term"], /--map.*"term" is not FIELD=HEADER/],
    [["--map", "term="], /--map.*"term=" is not FIELD=HEADER/],
    [["--map", "term=A,reading=A"], /--map.*"A" cannot be both term and reading/],
    [["--max-rejects", "some"], /--max-rejects.*number of records such as 10, or a share/],
    [["--max-rejects", "101%"], /--max-rejects.*number of records such as 10, or a share/],
    [["--max-rejects", "1.5"], /--max-rejects.*number of records such as 10, or a share/],
    [["--delimiter", "||"], /--delimiter.*one ASCII character, or tab/],
    [["--delimiter", '"'], /--delimiter.*one ASCII character, or tab/],
    [["--format", "xlsx"], /--format.*csv.*ndjson/],
    [["--on-conflict", "merge"], /--on-conflict.*update.*keep/],
    [["--on-duplicate", "both"], /--on-duplicate.*error.*first.*last/],
    [["--prune"], /--prune removes words for good and needs --confirm/],
    [["--prune", "--confirm", "production"], /--confirm names "production", but the database is "vocabdb_test_/],
    [["--prune", "--max-rejects", "1"], /--prune cannot go with --max-rejects/],
    [["--prune-keep-used"], /--prune-keep-used.*needs --prune/],
    [["--check", "--demo"], /--check only compares.*leave out --demo/],
    [["--rejects", "words.csv"], /words\.csv: is read and cannot take the rejects too/],
    [["--rejects", "other.txt"], /other\.txt: exists and is no file of rejects/],
  ] as const)("%j", async ([args, message], { db }) => {
    const cwd = folderWith({ "words.csv": HOUSE_AND_TREE, "other.txt": "precious\n" });
    const [text, json] = await Promise.all([
      seed(db, cwd, ["-f", "words.csv", ...args]),
      seed(db, cwd, ["-f", "words.csv", ...args, "--json"]),
    ]);
    expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(text.stderr).toMatch(message);
    expect(json.exitCode).toBe(2);
    expect(errorOf(json).message).toMatch(message);
    expect(await words(db)).toEqual([]);
    expect(readFileSync(join(cwd, "other.txt"), "utf8")).toBe("precious\n");
  });
});
