/** What the experiments of `npm run test:faults` and `npm run test:fuzz` share: how much to try, by which seed, and what came of it. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";

export interface Experiment {
  /** Of everything that is chosen at random: VOCABDB_TEST_SEED, or made for the run and printed. */
  readonly seed: number;
  /** VOCABDB_TEST_EFFORT: a run of minutes before every change, or of everything. */
  readonly effort: "short" | "full";
  /** Where the counts are kept until the run is over. */
  readonly folder: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    experiment: Experiment;
  }
}

/** By column. Rows of one table that have the same texts become one, in which the numbers are added up. */
export type Row = Readonly<Record<string, string | number>>;

/** Adds to a table that is printed after the run. Only what has happened is counted: call it when it is over. */
export function count(table: string, row: Row): void {
  appendFileSync(join(inject("experiment").folder, table), `${JSON.stringify(row)}\n`);
}

/** How many times to try something: in a full run as often as it has to be, in a short one less. */
export function tries({ full, short }: { readonly full: number; readonly short: number }): number {
  return inject("experiment").effort === "full" ? full : short;
}
