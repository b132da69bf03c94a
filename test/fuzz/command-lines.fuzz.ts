/** Command lines of known and unknown words: each ends with a documented exit code, and says what it has to say where it belongs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import { run } from "../../src/cli/run.js";
import { ExitCode } from "../../src/errors/base.js";
import { temporaryFolder, vocabdb } from "../support/cli.js";
import { type KnownCommand, type KnownOption, knownCommands } from "../support/command-lines.js";
import { it, type TestDatabase } from "../support/database.js";
import { hostileArgument, tryAll, type Verdict } from "../support/hostile.js";
import { type InProcessResult, runInProcess } from "../support/in-process.js";
import { schemaOf } from "../support/schema.js";

const FILES: Readonly<Record<string, string>> = {
  "words.csv": "language,term,definition\nzh,a,x\n",
  "bad.csv": "language,term,definition\nzh,,x\n",
  "users.csv": "email\nada@example.org\n",
  "progress.ndjson": '{"email":"ada@example.org","language":"zh","term":"a","studyCount":1,"correctCount":1}\n',
  "storage.json": '{"lists":[{"progress":{"a":true}}]}',
};

const GOOD_VALUES = [
  ...[...Object.keys(FILES), "-", "ada@example.org", "zh", "a", "1", "10", "30d", "1s", "2026-01-01", "csv", "ndjson"],
  ...[
    "localstorage",
    "update",
    "email",
    "created",
    "first",
    "tab",
    "term=x",
    "exposure",
    "error",
    "json",
    "example.org",
  ],
  ...["01920000-0000-7000-8000-000000000000", "20260101000000_init", "W10", "nowhere.csv", "out.csv"],
];

/** No path that leads out of the folder of the test, and no server that is not the test's. */
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...GOOD_VALUES) },
  { weight: 1, arbitrary: hostileArgument.filter((text) => !/[/~*?[{(]|^\.\.$/.test(text)) },
);

const UNKNOWN_WORDS = [
  "--unknown",
  "-x",
  "--",
  "",
  "-",
  "---",
  "--no-color=1",
  "--json=true",
  "-nv",
  "--help",
  "-V",
  "help",
  "usr",
  "-1",
];

const further = fc.oneof(
  { weight: 4, arbitrary: value },
  { weight: 1, arbitrary: fc.constantFrom(...UNKNOWN_WORDS) },
  { weight: 1, arbitrary: fc.constantFrom("--json", "--quiet", "--verbose", "--dry-run") },
);

/** An option with a value of one kind or another, in one of the ways to write it. */
function written({ name, takesValue }: KnownOption): fc.Arbitrary<string[]> {
  if (!takesValue) {
    return fc.constant([name]);
  }
  return fc.tuple(value, fc.nat(7)).map(([text, form]) => {
    return form === 0 ? [name] : form <= 2 ? [`${name}=${text}`] : [name, text];
  });
}

function lineOf({ words, args, options }: KnownCommand): fc.Arbitrary<string[]> {
  const here = options.filter(({ name }) => !ELSEWHERE.test(name));
  return fc
    .record({
      positional: fc.array(value, { minLength: args.length, maxLength: args.length }),
      chosen: fc.array(fc.constantFrom(...here).chain(written), { maxLength: 3 }),
      rest: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(further, { maxLength: 2 }) },
      ),
      json: fc.subarray(["--json"]),
    })
    .map(({ positional, chosen, rest, json }) => {
      return [...words, ...safety(words), ...positional, ...chosen.flat(), ...rest, ...json];
    });
}

function commandLines(commands: readonly KnownCommand[]): fc.Arbitrary<string[]> {
  const nouns = commands.flatMap(({ words }) => words).filter((word) => word !== "db" && word !== "create");
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...commands).chain(lineOf) },
    { weight: 1, arbitrary: fc.array(fc.oneof(further, fc.constantFrom(...nouns)), { maxLength: 5 }) },
  );
}

