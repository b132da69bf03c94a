/** Runs the repairs that findings carry. */
import type { PoolClient } from "pg";
import type { Connection } from "../../db/pool.js";
import { inBatches } from "../../db/transaction.js";
import type { Finding } from "../../finding.js";
import { type Actor, recordChange } from "../audit.js";
import type { DatabaseFinding } from "./check.js";
import { findingOf } from "./finding-of.js";

export interface RepairOptions {
  /** Does everything and rolls it back. */
  readonly dryRun?: boolean;
  readonly actor?: Actor;
  readonly signal?: AbortSignal;
}

export interface Repairs {
  readonly repaired: readonly DatabaseFinding[];
  /** With why the repair failed in place of what the finding was. */
  readonly failed: readonly Pick<Finding, "id" | "message" | "fix">[];
}

/** Whoever waits for a lock on a table holds up everybody who comes after. */
const LOCK_TIMEOUT = "5s";

/**
 * Repairs what can be repaired, each finding in a transaction of its own: a table is locked for its own
 * repair only, so that two of them never wait for the application and the application for them, and one
 * that fails neither takes the others back nor keeps them from being tried. A dry run is one transaction,
 * rolled back.
 */
export async function applyRepairs(
  connection: Connection,
  findings: readonly DatabaseFinding[],
  { actor, dryRun = false, signal }: RepairOptions = {},
): Promise<Repairs> {
  const repaired: DatabaseFinding[] = [];
  const failed: Pick<Finding, "id" | "message" | "fix">[] = [];
  await inBatches(connection, { dryRun, signal }, async (inBatch) => {
    for (const finding of findings) {
      try {
        await inBatch((client) => repair(client, finding, actor));
        repaired.push(finding);
      } catch (error) {
        signal?.throwIfAborted();
        const { message, fix } = findingOf(error, connection.target, finding.id);
        failed.push({ id: finding.id, message, fix });
      }
    }
  });
  return { repaired, failed };
}

/** In a savepoint, because a dry run goes on in the same transaction after a failure. */
async function repair(client: PoolClient, finding: DatabaseFinding, actor: Actor | undefined): Promise<void> {
  await client.query(`SAVEPOINT repair; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
  try {
    await runStatements(client, finding, actor);
    await client.query("RELEASE SAVEPOINT repair");
  } catch (error) {
    // Where the connection is lost, this fails as well; what is told is the first failure.
    await client.query("ROLLBACK TO SAVEPOINT repair").catch(() => {});
    throw error;
  }
}

async function runStatements(
  client: PoolClient,
  { repair, changes }: DatabaseFinding,
  actor: Actor | undefined,
): Promise<void> {
  const subjects = new Set<string>();
  let updated = 0;
  for (const statement of repair ?? []) {
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
}
