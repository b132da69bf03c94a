/**
 * Waits for locks without having others wait behind: a statement that waits for a table's exclusive lock holds up
 * every later query of that table. So it waits for a moment only, gives way, and tries again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Blocker, Wait } from "../blocker.js";
import { LockWatcher } from "./lock-watch.js";
import { ScriptError } from "./sql-script.js";
import type { Target } from "./target.js";

const DEFAULT_LOCK_TIMEOUT_MS = 5_000;

export interface LockOptions {
  /** How long to try in all, from the first lock that was not to be had; by default 5 s. */
  readonly lockTimeoutMs?: number | undefined;
  /** Called as soon as it is known who is waited for, and again when that changes. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** When aborted, what runs is cancelled on the server. */
  readonly signal?: AbortSignal | undefined;
}

/** A lock was not to be had in time. Nothing is left of the script. */
export class LockNotHadError extends ScriptError {
  constructor(
    { script, line, cause }: ScriptError,
    readonly waitedMs: number,
    /** Those who were seen to hold it last. */
    readonly blockers: readonly Blocker[],
  ) {
    super(script, line, true, cause);
  }
}

/** How long a try may hold up others, and how long they then have to themselves. */
const TRY_MS = 500;
const PAUSE_MS = 300;
/** What holds up nobody may wait as long as it takes. It is told for whom once it has run for so long. */
const PATIENCE_MS = 1_000;

/** Limits how long the statements of a try wait for locks. */
export type Begin = (client: pg.ClientBase, scope: "session" | "transaction") => Promise<void>;

/**
 * @param attempt one try, which calls `begin` before its first statement. It is repeated as long as it fails with a
 *   {@link ScriptError} for want of a lock, and with nothing left.
 * @throws {LockNotHadError}
 */
export async function inLockTries<T>(
  target: Target,
  { lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS, onWait, signal }: LockOptions,
  attempt: (begin: Begin) => Promise<T>,
): Promise<T> {
  const watcher = new LockWatcher(target, onWait);
  let tryMs = TRY_MS;
  let blockedAt: number | null = null;
  let pid = 0;
  try {
    for (;;) {
      try {
        return await attempt(async (client, scope) => {
          pid = await limitWaiting(client, scope, tryMs);
        });
      } catch (error) {
        if (!isLockTimeout(error) || signal?.aborted) {
          throw error;
        }
        // The first try is not watched: most find nobody in their way.
        const isFirst = blockedAt === null;
        blockedAt ??= performance.now() - tryMs;
        const waitedMs = performance.now() - blockedAt;
        if (!isFirst && waitedMs + PAUSE_MS > lockTimeoutMs) {
          throw new LockNotHadError(error, waitedMs, watcher.seen.blockers);
        }
        watcher.follow(pid);
        await pause(signal, error);
        tryMs = TRY_MS + (watcher.seen.autovacuumYieldsMs ?? 0);
      }
    }
  } finally {
    await watcher.close();
  }
}

/** Without a limit, for what has nobody wait behind; whom it waits for is told all the same. */
export async function inQuietWait<T>(
  target: Target,
  { onWait }: LockOptions,
  attempt: (begin: Begin) => Promise<T>,
): Promise<T> {
  const watcher = new LockWatcher(target, onWait);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await attempt(async (client, scope) => {
      const pid = await limitWaiting(client, scope, 0);
      timer = setTimeout(() => watcher.follow(pid), PATIENCE_MS);
    });
  } finally {
    clearTimeout(timer);
    await watcher.close();
  }
}

/** @throws `reason` when it is interrupted */
async function pause(signal: AbortSignal | undefined, reason: ScriptError): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => {
    throw reason;
  });
}

/** @returns the server's process, which behind a pooler is not the one that the driver knows of */
async function limitWaiting(client: pg.ClientBase, scope: "session" | "transaction", ms: number): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    "SELECT set_config('lock_timeout', $1, $2), pg_backend_pid() AS pid",
    [String(ms), scope === "transaction"],
  );
  return rows[0]?.pid ?? 0;
}

const LOCK_NOT_AVAILABLE = "55P03";

function isLockTimeout(error: unknown): error is ScriptError {
  return error instanceof ScriptError && error.leftNothing && error.cause.code === LOCK_NOT_AVAILABLE;
}