/** They would lead to another server, or to another file of settings. */
const ELSEWHERE = /^--(database-url|shadow-url|env-file)/;

/** `migrate create` writes into the installation, unless it is told where. */
const safety = (words: readonly string[]): string[] =>
  words.join(" ") === "migrate create" ? ["--dir", "nowhere"] : [];

const EXIT_CODES: ReadonlySet<number> = new Set(Object.values(ExitCode));

/** @throws when it did not end as documented */
function checked(argv: readonly string[], { exitCode, stdout, stderr }: Omit<InProcessResult, "shown">): Verdict {
  expect(EXIT_CODES).toContain(exitCode);
  expect([ExitCode.interrupted, ExitCode.unexpected]).not.toContain(exitCode);
  if (!argv.some((word) => word === "--verbose" || /^-\w*v/.test(word))) {
    expect(`${stdout}${stderr}`).not.toMatch(/^ +at .*(file|node):/m);
  }
  const words = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  if (exitCode === ExitCode.ok) {
    return "accepted";
  }
  expect(stderr.includes("unexpected:")).toBe(false);
  if (words.includes("--json") && stdout === "") {
    expect(stderr).toMatch(/^[^\n]+\n$/);
    const { error } = JSON.parse(stderr);
    expect(error).toEqual({ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String), hint: error.hint });
  } else if (words.includes("--json")) {
    // Findings are a result: the document is there, and tells of them.
    expect([ExitCode.findings, ExitCode.badData, ExitCode.usage, ExitCode.unreachable]).toContain(exitCode);
    JSON.parse(stdout);
  }
  return "refused";
}

function prepare(): string {
  const cwd = temporaryFolder();
  for (const [name, content] of Object.entries(FILES)) {
    writeFileSync(join(cwd, name), content);
  }
  return cwd;
}

const environment = (db: TestDatabase, home: string) => ({
  DATABASE_URL: db.url,
  HOME: home,
  VOCABDB_HOME: join(home, "server"),
  PATH: "",
});

it("command lines, in one process", async ({ db }) => {
  const cwd = prepare();
  const commands = await knownCommands();
  const before = await schemaOf(db);
  await tryAll({
    parser: "command line (in one process)",
    cases: commandLines(commands),
    runs: { full: 1_500, short: 100 },
    limit: 20_000,
    check: async (argv) =>
      checked(argv, await runInProcess(run, argv, { cwd, env: environment(db, cwd), input: FILES["words.csv"] ?? "" })),
  });
  expect(await schemaOf(db)).toEqual(before);
});

it("command lines, each in a process of its own", async ({ db }) => {
  const cwd = prepare();
  const commands = await knownCommands();
  await tryAll({
    parser: "command line (real processes)",
    cases: fc.oneof({ weight: 4, arbitrary: commandLines(commands) }, { weight: 1, arbitrary: longLines(commands) }),
    runs: { full: 200, short: 12 },
    limit: 60_000,
    check: async (argv) => {
      const result = await vocabdb(argv, { cwd, env: environment(db, cwd), input: FILES["words.csv"] ?? "" });
      return checked(argv, { ...result, exitCode: result.exitCode ?? expect.unreachable("it was killed by a signal") });
    },
  });
});

/** As long as the system lets an argument be. */
function longLines(commands: readonly KnownCommand[]): fc.Arbitrary<string[]> {
  const long = fc
    .constantFrom("a", "'", "://", "汉", ",", "=", " ", "-", "\\", "1", "\u0301")
    .map((text) => text.repeat(Math.floor(120_000 / Buffer.byteLength(text))));
  return fc
    .tuple(fc.constantFrom(...commands), long, fc.constantFrom("argument", "option", "word"))
    .map(([{ words, options }, text, place]) => {
      const option = options.find(({ name, takesValue }) => takesValue && !ELSEWHERE.test(name));
      const last = place === "argument" || option === undefined ? [text] : [option.name, text];
      return place === "word" ? [text] : [...words, ...safety(words), ...last];
    });
}
