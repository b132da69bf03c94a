// Node of another version, from the packages of npm that hold it.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const packages = join(dirname(import.meta.dirname), "node_modules", ".cache", "node");

/**
 * Installed at the first use and kept: as dependencies they would be 100 MB each in every installation of this project.
 *
 * @param {string} version such as `22`
 * @returns the folder of its executable
 */
export function otherNode(version) {
  const folder = join(packages, version);
  const executables = join(folder, "node_modules", "node", "bin");
  if (!existsSync(executables)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    const wanted = `node@npm:node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}@${version}`;
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", wanted], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return executables;
}
