/** The process is killed or interrupted, or the server ends its sessions. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./attempt.js";
import { tryAll } from "./experiment.js";

/** Five seconds for the roll-back, and what a loaded machine takes. */
const SIGNAL_MS = 8_000;

const killed: Fault = {
  name: "kill -9",
  strike: async ({ child }) => {
    signal(child, "SIGKILL");
    await once(child, "exit");
    return "lose";
  },
  exits: [null],
  endsWithinMs: 1_000,
};

const interrupted = (name: "SIGINT" | "SIGTERM", exitCode: number): Fault => ({
  name,
  strike: async ({ child }) => {
    signal(child, name);
    // The process has seen it by then, and asked the server to stop.
    await sleep(50);
    return "pass";
  },
  exits: [exitCode],
  endsWithinMs: SIGNAL_MS,
});

const terminated: Fault = {
  name: "pg_terminate_backend",
  strike: async ({ db, point }) => {
    await db.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      [db.target.database],
    );
    // What the server has answered before may arrive or not.
    return point.turn.from === "server" && point.number % 2 === 1 ? "lose" : "pass";
  },
  exits: [7],
  endsWithinMs: SIGNAL_MS,
};

tryAll(() => [killed, interrupted("SIGINT", 130), interrupted("SIGTERM", 143), terminated]);

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (!child.kill(name)) {
    throw new Error(`the process was not there to be sent ${name}`);
  }
}
