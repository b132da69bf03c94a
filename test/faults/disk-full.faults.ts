/** The disk of the database is full: a tablespace in memory that is as small as can be, which only root can mount. */
import { execFileSync } from "node:child_process";
import { chownSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { aroundAll, test } from "vitest";
import { serverAccount } from "../../src/db/embedded/account.js";
import { count } from "../support/experiment.js";
import { sharedServer } from "../support/server.js";
import { SETTINGS } from "./experiment.js";
import { tryTogether } from "./together.js";

const NAME = "disk full";
const TABLESPACE = "small";
const SIZE = "600m";

const server = sharedServer({ conf: SETTINGS });
const folder = (): string => join(dirname(server().cluster.folder), "small");
const filler = (): string => join(folder(), "filler");

if (process.getuid?.() === 0) {
  aroundAll(async (runTests) => {
    mkdirSync(folder());
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder()]);
    try {
      const place = join(folder(), "data");
      mkdirSync(place, { mode: 0o700 });
      const account = serverAccount();
      if (account !== null) {
        chownSync(place, account.uid, account.gid);
      }
      await server().query(`CREATE TABLESPACE ${TABLESPACE} LOCATION '${place}'`);
      await runTests();
    } finally {
      execFileSync("umount", ["--lazy", folder()]);
    }
  });
  tryTogether(
    server,
    {
      name: NAME,
      strike: async () => fill(filler()),
      mend: async () => rmSync(filler()),
      exits: [7],
      endsWithinMs: 8_000,
    },
    { tablespace: TABLESPACE },
  );
} else {
  test("needs root, to mount a disk that is small enough", () => {
    count("Faults", { command: "all", fault: `${NAME}: NOT TRIED, needs root`, tries: 0, lost: 0 });
  });
}

/** Until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (let size = 1 << 20; size >= 512; ) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}
