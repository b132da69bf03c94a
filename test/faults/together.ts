/** Faults of a whole server: several commands are held at a point of theirs, and what happens, happens to all of them. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { count, tries } from "../support/experiment.js";
import type { Verdict } from "../support/proxy.js";
import type { OwnServer } from "../support/server.js";
import { attempt, type Fault, isProcess, told } from "./attempt.js";
import { COMMANDS, type WritingCommand } from "./commands.js";
import { Copies, type CopyOptions } from "./copies.js";
import { type Course, measure } from "./course.js";
import { pointsOf, someOf, spread } from "./points.js";

export interface ServerFault extends Pick<Fault, "name" | "exits" | "endsWithinMs"> {
  readonly strike: () => Promise<unknown>;
  /** Makes it good again, once all processes have ended. */
  readonly mend?: () => Promise<unknown>;
}

/** Commands that are held at once: Prisma's transactions end by themselves after 30 s. */
const AT_ONCE = 7;

/** Long enough for a loaded machine, and never waited for where all goes well. */
const PATIENCE_MS = 25_000;

/** Of the groups of commands. */
export type Half = "first" | "second";

interface Options extends CopyOptions {
  /** For a file that is not alone with its fault. */
  readonly half?: Half;
}

/** @param fault what happens, on a server of the file's own */
export function tryTogether(server: () => OwnServer, fault: ServerFault, { half, ...options }: Options = {}): void {
  const { seed } = inject("experiment");
  const all = Array.from({ length: Math.ceil(COMMANDS.length / AT_ONCE) }, (_, n) =>
    COMMANDS.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  const groups = all.filter((_, index) => half === undefined || (index % 2 === 0) === (half === "first"));
  test.each(
    someOf(groups, groups.length, fault.name.length).map(
      (group) => [group.map(({ name }) => name).join(", "), group] as const,
    ),
  )(`${fault.name}: %s`, async (_, group) => {
    const copies = new Copies(server(), options);
    const tried: { readonly command: WritingCommand; readonly course: Course }[] = [];
    for (const command of group) {
      tried.push({ command, course: await measure(copies, command) });
    }
    const problems: string[] = [];
    const rounds = tries({ full: 25, short: 1 });
    for (let round = 0; round < rounds; round += 1) {
      const shared = sharedFault(fault, tried.length);
      const found = await Promise.all(
        tried.map(async ({ command, course }) => {
          const points = spread(pointsOf(course.turns), rounds, (seed % 1_000) / 1_000);
          const point = points[round % points.length];
          if (point === undefined) {
            throw new Error(`${command.name} has no point`);
          }
          const asProcess = isProcess(round, point, course);
          const broken = await attempt(copies, course, command, point, shared, asProcess);
          count("Faults", { command: command.name, fault: fault.name, tries: 1, lost: broken.length > 0 ? 1 : 0 });
          return told(fault, command, course, point, broken);
        }),
      );
      problems.push(...found.flat());
    }
    expect(problems).toEqual([]);
  });
}

/** The same fault for so many commands: it strikes when the last of them has come to its point, once. */
function sharedFault({ name, exits, endsWithinMs, strike, mend }: ServerFault, size: number): Fault {
  const [ready, ended] = [new Gathering(size), new Gathering(size)];
  let struck: Promise<unknown> | null = null;
  let mended: Promise<unknown> | null = null;
  return {
    ...{ name, exits, endsWithinMs },
    strike: async ({ point }): Promise<Verdict> => {
      await ready.arrive();
      struck ??= strike();
      await struck;
      // What the server has answered before may arrive or not.
      return point.turn.from === "server" && point.number % 2 === 1 ? "lose" : "pass";
    },
    over: async (reached) => {
      if (!reached) {
        void ready.arrive();
      }
      await ended.arrive();
      mended ??= mend?.() ?? Promise.resolve();
      await mended;
    },
  };
}

/** Where each waits for all the others, or until it is clear that one of them does not come. */
class Gathering {
  #missing: number;
  #complete: () => void = () => {};
  readonly #all = new Promise<void>((resolve) => {
    this.#complete = resolve;
  });

  constructor(size: number) {
    this.#missing = size;
  }

  async arrive(): Promise<void> {
    this.#missing -= 1;
    if (this.#missing === 0) {
      this.#complete();
    }
    await Promise.race([this.#all, sleep(PATIENCE_MS, undefined, { ref: false })]);
  }
}
