/**
 * Every example that help shows is run as it stands, each on a database with the words and users that ship with vocabdb,
 * beside files of the names that the examples have.
 */
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Page } from "../../src/cli/help/page.js";
import { commandPage, programPage } from "../../src/cli/help/pages.js";
import { topicPage, topics } from "../../src/cli/help/topics.js";
import { registry } from "../../src/cli/registry.js";
import { findProgram } from "../../src/core/programs.js";
import { packageRoot } from "../../src/package-root.js";
import { EXECUTABLE, folderWith, startProcess } from "../support/cli.js";
import { itOn } from "../support/database.js";
import { withHome } from "../support/home.js";
import { builtCommand, runInProcess } from "../support/in-process.js";
import { freePort } from "../support/ports.js";

/** What no test can run as it stands, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "vocabdb db studio": "serves until Ctrl-C, see test/cli/studio.system.ts",
  "vocabdb db studio --port 5555 --no-open": "the same",
};

/** What has to have happened before, in SQL; the rest needs no more than users, words and progress. */
const BEFORE: readonly (readonly [command: RegExp, sql: string])[] = [
  [
    /^vocabdb user (restore|purge)/,
    "DELETE FROM sessions; UPDATE users SET deleted_at = now() WHERE email = 'ada@example.com'",
  ],
  [/^vocabdb db mark --clear/, "INSERT INTO database_mark (environment) VALUES ('production')"],
  [/^vocabdb migrate resolve/, "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name ~ '_init$'"],
  [
    /^vocabdb session revoke 0/,
    `INSERT INTO sessions (id, user_id, token_hash, expires_at)
     SELECT '019ab2c4-7d1e-7c3a-9f00-2b6c1d4e5f60', id, encode(sha256('example'), 'hex'), now() + interval '1 day'
       FROM users WHERE email = 'ada@example.com'`,
  ],
];

const lines = (...rows: readonly string[]): string => rows.map((row) => `${row}\n`).join("");

const FILES: Readonly<Record<string, string | Buffer>> = {
  "words.csv": lines("language,term,reading,definition", "zh,你好,nǐ hǎo,hello"),
  "export.csv": lines("Word,Notes", "你好,hello"),
  "data/words.csv": readFileSync(join(packageRoot, "data", "words.csv"), "utf8")
    .split("\n")
    .slice(0, 20)
    .join("\n"),
  "words.ndjson.gz": gzipSync(lines('{"language":"zh","term":"你好","definition":"hello"}')),
  "users.csv": lines("email,display_name", "grace@example.com,Grace Hopper"),
  "team.csv": lines("Mail,Name", "grace@example.com,Grace Hopper"),
  "users.ndjson.gz": gzipSync(lines('{"email":"grace@example.com","name":"Grace Hopper"}')),
  "progress.csv": lines(
    "email,language,term,reading,study_count,correct_count",
    "ada@example.com,zh,学生,xuésheng,3,2",
  ),
  "progress.ndjson": lines('{"email":"ada@example.com","language":"zh","term":"学生","studyCount":3,"correctCount":2}'),
  "storage.json": '{"lists":[{"id":"hsk1","listName":"HSK 1","progress":{"1":true,"学生":true}}]}',
  "hsk1.csv": lines("no,term", "1,学生"),
  "class.txt": lines("ada@example.com", "kenji@example.com"),
  "repair.sql": "UPDATE users SET display_name = 'Ada' WHERE email = 'ada@example.com';",
  "server.js": "",
  "bin/vocabdb": `#!/bin/sh\nexec '${process.execPath}' '${EXECUTABLE}' "$@"\n`,
};

const nouns = await Promise.all(Object.values(registry).map((entry) => entry.load()));
const commandPages = nouns.flatMap((noun) => noun.commands.map((command) => commandPage(noun, command)));
const topicPages = (await Promise.all(Object.keys(topics).map(topicPage))).filter((page) => page !== null);

