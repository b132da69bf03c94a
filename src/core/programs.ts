/** Programs of others that commands start. */
import type { ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Environment } from "../config.js";
import { InterruptedError } from "../errors/interrupted.js";
import { ProgramFailedError } from "../errors/programs.js";

/** @returns the path of a program, as a shell would find it; null where there is none */
export function findProgram(name: string, env: Environment): string | null {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const folders = (env.PATH ?? env.Path ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, file)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Waits for the end of a program.
 *
 * @param name for messages
 * @param signal ends the program as well
 * @returns its exit code
 * @throws {InterruptedError} the reason of the signal, or where Ctrl-C ended the program
 * @throws {ProgramFailedError} when it could not be started, or something else ended it
 */
export async function endOf(child: ChildProcess, name: string, signal: AbortSignal): Promise<number> {
  const stop = (): void => stopProgram(child);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) {
    stop();
  }
  try {
    const [exitCode, endedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", (cause) =>
        reject(new ProgramFailedError(name, `cannot be started: ${cause.message}`, { cause })),
      );
      child.once("close", (code, killedBy) => resolve([code, killedBy]));
    });
    signal.throwIfAborted();
    if (endedBy === "SIGINT" || endedBy === "SIGTERM") {
      throw new InterruptedError(endedBy);
    }
    if (exitCode === null) {
      throw new ProgramFailedError(name, `was ended by ${endedBy}`);
    }
    return exitCode;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** What does not end when it is asked to is ended. */
const STOP_GRACE_MS = 2_000;

function stopProgram(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
  child.once("close", () => clearTimeout(timer));
}
