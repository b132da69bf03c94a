// What people use today to migrate a database from Node, each with one migration that is applied already.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measure } from "./process.mjs";

const VERSIONS = ["node-pg-migrate@9.0.0", "graphile-migrate@1.4.1", "knex@3.3.0", "pg@8.23.1"];

/**
 * Installs them in a folder of their own: as dependencies of this package they would be installed for every test.
 *
 * @param {string} folder an empty one
 * @param {(name: string) => Promise<string>} urlOf makes an empty database and returns its address
 * @returns how each is run again with nothing to do
 */
export async function migrators(folder, urlOf) {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...VERSIONS], {
    ...{ cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  });
  /** @type {{ name: string, program: Parameters<typeof measure>[0] }[]} */
  const found = [];
  for (const name of ["node-pg-migrate", "graphile-migrate", "knex"]) {
    const cwd = join(folder, name);
    mkdirSync(join(cwd, "migrations", "committed"), { recursive: true });
    const { env, args } = project(name, cwd, await urlOf(name.replaceAll("-", "_")));
    const program = {
      command: process.execPath,
      args: [join(folder, "node_modules", ".bin", name), ...args],
      cwd,
      env,
    };
    await measure(program);
    found.push({ name, program });
  }
  return found;
}

/** @param {string} name @param {string} cwd @param {string} url */
function project(name, cwd, url) {
  const sql = "CREATE TABLE notes (id integer PRIMARY KEY);\n";
  const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: url };
  const put = (/** @type {string} */ path, /** @type {string} */ text) => writeFileSync(join(cwd, path), text);
  switch (name) {
    case "node-pg-migrate":
      put("migrations/1700000000000_notes.sql", `-- Up Migration\n${sql}-- Down Migration\nDROP TABLE notes;\n`);
      return { env, args: ["up"] };
    case "graphile-migrate":
      put(".gmrc", "{}\n");
      put("migrations/committed/000001.sql", `--! Previous: -\n--! Hash: sha1:none\n--! AllowInvalidHash\n\n${sql}`);
      // The other two are wanted for what is not asked of it here.
      return {
        env: { ...env, ROOT_DATABASE_URL: `${url}_root`, SHADOW_DATABASE_URL: `${url}_shadow` },
        args: ["migrate"],
      };
    default:
      put(
        "knexfile.cjs",
        'module.exports = { client: "pg", connection: process.env.DATABASE_URL, migrations: { directory: "./migrations" } };\n',
      );
      put(
        "migrations/20240101000000_notes.cjs",
        `exports.up = (knex) => knex.raw(${JSON.stringify(sql)});\nexports.down = (knex) => knex.raw("DROP TABLE notes");\n`,
      );
      return { env, args: ["migrate:latest", "--knexfile", "knexfile.cjs"] };
  }
}
