/** Whether a pooler stands between us and the server, and how long it lets us keep a connection. */
import type { ClientBase, Pool } from "pg";

/**
 * - `direct`: no pooler.
 * - `session`: a connection of the server is ours until we close ours.
 * - `transaction`: only for a transaction, or a statement; session state is lost, or leaks to others.
 */
export type PoolerKind = "direct" | "session" | "transaction";

/** A transaction pooler with a free connection may hand it to the second client by chance. */
const ROUNDS = 3;

/**
 * Poolers give their clients process ids of their own, other than those of the server's. Behind one, two
 * clients that are both idle share a connection of the server only where it is lent for each transaction.
 *
 * @param pool with room for two connections; only behind a pooler is the second one opened
 */
export async function probePooler(pool: Pool): Promise<PoolerKind> {
  const first = await pool.connect();
  try {
    if ((await serverProcess(first)) === (first as unknown as { processID: number | null }).processID) {
      return "direct";
    }
    const second = await pool.connect();
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const seen = new Set([await serverProcess(first), await serverProcess(second), await serverProcess(first)]);
        if (seen.size < 2) {
          return "transaction";
        }
      }
      return "session";
    } finally {
      second.release();
    }
  } finally {
    first.release();
  }
}

async function serverProcess(client: ClientBase): Promise<number | null> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return rows[0]?.pid ?? null;
}
