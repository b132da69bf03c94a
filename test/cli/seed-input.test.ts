/** What `vocabdb seed` reads, and what it says of files that nobody cleaned: where, what, and what to do next. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { EXECUTABLE, folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const HEADER = "language,term,definition\n";

/** The terms that are stored, with their definitions. */
async function words(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ word: string }>(
    "SELECT language || ' ' || term || ' = ' || definition AS word FROM vocabulary_words ORDER BY term",
  );
  return rows.map(({ word }) => word);
}

/** Runs a line as it would be typed at bash, which knows the command `vocabdb`. @throws when it fails */
async function typed(db: TestDatabase, cwd: string, line: string): Promise<{ stdout: string; stderr: string }> {
  const script = `set -o pipefail\nvocabdb() { '${process.execPath}' '${EXECUTABLE}' "$@"; }\n${line}`;
  const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url };
  return promisify(execFile)("bash", ["-c", script], { cwd, env });
}

describe("what is wrong with a file is said with its place and the next step", () => {
  const long = "x".repeat(256);
  const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
  const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, "utf16le");
  /** 词典 and 漂亮 */
  const gbk = (before: string, after: string): Buffer =>
    Buffer.concat([Buffer.from(before), Buffer.from("b4cab5e4c6afc1c1", "hex"), Buffer.from(after)]);
  const CORRECT = /^correct the lines named above.*--rejects FILE.*--max-rejects N/;

  it.for([
    ["a row with a cell too few", "w.csv", `${HEADER}de,Haus\n`, 6, "w.csv:2:1: has 2 cells", CORRECT],
    ["a row with a cell too many", "w.csv", `${HEADER}de,a,b,c\n`, 6, "w.csv:2:1: has 4 cells", CORRECT],
    ["an unclosed quote", "w.csv", `${HEADER}de,"Haus,h\n`, 6, "w.csv:2:4: a quoted cell is never closed", CORRECT],
    ["a quote amid a cell", "w.csv", `${HEADER}de,a"b",c\n`, 6, "w.csv:2:5: a quote stands inside a cell", CORRECT],
    ["a NUL", "w.csv", `${HEADER}de,Ha\0us,house\n`, 6, "w.csv:2:4 term: holds a NUL character", CORRECT],
    ["an over-long cell", "w.csv", `${HEADER}de,a,b\nde,${long},c\n`, 6, "w.csv:3:4 term: is longer than 255", CORRECT],
    ["a cell after one of two lines", "w.csv", `${HEADER}de,"a\nb",\n`, 6, "w.csv:3:4 definition: is empty", CORRECT],
    ["a line that is no JSON", "w.ndjson", `${HEADER}`, 6, "w.ndjson:1:1: is not a JSON object", CORRECT],
    [
      "Latin-1",
      "w.csv",
      latin1(`${HEADER}fr,\xe9t\xe9,x\n`),
      6,
      "w.csv:2:4 term: is not UTF-8",
      /Latin-1.*iconv -f WINDOWS-1252/,
    ],
    [
      "Latin-1 in JSON",
      "w.jsonl",
      latin1('{"term":"\xe9t\xe9","english":"x"}\n'),
      6,
      "w.jsonl:1:1: is not UTF-8",
      /Latin-1.*iconv/,
    ],
    ["GBK", "w.csv", gbk(`${HEADER}zh,`, ",x\n"), 6, "w.csv:2:4 term: is not UTF-8", /GBK.*iconv -f GB18030/],
    [
      "GBK in the header",
      "w.csv",
      gbk("language,", "\n"),
      2,
      "w.csv:1:1: the header is not UTF-8",
      /GBK.*iconv -f GB18030/,
    ],
    ["UTF-16", "w.csv", utf16(`${HEADER}de,Haus,house\n`), 2, "w.csv:1:1: is not UTF-8", /UTF-16.*iconv -f UTF-16/],
    ["an empty file", "w.csv", "", 6, "w.csv:1:1: the file is empty", /^it needs a header and one line per word$/],
    [
      "an empty NDJSON file",
      "w.ndjson",
      "\n",
      6,
      "w.ndjson:1:1: the file is empty",
      /^it needs one JSON object per word/,
    ],
    [
      "a broken header",
      "w.csv",
      'a,"b\n',
      6,
      "w.csv:1:3: a quoted cell is never closed",
      /first line has to be a CSV header/,
    ],
    ["a header below empty lines", "w.csv", "\n\nNr,Was\n", 6, "w.csv:3:1: no column for term", /--map term=Nr/],
    ["half a .gz", "w.csv.gz", gzipSync(HEADER).subarray(0, 24), 2, "w.csv.gz: ends in the middle", /gzip -t FILE/],
    [
      "a workbook",
      "w.csv",
      "PK\u0003\u0004 and more",
      2,
      "w.csv: is a ZIP archive or an Excel workbook",
      /save the sheet/,
    ],
  ] as const)("%s", async ([, name, content, exitCode, problem, hint], { db }) => {
    const cwd = folderWith({ [name]: content });
    const result = await vocabdb(["seed", "-f", name, "--language", "de", "--json"], { url: db.url, cwd });
    expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode, stdout: "" });
    const { error } = JSON.parse(result.stderr);
    expect(`\n${error.message}`).toContain(`\n${problem}`);
    expect(error.hint).toMatch(hint);
    expect(await words(db)).toEqual([]);
  });

  it.for([
    ["a file that is not there", "w.csv", "w.csv: no such file"],
    ["a pattern that matches nothing", "w*.csv", "w*.csv: no such file, and nothing matches it as a pattern"],
    ["a folder without files", "notes", "notes: is a folder without any .csv, .tsv, .ndjson or .jsonl file"],
  ] as const)("%s", async ([, file, problem], { db }) => {
    const cwd = folderWith({ "notes/read.me": "" });
    const { exitCode, stdout, stderr } = await vocabdb(["seed", "-f", file, "--json"], { url: db.url, cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const { error } = JSON.parse(stderr);
    expect(error.message).toContain(problem);
    expect(error.hint).toMatch(/\S/);
  });

  it("and looks the same to a person", async ({ db }) => {
    const cwd = folderWith({ "w.csv": latin1(`${HEADER}fr,\xe9t\xe9,summer\n`) });
    const { exitCode, stderr } = await vocabdb(["seed", "-f", "w.csv", "--quiet"], { url: db.url, cwd });
    expect(exitCode).toBe(6);
    expect(stderr).toBe(
      "error: 1 of 1 record rejected, nothing was written\n" +
        "w.csv:2:4 term: is not UTF-8\n" +
        "hint:  it looks like Latin-1 (Windows-1252); convert the file first: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv\n",
    );
  });
});