/** Of the server that a person has: run one after the other. */
const EMBEDDED = ["db start", "db url", "db stop", "db destroy"];

function examplesOf(pages: readonly Page[]): string[] {
  return pages
    .flatMap(({ description, sections }) => [...description, ...sections.flatMap(({ blocks }) => blocks)])
    .flatMap((block) => (block.kind === "examples" ? block.items.map(({ term }) => term) : []));
}

const cli = await builtCommand();

/** A shell and programs of their own, or what is to be read at a terminal. */
const NEEDS_PROCESS = /[|$>&]|^vocabdb db shell/;

/** A shell's words, where nothing but quotes is the shell's. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

async function runExample(command: string, cwd: string, variables: Readonly<Record<string, string>>) {
  const env = { HOME: cwd, PATH: `${join(cwd, "bin")}:${process.env.PATH}`, PASSWORD: "correct horse", ...variables };
  if (!NEEDS_PROCESS.test(command)) {
    return runInProcess(cli, wordsOf(command).slice(1), { cwd, env });
  }
  const { ended, said } = startProcess("/bin/sh", ["-c", command], { cwd, env, input: "" });
  return { exitCode: await ended, ...said };
}

function folder(): string {
  const cwd = folderWith(FILES);
  chmodSync(join(cwd, "bin", "vocabdb"), 0o755);
  return cwd;
}

const it = itOn(async ({ url }) => {
  const seeded = await runExample("vocabdb seed --demo --quiet", packageRoot, { DATABASE_URL: url });
  expect(seeded).toMatchObject({ exitCode: 0 });
});

const needsPsql = (command: string): boolean => /^psql|db shell/.test(command);
const hasPsql = findProgram("psql", process.env) !== null;

const others = [...commandPages.filter(({ name }) => !EMBEDDED.includes(name)), ...topicPages];
const runnable = examplesOf(others).filter((command) => NOT_RUN[command] === undefined);

it.for(runnable)("%s", async (command, { db, skip }) => {
  skip(needsPsql(command) && !hasPsql, "there is no psql");
  const cwd = folder();
  const [, output] = /(?:-o|--output|>) (\S+)$/.exec(command) ?? [];
  if (output !== undefined) {
    rmSync(join(cwd, output), { force: true });
  }
  if (command.includes("--dir prisma")) {
    checkout(cwd);
  }
  for (const [, sql] of BEFORE.filter(([pattern]) => pattern.test(command))) {
    await db.query(sql);
  }
  // A test's database has a name of its own.
  const result = await runExample(command.replace("--confirm vocabdb", `--confirm ${db.target.database}`), cwd, {
    DATABASE_URL: db.url,
  });
  expect(result).toMatchObject({ exitCode: 0 });
});

/** A folder with schema.prisma and migrations, in which something is new. */
function checkout(cwd: string): void {
  cpSync(join(packageRoot, "prisma"), join(cwd, "prisma"), { recursive: true });
  const path = join(cwd, "prisma", "schema.prisma");
  writeFileSync(path, readFileSync(path, "utf8").replace("model User {", "model User {\n  notes String?"));
}

test("the first steps, and the examples of the embedded server", () =>
  withHome(async (home) => {
    const cwd = folder();
    const port = String(await freePort());
    const [started = [], ...rest] = EMBEDDED.map((name) =>
      examplesOf(commandPages.filter((page) => page.name === name)),
    );
    // The port is chosen when the server is created.
    const steps = [...started.reverse(), ...examplesOf([programPage()]), ...rest.flat()];
    for (const command of steps.filter((step) => hasPsql || !needsPsql(step))) {
      const result = await runExample(command.replace("25432", port), cwd, { VOCABDB_HOME: home });
      expect({ command, ...result }).toMatchObject({ command, exitCode: 0 });
    }
    expect(steps.length).toBeGreaterThan(8);
  }));

test("nothing is left out that does not exist", () => {
  expect(examplesOf(commandPages)).toEqual(expect.arrayContaining(Object.keys(NOT_RUN)));
});
