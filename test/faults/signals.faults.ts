/** The process is asked to stop, by Ctrl-C or by whoever shuts the machine down. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, ROLLED_BACK_MS } from "./attempt.js";
import { tryAll } from "./experiment.js";

const interrupted = (name: "SIGINT" | "SIGTERM", exitCode: number): Fault => ({
  name,
  strike: async ({ interrupt }) => {
    interrupt(name);
    // The process has seen it by then, and asked the server to stop.
    await sleep(50);
    return "pass";
  },
  exits: [exitCode],
  endsWithinMs: ROLLED_BACK_MS,
});

// What SIGTERM does beyond the listener, which it shares with SIGINT, is the same in any process.
tryAll(() => [{ ...interrupted("SIGINT", 130), toProcess: true }, interrupted("SIGTERM", 143)]);
