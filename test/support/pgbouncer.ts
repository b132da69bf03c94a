/** PgBouncer before a test's server, on a port of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serverAccount } from "../../src/db/embedded/account.js";
import type { Target } from "../../src/db/target.js";
import { freePort } from "./ports.js";

export type PoolMode = "session" | "transaction" | "statement";

export interface PgBouncerOptions {
  readonly mode: PoolMode;
  /** A superuser of the server behind it, who may use PgBouncer's own database `pgbouncer`, too. */
  readonly target: Target;
  /** A line of its list of databases; by default every one of the server is there. */
  readonly databases?: string;
  /** More of PgBouncer's settings, or others than here. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

export interface PgBouncer {
  /** The same user and database, through PgBouncer. Every database of the server and every role works there. */
  readonly target: Target;
  /** As an operator would write it, password included. */
  readonly url: string;
  /** What it has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

export async function withPgBouncer<T>(
  options: PgBouncerOptions,
  work: (target: Target, pgBouncer: PgBouncer) => Promise<T>,
): Promise<T> {
  const pgBouncer = await startPgBouncer(options);
  try {
    return await work(pgBouncer.target, pgBouncer);
  } finally {
    await pgBouncer.stop();
  }
}

const ATTEMPTS = 5;

export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), "vocabdb-pgbouncer-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const { child, output, isUp } = run(configure(folder, port, options));
      if (await isUp) {
        const target: Target = { ...options.target, host: "127.0.0.1", port, embedded: false };
        const stop = (): Promise<void> => end(child).finally(remove);
        return { target, url: urlOf(target), log: () => output.text, stop };
      }
      // Somebody else may have been given the port in between.
      if (attempt === ATTEMPTS || !output.text.includes("in use")) {
        throw new Error(`PgBouncer did not start: ${output.text}`);
      }
    }
  } catch (error) {
    remove();
    throw error;
  }
}

/** @returns the path of its configuration */
function configure(folder: string, port: number, { mode, target, databases, settings }: PgBouncerOptions): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const [ini, users] = [join(folder, "pgbouncer.ini"), join(folder, "users.txt")];
  const all: Readonly<Record<string, string | number>> = {
    ...{ listen_addr: "127.0.0.1", listen_port: port, unix_socket_dir: "", pool_mode: mode, admin_users: target.user },
    // Roles that a test makes log in with the password they have on the server.
    ...{ auth_type: "scram-sha-256", auth_file: users, auth_user: target.user },
    auth_query: "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1",
    // Small, so that whoever needs more connections than one at a time is found out.
    ...{ default_pool_size: 2, max_client_conn: 200, server_login_retry: 1, log_stats: 0, ...settings },
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(
    ini,
    `[databases]\n${databases ?? `* = host=${target.host} port=${target.port}`}\n[pgbouncer]\n${lines.join("\n")}\n`,
  );
  writeFileSync(users, `${quoted(target.user)} ${quoted(target.password?.reveal() ?? "")}\n`);
  // PgBouncer refuses root, as PostgreSQL does.
  const account = serverAccount();
  for (const path of [folder, ini, users]) {
    chmodSync(path, path === folder ? 0o700 : 0o600);
    if (account !== null) {
      chownSync(path, account.uid, account.gid);
    }
  }
  return ini;
}

function run(ini: string) {
  const child = spawn("pgbouncer", [ini], {
    // Debian has it where only root looks.
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ["ignore", "ignore", "pipe"],
    ...serverAccount(),
  });
  const killOnExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killOnExit);
  const output = { text: "" };
  const isUp = new Promise<boolean>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      output.text += chunk;
      if (output.text.includes("process up")) {
        resolve(true);
      }
    });
    child.once("close", () => {
      process.removeListener("exit", killOnExit);
      resolve(false);
    });
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new Error("there is no pgbouncer: apt-get install pgbouncer") : error),
    );
  });
  return { child, output, isUp };
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("close", () => resolve());
    child.kill("SIGTERM");
  });
}

function urlOf({ host, port, user, password, database }: Target): string {
  const secret = encodeURIComponent(password?.reveal() ?? "");
  return `postgresql://${encodeURIComponent(user)}:${secret}@${host}:${port}/${database}?sslmode=disable`;
}
