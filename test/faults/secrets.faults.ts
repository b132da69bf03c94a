/** Passwords, tokens and hashes in everything that a command leaves behind, whatever it does and however it fails. */
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { expect, inject, it } from "vitest";
import { registry } from "../../src/cli/registry.js";
import { loadConfig } from "../../src/config.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { clusterPassword, findCluster, removeCluster } from "../../src/db/embedded/cluster.js";
import { serverState } from "../../src/db/embedded/server.js";
import { packageRoot } from "../../src/package-root.js";
import { EXECUTABLE, startProcess, temporaryFolder } from "../support/cli.js";
import { withClient } from "../support/database.js";
import { count, tries } from "../support/experiment.js";
import { leaked } from "../support/secrets.js";
import { type OwnServer, withServer } from "../support/server.js";
import { type Case, COMMANDS, EMBEDDED_COMMANDS, FAILURES, NOT_PROVOKED } from "./secret-cases.js";
import { look, textsIn, watchPrograms } from "./secret-places.js";
import { PHC, ROWS, TOKEN, USER_PASSWORD } from "./secret-rows.js";

const LOGS_EVERYTHING = [
  ...["log_statement = all", "log_min_duration_statement = 0", "log_error_verbosity = verbose"],
  ...["log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1"],
];
/** With what has to be written otherwise in a URL, a shell, a password file and JSON. */
const PASSWORD = `m4rk'er "$(id)"@:/?#%41\\é ${randomBytes(4).toString("hex")}`;
const ROLE = "app";
const TEMPLATE = "secrets_template";
const NEVER_LOGGED = [PASSWORD, USER_PASSWORD, TOKEN];
const NEVER_TOLD = [...NEVER_LOGGED, PHC, createHash("sha256").update(TOKEN).digest("hex")];
const MODES = [[], ["--verbose"], ["--json"], ["--verbose", "--json"]] as const;
const LANES = 2;
const HUNG_MS = 120_000;

