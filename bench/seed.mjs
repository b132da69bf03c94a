// `vocabdb seed` beside what else loads words: the psql script of an expert, pgloader, Prisma's createMany.
// All on one server, into one table, from the same files, as whole processes, in turns; medians of RUNS.
// Prints the table and writes bench/results/seed.md.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { arch, cpus, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { createManyScript, expertPsqlScript, find, passwordIn, pgloaderScript } from "./peers.mjs";
import { measure, median } from "./process.mjs";
import { writeWords } from "./words.mjs";

const ROWS = Number(process.argv[3] ?? 1_000_000);
const RUNS = 3;
const root = dirname(import.meta.dirname);
const executable = join(root, "bin", "vocabdb.js");
const home = mkdtempSync(join(tmpdir(), "vocabdb-bench-"));
const { DATABASE_URL: _url, DIRECT_URL: _direct, ...inherited } = process.env;
const options = { cwd: home, env: { ...inherited, VOCABDB_HOME: home } };

/** @param {string[]} args */
const vocabdb = (...args) =>
  execFileSync(process.execPath, [executable, ...args, "--quiet", "--json"], { ...options, encoding: "utf8" });

/** @param {string} name @param {number} rows @param {number} [changed] */
async function wordFile(name, rows, changed) {
  const path = join(home, name);
  await writeWords(path, rows, changed);
  return path;
}

try {
  vocabdb("db", "start");
  vocabdb("migrate");
  const { url } = JSON.parse(vocabdb("db", "url"));
  const { hostname, port, username, pathname } = new URL(url);
  const client = new pg.Client({
    ...{ host: hostname, port: Number(port), user: username, database: pathname.slice(1), password: passwordIn(url) },
  });
  await client.connect();
  try {
    await compare(client, url);
  } finally {
    await client.end();
  }
} finally {
  vocabdb("db", "destroy", "--confirm", "vocabdb");
  rmSync(home, { recursive: true, force: true });
}

/** @param {pg.Client} client @param {string} url */
async function compare(client, url) {
  const words = await wordFile("words.csv", ROWS);
  const changed = await wordFile("changed.csv", ROWS, 100);
  const few = await wordFile("few.csv", ROWS / 10);

  const empty = async () => {
    await client.query("TRUNCATE vocabulary_words CASCADE");
    await client.query("CHECKPOINT");
  };
  /** What the words say, whoever loaded them. */
  const content = async () => {
    const { rows } = await client.query(
      `SELECT count(*)::integer AS count,
              sum(hashtextextended(concat_ws('|', language, term, reading, sense, definition, part_of_speech, level, category, example), 0)) AS sum
         FROM vocabulary_words`,
    );
    return JSON.stringify(rows[0]);
  };
  const ours = (/** @type {string} */ file) => ({
    command: process.execPath,
    args: [executable, "seed", "--file", file, "--quiet", "--json"],
    ...options,
  });
  const psql = (/** @type {string} */ file) => expertPsqlScript(home, url, file, options);
  const loader = pgloaderScript(home, client, url, words, options);
  const createMany = createManyScript(root, few, options);

  /** @type {Record<string, number[]>} */
  const seconds = {};
  /** @type {Record<string, number>} */
  const peak = {};
  const run = async (/** @type {string} */ name, /** @type {Parameters<typeof measure>[0]} */ what) => {
    const { seconds: taken, peakMb } = await measure(what);
    seconds[name] = [...(seconds[name] ?? []), taken];
    peak[name] = Math.max(peak[name] ?? 0, peakMb);
    console.error(`${name}: ${taken.toFixed(2)} s, ${peakMb.toFixed(0)} MB`);
    return content();
  };

  for (let n = 0; n < RUNS; n += 1) {
    const states = [];
    for (const [name, load] of /** @type {const} */ ([
      ["vocabdb", ours],
      ["psql", psql],
    ])) {
      if (name === "psql" && !find("psql")) {
        continue;
      }
      await empty();
      states.push(await run(`${name} first`, load(words)));
      states.push(await run(`${name} unchanged`, load(words)));
      states.push(await run(`${name} 1 % changed`, load(changed)));
    }
    for (const at of [0, 1, 2]) {
      if (states[at + 3] !== undefined && states[at] !== states[at + 3]) {
        throw new Error(`the two loads differ: ${states[at]} and ${states[at + 3]}`);
      }
    }
  }
  if (loader !== null) {
    await empty();
    await run("pgloader first", loader);
  }
  await empty();
  await run("createMany few", createMany);
  await empty();
  await run("vocabdb few", ours(few));

  for (const factor of [4, 5]) {
    const many = await wordFile("many.csv", ROWS * factor);
    await empty();
    await run(`vocabdb first × ${factor}`, ours(many));
    await run(`vocabdb unchanged × ${factor}`, ours(many));
    rmSync(many);
  }
  const { rows } = await client.query("SHOW server_version");
  report(rows[0].server_version, statSync(words).size, seconds, peak);
}

