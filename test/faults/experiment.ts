/** One kind of fault over all commands: a test for each, counted in one table. */
import { expect, inject, test } from "vitest";
import { count, tries } from "../support/experiment.js";
import { inParallel } from "../support/parallel.js";
import { type OwnServer, sharedServer } from "../support/server.js";
import { attempt, type Fault, isProcess, told } from "./attempt.js";
import { COMMANDS } from "./commands.js";
import { Copies } from "./copies.js";
import { measure } from "./course.js";
import { pointsOf, someOf, spread } from "./points.js";

/** Of a server on which nothing happens by itself. */
export const SETTINGS = ["autovacuum = off", "scram_iterations = 1"];

/** Points of a command in a short run. */
const FEW = 3;

/** @param faultsOf what happens, on a server of the file's own */
export function tryAll(faultsOf: (server: () => OwnServer) => readonly Fault[]): void {
  const server = sharedServer({ conf: SETTINGS });
  const faults = faultsOf(server);
  const { seed } = inject("experiment");
  const from = (seed % 1_000) / 1_000;
  let copies: Copies | null = null;
  test.each(someOf(COMMANDS, 4))("$name", async (command) => {
    copies ??= new Copies(server());
    const all = copies;
    const course = await measure(all, command);
    const points = pointsOf(course.turns);
    for (const fault of faults) {
      const chosen = spread(points, tries({ full: points.length, short: FEW }), from);
      const problems = await inParallel([...chosen.entries()], 2, async ([index, point]) => {
        const asProcess = fault.toProcess === true || isProcess(index, point, course);
        const found = await attempt(all, course, command, point, fault, asProcess);
        return told(fault, command, course, point, found);
      });
      const lost = problems.filter((found) => found.length > 0).length;
      count("Faults", { command: command.name, fault: fault.name, tries: chosen.length, lost });
      expect.soft(problems.flat()).toEqual([]);
    }
  });
}
