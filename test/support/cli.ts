/** Runs the built executable as a process of its own, as a user would. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { packageRoot } from "../../src/package-root.js";

export const EXECUTABLE = join(packageRoot, "bin", "vocabdb.js");

export interface CliOptions {
  /** Connection URL, set as DATABASE_URL. */
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What standard input holds; by default it is empty. */
  readonly input?: string;
  /** Called with the running process. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface CliResult {
  /** null when a signal that was not handled ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Parsed standard output. @throws when it is not one JSON document */
  // biome-ignore lint/suspicious/noExplicitAny: the tests state what they expect of it
  json(): any;
}

/** An empty folder that is removed when the test ends; a home without any embedded server. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vocabdb-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function vocabdb(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const home = temporaryFolder();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [EXECUTABLE, ...args], {
      cwd: options.cwd ?? home,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        ...(options.url !== undefined && { DATABASE_URL: options.url }),
        ...options.env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr, json: () => JSON.parse(stdout) }));
    child.stdin.on("error", () => {
      // The process ended without reading it.
    });
    child.stdin.end(options.input ?? "");
    options.onStart?.(child);
  });
}
