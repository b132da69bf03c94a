/** Every command as each of the roles of prisma/roles.sql: docs/security.md has the table, and it is true. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { expect, it } from "vitest";
import { registry } from "../../src/cli/registry.js";
import { run } from "../../src/cli/run.js";
import { TABLES } from "../../src/core/database-status.js";
import { packageRoot } from "../../src/package-root.js";
import { folderWith } from "../support/cli.js";
import { it as itHasDatabase, type TestDatabase, withClient } from "../support/database.js";
import { runInProcess } from "../support/in-process.js";
import { addPeople } from "../support/people.js";
import { GROUPS, ROLES_SCRIPT, reserveRoles, withLogin } from "../support/roles.js";

reserveRoles(GROUPS);

interface Attempt {
  /** What stands behind the command as the table has it. */
  readonly args?: string;
  /** Whether rows change where it is allowed. */
  readonly writes?: true;
  /** SQL of a superuser before it. */
  readonly setup?: string;
}

const LAST = "20261125120000_api_roles";
const UNAPPLIED = `DELETE FROM _prisma_migrations WHERE migration_name = '${LAST}'`;

/** In this order, each finds what it needs in place, done or refused. */
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  "db status": {},
  "db wait": {},
  "db mark": {},
  "db doctor --skip write": {},
  "migrate status": {},
  "migrate plan": {},
  "user list": { args: "--search ada" },
  "user show": { args: "ada@example.org" },
  "user export": { args: "ada@example.org" },
  "session list": { args: "--state active" },
  history: {},
  "word list": {},
  "word show": { args: "Katze" },
  "word search": { args: "wor" },
  "word stats": {},
  "word export": { args: "-o words.out" },
  "progress show": { args: "ada@example.org" },
  "progress list": { args: "ada@example.org" },
  "progress report": {},
  "progress export": { args: "--all -o progress.out" },
  "seed --check": { args: "-f same.csv" },
  seed: { args: "-f words.csv", writes: true },
  "seed --prune": { args: "-f words.csv --language de --confirm DATABASE", writes: true },
  "word delete": { args: "Haus", writes: true },
  "user create": { args: "new@example.org", writes: true },
  "user update": { args: "ada@example.org --generate-password", writes: true },
  "user delete": { args: "bob@example.org", writes: true },
  "user restore": { args: "carol@example.org", writes: true },
  "user import": { args: "-f users.csv", writes: true },
  "session revoke": { args: "--user eve@example.org", writes: true },
  "session prune": { writes: true },
  "progress import": { args: "-f progress.ndjson", writes: true },
  "progress reset": { args: "ada@example.org --confirm ada@example.org", writes: true },
  "user purge": { args: "dan@example.org --confirm dan@example.org", writes: true },
  "db mark NAME": { args: "", writes: true },
  migrate: { setup: UNAPPLIED, writes: true },
  "migrate resolve": { setup: UNAPPLIED, args: `--applied ${LAST}`, writes: true },
  "migrate reset": { setup: "DELETE FROM database_mark", args: "--confirm DATABASE", writes: true },
};

/** About the embedded server, whose one user is a superuser; what the role's grants say; on a database of its own; on none. */
const NOT_IN_TABLE = [
  ...["db start", "db stop", "db url", "db destroy"],
  ...["db shell", "db studio", "migrate create", "completion", "help", "schema"],
];

