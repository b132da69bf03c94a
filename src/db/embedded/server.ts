/** Starts and stops the embedded server. Its state is PostgreSQL's own postmaster.pid, nothing else. */
import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedStartError } from "../../errors/embedded.js";
import type { Target } from "../target.js";
import { runAs, serverAccount } from "./account.js";
import { type Cluster, clusterBinaries, clusterPassword } from "./cluster.js";

export interface ServerState {
  readonly state: "running" | "starting" | "stopped";
  /** Process id of the postmaster, null when stopped. */
  readonly pid: number | null;
  readonly startedAt: Date | null;
}

const STOPPED: ServerState = { state: "stopped", pid: null, startedAt: null };
const START_DEADLINE_MS = 60_000;
const POLL_MS = 50;

const pidFile = (cluster: Cluster): string => join(cluster.dataDirectory, "postmaster.pid");

export function serverState(cluster: Cluster): ServerState {
  const content = readPidFile(cluster);
  if (content === null) {
    return STOPPED;
  }
  // Lines: pid, data directory, start time in seconds, port, socket folder, address, shared memory, status.
  const lines = content.split("\n");
  const pid = Number(lines[0]);
  if (!isPostmaster(pid, cluster)) {
    return STOPPED;
  }
  const ready = lines[7]?.trim() === "ready";
  return { state: ready ? "running" : "starting", pid, startedAt: new Date(Number(lines[2]) * 1000) };
}

function readPidFile(cluster: Cluster): string | null {
  try {
    return readFileSync(pidFile(cluster), "utf8");
  } catch {
    return null;
  }
}

/**
 * Whether the process is this cluster's server. After a reboot or in a restarted container the number
 * in a stale file often belongs to something else.
 */
function isPostmaster(pid: number, cluster: Cluster): boolean {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    const commandLine =
      process.platform === "linux"
        ? readFileSync(`/proc/${pid}/cmdline`, "utf8")
        : execFileSync("ps", ["-o", "command=", "-p", String(pid)], {
            encoding: "utf8",
            stdio: ["ignore", "pipe", "ignore"],
          });
    return commandLine.includes("postgres") && commandLine.includes(cluster.dataDirectory);
  } catch {
    return false;
  }
}

/**
 * Starts the server unless it runs. Safe with any number of processes at once: PostgreSQL's own lock file
 * lets one win, the others wait until it accepts connections.
 *
 * @returns whether this call started it
 */
export async function startServer(cluster: Cluster): Promise<boolean> {
  const deadline = Date.now() + START_DEADLINE_MS;
  let started = false;
  for (;;) {
    const { state } = serverState(cluster);
    if (state === "running") {
      return started;
    }
    if (Date.now() > deadline) {
      throw startError(cluster, "it did not accept connections in 60 s");
    }
    if (state === "stopped") {
      started = await tryStart(cluster);
    } else {
      await sleep(POLL_MS);
    }
  }
}

/** @returns whether the server was started; false when another process may be doing so. */
async function tryStart(cluster: Cluster): Promise<boolean> {
  removeStalePidFile(cluster);
  const { pgCtl } = await clusterBinaries(cluster.folder);
  const logBefore = readLog(cluster).length;
  const { exitCode } = await runAs(
    serverAccount(),
    pgCtl,
    ["start", "--wait", "--timeout=60", "-D", cluster.dataDirectory, "-l", cluster.logFile, "-o", `-p ${cluster.port}`],
    { discardOutput: true },
  );
  if (exitCode === 0) {
    return true;
  }
  const log = readLog(cluster).slice(logBefore);
  if (/lock file .* already exists|pre-existing shared memory block/.test(log)) {
    // Somebody else starts it, or the children of a killed server have not ended yet.
    await sleep(POLL_MS * 4);
    return false;
  }
  if (log.trim() === "") {
    // pg_ctl itself refuses a lock file without a number: somebody else's, who has only just made it.
    await sleep(POLL_MS * 4);
    if (serverState(cluster).state !== "stopped") {
      return false;
    }
  }
  if (/Address already in use/.test(log)) {
    throw new EmbeddedStartError(
      `the embedded server cannot start: its port ${cluster.port} is taken by another program`,
      "end that program, or move the server: vocabdb db start --port PORT",
    );
  }
  throw startError(cluster, log.trim().split("\n").slice(-5).join("\n") || `pg_ctl ended with ${exitCode}`);
}

function startError(cluster: Cluster, reason: string): EmbeddedStartError {
  return new EmbeddedStartError(`the embedded server did not start: ${reason}`, `see ${cluster.logFile}`);
}

function readLog(cluster: Cluster): string {
  try {
    return readFileSync(cluster.logFile, "utf8");
  } catch {
    return "";
  }
}

/**
 * PostgreSQL removes a stale lock file itself unless its number is in use again. Moved away first and
 * put back if it turns out to be the file of a server that has started in between.
 */
function removeStalePidFile(cluster: Cluster): void {
  const stale = readPidFile(cluster);
  if (stale === null || serverState(cluster).state !== "stopped") {
    return;
  }
  const moved = `${pidFile(cluster)}.${process.pid}`;
  try {
    renameSync(pidFile(cluster), moved);
    if (readFileSync(moved, "utf8").split("\n")[0] !== stale.split("\n")[0]) {
      linkSync(moved, pidFile(cluster));
    }
    rmSync(moved);
  } catch {
    // Another process removed it first.
  }
}

/** @returns whether it was running. */
export async function stopServer(cluster: Cluster): Promise<boolean> {
  if (serverState(cluster).state === "stopped") {
    return false;
  }
  const { pgCtl } = await clusterBinaries(cluster.folder);
  const { exitCode, output } = await runAs(serverAccount(), pgCtl, [
    ...["stop", "--wait", "--timeout=60", "--mode=fast", "-D", cluster.dataDirectory],
  ]);
  if (exitCode !== 0 && serverState(cluster).state !== "stopped") {
    throw new EmbeddedStartError(`the embedded server did not stop: ${output}`, `see ${cluster.logFile}`);
  }
  return true;
}

export function clusterTarget(cluster: Cluster, poolMax: number | null): Target {
  return {
    host: "127.0.0.1",
    port: cluster.port,
    user: cluster.user,
    password: clusterPassword(cluster),
    database: cluster.database,
    schema: "public",
    tls: { mode: "disable", rootCert: null, clientCert: null, clientKey: null },
    applicationName: "vocabdb",
    options: null,
    poolMax: poolMax ?? 5,
    connectTimeoutMs: 10_000,
    poolTimeoutMs: 10_000,
    embedded: true,
  };
}
