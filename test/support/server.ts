/** A PostgreSQL of a test's own, for what cannot be set up on the shared one: TLS, pg_hba.conf, failures of the server. */
import { appendFileSync, chmodSync, chownSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { aroundAll } from "vitest";
import { serverAccount } from "../../src/db/embedded/account.js";
import {
  type Cluster,
  clusterPassword,
  createCluster,
  findCluster,
  removeCluster,
} from "../../src/db/embedded/cluster.js";
import { clusterTarget, serverState, startServer, stopServer } from "../../src/db/embedded/server.js";
import type { Target } from "../../src/db/target.js";
import { packageRoot } from "../../src/package-root.js";
import { serverFolder } from "./server-folder.js";

export interface ServerSettings {
  /** Lines for postgresql.conf. */
  readonly conf?: readonly string[];
  /** All lines of pg_hba.conf; by default every TCP connection from this machine, by password. */
  readonly hba?: readonly string[];
  /** Serves TLS with this certificate of test/fixtures/tls, and asks clients for one of its authority. */
  readonly certificate?: string;
}

export interface OwnServer {
  /** Its superuser, in a database that is not migrated; as if it were any server, not the embedded one. */
  readonly target: Target;
  readonly cluster: Cluster;
  /** As VOCABDB_HOME it makes this the embedded server. */
  readonly home: string;
  /** As an operator would write it, password included; without `sslmode`. */
  readonly url: string;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** Has it show another certificate from now on; it has to have one. */
  showCertificate(name: string): Promise<void>;
  /** How many have asked to be let in while `work` ran, whether they were or not. Needs {@link COUNT_LOGINS}. */
  loginsDuring(work: () => Promise<unknown>): Promise<number>;
  /** Plain queries as the superuser. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
}

/** Each line of the log begins with the process; those who are let in are told as well. */
export const COUNT_LOGINS = ["log_connections = on", "log_line_prefix = '%p '"];

export async function withServer<T>(settings: ServerSettings, work: (server: OwnServer) => Promise<T>): Promise<T> {
  const home = serverFolder("server");
  const { cluster } = await createCluster(home, null);
  const log = (): string => readFileSync(cluster.logFile, "utf8");
  try {
    configure(cluster, settings);
    await startServer(cluster);
    const target: Target = { ...clusterTarget(cluster, null), embedded: false };
    const { host, port, user, database } = target;
    const password = clusterPassword(cluster).reveal();
    const query: OwnServer["query"] = async (sql, values) => {
      const client = new pg.Client({ host, port, user, database, password });
      client.on("error", () => {});
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    };
    return await work({
      ...{ target, cluster, home, pid: serverState(cluster).pid ?? 0 },
      showCertificate: async (name) => {
        giveCertificate(cluster, name);
        const before = log().length;
        await query("SELECT pg_reload_conf()");
        while (!log().slice(before).includes("reloading configuration files")) {
          await sleep(20);
        }
      },
      loginsDuring: async (work) => {
        const before = log().length;
        await work();
        return new Set(
          log()
            .slice(before)
            .match(/^\d+(?= (?:FATAL|LOG: {2}connection authorized))/gm),
        ).size;
      },
      url: `postgresql://${user}:${password}@${host}:${port}/${database}`,
      query,
    });
  } finally {
    await stopServer(cluster).catch(() => {});
    // A test may have destroyed it itself.
    if (findCluster(home) !== null) {
      removeCluster(cluster);
    }
    rmSync(home, { recursive: true, force: true });
  }
}

/**
 * One server for all tests of a block, in place of one for each.
 *
 * @param setup statements that are run before the first of them
 */
export function sharedServer(settings: ServerSettings, setup: readonly string[] = []): () => OwnServer {
  let server: OwnServer | null = null;
  aroundAll(async (runTests) => {
    await withServer(settings, async (own) => {
      for (const statement of setup) {
        await own.query(statement);
      }
      server = own;
      await runTests();
    });
  });
  return () => {
    if (server === null) {
      throw new Error("the server has not been started");
    }
    return server;
  };
}

function configure(cluster: Cluster, { conf = [], hba, certificate }: ServerSettings): void {
  const { dataDirectory } = cluster;
  const lines = ["fsync = off", "max_wal_size = '256MB'", ...conf];
  if (certificate !== undefined) {
    giveCertificate(cluster, certificate);
    lines.push("ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'", "ssl_ca_file = 'root.crt'");
  }
  appendFileSync(join(dataDirectory, "postgresql.conf"), `${lines.join("\n")}\n`);
  if (hba !== undefined) {
    writeFileSync(join(dataDirectory, "pg_hba.conf"), `${hba.join("\n")}\n`);
  }
}

function giveCertificate({ dataDirectory }: Cluster, certificate: string): void {
  for (const [source, name] of [
    [`${certificate}.crt`, "server.crt"],
    [`${certificate}.key`, "server.key"],
    ["ca.crt", "root.crt"],
  ] as const) {
    giveToServer(join(packageRoot, "test", "fixtures", "tls", source), join(dataDirectory, name));
  }
}

function giveToServer(source: string, path: string): void {
  const account = serverAccount();
  copyFileSync(source, path);
  chmodSync(path, 0o600);
  if (account !== null) {
    chownSync(path, account.uid, account.gid);
  }
}
