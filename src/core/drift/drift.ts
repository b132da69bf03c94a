/** How a database differs from the migrations that were applied to it. */
import type { PoolClient } from "pg";
import { translateError } from "../../db/errors.js";
import type { Target } from "../../db/target.js";
import type { Migration } from "../migration-files.js";
import { readMigrationRecord } from "../migration-record.js";
import { compareSchemas, type Difference, differencesOf } from "./compare.js";
import { ReplayImpossible, withReplay } from "./replay.js";
import { correctionOf } from "./statements.js";

export interface Drift {
  readonly differences: readonly Difference[];
  /** SQL that takes the differences back, null when there are none, or it could not be found out. */
  readonly drift: string | null;
  /** Why it could not be found out. */
  readonly driftSkipped: string | null;
}

export const NO_DRIFT: Drift = { differences: [], drift: null, driftSkipped: null };

/** @param applied the migrations in force, in order; with others than those in its record nothing is compared */
export async function findDrift(target: Target, applied: readonly Migration[], signal?: AbortSignal): Promise<Drift> {
  try {
    return await withReplay(
      target,
      applied,
      async ({ wanted, had, schema, client }) => {
        const pairs = compareSchemas(wanted, had);
        if (pairs.length === 0) {
          return NO_DRIFT;
        }
        if (!(await areInForce(client, applied.length))) {
          return skipped("migrations were applied while it was compared");
        }
        return { differences: differencesOf(pairs), drift: correctionOf(pairs, wanted, schema), driftSkipped: null };
      },
      signal,
    );
  } catch (error) {
    if (error instanceof ReplayImpossible) {
      return skipped(error.message);
    }
    throw translateError(error, target);
  }
}

export function skipped(reason: string): Drift {
  return { differences: [], drift: null, driftSkipped: reason };
}

async function areInForce(client: PoolClient, applied: number): Promise<boolean> {
  const record = await readMigrationRecord(client);
  return record.applied === applied && record.failed.length === 0;
}