interface Given {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** All ways for a password to get in. */
const CHANNELS: readonly ((url: URL, cwd: string) => Given)[] = [
  ({ href }) => ({ env: { DATABASE_URL: href, DIRECT_URL: href } }),
  ({ href }) => ({ args: ["--database-url", href] }),
  ({ href }) => ({ files: { ".env": `DATABASE_URL="${href}"\n` } }),
  ({ href }) => ({ files: { "secret.env": `DATABASE_URL="${href}"\n` }, args: ["--env-file", "secret.env"] }),
  (url) => ({ env: { DATABASE_URL: withoutPassword(url), PGPASSWORD: PASSWORD } }),
  (url, cwd) => ({
    env: { DATABASE_URL: `${withoutPassword(url)}?passfile=${encodeURIComponent(join(cwd, "pgpass"))}` },
    files: { pgpass: `*:*:*:${ROLE}:${PASSWORD.replace(/[\\:]/g, "\\$&")}\n` },
  }),
];

function withoutPassword(url: URL): string {
  return url.href.replace(/:[^:@]*@/, "@");
}

const places = new Map<string, { runs: number; found: number }>();
const leaks: string[] = [];

/** @param label tells how to do it again */
function lookedAt(where: string, label: string, texts: readonly string[], secrets: readonly string[]): void {
  const found = leaked(texts.join("\n"), secrets);
  const place = places.get(where) ?? { runs: 0, found: 0 };
  places.set(where, { runs: place.runs + 1, found: place.found + found.length });
  leaks.push(...found.slice(0, 1).map((leak) => `${label}: ${JSON.stringify(leak)} in ${where}`));
}

function asAdministrator<T>(
  { target }: OwnServer,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { host, port, user, password } = target;
  return withClient({ host, port, user, database, password: password?.reveal() ?? "" }, work);
}

/** What stands in these statements is not the command's. */
async function unlogged(server: OwnServer, database: string, statements: readonly string[]): Promise<void> {
  await asAdministrator(server, database, async (client) => {
    for (const statement of ["SET log_statement = none", "SET log_min_duration_statement = -1", ...statements]) {
      await client.query(statement);
    }
  });
}

async function prepare(server: OwnServer): Promise<void> {
  const role = `CREATE ROLE ${ROLE} SUPERUSER LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'`;
  await unlogged(server, server.target.database, [role, `CREATE DATABASE ${TEMPLATE}`]);
  await deployMigrations({ ...server.target, database: TEMPLATE });
  await unlogged(server, TEMPLATE, [ROWS]);
}

interface Attempt {
  /** As it is typed; empty where the case has all of it. */
  readonly command: string;
  readonly example: Case;
  /** Chooses how the password gets in, and the form of what is printed. */
  readonly turn: number;
  /** Of a failure. */
  readonly code: string | null;
}

async function attempt(server: OwnServer, database: string, { command, example, turn, code }: Attempt): Promise<void> {
  await server.query(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE}`);
  await unlogged(server, database, example.setup ?? []);
  const { port } = server.target;
  const url = new URL(`postgresql://${ROLE}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${database}`);
  const [cwd, home, TMPDIR] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  const channel = example.env === undefined ? CHANNELS[turn % CHANNELS.length]?.(url, cwd) : { env: example.env(url) };
  const mode = (MODES[Math.floor(turn / CHANNELS.length) % MODES.length] ?? []).filter(
    (word) => word !== "--json" || example.textOnly !== true,
  );
  const files = { ...example.files, ...channel?.files };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(cwd, name), content);
    chmodSync(join(cwd, name), 0o700);
  }
  const words = [...command.split(" "), ...mode, ...(channel?.args ?? []), ...example.args].filter(
    (word) => word !== "",
  );
  const args = words.map((word) => ({ DATABASE: database, PORT: String(port) })[word] ?? word);
  const label = `\`${args.join(" ")}\` of ${code ?? "no failure"}, turn ${turn}, seed ${inject("experiment").seed}`;
  await asAdministrator(server, database, async (client) => {
    if (example.meanwhile !== undefined) {
      await client.query(`BEGIN; ${example.meanwhile}`);
    }
    const { child, said, ended } = startProcess(process.execPath, [EXECUTABLE, ...args], {
      ...{ cwd, input: example.input ?? "", mayTell: "what it tells is counted here" },
      env: { PATH: `${cwd}:${process.env.PATH}`, HOME: home, TMPDIR, ...channel?.env },
    });
    const watching = watchPrograms(child.pid ?? 0, ended);
    const hung = setTimeout(() => child.kill("SIGKILL"), HUNG_MS);
    const over = new AbortController();
    if (example.until !== undefined) {
      void endWhen(example.until, { child, said }, client, over.signal);
    }
    const exitCode = await ended;
    clearTimeout(hung);
    over.abort();
    const programs = await watching;
    const told = `${said.stdout}\n${said.stderr}`;
    checkOutcome(code, exitCode, said.stderr, label);
    const given = Object.keys(files).map((name) => join(cwd, name));
    lookedAt("standard output and error", label, [told], NEVER_TOLD);
    lookedAt(
      "files that were written",
      label,
      [cwd, home, TMPDIR].flatMap((at) => textsIn(at, given)),
      NEVER_TOLD,
    );
    lookedAt("arguments of programs it started", label, programs.arguments, NEVER_TOLD);
    lookedAt("environment of others than psql and Studio", label, programs.environments, NEVER_TOLD);
    if (example.meanwhile !== undefined) {
      await client.query("ROLLBACK");
    }
    const { rows } = await client.query<{ entry: string }>("SELECT a::text AS entry FROM audit_log AS a");
    lookedAt(
      "the history",
      label,
      rows.map(({ entry }) => entry),
      NEVER_TOLD,
    );
  });
  await server.query(`DROP DATABASE ${database} WITH (FORCE)`);
  // Root's lies outside of a home that only root can enter.
  const embedded = findCluster(loadConfig({ env: { HOME: home }, cwd: home }).home);
  if (embedded !== null) {
    removeCluster(embedded);
  }
}

async function endWhen(
  { shows, signal }: NonNullable<Case["until"]>,
  { child, said }: Pick<ReturnType<typeof startProcess>, "child" | "said">,
  client: pg.Client,
  over: AbortSignal,
): Promise<void> {
  const waits =
    "SELECT FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database WHERE datname = current_database() AND NOT granted";
  while (!over.aborted) {
    const isTime = shows?.test(`${said.stdout}${said.stderr}`) ?? (await client.query(waits)).rows.length > 0;
    if (isTime) {
      child.kill(signal);
      return;
    }
    await sleep(20);
  }
}

/** What came of it otherwise than it is claimed. */
const surprises: string[] = [];

function checkOutcome(code: string | null, exitCode: number | null, stderr: string, label: string): void {
  const asClaimed =
    code === null
      ? [0, 3, 143].includes(exitCode ?? -1)
      : exitCode !== 0 && (!stderr.startsWith("{") || JSON.parse(stderr).error.code === code);
  if (!asClaimed) {
    surprises.push(`${label} ended with ${exitCode}: ${stderr}`);
  }
}

