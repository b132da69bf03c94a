/** A real terminal, made by script(1), that somebody types at. */
import { spawn } from "node:child_process";
import { inject } from "vitest";
import { EXECUTABLE, temporaryFolder } from "./cli.js";
import type { TestDatabase } from "./database.js";
import { leaked } from "./secrets.js";

export const CTRL_C = "\u0003";
export const ESCAPE = "\u001b";
export const END_OF_INPUT = "\u0004";
export const DOWN = "\u001b[B";

export const SHOW_CURSOR = "\u001b[?25h";
export const HIDE_CURSOR = "\u001b[?25l";

interface Session {
  readonly exitCode: number | null;
  /** Everything the terminal was sent, standard error included. */
  readonly screen: string;
}

export interface Typed {
  /** What the screen shows before it is typed, since the step before. */
  readonly on: string;
  readonly keys: string;
  /** What has to have come about as well. */
  readonly when?: () => Promise<unknown>;
  /** Must not be shown. */
  readonly isSecret?: true;
}

interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  /** File that standard output goes to instead. */
  readonly stdout?: string;
  /** Height of the terminal; by default it does not know. */
  readonly rows?: number;
}

/**
 * Fails where a secret that was typed is shown, or the server's password.
 *
 * @param columns width of the terminal; 0 is one that does not know
 * @param typed step by step
 */
export function atTerminal(
  db: TestDatabase,
  args: readonly string[],
  columns: number,
  typed: readonly Typed[] = [],
  { env = {}, stdout, rows = 0 }: Settings = {},
): Promise<Session> {
  const home = temporaryFolder();
  const command = `stty cols ${columns} rows ${rows} && exec ${[process.execPath, EXECUTABLE, ...args].map((word) => `'${word}'`).join(" ")}${stdout === undefined ? "" : ` > '${stdout}'`}`;
  const words =
    process.platform === "linux" ? ["-qec", command, "/dev/null"] : ["-q", "/dev/null", "/bin/sh", "-c", command];
  return new Promise((resolve, reject) => {
    const child = spawn("script", words, {
      cwd: home,
      env: {
        ...{ PATH: process.env.PATH, HOME: home, TERM: "xterm-256color", SHELL: "/bin/sh", DATABASE_URL: db.url },
        ...env,
      },
    });
    let screen = "";
    const steps = [...typed];
    let seen = 0;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      screen += chunk;
      const [next] = steps;
      if (next !== undefined && screen.indexOf(next.on, seen) !== -1) {
        steps.shift();
        seen = screen.length;
        Promise.resolve(next.when?.()).then(() => child.stdin.write(next.keys), reject);
      }
    });
    child.once("error", reject);
    child.once("close", (exitCode) => {
      const secrets = typed.flatMap(({ keys, isSecret }) => (isSecret ? [keys.trim()] : []));
      const [told] = leaked(screen, [...secrets, inject("server").password]);
      if (told !== undefined) {
        reject(new Error(`\`${args.join(" ")}\` tells a secret (${JSON.stringify(told)} …):\n${screen}`));
      }
      resolve({ exitCode, screen });
    });
  });
}
