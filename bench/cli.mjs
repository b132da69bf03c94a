// How long one-shot commands take as whole processes, beside a bare Node and a bare script, and `migrate` beside other
// migrators; in turns, so that what else the machine does hits all of them. And what is installed, beside `prisma`.
// Prints the table and writes bench/results/cli.md.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { migrators } from "./cli-peers.mjs";
import { installedSizes } from "./installed-size.mjs";
import { passwordIn } from "./peers.mjs";
import { measure, median } from "./process.mjs";

const RUNS = Number(process.argv[3] ?? 15);
const EMAIL = "ada@example.com";
const executable = join(dirname(import.meta.dirname), "bin", "vocabdb.js");
const home = mkdtempSync(join(tmpdir(), "vocabdb-bench-"));
const options = { cwd: home, env: { PATH: process.env.PATH, HOME: home, VOCABDB_HOME: home } };

/** @typedef {Parameters<typeof measure>[0]} Program */
/** @typedef {Awaited<ReturnType<typeof measure>>} Measured */

/** @param {string[]} args @returns {Program} */
const node = (...args) => ({ command: process.execPath, args, ...options });
/** @param {string[]} args */
const vocabdb = (...args) => node(executable, ...args);
/** @param {string[]} args */
const result = (...args) =>
  JSON.parse(
    execFileSync(process.execPath, [executable, ...args, "--quiet", "--json"], { ...options, encoding: "utf8" }),
  );

const load = loadavg()[0] ?? 0;
try {
  result("db", "start");
  result("migrate");
  result("seed", "--demo");
  const shown = result("db", "url").url;
  const { hostname, port, username, pathname } = new URL(shown);
  const urlOf = (/** @type {string} */ database) =>
    `postgresql://${username}:${passwordIn(shown)}@${hostname}:${port}/${database}`;
  const url = urlOf(pathname.slice(1));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const peers = await migrators(folder("peers"), async (database) => {
    await client.query(`CREATE DATABASE ${database}`);
    return urlOf(database);
  });
  const { rows } = await client.query("SHOW server_version");
  await client.end();
  // As an operator has it: the address in the environment, not an embedded server to be looked at first.
  options.env = { ...options.env, DATABASE_URL: url };
  await report(rows[0].server_version, peers, installedSizes(folder("sizes")));
} finally {
  result("db", "destroy", "--confirm", "vocabdb");
  rmSync(home, { recursive: true, force: true });
}

/** @param {string} name */
function folder(name) {
  const path = join(home, name);
  mkdirSync(path);
  return path;
}

/**
 * All of them RUNS times in turns, after one turn that counts for nothing.
 *
 * @param {Record<string, Program>} programs @returns {Promise<Record<string, Measured[]>>}
 */
async function inTurns(programs) {
  /** @type {Record<string, Measured[]>} */
  const measured = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let turn = 0; turn <= RUNS; turn += 1) {
    for (const [name, program] of Object.entries(programs)) {
      const taken = await measure(program);
      if (turn > 0) {
        measured[name]?.push(taken);
      }
    }
    console.error(`turn ${turn} of ${RUNS}`);
  }
  return measured;
}

/**
 * @param {string} version of the server
 * @param {Awaited<ReturnType<typeof migrators>>} peers
 * @param {ReturnType<typeof installedSizes>} sizes
 */
async function report(version, peers, sizes) {
  const bareScript = node(join(import.meta.dirname, "cli-bare.mjs"), EMAIL);
  const measured = await inTurns({
    "node -e 0": node("-e", "0"),
    "bare script": bareScript,
    "--version": vocabdb("--version"),
    "--help": vocabdb("--help"),
    "user show": vocabdb("user", "show", EMAIL),
    "user list": vocabdb("user", "list"),
    "progress show": vocabdb("progress", "show", EMAIL),
    migrate: vocabdb("migrate"),
    ...Object.fromEntries(peers.map(({ name, program }) => [name, program])),
  });
  const times = (/** @type {string} */ name) => (measured[name] ?? []).map(({ seconds }) => seconds);
  /** Each run by the other one of its turn. */
  const ratio = (/** @type {string} */ name, /** @type {string} */ base) => {
    const bases = times(base);
    return median(times(name).map((seconds, turn) => seconds / (bases[turn] ?? Number.NaN))).toFixed(2);
  };
  const peak = Math.max(...(measured["user list"] ?? []).map(({ peakMb }) => peakMb));
  const measures = [
    ["`--version` / `node -e 0`", ratio("--version", "node -e 0"), "≤ 1.4", "≤ 1.15"],
    ["`--help` / `node -e 0`", ratio("--help", "node -e 0"), "≤ 1.4", "≤ 1.15"],
    ["`user show` / bare script", ratio("user show", "bare script"), "≤ 1.8", "≤ 1.3"],
    ["`progress show` / bare script", ratio("progress show", "bare script"), "≤ 1.8", "≤ 1.3"],
    ["`migrate` with nothing to do / bare script", ratio("migrate", "bare script"), "≤ 2.5", "≤ 1.6"],
    ...peers.map(({ name }) => [`the same / ${name}`, ratio("migrate", name), "≤ 0.9", "≤ 0.6"]),
    [
      "installed size without the embedded server / `prisma`",
      (sizes.vocabdb / sizes.prisma).toFixed(3),
      "≤ 0.25",
      "≤ 0.1",
    ],
    ["peak memory of `user list` (MB)", peak.toFixed(0), "≤ 110", "≤ 80"],
  ];
  const lines = [
    "# Start of the commands, beside their peers",
    "",
    `Written by \`npm run bench -- cli\` on ${new Date().toISOString().slice(0, 10)}: whole processes, ${RUNS} runs of each in turns; a ratio is the`,
    `median of the ratios within each turn. Embedded PostgreSQL ${version}, Node ${process.version},`,
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform} ${release()} ${arch()}. Load of the machine`,
    `at the beginning: ${load.toFixed(1)}. The bare script is [bench/cli-bare.mjs](../cli-bare.mjs).`,
    "",
    "| measure | measured | must reach | aim for |",
    "|---|---|---|---|",
    ...measures.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    "| process | median (ms) | fastest (ms) |",
    "|---|---|---|",
    ...Object.keys(measured).map((name) => {
      const seconds = times(name);
      return `| ${name} | ${(median(seconds) * 1000).toFixed(0)} | ${(Math.min(...seconds) * 1000).toFixed(0)} |`;
    }),
    "",
    `Installed with its production dependencies, all files: vocabdb ${(sizes.vocabdb / 1e6).toFixed(1)} MB, \`prisma@${sizes.version}\` ${(sizes.prisma / 1e6).toFixed(1)} MB.`,
    "",
  ];
  console.log(lines.join("\n"));
  writeFileSync(join(import.meta.dirname, "results", "cli.md"), lines.join("\n"));
}
