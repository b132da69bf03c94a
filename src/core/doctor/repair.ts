/** Runs the repairs that findings carry. */
import type { Connection } from "../../db/pool.js";
import { inBatches } from "../../db/transaction.js";
import { type Actor, recordChange } from "../audit.js";
import type { DatabaseFinding } from "./check.js";

export interface RepairOptions {
  /** Does everything and rolls it back. */
  readonly dryRun?: boolean;
  readonly actor?: Actor;
  readonly signal?: AbortSignal;
}

/** Whoever waits for a lock on a table holds up everybody who comes after. */
const LOCK_TIMEOUT = "5s";

/**
 * Repairs what can be repaired, each finding in a transaction of its own: a table is locked for its own
 * repair only, so that two of them never wait for the application and the application for them, and one
 * that fails does not take the others back. A dry run is one transaction, rolled back.
 *
 * @returns the findings that were repaired
 */
export async function applyRepairs(
  connection: Connection,
  findings: readonly DatabaseFinding[],
  { actor, ...options }: RepairOptions = {},
): Promise<readonly DatabaseFinding[]> {
  const repaired: DatabaseFinding[] = [];
  await inBatches(connection, { dryRun: false, ...options }, async (inBatch) => {
    for (const finding of findings) {
      const { repair, changes } = finding;
      if (repair === null) {
        continue;
      }
      await inBatch(async (client) => {
        await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        const subjects = new Set<string>();
        let updated = 0;
        for (const statement of repair) {
          const { command, rowCount, rows } = await client.query<{ subject?: string }>(statement);
          updated += command === "UPDATE" ? (rowCount ?? 0) : 0;
          for (const { subject } of rows) {
            if (subject !== undefined) {
              subjects.add(subject);
            }
          }
        }
        if (changes !== undefined) {
          const change = { action: "db doctor", subjects: [...subjects], changes: { [changes]: { updated } } };
          await recordChange(client, change, actor);
        }
      });
      repaired.push(finding);
    }
  });
  return repaired;
}