describe("a header without what is needed is named, with options that work as they stand", () => {
  it.for([
    ["Wort,Übersetzung ins Englische", ["--language", "de"], "de"],
    [`"It's $HOME; a \`word\`","Meaning = ""x"" & (more)"`, ["--language", "de"], "de"],
    ["Wort,Was", [], "zh"],
  ] as const)("%s", async ([header, options, language], { db }) => {
    const cwd = folderWith({ "w.csv": `${header}\nHaus,house\n` });
    const { exitCode, stderr } = await vocabdb(["seed", "-f", "w.csv", "-q", ...options], { url: db.url, cwd });
    expect(exitCode).toBe(6);
    const [, first = ""] = header.split(/^"?|"?,/);
    expect(stderr).toMatch(/^error: w\.csv:1:1: no column for .*term, definition \(the headers are: /);
    expect(stderr).toContain(JSON.stringify(first));
    const [, hint = ""] = /^hint: {2}say which header means what, for example: (.*)$/m.exec(stderr) ?? [];
    const suggested = hint.replace("; say which language the words are in, for example:", "");
    await typed(db, cwd, `vocabdb seed -f w.csv ${options.join(" ")} ${suggested}`);
    expect(await words(db)).toEqual([`${language} Haus = house`]);
  });
});

describe("input comes from", () => {
  const A = `${HEADER}de,Haus,house\n`;
  const B = `${HEADER}de,Baum,tree\n`;
  const BOTH = ["de Baum = tree", "de Haus = house"];

  it.for([
    ["several files after one -f", "seed -f a.csv b.csv"],
    ["several -f", "seed -f a.csv -f b.csv"],
    ["a file that is named twice, once", "seed -f a.csv b.csv a.csv"],
    ["a pattern that the shell does not see", "seed -f '*.csv'"],
    ["a folder", "seed -f ."],
  ] as const)("%s", async ([, line], { db }) => {
    const cwd = folderWith({ "a.csv": A, "b.csv": B, "notes.txt": "not for us\n" });
    const { stdout } = await typed(db, cwd, `vocabdb ${line} --json`);
    const files: { file: string; rows: number }[] = JSON.parse(stdout).files;
    expect(files).toMatchObject([
      { file: "a.csv", rows: 1 },
      { file: "b.csv", rows: 1 },
    ]);
    expect(files).toHaveLength(2);
    expect(await words(db)).toEqual(BOTH);
  });

  it("a folder of all formats, folders in it included", async ({ db }) => {
    const cwd = folderWith({
      "in/a.csv": A,
      "in/b.tsv": "language\tterm\tdefinition\nde\tBaum\ttree, not shrub\n",
      "in/deep/c.ndjson": '{"lang":"de","word":"Weg","english":"way"}\n',
      "in/deep/d.jsonl.gz": gzipSync('{"lang":"de","word":"Zug","english":"train"}\n'),
      "in/deep/e.csv.gz": gzipSync(`${HEADER}de,Arm,arm\n`),
      "out.csv": `${HEADER}de,Nein,no\n`,
    });
    const { exitCode, json } = await vocabdb(["seed", "-f", "in", "--json"], { url: db.url, cwd });
    expect(exitCode).toBe(0);
    expect(json().files.map(({ file }: { file: string }) => file)).toEqual([
      ...["in/a.csv", "in/b.tsv", "in/deep/c.ndjson", "in/deep/d.jsonl.gz", "in/deep/e.csv.gz"],
    ]);
    expect(await words(db)).toEqual([
      ...["de Arm = arm", "de Baum = tree, not shrub", "de Haus = house", "de Weg = way", "de Zug = train"],
    ]);
  });

  it.for([
    ["standard input", "vocabdb seed -f - < a.csv", ["de Haus = house"]],
    ["another program", "cat a.csv | vocabdb seed -f -", ["de Haus = house"]],
    ["a packed file", "vocabdb seed -f b.csv.gz", ["de Baum = tree"]],
    ["a packed file without a name", "cat b.csv.gz | vocabdb seed -f -", ["de Baum = tree"]],
    ["standard input and files", "cat b.csv.gz | vocabdb seed -f a.csv -", BOTH],
    ["another program that looks like a file", "vocabdb seed -f <(cat a.csv) <(gunzip -c b.csv.gz)", BOTH],
    ["standard input by its file name", "cat a.csv | vocabdb seed -f /dev/stdin", ["de Haus = house"]],
    [
      "NDJSON from another program",
      `echo '{"language":"de","term":"Haus","meaning":"house"}' | vocabdb seed -f - --format ndjson`,
      ["de Haus = house"],
    ],
    ["a file of another name", "cp b.csv.gz b; vocabdb seed -f b", ["de Baum = tree"]],
  ] as const)("%s", async ([, line, expected], { db }) => {
    const cwd = folderWith({ "a.csv": A, "b.csv.gz": gzipSync(B) });
    await typed(db, cwd, line);
    expect(await words(db)).toEqual(expected);
  });

  it.for([
    ["semicolons", "language;term;definition\nde;Haus;house, home\n", []],
    ["tabs", "language\tterm\tdefinition\nde\tHaus\thouse, home\n", []],
    ["bars, when told", "language|term|definition\nde|Haus|house, home\n", ["--delimiter", "|"]],
    [
      "tabs, when told",
      "language\tterm\ta;b;c;d;definition\nde\tHaus\thouse, home\n",
      ["--delimiter", "tab", "--map", "definition=a;b;c;d;definition"],
    ],
    ["commas, a byte order mark and CRLF", `\ufeff${HEADER}de,Haus,"house, home"\n`.replaceAll("\n", "\r\n"), []],
    [
      "columns that are named on the command line",
      'Nr,Wort,Was\nde,Haus,"house, home"\n',
      ["--map", "language=Nr,term=wort", "--map", "definition=Was"],
    ],
    ["no language column", 'term,definition\nHaus,"house, home"\n', ["--language", "DE"]],
  ] as const)("a file with %s", async ([, content, options], { db }) => {
    const cwd = folderWith({ "w.csv": content });
    const { exitCode, stderr } = await vocabdb(["seed", "-f", "w.csv", "-q", ...options], { url: db.url, cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(await words(db)).toEqual(["de Haus = house, home"]);
  });
});