/** By command: whether owner, writer and reader may. */
function documented(): Record<string, readonly boolean[]> {
  const text = readFileSync(join(packageRoot, "docs", "security.md"), "utf8");
  const rows = [...text.matchAll(/^\| (`.*`) \| (yes|no) \| (yes|no) \| (yes|no) \|$/gm)];
  return Object.fromEntries(
    rows.flatMap(([, commands = "", ...may]) =>
      [...commands.matchAll(/`([^`]+)`/g)].map(([, command = ""]) => [command, may.map((each) => each === "yes")]),
    ),
  );
}

it("the table has every command, and every command of it is tried here", async () => {
  const table = Object.keys(documented());
  expect(table.toSorted()).toEqual(Object.keys(ATTEMPTS).toSorted());
  const nouns = await Promise.all(Object.values(registry).map((entry) => entry.load()));
  const commands = nouns.flatMap((noun) =>
    noun.commands.map((command) => (command === noun.defaultCommand ? noun.name : `${noun.name} ${command.name}`)),
  );
  const missing = commands.filter((name) => !table.some((each) => each === name || each.startsWith(`${name} -`)));
  expect(missing.toSorted()).toEqual(NOT_IN_TABLE.toSorted());
});

const FILES = {
  "same.csv": "language,term,definition\nde,Wort 1,word 1\n",
  "words.csv": "language,term,definition\nde,Wort 1,word 1\nde,Wort 2,word 2\nde,Wort 3,changed\nde,Haus,house\n",
  "users.csv": "email,display_name\nada@example.org,Ada L.\nnobody@example.org,\n",
  "progress.ndjson": `${JSON.stringify({
    ...{ email: "ada@example.org", language: "de", term: "Wort 1", studyCount: 9, correctCount: 5, confidence: 0.5 },
    ...{ lastStudiedAt: "2030-01-01T00:00:00Z", nextReviewAt: "2030-02-01T00:00:00Z" },
  })}\n`,
};

async function fill(db: TestDatabase): Promise<void> {
  await addPeople(
    db,
    { email: "ada@example.org", words: 3, sessions: 1 },
    { email: "bob@example.org", words: 1, sessions: 1 },
    { email: "carol@example.org", words: 2, deletedAt: "2026-01-01Z" },
    { email: "dan@example.org", words: 2, deletedAt: "2026-01-01Z", sessions: 1 },
    { email: "eve@example.org", sessions: 2 },
  );
  await db.query(`INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Katze', 'in no file');
    INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
      SELECT id, repeat('0', 64), '2026-01-01Z', '2026-01-02Z' FROM users WHERE email = 'ada@example.org'`);
}

const ROLES = ["owner", "writer", "reader"] as const;

/** Changes with every row. */
async function stateOf(client: pg.Client): Promise<string> {
  const rows = TABLES.map((name) => `(SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM ${name} AS t)`);
  const { rows: states } = await client.query(`SELECT md5(concat_ws('|', ${rows.join(", ")})) AS md5`);
  return states[0].md5;
}

/** What a command has to come to. */
function outcomeOf(isAllowed: boolean, writes: boolean): object {
  if (isAllowed) {
    return { exitCode: 0, changed: writes, refusal: null };
  }
  const refusal = {
    ...{ code: "PERMISSION_DENIED", message: expect.stringContaining("permission denied") },
    hint: expect.stringMatching(/^connect as the owner of the tables.*docs\/security\.md/),
  };
  return { exitCode: 7, changed: false, refusal };
}

itHasDatabase.for(ROLES)("as %s", async (role, { db }) => {
  await fill(db);
  await db.query(ROLES_SCRIPT);
  const folder = folderWith(FILES);
  const may = documented();
  const tryAll = async (url: string, observer: pg.Client): Promise<void> => {
    for (const [command, { args = "", writes = false, setup = "" }] of Object.entries(ATTEMPTS)) {
      await observer.query(setup);
      const before = await stateOf(observer);
      const line = `${command} ${args} --json`.replace("NAME", "staging").replace("DATABASE", db.target.database);
      const { exitCode, stderr } = await runInProcess(run, line.split(/ +/), {
        cwd: folder,
        env: { DATABASE_URL: url, VOCABDB_HOME: folder, PATH: process.env.PATH },
      });
      const changed = (await stateOf(observer)) !== before;
      const outcome = { exitCode, changed, refusal: exitCode === 0 ? null : JSON.parse(stderr).error };
      const isAllowed = may[command]?.[ROLES.indexOf(role)] === true;
      expect(outcome, `vocabdb ${line} as ${role}`).toEqual(outcomeOf(isAllowed, writes));
    }
  };
  await withLogin(db, `IN ROLE vocabdb_${role}`, ({ url }) => withClient(db.direct, (client) => tryAll(url, client)));
});
