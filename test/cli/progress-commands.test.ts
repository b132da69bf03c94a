/** `progress list`, `export` and `reset` as they are typed: documents, tables, files, exit codes. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import {
  type CliOptions,
  type CliResult,
  folderWith,
  temporaryFolder,
  vocabdbHere as vocabdb,
} from "../support/cli.js";
import { it as base, type TestDatabase } from "../support/database.js";
import { addUsers, learn, markDeleted } from "../support/learning.js";

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const ESCAPE = "\u001b[31mred\u202e";

type Run = (command: string, options?: CliOptions) => Promise<CliResult>;

interface Fixtures {
  readonly learning: TestDatabase;
  /** Runs `vocabdb progress …` on it. */
  readonly progress: Run;
}

const it = base.extend<Fixtures>({
  learning: async ({ db }, use) => {
    await addUsers(db, ADA, BOB);
    await learn(db, ADA, [
      {
        ...{ term: "好", reading: "hǎo", sense: "adjective", definition: "good", studied: 4, correct: 3 },
        ...{ confidence: 0.85, last: "2026-01-02T03:04:05.678Z", due: "2026-02-03T04:05:06.789Z" },
      },
      { term: ESCAPE, definition: "=cmd()", language: "de", due: "2100-01-01T00:00:00Z" },
    ]);
    await use(db);
  },
  progress: ({ learning }, use) =>
    use((command, options) => vocabdb(["progress", ...command.split(" ")], { url: learning.url, ...options })),
});

const HEADER = "email,language,term,reading,sense,study_count,correct_count,confidence,last_studied_at,next_review_at";
const GOOD = `${ADA},zh,好,hǎo,adjective,4,3,0.85,2026-01-02T03:04:05.678Z,2026-02-03T04:05:06.789Z`;
const ALL = `${HEADER}\n${ADA},de,${ESCAPE},"","",0,0,0,,2100-01-01T00:00:00.000Z\n${GOOD}\n`;

/** The one line that a failure with --json leaves on stderr. */
function errorOf({ stderr }: CliResult): { code: string; message: string; hint: string | null } {
  return JSON.parse(stderr).error;
}

describe("progress list", () => {
  it("--json is one document", async ({ learning, progress }) => {
    const [row] = await learning.query("SELECT id FROM vocabulary_words WHERE term = '好'");
    const { exitCode, stderr, json } = await progress(`list ${ADA} --due --json`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(json()).toStrictEqual({
      progress: [
        {
          ...{ wordId: row?.id, language: "zh", term: "好", reading: "hǎo", sense: "adjective", definition: "good" },
          ...{ studyCount: 4, correctCount: 3, confidence: 0.85 },
          ...{ lastStudiedAt: "2026-01-02T03:04:05.678Z", nextReviewAt: "2026-02-03T04:05:06.789Z" },
          state: "mastered",
        },
      ],
      nextCursor: null,
    });
  });

  it("is a table in which data cannot hide or colour anything", async ({ progress }) => {
    const { exitCode, stdout } = await progress(`list ${ADA}`);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").map((line) => line.trim().replace(/\s{2,}/g, " | "))).toEqual([
      "next review | language | term | reading | sense | definition | state | correct | confidence | studied",
      expect.stringMatching(/^─+$/),
      "2026-02-03 04:05:06Z | zh | 好 | hǎo | adjective | good | mastered | 3 of 4 | 85 % | 2026-01-02 03:04:05Z",
      "2100-01-01 00:00:00Z | de | \\u{1b}[31mred\\u{202e} | =cmd() | new | 0 of 0 | 0 % | –",
      "",
    ]);
  });

  it("goes on behind the cursor that it prints", async ({ progress }) => {
    const first = await progress(`list ${ADA} --limit 1`);
    const [, cursor = ""] = /more: --after (\S+)/.exec(first.stdout) ?? [];
    const second = await progress(`list ${ADA} --limit 1 --after ${cursor} --json`);
    expect(second.json()).toMatchObject({ progress: [{ language: "de" }], nextCursor: null });
  });

  it("takes any spelling of a language", async ({ progress }) => {
    expect((await progress(`list ${ADA} --language ZH --json`)).json().progress).toHaveLength(1);
    expect((await progress(`list ${BOB}`)).stdout).toBe("no progress\n");
  });

  it.for([
    ["list", 2, "USAGE"],
    ["list ada", 2, "USAGE"],
    [`list ${ADA} --language Chinese`, 2, "USAGE"],
    [`list ${ADA} --limit 0`, 2, "USAGE"],
    [`list ${ADA} --after 2`, 2, "USAGE"],
    ["list eve@example.org", 4, "USER_NOT_FOUND"],
    [`list ${BOB}`, 4, "USER_DELETED"],
  ] as const)("%s: exit %i, %s", async ([command, exitCode, code], { learning, progress }) => {
    await markDeleted(learning, BOB);
    const result = await progress(`${command} --json`);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(errorOf(result).code).toBe(code);
  });
});

