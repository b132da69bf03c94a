/** Prisma's own command line, which is not part of this package: 230 MB for the one command that needs it. */
import { readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Environment } from "../config.js";
import { ProgramMissingError } from "../errors/programs.js";
import { packageRoot } from "../package-root.js";
import { findProgram } from "./programs.js";

/** The first with a Studio that listens on loopback only and needs nothing from the network. */
const SINCE = [7, 10] as const;
const WANTED = `Prisma ${SINCE.join(".")} or newer (7.x)`;

interface Package {
  readonly version: string;
  /** The script to run with Node. */
  readonly script: string;
}

/**
 * The operator's project is asked first, then the installation of vocabdb, then PATH.
 *
 * @throws {ProgramMissingError} when none of them has one that will do
 */
export function findPrisma(cwd: string, env: Environment, own: string = packageRoot): Package {
  const found = [installedFor(cwd), installedFor(own), inPath(env)].filter((each) => each !== null);
  const suitable = found.find(({ version }) => suits(version));
  if (suitable === undefined) {
    const others = new Set(found.map(({ version, script }) => `${version} (${dirname(dirname(script))})`));
    throw new ProgramMissingError(
      "prisma",
      `npm install --save-dev prisma@${SINCE[0]}`,
      `Prisma Studio is part of ${WANTED}, which is not installed${others.size === 0 ? "" : `; found: ${[...others].join(", ")}`}`,
    );
  }
  return suitable;
}

function suits(version: string): boolean {
  const [major, minor = 0] = version.split(".").map(Number);
  return major === SINCE[0] && minor >= SINCE[1];
}

function installedFor(folder: string): Package | null {
  try {
    return readPackage(createRequire(join(folder, "package.json")).resolve("prisma/package.json"));
  } catch {
    return null;
  }
}

/** What npm puts there is a link into the package. */
function inPath(env: Environment): Package | null {
  const program = findProgram("prisma", env);
  return program === null ? null : readPackage(join(dirname(dirname(realpathSync(program))), "package.json"));
}

function readPackage(path: string): Package | null {
  try {
    const { name, version, bin } = JSON.parse(readFileSync(path, "utf8"));
    return name === "prisma" ? { version, script: join(dirname(path), bin.prisma) } : null;
  } catch {
    return null;
  }
}
