// The main job from nothing: a throw-away PostgreSQL, migrated, seeded, with users and their progress.
// Uses a home of its own and no DATABASE_URL, so it cannot touch any other database, and leaves no server.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const executable = join(dirname(import.meta.dirname), "bin", "vocabdb.js");
const home = mkdtempSync(join(tmpdir(), "vocabdb-demo-"));
const { DATABASE_URL: _url, DIRECT_URL: _direct, ...env } = process.env;

/** @param {string[]} args */
function vocabdb(...args) {
  console.log(`\n$ vocabdb ${args.map((arg) => (/^[\w@./:=-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ")}`);
  const { status, error } = spawnSync(process.execPath, [executable, ...args], {
    cwd: home,
    env: { ...env, VOCABDB_HOME: home },
    stdio: "inherit",
  });
  if (status !== 0) {
    throw error ?? new Error(`the demo stopped: \`vocabdb ${args.join(" ")}\` ended with exit code ${status}`);
  }
}

try {
  vocabdb("db", "start");
  vocabdb("migrate");
  vocabdb("seed", "--demo");
  vocabdb("user", "create", "grace@example.com", "--name", "Grace Hopper", "--yes");
  vocabdb("user", "delete", "ada@example.com");
  vocabdb("user", "list", "--all");
  vocabdb("user", "restore", "ada@example.com");
  vocabdb("progress", "show", "ada@example.com", "--by", "level", "--due");
  vocabdb("progress", "show", "kenji@example.com", "--by", "category");
  vocabdb("word", "search", "xuesheng");
  vocabdb("history", "--subject", "ada@example.com");
  vocabdb("progress", "report");
} finally {
  spawnSync(process.execPath, [executable, "db", "destroy", "--confirm", "vocabdb", "--quiet"], {
    cwd: home,
    env: { ...env, VOCABDB_HOME: home },
    stdio: ["ignore", "ignore", "inherit"],
  });
  rmSync(home, { recursive: true, force: true });
}
console.log("\nThe demo's server is stopped and removed. For one of your own: npx vocabdb db start");
