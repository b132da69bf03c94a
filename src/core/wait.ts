/** Waiting for a database that is about to be there. */
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "../db/attempt.js";
import type { Target } from "../db/target.js";
import { AuthenticationError, ConnectionError, PermissionError, TlsError } from "../errors/connection.js";

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told why it is not ready yet: once, and when the reason is another one. */
  readonly onReason: (reason: string) => void;
}

export interface Readiness {
  readonly ready: true;
  readonly waitedMs: number;
  readonly attempts: number;
}

/** A server that hangs must not use up the time in which it might recover. */
const ATTEMPT_LIMIT_MS = 5_000;
const PAUSE_MS = { first: 100, longest: 1_000 } as const;

/**
 * Tries until the database answers a query.
 *
 * @throws {ConnectionError} with the last reason when the time is over
 * @throws at once what does not pass by waiting: above all a refused login, for which servers and poolers lock
 *   out who tries again
 */
export async function waitUntilReady(target: Target, options: WaitOptions): Promise<Readiness> {
  const { timeoutMs, signal, onReason } = options;
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  let pause: number = PAUSE_MS.first;
  let reason: ConnectionError | null = null;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const left = Math.max(1, Math.ceil(timeoutMs - elapsed()));
      await attempt(target, Math.min(ATTEMPT_LIMIT_MS, left), signal);
      return { ready: true, waitedMs: Math.round(elapsed()), attempts };
    } catch (error) {
      if (!mayPass(error)) {
        throw error;
      }
      // That the time was over in the middle of an attempt says less than what came before.
      const latest: ConnectionError = elapsed() < timeoutMs || reason === null ? error : reason;
      if (latest.message !== reason?.message) {
        onReason(latest.message);
      }
      reason = latest;
    }
    // The last attempt begins shortly before the end.
    const left = timeoutMs - elapsed() - PAUSE_MS.first;
    if (left <= 0) {
      throw timeOver(reason, attempts, elapsed());
    }
    await sleep(Math.min(pause, left), undefined, { signal });
    pause = Math.min(pause * 1.5, PAUSE_MS.longest);
  }
}

/** What is going on while a server, its network or its database is being made. The rest is a matter of set-up. */
const PASSING = /^(net|server|pool)\.|^db\.(missing|not-accepting)$/;
const LASTING: ReadonlySet<string> = new Set([
  ...["net.wrong-service", "net.supabase-ban", "net.blocked", "pool.startup-parameter", "pool.statement-mode"],
]);

function mayPass(error: unknown): error is ConnectionError {
  if (!(error instanceof ConnectionError)) {
    return false;
  }
  const { finding } = error;
  return finding === null
    ? !(error instanceof AuthenticationError || error instanceof TlsError || error instanceof PermissionError)
    : PASSING.test(finding) && !LASTING.has(finding);
}

/** Has no finding of its own, which the doctor would look into: that takes time, and the time is over. */
function timeOver(reason: ConnectionError, attempts: number, waitedMs: number): ConnectionError {
  const tried = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  return new ConnectionError(
    `not ready after ${(waitedMs / 1000).toFixed(1)} s and ${tried}: ${reason.message}`,
    reason.hint,
    { cause: reason },
  );
}
