/** Where a password could be found while a command runs, and afterwards. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXECUTABLE } from "../support/cli.js";

/** What the programs that a process started were called with. */
export interface Programs {
  readonly arguments: string[];
  /** Of all but those that are handed the password there: it can be read by the same account only. */
  readonly environments: string[];
}

const EVERY_MS = 10;
/** They are given the password in libpq's variables; see docs/decisions.md. */
const TRUSTED = /\bpsql\b|prisma/;

/** Looks at everything below a process until it has ended. */
export async function watchPrograms(pid: number, ended: Promise<unknown>): Promise<Programs> {
  const seen: Programs = { arguments: [], environments: [] };
  let over = false;
  const stop = (): void => {
    over = true;
  };
  ended.then(stop, stop);
  while (!over) {
    for (const child of descendants(pid)) {
      look(child, seen);
    }
    await sleep(EVERY_MS);
  }
  return seen;
}

/** Nothing where it ends while it is looked at. */
export function look(pid: number, seen: Programs): void {
  try {
    const line = commandLine(pid);
    // Before it becomes another program it is a copy of the one that starts it, and on the way it has no arguments.
    if (line === "" || line.includes(EXECUTABLE)) {
      return;
    }
    const isOurs = statSync(`/proc/${pid}`).uid === process.getuid?.();
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    if (commandLine(pid) !== line) {
      return;
    }
    seen.arguments.push(line);
    if (!isOurs || !TRUSTED.test(line)) {
      seen.environments.push(environment);
    }
  } catch {}
}

function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === ""
      ? []
      : children.split(" ").flatMap((child) => [Number(child), ...descendants(Number(child))]);
  } catch {
    return [];
  }
}

/** PostgreSQL's own, in which a password is a verifier of SCRAM; and what the caller has put there. */
export function textsIn(folder: string, except: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (except.includes(path) || /\/data\/(?:base|global|pg_wal)$/.test(path)) {
      return [];
    }
    return entry.isDirectory() ? textsIn(path, except) : entry.isFile() ? [readFileSync(path, "utf8")] : [];
  });
}
