// The commands on a full database and on one of a hundredth of its size: what costs more because there is
// more, and what does not. Prints the table and writes bench/results/scale.md.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { passwordIn } from "./peers.mjs";
import { measure, median } from "./process.mjs";
import { commands } from "./scale-commands.mjs";
import { fill, sizeOf } from "./scale-data.mjs";

const FRACTION = Number(process.argv[3] ?? 1);
const RUNS = 3;
const executable = join(dirname(import.meta.dirname), "bin", "vocabdb.js");
const { DATABASE_URL: _url, DIRECT_URL: _direct, ...inherited } = process.env;

/** @typedef {{ seconds: number, serverMs: number } | { failure: string }} Timing */
/** @typedef {{ timings: Map<string, Timing>, version: string, bytes: string, cachesDropped: boolean }} Result */

if (!(FRACTION >= 0.1 && FRACTION <= 10)) {
  console.error("a fraction of the full size from 0.1 to 10: learners need 1,000 words to choose from");
  process.exit(2);
}

const started = loadavg()[0] ?? 0;
const small = await onServer(FRACTION / 100);
const full = await onServer(FRACTION);
report(small, full);
const failures = [...small.timings.values(), ...full.timings.values()].filter((timing) => "failure" in timing);
process.exitCode = failures.length === 0 ? 0 : 1;

/** @param {number} fraction of the full size @returns {Promise<Result>} */
async function onServer(fraction) {
  const home = mkdtempSync(join(tmpdir(), "vocabdb-scale-"));
  const options = { cwd: home, env: { ...inherited, VOCABDB_HOME: home } };
  const vocabdb = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, [executable, ...args, "--quiet", "--json"], { ...options, encoding: "utf8" });
  try {
    vocabdb("db", "start");
    vocabdb("migrate");
    const { url, logFile } = JSON.parse(vocabdb("db", "status"));
    const facts = await prepare(url, fraction);
    const restart = () => {
      vocabdb("db", "stop");
      const dropped = dropCaches();
      vocabdb("db", "start");
      return dropped;
    };
    let cachesDropped = true;
    /** @type {Map<string, Timing>} */
    const timings = new Map();
    for (const { name, args, before, isCold = false, runs = RUNS } of commands(sizeOf(fraction), home)) {
      /** @type {{ seconds: number, serverMs: number }[]} */
      const times = [];
      try {
        for (let n = 0; n < runs; n += 1) {
          if (before !== undefined) {
            vocabdb(...before(n));
          }
          cachesDropped = (!isCold || restart()) && cachesDropped;
          const from = statSync(logFile).size;
          const run = await measure({ command: process.execPath, args: [executable, ...args(n)], ...options });
          times.push({ seconds: run.seconds, serverMs: durationsIn(logFile, from) });
        }
        timings.set(name, {
          seconds: median(times.map(({ seconds }) => seconds)),
          serverMs: median(times.map(({ serverMs }) => serverMs)),
        });
      } catch (error) {
        timings.set(name, { failure: error instanceof Error ? error.message : String(error) });
      }
      console.error(`${fraction * 100} % ${name}: ${JSON.stringify(timings.get(name))}`);
    }
    return { timings, cachesDropped, ...facts };
  } finally {
    vocabdb("db", "destroy", "--confirm", "vocabdb");
    rmSync(home, { recursive: true, force: true });
  }
}

/** Fills the database, and has its server log how long each statement takes. @param {string} url @param {number} fraction */
async function prepare(url, fraction) {
  const { hostname, port, username, pathname } = new URL(url);
  const client = new pg.Client({
    ...{ host: hostname, port: Number(port), user: username, database: pathname.slice(1), password: passwordIn(url) },
  });
  await client.connect();
  try {
    const start = performance.now();
    await fill(client, sizeOf(fraction));
    console.error(`${fraction * 100} % filled in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    await client.query("ALTER SYSTEM SET log_min_duration_statement = 0");
    await client.query("SELECT pg_reload_conf()");
    const { rows } = await client.query(
      "SELECT current_setting('server_version') AS version, pg_size_pretty(pg_database_size(current_database())) AS bytes",
    );
    return rows[0];
  } finally {
    await client.end();
  }
}

/** @returns whether the system's caches were dropped too, which only root may do */
function dropCaches() {
  try {
    execFileSync("sync");
    writeFileSync("/proc/sys/vm/drop_caches", "3");
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds of all statements that the server has logged since. @param {string} logFile @param {number} from */
function durationsIn(logFile, from) {
  const bytes = Buffer.alloc(statSync(logFile).size - from);
  const file = openSync(logFile, "r");
  readSync(file, bytes, 0, bytes.length, from);
  closeSync(file);
  const durations = bytes.toString("utf8").matchAll(/LOG: {2}duration: ([\d.]+) ms/g);
  return [...durations].reduce((sum, [, ms]) => sum + Number(ms), 0);
}

/** @param {Result} small @param {Result} full */
function report(small, full) {
  const count = (/** @type {number} */ number) => number.toLocaleString("en-US");
  const size = sizeOf(FRACTION);
  const cold = full.cachesDropped
    ? "cold: the server restarted and the system's caches dropped"
    : "cold: the server restarted; the system's caches could not be dropped";
  const lines = [
    "# The commands at full size and at a hundredth of it",
    "",
    `Written by \`npm run bench -- scale${FRACTION === 1 ? "" : ` ${FRACTION}`}\` on ${new Date().toISOString().slice(0, 10)}: ${count(size.words)} words, ${count(size.users)} users,`,
    `${count(size.learners * 1_000)} rows of progress (${count(size.learners)} users × 1,000 words), ${count(size.sessions)} sessions, ${count(size.entries)} entries of history:`,
    `${full.bytes}; a hundredth of it: ${small.bytes}. Embedded PostgreSQL ${full.version} with its defaults, Node ${process.version},`,
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform} ${release()} ${arch()}; load average ${started.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.`,
    "",
    `Seconds are of whole processes; server is the time of their statements by the server's own log. Medians of`,
    `${RUNS} runs, but for exports of everything and prune, which run once. Warm but for ${cold}.`,
    "",
    "| command | 1 %: s | 1 %: server ms | 100 %: s | 100 %: server ms | ratio of server ms |",
    "|---|---:|---:|---:|---:|---:|",
    ...[...full.timings].map(
      ([name, timing]) => `| ${[name, ...cells(small.timings.get(name), timing)].join(" | ")} |`,
    ),
    "",
  ];
  console.log(lines.join("\n"));
  writeFileSync(join(import.meta.dirname, "results", "scale.md"), lines.join("\n"));
}

/** @param {Timing | undefined} small @param {Timing} full */
function cells(small, full) {
  if (small === undefined || "failure" in small || "failure" in full) {
    return Array(5).fill("failed");
  }
  const pairs = [small, full].flatMap(({ seconds, serverMs }) => [seconds.toFixed(2), serverMs.toFixed(1)]);
  return [...pairs, (full.serverMs / small.serverMs).toFixed(1)];
}
