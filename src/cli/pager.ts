/** A list that is longer than the terminal, in the pager that its user has chosen. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Environment } from "../config.js";
import { endOf, findProgram } from "../core/programs.js";
import { InterruptedError } from "../errors/interrupted.js";

interface PagerOptions {
  readonly env: Environment;
  /** Ends the pager as well. */
  readonly signal: AbortSignal;
  /** While it runs, Ctrl-C is the pager's. */
  readonly lendTerminal: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Colours as they are; one screen is no reason to wait for a key; what was read stays on the screen. */
const LESS_OPTIONS = "FRX";

/**
 * @returns whether it was shown: not where no pager is wanted, there is none, or it does not work
 * @throws {InterruptedError} when the signal ended it
 */
export async function page(text: string, { env, signal, lendTerminal }: PagerOptions): Promise<boolean> {
  const command = pagerOf(env);
  if (command === null) {
    return false;
  }
  return lendTerminal(async () => {
    const child = start(command, { LESS: LESS_OPTIONS, ...withoutSecrets(env) });
    // Whoever has seen enough leaves before the end.
    child.stdin?.on("error", () => {});
    child.stdin?.end(text);
    try {
      return !DOES_NOT_WORK.includes(await endOf(child, command, signal));
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof InterruptedError;
    }
  });
}

/** A failure before anything is shown, what the shell cannot run, and what it does not find. */
const DOES_NOT_WORK = [1, 126, 127];

function pagerOf(env: Environment): string | null {
  const chosen = (env.VOCABDB_PAGER ?? env.PAGER)?.trim();
  if (chosen === undefined) {
    return findProgram("less", env) === null ? null : `less -${LESS_OPTIONS}`;
  }
  return chosen === "" || chosen === "cat" ? null : chosen;
}

/** Without a shell between, where it would have nothing to do: a signal then reaches the pager itself. */
function start(command: string, env: Environment): ChildProcess {
  const options: SpawnOptions = { env, stdio: ["pipe", "inherit", "inherit"] };
  const [program = "", ...args] = command.split(/\s+/);
  return /^[\w\s./+:,-]+$/.test(command) ? spawn(program, args, options) : spawn(command, { ...options, shell: true });
}

/** What a program at a terminal may need. All else may hold the password of a database, whatever its name. */
const PASSED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TERMINFO|TERMINFO_DIRS|COLORTERM|COLUMNS|LINES|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|DISPLAY|LESS\w*|MORE|LV|BAT_\w+|XDG_\w+|SystemRoot|ComSpec|PATHEXT|USERPROFILE|TEMP)$/;

function withoutSecrets(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PASSED.test(name)));
}
