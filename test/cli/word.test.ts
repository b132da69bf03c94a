/** `vocabdb word`: what is printed, what is promised to scripts, and how each refusal ends. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { scanCsv } from "../../src/core/load/csv.js";
import { EXECUTABLE, folderWith, startProcess, temporaryFolder, vocabdbHere as vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { addLearners, addWords, history } from "../support/words.js";

const NI_HAO = {
  ...{ language: "zh", term: "你好", reading: "nǐ hǎo", definition: "hello", part_of_speech: "phrase" },
  ...{ level: "HSK1", category: "greetings" },
};

const ISO_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const NI_HAO_JSON = {
  ...{ language: "zh", term: "你好", reading: "nǐ hǎo", sense: "", definition: "hello", partOfSpeech: "phrase" },
  ...{ level: "HSK1", category: "greetings", example: null, createdAt: ISO_TIME, updatedAt: ISO_TIME },
};

describe("word list, show, search and stats", () => {
  it("print the documents that scripts rely on", async ({ db }) => {
    const [id = ""] = await addWords(db, NI_HAO, { ...NI_HAO, term: "您好", reading: "nín hǎo" }, { term: "Haus" });
    await addLearners(db, id, "ada@example.org");
    const json = async (...args: string[]) => (await vocabdb(["word", ...args, "--json"], { url: db.url })).json();
    const page = await json("list", "--language", "ZH", "--level", "HSK1", "--limit", "1");
    expect(page).toStrictEqual({ words: [{ id, ...NI_HAO_JSON }], nextCursor: expect.any(String) });
    const next = await json("list", "--language", "zh", "--after", page.nextCursor);
    expect(next).toMatchObject({ words: [{ term: "您好" }], nextCursor: null });
    expect(await json("show", "你好")).toStrictEqual({ words: [{ id, ...NI_HAO_JSON, learners: 1 }] });
    expect(await json("search", "ni3hao3")).toStrictEqual({
      ...{ words: [{ id, ...NI_HAO_JSON, match: "exact" }], truncated: false },
    });
    expect(await json("stats")).toStrictEqual({
      ...{ total: 3, groupedBy: "language" },
      by: [
        { language: "de", words: 1 },
        { language: "zh", words: 2 },
      ],
    });
  });

  it("print tables for people", async ({ db }) => {
    await addWords(db, NI_HAO, { term: "Haus", definition: "house" });
    const text = async (...args: string[]) => (await vocabdb(["word", ...args], { url: db.url })).stdout;
    const list = await text("list", "--limit", "1");
    expect(list).toMatch(
      /^ language {2}term {2}reading {2}definition {2}level\n─+\n de {8}Haus {11}house {7}–\nmore: --after \S+\n$/,
    );
    expect(await text("search", "nihao")).toMatch(/ zh {8}你好 {2}nǐ hǎo {3}hello {7}HSK1 {3}exact\n$/);
    expect(await text("search", "hao", "--limit", "1")).toContain("你好");
    expect(await text("search", "nichts")).toBe("no words\n");
    expect(await text("show", "Haus")).toMatch(/^term {12}Haus\nlanguage {8}de\nreading {9}–\ndefinition {6}house\n/);
    expect(await text("show", "Haus")).toContain("\nlearned by      0 users\n");
    expect(await text("stats", "--by", "level")).toMatch(
      / HSK1 {8}1 {2}█{10}░{10} {2}50 %\n \(none\) {6}1 {2}█{10}░{10} {2}50 %\n2 words\n$/,
    );
  });

  it("say when there are more than are shown", async ({ db }) => {
    await addWords(db, { term: "Haus" }, { term: "Hausboot" });
    const options = { url: db.url };
    const { stdout } = await vocabdb(["word", "search", "haus", "--limit", "1"], options);
    expect(stdout).toContain("there are more: ");
    const document = (await vocabdb(["word", "search", "haus", "--limit", "1", "--json"], options)).json();
    expect(document).toMatchObject({ words: [{ term: "Haus" }], truncated: true });
  });

  it("make what could move the cursor visible", async ({ db }) => {
    await addWords(db, { term: "evil\u001b[2Jterm", definition: "\u202egnirts\nline" });
    for (const args of [["list"], ["search", "evil"], ["show", "evil\u001b[2Jterm"]]) {
      const { stdout } = await vocabdb(["word", ...args], { url: db.url });
      expect(stdout).toContain("evil\\u{1b}[2Jterm");
      expect(stdout).toContain("\\u{202e}gnirts\\u{a}line");
      expect(stdout).not.toMatch(/[\u001b\u202e]/);
    }
  });
});

describe("word export", () => {
  it("writes the format that the file's name or --format says, for its owner alone", async ({ db }) => {
    await addWords(db, NI_HAO, { term: "=1+1", definition: "formula" });
    const cwd = temporaryFolder();
    const read = (name: string) => readFileSync(join(cwd, name), "utf8");
    const run = (...args: string[]) => vocabdb(["word", "export", ...args], { url: db.url, cwd });
    const first = await run("--output", "words.csv", "--json");
    expect(first.json()).toStrictEqual({ words: 2, output: "words.csv" });
    expect(read("words.csv")).toMatch(/^language,term,.*\nde,=1\+1,"","",formula,,,,\nzh,你好,nǐ hǎo,"",hello,/);
    expect(statSync(join(cwd, "words.csv")).mode & 0o777).toBe(0o600);
    expect((await run("-o", "words.ndjson", "--language", "zh")).stdout).toBe("exported 1 word to words.ndjson\n");
    expect(JSON.parse(read("words.ndjson"))).toMatchObject({ term: "你好", partOfSpeech: "phrase", example: null });
    await run("-o", "words.ndjson", "--format", "csv", "--force", "--escape-formulas");
    expect(read("words.ndjson")).toContain("\nde,'=1+1,");
    const piped = await run();
    expect(piped).toMatchObject({ exitCode: 0, stdout: read("words.csv"), stderr: "" });
    expect((await run("--output", "-", "--format", "ndjson", "--language", "zh")).stdout).toMatch(
      /^\{"language":"zh".*\}\n$/,
    );
    const refused = await run("-o", "words.csv");
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain("--force");
    expect(read("words.csv")).toBe(piped.stdout);
  });

  it("for a spreadsheet holds no formula, and is read back as it was", async ({ db }) => {
    const terms = ["=1+1", "'=1", "+x", "-ly", "@a", '"=1', "＝1", "＠SUM(1)", "'", "it's", "''", "x=1"];
    await addWords(db, ...terms.map((term) => ({ term })));
    const cwd = temporaryFolder();
    await vocabdb(["word", "export", "--escape-formulas", "-o", "words.csv"], { url: db.url, cwd });
    const { records } = scanCsv(readFileSync(join(cwd, "words.csv"), "utf8"), { delimiter: ",", line: 1, final: true });
    const cells = records.map(({ cells: [, term = ""] }) => term);
    expect(cells.filter((cell) => /^["\s]*[=+@＝＋＠－-]/.test(cell))).toEqual([]);
    const seed = ["seed", "--file", "words.csv", "--check"];
    expect((await vocabdb([...seed, "--unescape-formulas"], { url: db.url, cwd })).exitCode).toBe(0);
    expect((await vocabdb(seed, { url: db.url, cwd })).exitCode).toBe(3);
  });

  it.for([
    [["--json"], "--json needs --output FILE: standard output takes the export itself"],
    [["--format", "xml"], "must be csv or ndjson"],
    [["--language", "Chinese"], "is not a language tag"],
    [["--escape-formulas", "-o", "words.jsonl"], "--escape-formulas is for spreadsheets, which read CSV"],
  ] as const)("refuses %j", async ([args, message], { db }) => {
    const cwd = temporaryFolder();
    const { exitCode, stdout, stderr } = await vocabdb(["word", "export", ...args], { url: db.url, cwd });
    expect(stderr).toContain(args[0] === "--json" ? JSON.stringify(message) : message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(existsSync(join(cwd, "words.jsonl"))).toBe(false);
  });

  it("of 100 MB takes no more memory than one of nothing, and ends quietly when nobody reads on", async ({ db }) => {
    // What the index over spellings has to do is not what is measured.
    await db.query("DROP INDEX vocabulary_words_search_idx");
    await db.query(`INSERT INTO vocabulary_words (language, term, definition)
      SELECT 'de', n::text, repeat('x', 1000) FROM generate_series(1, 100000) AS n`);
    const folder = folderWith({
      "report.mjs": `process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS));`,
    });
    const peak = async (...args: string[]) => {
      const env = { NODE_OPTIONS: `--import ${join(folder, "report.mjs")}` };
      const { stderr } = await vocabdb(["word", "export", "-o", "words.csv", ...args], { url: db.url, env });
      return Number(/peak (\d+)$/.exec(stderr)?.[1]);
    };
    const nothing = await peak("--language", "fr");
    const everything = await peak();
    expect(nothing).toBeGreaterThan(10_000);
    expect((everything - nothing) / 1024).toBeLessThan(60);

    const { child, ended, said } = startProcess(process.execPath, [EXECUTABLE, "word", "export"], {
      env: { PATH: process.env.PATH, HOME: folder, DATABASE_URL: db.url },
    });
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended).toBe(0);
    expect(said.stderr).toBe("");
  });
});

describe("word delete", () => {
  it("deletes one word, and says and records what went", async ({ db }) => {
    const [id = ""] = await addWords(db, NI_HAO, { term: "Haus" });
    await addLearners(db, id, "ada@example.org", "bob@example.org");
    const run = (...args: string[]) => vocabdb(["word", "delete", ...args], { url: db.url });
    expect((await run("你好", "--confirm", "你好", "--dry-run")).stdout).toBe(
      "would delete zh 你好 nǐ hǎo\nprogress of 2 users would go with it\n",
    );
    expect(await history(db)).toEqual([]);
    const { stdout } = await run("你好", "--confirm", "你好", "--reason", "wrong entry", "--json");
    expect(JSON.parse(stdout)).toStrictEqual({
      ...{ word: { id, ...NI_HAO_JSON }, changed: true, progressDeleted: 2, dryRun: false },
    });
    const changes = { vocabulary_words: { deleted: 1 }, progress: { deleted: 2 } };
    expect(await history(db)).toEqual([{ action: "word delete", subjects: [], changes, reason: "wrong entry" }]);
    expect((await run("Haus")).stdout).toBe("deleted de Haus\n");
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(0);
  });

  it.for([
    ["a word that does not exist", ["Hause"], 4, "WORD_NOT_FOUND"],
    ["several at once", ["地"], 5, "WORD_AMBIGUOUS"],
    ["one that is in use", ["Haus"], 5, "WORD_IN_USE"],
    ["one that is in use, with another word's name", ["Haus", "--confirm", "地"], 5, "WORD_IN_USE"],
    ["nothing", [" "], 2, "USAGE"],
    ["a language that is none", ["Haus", "--language", "German"], 2, "USAGE"],
  ] as const)("refuses %s", async ([, args, exitCode, code], { db }) => {
    const [id = ""] = await addWords(
      db,
      { term: "Haus" },
      { language: "zh", term: "地", reading: "dì" },
      { language: "zh", term: "地", reading: "de" },
    );
    await addLearners(db, id, "ada@example.org");
    const result = await vocabdb(["word", "delete", ...args, "--json"], { url: db.url });
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(JSON.parse(result.stderr)).toMatchObject({ error: { code } });
    expect(await db.query("SELECT FROM vocabulary_words")).toHaveLength(3);
    expect(await history(db)).toEqual([]);
  });
});

it("a word that does not exist is not shown: exit 4, and the next command to type", async ({ db }) => {
  const { exitCode, stdout, stderr } = await vocabdb(["word", "show", "nichts"], { url: db.url });
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  expect(stderr).toBe('error: there is no word "nichts"\nhint:  vocabdb word search finds other spellings\n');
});

it("a database without tables is exit 3", async ({ emptyDb }) => {
  for (const args of [["list"], ["show", "a"], ["search", "a"], ["export"], ["delete", "a"], ["stats"]]) {
    const { exitCode, stderr } = await vocabdb(["word", ...args], { url: emptyDb.url });
    expect(exitCode, `${args}: ${stderr}`).toBe(3);
  }
});
