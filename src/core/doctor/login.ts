/** The one login, and what a server tells everybody who got in. */
import type { PoolClient } from "pg";
import { type Connection, openConnection } from "../../db/pool.js";
import type { Limit } from "../../db/probe/socket.js";
import type { Target } from "../../db/target.js";
import type { Finding } from "../../finding.js";
import { FindingsError, findingOf } from "./finding-of.js";
import type { Seen } from "./look.js";
import type { ServerFacts } from "./report.js";

const LATENCY_SAMPLES = 3;
/** Milliseconds for the first question, however long the login took. */
const LEAST_MS = 100;

/**
 * Signs in once, as every command does. A second attempt would be one too many: Supabase shuts out an
 * address after two wrong passwords.
 *
 * @param target with the `sslmode` that the server's offer makes of it, so that nobody asks again
 * @returns the connection, its one client idle in the pool
 */
export async function signIn(target: Target, { timeoutMs, signal }: Limit): Promise<Seen<SignedIn>> {
  const connection = openConnection(
    { ...target, poolMax: 2, connectTimeoutMs: timeoutMs, poolTimeoutMs: timeoutMs },
    { plainSession: true, unwatched: true },
  );
  const deadline = performance.now() + timeoutMs;
  try {
    const client = await connection.pool.connect();
    try {
      const server = await factsOf(client, Math.max(LEAST_MS, Math.ceil(deadline - performance.now())));
      const detail = `PostgreSQL ${server.version} as ${server.user}${server.standby ? ", a replica" : ""}, ${server.latencyMs} ms per round trip`;
      return { value: { connection, server }, detail, findings: [] };
    } finally {
      client.release();
    }
  } catch (error) {
    // Whoever is interrupted does not wait for a server that hangs.
    void connection.close();
    signal.throwIfAborted();
    throw new FindingsError([loginFinding(error, target, timeoutMs)]);
  }
}

export interface SignedIn {
  readonly connection: Connection;
  readonly server: ServerFacts;
}

/** A pooler lets in before it has a connection to give: only the first question tells. */
async function factsOf(client: PoolClient, timeoutMs: number): Promise<ServerFacts> {
  const text = `SELECT current_setting('server_version') AS version, current_user AS user,
                       current_database() AS database, pg_is_in_recovery() AS standby`;
  const question = { text, query_timeout: timeoutMs };
  const { rows } = await client.query<Omit<ServerFacts, "latencyMs">>(question);
  const samples: number[] = [];
  for (let sample = 0; sample < LATENCY_SAMPLES; sample += 1) {
    const started = performance.now();
    await client.query("SELECT 1");
    samples.push(performance.now() - started);
  }
  const { version = "", user = "", database = "", standby = false } = rows[0] ?? {};
  return {
    version: version.split(" ")[0] ?? "",
    user,
    database,
    standby,
    latencyMs: Math.round(Math.min(...samples) * 10) / 10,
  };
}

function loginFinding(error: unknown, target: Target, waitedMs: number): Finding {
  if (error instanceof Error && error.message === "Query read timeout") {
    return {
      ...{ id: "net.no-answer", level: "error" },
      message: `${target.host}:${target.port} answers a login, but not the first question (waited ${(waitedMs / 1000).toFixed(1)} s): a pooler there has no connection of the database free, or the server hangs`,
      fix: "end what holds the connections (in the database: SELECT pid, state, query FROM pg_stat_activity), or raise the pool size; PgBouncer tells in its console: SHOW POOLS",
    };
  }
  if (error instanceof Error && /timeout expired|connection timeout|timeout exceeded/.test(error.message)) {
    return {
      ...{ id: "net.no-answer", level: "error" },
      message: `${target.host}:${target.port} answers, but not to a login (waited ${(waitedMs / 1000).toFixed(1)} s): the server hangs, or a pooler waits for a connection to it`,
      fix: "look at the server (overloaded, suspended, out of disk, too many connections?) and at the pooler before it",
    };
  }
  return findingOf(error, target, "auth.refused");
}