describe("progress export", () => {
  it("goes to standard output, which holds nothing else", async ({ progress }) => {
    expect(await progress("export --all")).toMatchObject({ exitCode: 0, stdout: ALL, stderr: "" });
    expect(await progress(`export ${ADA} --output -`)).toMatchObject({ stdout: ALL });
    expect(await progress(`export ${BOB}`)).toMatchObject({ stdout: `${HEADER}\n` });
  });

  it("goes to a file that only its owner can read, in the format that its name says", async ({ progress }) => {
    const cwd = temporaryFolder();
    const csv = await progress("export --all -o all.csv --json", { cwd });
    expect(csv.json()).toStrictEqual({ progress: 2, output: "all.csv" });
    expect(readFileSync(join(cwd, "all.csv"), "utf8")).toBe(ALL);
    expect(statSync(join(cwd, "all.csv")).mode & 0o777).toBe(0o600);

    const ndjson = await progress(`export ${ADA} -o all.ndjson`, { cwd });
    expect(ndjson.stdout).toBe("exported progress on 2 words to all.ndjson\n");
    const [, second = ""] = readFileSync(join(cwd, "all.ndjson"), "utf8").split("\n");
    expect(JSON.parse(second)).toMatchObject({ email: ADA, term: "好", studyCount: 4, confidence: 0.85 });
    const given = await progress(`export ${ADA} -o again.ndjson --format csv`, { cwd });
    expect(given.exitCode).toBe(0);
    expect(readFileSync(join(cwd, "again.ndjson"), "utf8")).toBe(ALL);
    expect(readdirSync(cwd).toSorted()).toEqual(["again.ndjson", "all.csv", "all.ndjson"]);
  });

  it("replaces a file only with --force, and leaves it as it was when it fails", async ({ learning, progress }) => {
    await markDeleted(learning, BOB);
    const cwd = folderWith({ "all.csv": "precious" });
    const content = () => readFileSync(join(cwd, "all.csv"), "utf8");
    expect(errorOf(await progress("export --all -o all.csv --json", { cwd })).code).toBe("FILE_UNUSABLE");
    expect((await progress(`export ${BOB} -o all.csv --force`, { cwd })).exitCode).toBe(4);
    expect(content()).toBe("precious");
    expect((await progress("export --all -o all.csv --force", { cwd })).exitCode).toBe(0);
    expect(content()).toBe(ALL);
  });

  it("--escape-formulas keeps a spreadsheet from running what people wrote", async ({ learning, progress }) => {
    await learn(learning, BOB, [{ term: "@SUM(1)", reading: "=1+1" }]);
    expect((await progress(`export ${BOB} --escape-formulas`)).stdout).toContain(`${BOB},zh,'@SUM(1),'=1+1,"",0`);
  });

  it("of all leaves out deleted users, unless asked", async ({ learning, progress }) => {
    await markDeleted(learning, ADA);
    expect((await progress("export --all")).stdout).toBe(`${HEADER}\n`);
    expect((await progress("export --all --deleted")).stdout).toBe(ALL);
    expect((await progress(`export ${ADA} --deleted`)).stdout).toBe(ALL);
    expect((await progress(`export ${ADA}`)).exitCode).toBe(4);
  });

  it("ends quietly when nobody reads on", async ({ learning, progress }) => {
    await learning.query(`INSERT INTO vocabulary_words (language, term, definition)
      SELECT 'de', 'Wort ' || n, 'word' FROM generate_series(1, 5000) AS n`);
    await learning.query(`INSERT INTO progress (user_id, word_id)
      SELECT u.id, w.id FROM users AS u, vocabulary_words AS w WHERE u.email = '${BOB}'`);
    const result = await progress(`export ${BOB}`, {
      onStart: ({ stdout }) => stdout?.once("data", () => stdout.destroy()),
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(result.stdout.length).toBeLessThan(200_000);
  });

  it.for([
    ["export", "give either the email of a user or --all"],
    [`export ${ADA} --all`, "give either the email of a user or --all"],
    ["export --all --output all.ndjson --escape-formulas", "--escape-formulas is for spreadsheets, which read CSV"],
    ["export --all --format xml", /: must be csv or ndjson$/],
    ["export --all", "--json needs --output FILE: standard output takes the export itself"],
    ["export --all --output -", "--json needs --output FILE: standard output takes the export itself"],
  ] as const)("%s --json: exit 2", async ([command, message], { progress }) => {
    const result = await progress(`${command} --json`);
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(errorOf(result)).toMatchObject({ code: "USAGE", message: expect.stringMatching(message) });
  });
});

describe("progress reset", () => {
  it("--json is one document, and converges", async ({ learning, progress }) => {
    const [user] = await learning.query("SELECT * FROM users WHERE email = $1", [ADA]);
    const command = `reset ${ADA} --confirm ${ADA} --reason requested --json`;
    const document = {
      user: {
        ...{ id: user?.id, email: ADA, displayName: null, deletedAt: null },
        ...{ createdAt: user?.created_at.toISOString(), updatedAt: user?.updated_at.toISOString() },
      },
    };
    const rehearsed = await progress(`${command} --dry-run`);
    expect(rehearsed.json()).toStrictEqual({ ...document, changed: true, progressDeleted: 2, dryRun: true });
    expect(await learning.query("SELECT FROM progress")).toHaveLength(2);

    const result = await progress(command);
    expect(result.exitCode).toBe(0);
    expect(result.json()).toStrictEqual({ ...document, changed: true, progressDeleted: 2, dryRun: false });
    expect(await learning.query("SELECT FROM progress")).toHaveLength(0);

    const again = await progress(command);
    expect(again.exitCode).toBe(0);
    expect(again.json()).toStrictEqual({ ...document, changed: false, progressDeleted: 0, dryRun: false });
    expect(await learning.query("SELECT action, subjects, reason, changes FROM audit_log")).toEqual([
      { action: "progress reset", subjects: [ADA], reason: "requested", changes: { progress: { deleted: 2 } } },
    ]);
  });

  it("says what it does, would do, and did not have to do", async ({ progress }) => {
    const said = async (options: string) => (await progress(`reset ${ADA} --language zh ${options}`)).stdout;
    expect(await said("--dry-run")).toBe(`would remove the progress of ${ADA} on 1 word\n`);
    expect(await said(`--confirm ${ADA}`)).toBe(`removed the progress of ${ADA} on 1 word\n`);
    expect(await said(`--confirm ${ADA}`)).toBe(`nothing to remove: ${ADA}\n`);
  });

  it.for([
    [`reset ${ADA}`, 2, "CONSENT_MISSING"],
    [`reset ${ADA} --confirm ${BOB}`, 2, "CONSENT_MISSING"],
    [`reset ${ADA} --yes`, 2, "CONSENT_MISSING"],
    [`reset ${ADA} --language 中文 --confirm ${ADA}`, 2, "USAGE"],
    ["reset eve@example.org --confirm eve@example.org", 4, "USER_NOT_FOUND"],
    [`reset ${BOB} --confirm ${BOB}`, 4, "USER_DELETED"],
  ] as const)("%s: exit %i, %s, and nothing is removed", async ([command, exitCode, code], { learning, progress }) => {
    await markDeleted(learning, BOB);
    const result = await progress(`${command} --json`);
    expect(result).toMatchObject({ exitCode, stdout: "" });
    expect(errorOf(result).code).toBe(code);
    expect(await learning.query("SELECT FROM progress")).toHaveLength(2);
    expect(await learning.query("SELECT FROM audit_log")).toHaveLength(0);
  });
});
