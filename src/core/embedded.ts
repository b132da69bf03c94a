/** The embedded server as its user sees it: create, start, stop, look, remove. */
import {
  type Cluster,
  changePort,
  clusterPassword,
  createCluster,
  findCluster,
  removeCluster,
} from "../db/embedded/cluster.js";
import { clusterTarget, serverState, startServer, stopServer } from "../db/embedded/server.js";
import { withConnection } from "../db/pool.js";
import { describeTarget } from "../db/target.js";
import { EmbeddedNotCreatedError } from "../errors/embedded.js";
import { ConsentMissingError, MarkedDatabaseError } from "../errors/usage.js";
import { markOf } from "./mark.js";
import { type OutputOptions, withOutput } from "./output.js";

export interface EmbeddedStatus {
  readonly state: "running" | "starting" | "stopped" | "absent";
  /** Without the password; psql finds that through `passfile`. Null while there is no server. */
  readonly url: string | null;
  readonly port: number | null;
  readonly pid: number | null;
  readonly startedAt: Date | null;
  readonly dataDirectory: string | null;
  readonly logFile: string | null;
}

export interface StartResult extends EmbeddedStatus {
  /** Whether this call made the server. */
  readonly created: boolean;
  /** Whether this call started it. */
  readonly changed: boolean;
}

/** What there is to say of a server that is not there. */
export const NO_SERVER = {
  ...{ url: null, port: null, pid: null, startedAt: null, dataDirectory: null, logFile: null },
} as const;

export function embeddedStatus(home: string): EmbeddedStatus {
  const cluster = findCluster(home);
  return cluster === null ? { state: "absent", ...NO_SERVER } : statusOf(cluster);
}

function statusOf(cluster: Cluster): EmbeddedStatus {
  const { port, dataDirectory, logFile } = cluster;
  return { ...serverState(cluster), url: passwordlessUrl(cluster), port, dataDirectory, logFile };
}

function passwordlessUrl({ port, user, database, passFile }: Cluster): string {
  return `postgresql://${user}@127.0.0.1:${port}/${database}?passfile=${encodeURIComponent(passFile)}`;
}

/**
 * Creates the server on first use and starts it unless it runs.
 *
 * @param port null keeps the port it has, or chooses a free one for a new server
 */
export async function startEmbedded(home: string, port: number | null): Promise<StartResult> {
  const existing = findCluster(home);
  const { cluster: found, created } =
    existing === null ? await createCluster(home, port) : { cluster: existing, created: false };
  let cluster = found;
  if (port !== null && port !== cluster.port) {
    await stopServer(cluster);
    cluster = changePort(cluster, port);
  }
  const changed = await startServer(cluster);
  return { ...statusOf(cluster), created, changed };
}

/** @returns the status after it, and whether the server had been running. */
export async function stopEmbedded(home: string): Promise<EmbeddedStatus & { readonly changed: boolean }> {
  const cluster = requireCluster(home);
  const changed = await stopServer(cluster);
  return { ...statusOf(cluster), changed };
}

/**
 * Stops the server and removes everything in it.
 *
 * @param notice told when nobody can say whether the database is marked
 * @throws {ConsentMissingError} unless its name is given
 * @throws {MarkedDatabaseError} when the database is marked
 */
export async function destroyEmbedded(
  home: string,
  confirmed: string | undefined,
  dryRun: boolean,
  notice: (text: string) => void = () => {},
): Promise<EmbeddedStatus> {
  const cluster = requireCluster(home);
  if (!dryRun && confirmed !== cluster.database) {
    const what = `this removes the embedded server with all its data (${cluster.dataDirectory}) and cannot be undone`;
    throw new ConsentMissingError(
      confirmed === undefined ? what : `the embedded database is called ${cluster.database}, not ${confirmed}`,
      `vocabdb db destroy --confirm ${cluster.database}`,
      { what, name: cluster.database },
    );
  }
  const before = statusOf(cluster);
  if (!dryRun) {
    await refuseIfMarked(cluster, notice);
    await stopServer(cluster);
    removeCluster(cluster);
  }
  return before;
}

/**
 * The mark is in the database, so a stopped server is started to look. One that cannot be started is removed all
 * the same: that is what is left to do with it, and its name was given.
 */
async function refuseIfMarked(cluster: Cluster, notice: (text: string) => void): Promise<void> {
  const target = clusterTarget(cluster, null);
  let started = false;
  let mark: string | null = null;
  try {
    started = await startServer(cluster);
    mark = await withConnection(target, markOf);
  } catch (error) {
    notice(`note: whether it is marked cannot be seen: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (mark !== null) {
    if (started) {
      await stopServer(cluster);
    }
    throw new MarkedDatabaseError("db destroy", describeTarget(target), mark);
  }
}

/** Writes `DATABASE_URL=…` with the password to a file that only its owner can read. */
export async function writeUrlFile(home: string, output: OutputOptions): Promise<void> {
  const cluster = requireCluster(home);
  const { port, user, database } = cluster;
  const url = `postgresql://${user}:${clusterPassword(cluster).reveal()}@127.0.0.1:${port}/${database}?sslmode=disable`;
  await withOutput(output, async (sink) => void sink.write(`DATABASE_URL="${url}"\n`));
}

function requireCluster(home: string): Cluster {
  const cluster = findCluster(home);
  if (cluster === null) {
    throw new EmbeddedNotCreatedError(home);
  }
  return cluster;
}
