/** One side ends without having been asked: the process is killed, or the server ends its sessions. */
import { once } from "node:events";
import { type Fault, ROLLED_BACK_MS, signal } from "./attempt.js";
import { tryAll } from "./experiment.js";

const killed: Fault = {
  name: "kill -9",
  strike: async ({ child }) => {
    await once(signal(child, "SIGKILL"), "exit");
    return "lose";
  },
  toProcess: true,
  exits: [null],
  endsWithinMs: 1_000,
};

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
  endsWithinMs: ROLLED_BACK_MS,
};

tryAll(() => [killed, terminated]);
