/** The process is asked to stop, by Ctrl-C or by whoever shuts the machine down. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, ROLLED_BACK_MS, signal } from "./attempt.js";
import { tryAll } from "./experiment.js";

const interrupted = (name: "SIGINT" | "SIGTERM", exitCode: number): Fault => ({
  name,
  toProcess: true,
  strike: async ({ child }) => {
    signal(child, name);
    // The process has seen it by then, and asked the server to stop.
    await sleep(50);
    return "pass";
  },
  exits: [exitCode],
  endsWithinMs: ROLLED_BACK_MS,
});

tryAll(() => [interrupted("SIGINT", 130), interrupted("SIGTERM", 143)]);
