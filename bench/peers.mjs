// What people use today to load words into a table.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY = "language, term, reading, sense";
const CONTENT = ["definition", "part_of_speech", "level", "category", "example"];
const COLUMNS = `${KEY}, ${CONTENT.join(", ")}`;

/** @typedef {{ cwd: string, env: NodeJS.ProcessEnv }} Options */

/** @param {string} program @returns its path, or null when it is not installed */
export function find(program) {
  const path = (process.env.PATH ?? "").split(":").map((folder) => join(folder, program));
  return path.find((candidate) => existsSync(candidate)) ?? null;
}

/**
 * Staging table, COPY, one upsert that leaves equal rows alone: what an expert writes by hand.
 *
 * @param {string} folder @param {string} url @param {string} file @param {Options} options
 */
export function expertPsqlScript(folder, url, file, options) {
  const script = join(folder, "expert.sql");
  const tuple = (/** @type {string} */ table) => CONTENT.map((column) => `${table}.${column}`).join(", ");
  writeFileSync(
    script,
    `BEGIN;
CREATE TEMPORARY TABLE incoming (${COLUMNS.split(", ")
      .map((column) => `${column} text`)
      .join(", ")}) ON COMMIT DROP;
\\copy incoming FROM '${file}' WITH (FORMAT csv, HEADER, FORCE_NOT_NULL (reading, sense))
INSERT INTO vocabulary_words (${COLUMNS})
SELECT ${COLUMNS} FROM incoming
ON CONFLICT (${KEY}) DO UPDATE SET ${CONTENT.map((column) => `${column} = EXCLUDED.${column}`).join(", ")}
WHERE (${tuple("vocabulary_words")}) IS DISTINCT FROM (${tuple("EXCLUDED")});
COMMIT;
`,
    { mode: 0o600 },
  );
  return { command: find("psql") ?? "psql", args: ["-q", "-v", "ON_ERROR_STOP=1", "-f", script, url], ...options };
}

/**
 * @param {string} folder @param {import("pg").Client} client @param {string} url @param {string} file
 * @param {Options} options
 * @returns null when it is not installed
 */
export function pgloaderScript(folder, client, url, file, options) {
  const command = find("pgloader");
  if (command === null) {
    return null;
  }
  const script = join(folder, "pgloader.load");
  // It takes an empty cell for null, so the empty senses are left to the column's default.
  writeFileSync(
    script,
    `LOAD CSV FROM '${file}' (${COLUMNS})
INTO postgresql://${client.user}@${client.host}:${client.port}/${client.database}
TARGET TABLE public.vocabulary_words (${COLUMNS.replace(" sense,", "")})
WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by ',';
`,
    { mode: 0o600 },
  );
  return {
    ...{ command, args: ["--quiet", "--root-dir", join(folder, "pgloader"), script], cwd: options.cwd },
    env: { ...options.env, PGPASSWORD: passwordIn(url) },
  };
}

/** Where a passfile is not understood. @param {string} url */
export function passwordIn(url) {
  const passfile = new URL(url).searchParams.get("passfile");
  return passfile === null ? "" : (readFileSync(passfile, "utf8").trim().split(":").pop() ?? "");
}

/** @param {string} root @param {string} file @param {Options} options */
export function createManyScript(root, file, options) {
  return { command: process.execPath, args: [join(root, "bench", "create-many.mjs"), file], ...options };
}