/**
 * @param {string} version of the server
 * @param {number} bytes
 * @param {Record<string, number[]>} seconds
 * @param {Record<string, number>} peak
 */
function report(version, bytes, seconds, peak) {
  const time = (/** @type {string} */ name) => (seconds[name] === undefined ? null : median(seconds[name]));
  const ratio = (/** @type {string} */ a, /** @type {string} */ b) => {
    const [first, second] = [time(a), time(b)];
    return first === null || second === null ? null : first / second;
  };
  const shown = (/** @type {number | null} */ value, digits = 2) =>
    value === null ? "not installed" : value.toFixed(digits);
  const memory = ["first", "unchanged", "first × 5", "unchanged × 5"].map((name) => peak[`vocabdb ${name}`] ?? 0);
  const measures = [
    ["first load / expert psql", shown(ratio("vocabdb first", "psql first")), "≤ 0.8", "≤ 0.45"],
    ["first load / pgloader", shown(ratio("vocabdb first", "pgloader first")), "≤ 0.35", "≤ 0.2"],
    ["Prisma createMany / ours, a tenth of the rows", shown(ratio("createMany few", "vocabdb few"), 1), "≥ 10", "≥ 25"],
    [
      "second load, nothing changed / expert psql",
      shown(ratio("vocabdb unchanged", "psql unchanged")),
      "≤ 0.6",
      "≤ 0.35",
    ],
    ["1 % changed / expert psql", shown(ratio("vocabdb 1 % changed", "psql 1 % changed")), "≤ 0.6", "≤ 0.4"],
    [
      "peak memory (MB), first and unchanged, × 1",
      memory
        .slice(0, 2)
        .map((mb) => mb.toFixed(0))
        .join(" and "),
      "≤ 200",
      "≤ 130",
    ],
    [
      "peak memory (MB), first and unchanged, × 5",
      memory
        .slice(2)
        .map((mb) => mb.toFixed(0))
        .join(" and "),
      "≤ 200, equal within 15 %",
      "≤ 130",
    ],
    ["first load, × 4 / × 1", shown(ratio("vocabdb first × 4", "vocabdb first")), "≤ 4.6", "≤ 4.2"],
    ["unchanged, × 4 / × 1", shown(ratio("vocabdb unchanged × 4", "vocabdb unchanged")), "–", "–"],
  ];
  const lines = [
    "# Seeding, beside its peers",
    "",
    `Written by \`npm run bench -- seed\` on ${new Date().toISOString().slice(0, 10)}: ${ROWS.toLocaleString("en-US")} words, ${(bytes / 1e6).toFixed(0)} MB; × 4 and × 5 are`,
    `as many times that. Embedded PostgreSQL ${version} with its defaults, Node ${process.version},`,
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${process.platform} ${release()} ${arch()}. Whole processes, all validation on.`,
    `Medians of ${RUNS} where more than one time is given.`,
    "",
    "| measure | measured | must reach | aim for |",
    "|---|---|---|---|",
    ...measures.map((cells) => `| ${cells.join(" | ")} |`),
    "",
    "| run | seconds | peak memory of the process |",
    "|---|---|---|",
    ...Object.entries(seconds).map(
      ([name, times]) =>
        `| ${name} | ${times.map((each) => each.toFixed(2)).join(", ")} | ${peak[name]?.toFixed(0)} MB |`,
    ),
    "",
  ];
  console.log(lines.join("\n"));
  writeFileSync(join(import.meta.dirname, "results", "seed.md"), lines.join("\n"));
}
