/** Who holds the lock that a session waits for. */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Blocker, Wait } from "../blocker.js";
import { createPool } from "./pool.js";
import { redacted } from "./sql-tokens.js";
import type { Target } from "./target.js";

/** What our role may not see is null, or says so instead of a query. */
const SESSION = `
  NULLIF(pid, 0) AS pid, COALESCE(application_name, '') AS application, usename AS user, state,
  extract(epoch FROM clock_timestamp() - xact_start)::float8 AS "ageSeconds", query,
  COALESCE(wait_event_type = 'Lock', false) AS waiting, backend_type AS kind,
  (SELECT setting::integer FROM pg_settings WHERE name = 'deadlock_timeout') AS "yieldsMs"`;

/**
 * Not only whom it waits for but whom those wait for in turn: the last one is to blame. Whoever waits for nobody comes
 * first. Prepared transactions have no process, and stand as 0.
 */
const BLOCKERS = `
  WITH RECURSIVE chain (pid) AS (
    SELECT unnest(pg_blocking_pids($1))
    UNION
    SELECT unnest(pg_blocking_pids(pid)) FROM chain WHERE pid <> 0
  )
  SELECT ${SESSION} FROM pg_stat_activity JOIN chain USING (pid) WHERE pid <> $1
  UNION ALL
  SELECT NULL, '', owner, NULL, extract(epoch FROM clock_timestamp() - prepared), gid, false, NULL, NULL
    FROM pg_prepared_xacts
   WHERE database = current_database() AND EXISTS (SELECT FROM chain WHERE pid = 0)
   ORDER BY waiting, "ageSeconds" DESC NULLS LAST`;

const HOLDERS = `
  SELECT ${SESSION} FROM pg_stat_activity JOIN pg_locks USING (pid)
   WHERE locktype = 'advisory' AND granted AND (classid, objid, objsubid) = (0, $1, 1)
     AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

interface Row extends Blocker {
  readonly kind: string | null;
  /** How long somebody has to wait for an autovacuum before the server ends it. */
  readonly yieldsMs: number | null;
}

/** @param key of pg_advisory_lock, within 32 bits */
export async function advisoryLockHolders(client: pg.Pool, key: number): Promise<readonly Blocker[]> {
  const { rows } = await client.query<Row>(HOLDERS, [key]);
  return rows.map(blockerOf);
}

/** What was seen last of whoever a session waits for. */
export interface Sighting {
  readonly blockers: readonly Blocker[];
  /** Where all of them are autovacuum: how long somebody has to wait before the server ends those. */
  readonly autovacuumYieldsMs: number | null;
}

const LOOK_EVERY_MS = 100;

/** Looks again and again, from a connection of its own that is opened when there is somebody to follow. */
export class LockWatcher {
  seen: Sighting = { blockers: [], autovacuumYieldsMs: null };
  readonly #pool: pg.Pool;
  readonly #onWait: ((wait: Wait) => void) | undefined;
  readonly #over = new AbortController();
  #pid: number | null = null;

  constructor(target: Target, onWait: ((wait: Wait) => void) | undefined) {
    this.#pool = createPool(target, { max: 1 });
    this.#onWait = onWait;
  }

  /** @param pid of the server's process; there is one at a time */
  follow(pid: number): void {
    const isFirst = this.#pid === null;
    this.#pid = pid;
    if (isFirst) {
      // To know is good, to have the lock is better: what fails here, such as a server that is full, is no matter.
      this.#lookOn().catch(() => {});
    }
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#pool.end();
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const { rows } = await this.#pool.query<Row>(BLOCKERS, [this.#pid]);
      if (rows.length > 0 && !signal.aborted) {
        this.#see(rows);
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  #see(rows: readonly Row[]): void {
    const before = this.seen.blockers;
    const blockers = rows.map(blockerOf);
    this.seen = { blockers, autovacuumYieldsMs: rows.every(isAutovacuum) ? (rows[0]?.yieldsMs ?? null) : null };
    if (blockers.some(({ pid }) => !before.some((other) => other.pid === pid))) {
      this.#onWait?.({ on: "lock", blockers });
    }
  }
}

/** What it is, an ordinary role may not see; but nothing else that locks tables has no user. */
function isAutovacuum({ pid, kind, user }: Row): boolean {
  return kind === "autovacuum worker" || (pid !== null && user === null && kind === null);
}

function blockerOf(row: Row): Blocker {
  const { kind: _kind, yieldsMs: _yieldsMs, ...blocker } = row;
  const { pid, application, state, query } = blocker;
  return {
    ...blocker,
    application: application === "" && isAutovacuum(row) ? "autovacuum worker" : application,
    // The identifier of a prepared transaction is needed to end it. A query that may not be seen says so in its place.
    query: pid === null ? query : state === null || query === null ? null : redacted(query),
  };
}