function attempts(): Attempt[] {
  const failures = Object.entries(FAILURES).map(([code, example]) => ({ command: "", example, code }));
  const commands = Object.entries(COMMANDS).flatMap(([command, examples]) =>
    examples.map((example) => ({ command, example, code: null })),
  );
  const turns = CHANNELS.length * MODES.length;
  const times = tries({ full: 2, short: 1 });
  const oneOf = tries({ full: 1, short: 3 });
  // A step that has no divisor in common with the number of turns: all of them come up, whatever the seed.
  const all = [...commands, ...failures].filter((_, index) => (index + inject("experiment").seed) % oneOf === 0);
  return all.flatMap((each, index) =>
    Array.from({ length: times }, (_, n) => ({
      ...each,
      turn: (inject("experiment").seed + 7 * index + CHANNELS.length * n + 5 * n) % turns,
    })),
  );
}

it("every command and every code is looked at, or named as one that is not", async () => {
  const nouns = await Promise.all(Object.values(registry).map(({ load }) => load()));
  const commands = nouns.flatMap(({ name, commands: all }) =>
    all.map((command) => (command.name === name ? name : `${name} ${command.name}`)),
  );
  expect([...Object.keys(COMMANDS), ...EMBEDDED_COMMANDS].sort()).toEqual(commands.sort());
  const documented = [...readFileSync(join(packageRoot, "docs", "errors.md"), "utf8").matchAll(/^\| `([A-Z_]+)`/gm)];
  expect([...Object.keys(FAILURES), ...NOT_PROVOKED].sort()).toEqual(documented.map(([, code]) => code).sort());
});

it("nothing has any of them", async () => {
  await withServer({ conf: LOGS_EVERYTHING }, async (server) => {
    await prepare(server);
    const waiting = attempts().map((each, index) => ({ each, database: `secrets_${index}` }));
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await attempt(server, next.database, next.each);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const log = readFileSync(server.cluster.logFile, "utf8");
    // It does log what it is asked, with the values.
    expect(log).toMatch(/INSERT INTO "?public"?\."?users"?.*[\s\S]*eve@example\.org/);
    lookedAt("the server's log", "all of them", [log], NEVER_LOGGED);
    lookedAt("environment of others than psql and Studio", "the server", environmentOf(server.pid), NEVER_TOLD);
  });
  report();
});

it("the embedded server and its password show in nothing but the files that are for it", async () => {
  for (let round = 0; round < tries({ full: MODES.length, short: 1 }); round += 1) {
    await embedded(round + inject("experiment").seed);
  }
  report();
});

async function embedded(turn: number): Promise<void> {
  const [cwd, home, VOCABDB_HOME] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  // The account that runs the server has to pass through.
  chmodSync(VOCABDB_HOME, 0o711);
  const url = `postgresql://${ROLE}:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/other`;
  const env = { PATH: process.env.PATH, HOME: home, VOCABDB_HOME, DATABASE_URL: url, PGPASSWORD: PASSWORD };
  const secrets = [PASSWORD];
  const allowed = [join(cwd, "url.env")];
  const steps = [
    ...[["start"], ["url"], ["url", "-o", "url.env"], ["start"], ["stop"], ["start"]],
    ...[["destroy"], ["destroy", "--confirm", "vocabdb"]],
  ];
  for (const step of steps) {
    const args = ["db", ...step, ...(MODES[turn % MODES.length] ?? [])];
    const label = `\`${args.join(" ")}\``;
    const options = { cwd, env, input: "", mayTell: "what it tells is counted here" };
    const { child, said, ended } = startProcess(process.execPath, [EXECUTABLE, ...args], options);
    const watching = watchPrograms(child.pid ?? 0, ended);
    await ended;
    const programs = await watching;
    const cluster = findCluster(VOCABDB_HOME);
    if (cluster !== null) {
      secrets[1] = clusterPassword(cluster).reveal();
      allowed[1] = cluster.passFile;
      const { pid } = serverState(cluster);
      lookedAt("environment of others than psql and Studio", label, pid === null ? [] : environmentOf(pid), secrets);
    }
    lookedAt("standard output and error", label, [`${said.stdout}\n${said.stderr}`], secrets);
    lookedAt("arguments of programs it started", label, programs.arguments, secrets);
    lookedAt("environment of others than psql and Studio", label, programs.environments, secrets);
    lookedAt(
      "files that were written",
      label,
      [cwd, home, VOCABDB_HOME].flatMap((at) => textsIn(at, allowed)),
      secrets,
    );
  }
  expect(findCluster(VOCABDB_HOME)).toBeNull();
  expect(statSync(join(cwd, "url.env")).mode & 0o777).toBe(0o600);
}

function environmentOf(pid: number): string[] {
  const seen = { arguments: [], environments: [] };
  look(pid, seen);
  return seen.environments;
}

function report(): void {
  for (const [where, { runs, found }] of places) {
    count("Secrets", { where, runs, found });
  }
  places.clear();
  expect({ leaks: leaks.splice(0), surprises: surprises.splice(0) }).toEqual({ leaks: [], surprises: [] });
}
