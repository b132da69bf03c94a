/** Removes sessions that have ended, a batch at a time, so that nothing is locked for long. */
import type { PoolClient } from "pg";
import type { Connection } from "../db/pool.js";
import { type InBatch, inBatches } from "../db/transaction.js";
import { UsageError } from "../errors/usage.js";
import { type Actor, recordChange } from "./audit.js";
import type { WriteOptions } from "./user.js";

const BATCH_SIZE = 1_000;

export interface PruneOptions extends WriteOptions {
  readonly now?: Date;
  /** Ends the work; the batches that are done stay done. */
  readonly signal?: AbortSignal;
  /** Told after each batch how many sessions are gone by then. */
  readonly onProgress?: (deleted: number) => void;
}

export interface SessionPruning {
  readonly deleted: number;
  readonly changed: boolean;
  readonly endedBefore: Date;
}

/**
 * Deletes the sessions that expired or were revoked before a time. Each batch is a transaction with a record of
 * its own, so that a run that was stopped is gone on with by another one. A dry run is one transaction.
 *
 * @throws {UsageError} when the time is yet to come: sessions that have not ended are not pruned
 */
export async function pruneSessions(
  connection: Connection,
  endedBefore: Date,
  options: PruneOptions = {},
): Promise<SessionPruning> {
  const { now = new Date() } = options;
  if (endedBefore > now) {
    throw new UsageError(
      `${endedBefore.toISOString()} is yet to come, and sessions that have not ended are not pruned`,
      "vocabdb session revoke ends sessions",
    );
  }
  const deleted = await inBatches(connection, options, (inBatch) => deleteAll(endedBefore, options, inBatch));
  return { deleted, changed: deleted > 0, endedBefore };
}

interface Batch {
  readonly deleted: number;
  /** When the last of them ended; null when there was none. */
  readonly endedAt: Date | null;
}

async function deleteAll(
  endedBefore: Date,
  { actor, signal, onProgress }: PruneOptions,
  inBatch: InBatch,
): Promise<number> {
  let deleted = 0;
  let from: Date | null = null;
  for (;;) {
    signal?.throwIfAborted();
    const range = { from, endedBefore };
    const batch: Batch = await inBatch((client) => deleteBatch(client, range, actor));
    deleted += batch.deleted;
    onProgress?.(deleted);
    if (batch.deleted < BATCH_SIZE) {
      return deleted;
    }
    from = batch.endedAt;
  }
}

/**
 * In the order in which they ended, each batch from where the one before came to: what that one deleted still
 * stands in the index until a vacuum, and would be passed again by each. Sessions that somebody else has locked
 * are left to the next run, so that two runs at once share the work.
 */
async function deleteBatch(
  client: PoolClient,
  { from, endedBefore }: { readonly from: Date | null; readonly endedBefore: Date },
  actor: Actor | undefined,
): Promise<Batch> {
  const { rows } = await client.query<Batch>(
    `WITH deleted AS (
       DELETE FROM sessions
        WHERE id = ANY(ARRAY(
                SELECT id
                  FROM sessions
                 WHERE LEAST(expires_at, revoked_at) >= $1 AND LEAST(expires_at, revoked_at) < $2
                 ORDER BY LEAST(expires_at, revoked_at)
                 LIMIT ${BATCH_SIZE}
                   FOR UPDATE SKIP LOCKED
              ))
       RETURNING LEAST(expires_at, revoked_at) AS ended_at
     )
     SELECT count(*)::integer AS deleted, max(ended_at) AS "endedAt" FROM deleted`,
    [from ?? "-infinity", endedBefore],
  );
  const [batch = { deleted: 0, endedAt: null }] = rows;
  await recordChange(client, { action: "session prune", changes: { sessions: { deleted: batch.deleted } } }, actor);
  return batch;
}
