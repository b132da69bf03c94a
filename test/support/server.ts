/** A PostgreSQL of a test's own, for what cannot be set up on the shared one: TLS, pg_hba.conf, failures of the server. */
import { appendFileSync, chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
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
  /** Plain queries as the superuser. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
}

export async function withServer<T>(settings: ServerSettings, work: (server: OwnServer) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "vocabdb-server-"));
  // The account that runs the server has to pass through.
  chmodSync(home, 0o711);
  const { cluster } = await createCluster(home, null);
  try {
    configure(cluster, settings);
    await startServer(cluster);
    const target: Target = { ...clusterTarget(cluster, null), embedded: false };
    const { host, port, user, database } = target;
    const password = clusterPassword(cluster).reveal();
    return await work({
      ...{ target, cluster, home, pid: serverState(cluster).pid ?? 0 },
      url: `postgresql://${user}:${password}@${host}:${port}/${database}`,
      query: async (sql, values) => {
        const client = new pg.Client({ host, port, user, database, password });
        client.on("error", () => {});
        await client.connect();
        try {
          return (await client.query(sql, values)).rows;
        } finally {
          await client.end();
        }
      },
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

function configure({ dataDirectory }: Cluster, { conf = [], hba, certificate }: ServerSettings): void {
  const lines = ["fsync = off", ...conf];
  if (certificate !== undefined) {
    for (const [source, name] of [
      [`${certificate}.crt`, "server.crt"],
      [`${certificate}.key`, "server.key"],
      ["ca.crt", "root.crt"],
    ] as const) {
      giveToServer(join(packageRoot, "test", "fixtures", "tls", source), join(dataDirectory, name));
    }
    lines.push("ssl = on", "ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'", "ssl_ca_file = 'root.crt'");
  }
  appendFileSync(join(dataDirectory, "postgresql.conf"), `${lines.join("\n")}\n`);
  if (hba !== undefined) {
    writeFileSync(join(dataDirectory, "pg_hba.conf"), `${hba.join("\n")}\n`);
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
