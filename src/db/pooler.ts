/** Whether a pooler stands between us and the server, and how long it lets us keep a connection. */
import { setTimeout as sleep } from "node:timers/promises";
import pg, { type ClientBase, type Pool } from "pg";
import { PoolerModeError } from "../errors/connection.js";
import { onConnection } from "./pool.js";
import { isSupabase } from "./supabase.js";
import { describeTarget, type Target } from "./target.js";

/**
 * - `direct`: no pooler.
 * - `session`: a connection of the server is ours until we close ours.
 * - `transaction`: only for a transaction; what is set on it for longer is lost, or met by others.
 * - `statement`: only for a statement; there are no transactions.
 */
export type PoolerKind = "direct" | "session" | "transaction" | "statement";

/** A busy transaction pooler may hand out the same connections a few times by chance. */
const ROUNDS = 3;
/** After that, whoever was given no connection is waiting for one to become free. */
const PATIENCE_MS = 1_000;

/** @param pool behind a pooler a second connection is opened beside it, whatever its limit */
export function probePooler(pool: Pool): Promise<PoolerKind> {
  return onConnection(pool, (client) => poolerBefore(client, pool));
}

/**
 * Refuses to go on where a lock for the session, or anything set on it, would not last. Of a server without
 * a pooler this asks one cheap question.
 *
 * @param client an idle connection of the pool
 * @throws {PoolerModeError}
 */
export async function requireSession(client: ClientBase, pool: Pool, target: Target): Promise<void> {
  const kind = await poolerBefore(client, pool);
  if (kind === "transaction" || kind === "statement") {
    throw new PoolerModeError(kind, describeTarget(target), sessionHint(target, "DIRECT_URL"));
  }
}

/** What to set instead of an address whose pooler cannot be used; the password is left to fill in. */
export function sessionHint(target: Target, variable: "DATABASE_URL" | "DIRECT_URL"): string {
  const { host, port, user, database } = target;
  const url = (where: string): string =>
    `${variable}=postgresql://${encodeURIComponent(user)}:PASSWORD@${where}/${database}`;
  // Supabase's poolers have one port for each mode.
  if (isSupabase(target) && port === 6543) {
    return `use the same address with port 5432: ${url(`${host}:5432`)}`;
  }
  if (/^[^.]+-pooler\..+\.neon\.tech$/.test(host)) {
    return `use the address without -pooler: ${url(host.replace("-pooler.", "."))}`;
  }
  return `use the server's own address, or one of a pooler in session mode: ${url("HOST:5432")}`;
}

/** PgBouncer's words, with a SQLSTATE that stands for many other things. */
function isStatementMode(message: string): boolean {
  return message.includes("not allowed in statement pooling mode");
}

/**
 * Poolers give their clients process ids of their own, other than those of the server's. Behind one, a
 * second client is opened: in session mode each of the two keeps the connection of the server it has got.
 */
async function poolerBefore(first: ClientBase, pool: Pool): Promise<PoolerKind> {
  const own = await serverProcess(first);
  if (own === (first as unknown as { processID: number | null }).processID) {
    return "direct";
  }
  const Client = (pool.options.Client ?? pg.Client) as typeof pg.Client;
  const second = new Client(pool.options);
  second.on("error", () => {});
  try {
    await second.connect();
    if (await keepTheirs(first, own, second)) {
      return "session";
    }
    return (await allowsTransactions(second)) ? "transaction" : "statement";
  } catch (error) {
    // Supavisor admits no more clients than it has connections: another sign that each keeps its own.
    if (error instanceof pg.DatabaseError && error.message.includes("in session mode")) {
      return "session";
    }
    throw error;
  } finally {
    await second.end().catch(() => {});
  }
}

async function keepTheirs(first: ClientBase, own: number | null, second: ClientBase): Promise<boolean> {
  const asked = serverProcess(second);
  let other = await Promise.race([asked, sleep(PATIENCE_MS, null, { ref: false })]);
  if (other === null) {
    // No connection is free, but perhaps that of the first, which is idle: then the second gets it before it.
    const again = serverProcess(first);
    other = await Promise.race([asked, again.then(() => null)]);
    await again;
  }
  if (other === null) {
    asked.catch(() => {});
    return true;
  }
  // The second twice in a row: two that take turns could be handed two connections in turn.
  const turns = [
    [second, other],
    [second, other],
    [first, own],
  ] as const;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [client, process] of turns) {
      if ((await serverProcess(client)) !== process) {
        return false;
      }
    }
  }
  return own !== other;
}

async function allowsTransactions(client: ClientBase): Promise<boolean> {
  try {
    await client.query("BEGIN");
    await client.query("ROLLBACK");
    return true;
  } catch (error) {
    if (error instanceof Error && isStatementMode(error.message)) {
      return false;
    }
    throw error;
  }
}

async function serverProcess(client: ClientBase): Promise<number | null> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? null;
}
