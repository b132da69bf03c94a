// Seconds and peak memory of `vocabdb seed` for 100,000 generated words: first load, and again unchanged.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeWords } from "./words.mjs";

const ROWS = Number(process.argv[3] ?? 100_000);
const executable = join(dirname(import.meta.dirname), "bin", "vocabdb.js");
const home = mkdtempSync(join(tmpdir(), "vocabdb-bench-"));
const { DATABASE_URL: _url, DIRECT_URL: _direct, ...inherited } = process.env;
const options = { cwd: home, env: { ...inherited, VOCABDB_HOME: home } };

/** @param {string[]} args */
function vocabdb(...args) {
  return execFileSync(process.execPath, [executable, ...args, "--quiet", "--json"], { ...options, encoding: "utf8" });
}

/** Peak resident memory is the kernel's own figure, read while the process ends. @param {string[]} args */
async function measured(...args) {
  const start = performance.now();
  const child = spawn(process.execPath, [executable, ...args, "--quiet", "--json"], {
    ...options,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let peakKb = 0;
  const watch = setInterval(() => {
    try {
      peakKb = Math.max(
        peakKb,
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0),
      );
    } catch {
      // It has just ended, or this is not Linux.
    }
  }, 20);
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(watch);
  if (code !== 0) {
    throw new Error(`${args.join(" ")} ended with exit code ${code}`);
  }
  return { seconds: (performance.now() - start) / 1000, peakMb: peakKb / 1024, total: JSON.parse(stdout).total };
}

try {
  const file = join(home, "words.csv");
  await writeWords(file, ROWS);
  vocabdb("db", "start");
  vocabdb("migrate");
  console.log(
    `${ROWS.toLocaleString("en-US")} words, ${(statSync(file).size / 1e6).toFixed(1)} MB, embedded PostgreSQL\n`,
  );
  console.log("| run | seconds | peak memory | inserted | unchanged |\n|---|---|---|---|---|");
  for (const run of ["first", "again, unchanged"]) {
    const { seconds, peakMb, total } = await measured("seed", "--file", file);
    console.log(
      `| ${run} | ${seconds.toFixed(2)} | ${peakMb.toFixed(0)} MB | ${total.inserted} | ${total.unchanged} |`,
    );
  }
} finally {
  vocabdb("db", "destroy", "--confirm", "vocabdb");
  rmSync(home, { recursive: true, force: true });
}
