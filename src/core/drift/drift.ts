/** How a database differs from the migrations that were applied to it. */
import type { ClientBase } from "pg";
import { referenceTo } from "../../db/catalog.js";
import { translateError } from "../../db/errors.js";
import type { Target } from "../../db/target.js";
import type { Migration } from "../migration-files.js";
import { readMigrationRecord } from "../migration-record.js";
import { compareSchemas, type Difference, differencesOf, type Pair } from "./compare.js";
import { type Replayed, ReplayImpossible, replay, withReplay } from "./replay.js";
import { correctionOf, remakingOf } from "./statements.js";

export interface Drift {
  readonly differences: readonly Difference[];
  /** SQL that takes the differences back, null when there are none, or it could not be found out. */
  readonly drift: string | null;
  /** Why it could not be found out. */
  readonly driftSkipped: string | null;
}

export const NO_DRIFT: Drift = { differences: [], drift: null, driftSkipped: null };

/** @param applied the migrations in force, in order; with others than those in its record nothing is compared */
export function findDrift(target: Target, applied: readonly Migration[], signal?: AbortSignal): Promise<Drift> {
  return explained(target, () => withReplay(target, applied, (replayed) => driftOf(replayed, applied.length), signal));
}

/** The same in a transaction of the caller's, which has to be rolled back. */
export function driftIn(client: ClientBase, target: Target, applied: readonly Migration[]): Promise<Drift> {
  return explained(target, async () => driftOf(await replay(client, target.schema, applied), applied.length));
}

async function explained(target: Target, find: () => Promise<Drift>): Promise<Drift> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof ReplayImpossible) {
      return skipped(error.message);
    }
    throw translateError(error, target);
  }
}

async function driftOf(replayed: Replayed, applied: number): Promise<Drift> {
  const pairs = await compare(replayed);
  if (pairs.length === 0) {
    return NO_DRIFT;
  }
  if (!(await areInForce(replayed.client, applied))) {
    return skipped("migrations were applied while it was compared");
  }
  const { wanted, schema } = replayed;
  return { differences: differencesOf(pairs), drift: correctionOf(pairs, wanted, schema), driftSkipped: null };
}

/**
 * An expression that was dumped and restored may read otherwise than where it was written first: `(a AND b) AND c`
 * has become `a AND b AND c`. So what seems changed is made from the server's words for it, and compared again.
 */
async function compare({ wanted, had, remake }: Replayed): Promise<Pair[]> {
  const pairs = compareSchemas(wanted, had);
  const changed = pairs.flatMap(({ change, want }) => (change === "changed" && "sql" in want ? [want] : []));
  const statements = remakingOf(changed, wanted);
  if (statements === "") {
    return pairs;
  }
  const still = new Set(
    compareSchemas(await remake(statements), had).map(({ want, have }) => referenceTo(want ?? have)),
  );
  return pairs.filter(({ want, have }) => still.has(referenceTo(want ?? have)));
}

export function skipped(reason: string): Drift {
  return { differences: [], drift: null, driftSkipped: reason };
}

async function areInForce(client: ClientBase, applied: number): Promise<boolean> {
  const record = await readMigrationRecord(client);
  return record.applied === applied && record.failed.length === 0;
}
