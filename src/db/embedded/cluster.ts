/**
 * The embedded server's files: one folder, which appears complete or not at all.
 *
 *     <folder>/server.json   port, user, database
 *     <folder>/pgpass        the password, in libpq's passfile form, mode 0600
 *     <folder>/server.log
 *     <folder>/data/         PostgreSQL's data directory, mode 0700
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { EmbeddedStartError } from "../../errors/embedded.js";
import { Secret } from "../../secret.js";
import { tryPort } from "../ports.js";
import { type Account, canEnter, runAs, serverAccount } from "./account.js";
import { type Binaries, findBinaries } from "./binaries.js";

const Settings = z.object({
  port: z.number().int().min(1).max(65535),
  user: z.string().min(1),
  database: z.string().min(1),
});
type Settings = z.infer<typeof Settings>;

export interface Cluster extends Settings {
  readonly folder: string;
  readonly dataDirectory: string;
  readonly logFile: string;
  /** libpq's passfile; its path may be shown, its content never. */
  readonly passFile: string;
}

/** For root's servers whose home is closed to the account that runs them. */
const SHARED_BASE = "/var/lib/vocabdb";
const USER = "vocabdb";
const DATABASE = "vocabdb";
/** Below the ports that systems hand out to outgoing connections, so that ours stays free while stopped. */
const PORTS = { first: 20_000, end: 32_768 } as const;
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

const inHome = (home: string): string => join(home, "postgres");
const inSharedBase = (home: string): string =>
  join(SHARED_BASE, createHash("sha256").update(home).digest("hex").slice(0, 16));

/** @returns the server created for this home, or null. */
export function findCluster(home: string): Cluster | null {
  for (const folder of [inHome(home), inSharedBase(home)]) {
    try {
      return clusterIn(folder);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EACCES") {
        throw new EmbeddedStartError(
          `the embedded server in ${folder} belongs to another user`,
          "use that user, or choose another folder with VOCABDB_HOME",
        );
      }
      if (code !== "ENOENT" && code !== "ENOTDIR") {
        throw error;
      }
    }
  }
  return null;
}

function clusterIn(folder: string): Cluster {
  const settings = Settings.parse(JSON.parse(readFileSync(join(folder, "server.json"), "utf8")));
  return {
    ...settings,
    folder,
    dataDirectory: join(folder, "data"),
    logFile: join(folder, "server.log"),
    passFile: join(folder, "pgpass"),
  };
}

export function clusterPassword(cluster: Cluster): Secret {
  const line = readFileSync(cluster.passFile, "utf8").trim();
  return new Secret(line.slice(line.lastIndexOf(":") + 1));
}

/** The programs for a cluster; a copy of them, where one is needed, lies beside it. */
export function clusterBinaries(folder: string): Promise<Binaries> {
  return findBinaries(serverAccount(), dirname(folder));
}

/** Creates the server's files unless another process is faster: then that one's are returned. */
export async function createCluster(
  home: string,
  port: number | null,
): Promise<{ readonly cluster: Cluster; readonly created: boolean }> {
  const account = serverAccount();
  const folder = await chooseFolder(home, account);
  const base = dirname(folder);
  removeAbandoned(base);
  const binaries = await findBinaries(account, base);

  const unfinished = `${folder}.creating-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    await fill(unfinished, account, binaries, port ?? (await freePort()));
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    const winner = findCluster(home);
    if (winner === null) {
      throw error;
    }
    return { cluster: winner, created: false };
  }
  return { cluster: clusterIn(folder), created: true };
}

async function chooseFolder(home: string, account: Account): Promise<string> {
  // Entered, not listed: the account needs to pass through, and nobody needs to look.
  mkdirSync(home, { recursive: true, mode: account === null ? 0o700 : 0o711 });
  if (await canEnter(account, home)) {
    return inHome(home);
  }
  mkdirSync(SHARED_BASE, { recursive: true, mode: 0o711 });
  if (await canEnter(account, SHARED_BASE)) {
    return inSharedBase(home);
  }
  throw new EmbeddedStartError(
    `the server cannot run as root, and neither ${home} nor ${SHARED_BASE} can be entered by another account`,
    "set VOCABDB_HOME to a folder that every user can enter",
  );
}

async function fill(folder: string, account: Account, binaries: Binaries, port: number): Promise<void> {
  const own = (path: string): void => {
    if (account !== null) {
      chownSync(path, account.uid, account.gid);
    }
  };
  mkdirSync(folder, { mode: account === null ? 0o700 : 0o711 });
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  own(data);

  // Handed to initdb through its own file: a command line is visible to everybody.
  const password = randomBytes(24).toString("base64url");
  const passwordInput = join(folder, "initdb-password");
  writeFileSync(passwordInput, password, { mode: 0o600 });
  own(passwordInput);
  await succeed(
    runAs(account, binaries.initdb, [
      ...["--pgdata", data, "--username", USER, `--pwfile=${passwordInput}`, "--auth=scram-sha-256"],
      // Sorts by code point, the same on every machine, and still knows letters beyond ASCII.
      ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      "--no-instructions",
    ]),
    "initdb",
  );
  rmSync(passwordInput);

  appendFileSync(
    join(data, "postgresql.conf"),
    [
      "",
      "# vocabdb: reachable from this machine only, and by password only.",
      "listen_addresses = '127.0.0.1'",
      "unix_socket_directories = ''",
      "timezone = 'UTC'",
      "log_timezone = 'UTC'",
      "",
    ].join("\n"),
  );
  await succeed(
    runAs(account, binaries.postgres, ["--single", "-D", data, "postgres"], {
      input: `CREATE DATABASE ${DATABASE};\n`,
    }),
    "creating the database",
  );

  const log = join(folder, "server.log");
  writeFileSync(log, "", { mode: 0o600 });
  own(log);
  writeFileSync(join(folder, "pgpass"), `127.0.0.1:*:*:${USER}:${password}\n`, { mode: 0o600 });
  writeSettings(folder, { port, user: USER, database: DATABASE });
}

async function succeed(running: ReturnType<typeof runAs>, what: string): Promise<void> {
  const { exitCode, output } = await running;
  if (exitCode !== 0 || /FATAL|PANIC/.test(output)) {
    throw new EmbeddedStartError(
      `the embedded server could not be created: ${what} failed: ${output || `exit code ${exitCode}`}`,
      "set DATABASE_URL to use another PostgreSQL",
    );
  }
}

function writeSettings(folder: string, settings: Settings): void {
  const path = join(folder, "server.json");
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

export function changePort(cluster: Cluster, port: number): Cluster {
  writeSettings(cluster.folder, { port, user: cluster.user, database: cluster.database });
  return { ...cluster, port };
}

/** Removes a stopped cluster: out of sight first, so that a half-removed one is never found. */
export function removeCluster(cluster: Cluster): void {
  const removed = `${cluster.folder}.removing-${process.pid}`;
  renameSync(cluster.folder, removed);
  chmodSync(removed, 0o700);
  rmSync(removed, { recursive: true, force: true });
}

/** What a killed process left behind. */
function removeAbandoned(base: string): void {
  for (const name of existsSync(base) ? readdirSync(base) : []) {
    const path = join(base, name);
    if (
      /\.(creating|copying|removing)-\d+$/.test(name) &&
      Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > ABANDONED_AFTER_MS
    ) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(PORTS.first, PORTS.end);
    if ((await tryPort(port)) !== null) {
      return port;
    }
  }
  throw new EmbeddedStartError("no free port was found on 127.0.0.1", "choose one: vocabdb db start --port PORT");
}
