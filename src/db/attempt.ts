/** One try to use a database, that is over in time whatever the other side does. */
import { setTimeout as sleep } from "node:timers/promises";
import { translateError } from "./errors.js";
import { createPool } from "./pool.js";
import type { Target } from "./target.js";

/**
 * Signs in once and has one query answered: a port that accepts connections says nothing yet.
 *
 * @throws what {@link translateError} makes of the failure; the reason of the signal
 */
export async function attempt(target: Target, limitMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const tooLate = sleep(limitMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(() => {
    throw new Error("timeout expired");
  });
  try {
    await Promise.race([signInAndQuery(target, limitMs), tooLate]);
  } catch (error) {
    signal.throwIfAborted();
    throw translateError(error, target);
  } finally {
    over.abort();
    await tooLate.catch(() => {});
  }
}

/** Each step has the limit of the whole, so that what nobody waits for any more ends as well. */
async function signInAndQuery(target: Target, limitMs: number): Promise<void> {
  const limits = { connectTimeoutMs: limitMs, poolTimeoutMs: limitMs };
  const pool = createPool({ ...target, ...limits }, { max: 1, unwatched: true, onConnect: () => undefined });
  try {
    const client = await pool.connect();
    const query = { text: "SELECT 1", query_timeout: limitMs };
    await client.query(query).finally(() => client.release(true));
  } finally {
    await pool.end();
  }
}
