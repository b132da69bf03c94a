/** The edge: the process's streams, signals and exit code. */
import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import { InterruptedError } from "../errors/interrupted.js";
import { FileError } from "../errors/usage.js";
import { mannerIn } from "./manner.js";
import { errorJson, errorText, reportOf } from "./render/error.js";
import { PLAIN } from "./render/ink.js";
import { run } from "./run.js";

/** Without the edge: one invocation in a process that goes on. */
export { run };

export async function main(): Promise<void> {
  const abort = new AbortController();
  const terminal = { isLent: false };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // Stays installed: without a listener of ours, the one that gives the cursor back ends the process.
    process.on(signal, () => {
      // A terminal sends it to all that run in it, and it means the one that has the terminal.
      if (signal === "SIGINT" && terminal.isLent) {
        return;
      }
      if (abort.signal.aborted) {
        // Asked twice: not even the roll-back is waited for, which the server does by itself.
        process.exit(new InterruptedError(signal).exitCode);
      }
      abort.abort(new InterruptedError(signal));
    });
  }
  process.stdout.on("error", outputFailed);
  // Nothing depends on what it is told.
  process.stderr.on("error", endUnread);
  process.on("uncaughtException", endWith);
  // Node gives each address of a host 250 ms, less than a far-away server needs.
  setDefaultAutoSelectFamilyAttemptTimeout(3_000);

  process.exitCode = await run({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: abort.signal,
    lendTerminal: async (work) => {
      terminal.isLent = true;
      try {
        return await work();
      } finally {
        terminal.isLent = false;
      }
    },
    now: () => new Date(),
  });
  endWhenWritten();
}

/** A result that is cut short must not look like a whole one. */
export function outputFailed(error: NodeJS.ErrnoException): void {
  endUnread(error);
  void endWith(new FileError("standard output", `cannot be written (${error.code ?? "unknown error"})`));
}

/** `vocabdb … | head`: nobody reads any more, and that is no failure. */
function endUnread({ code }: NodeJS.ErrnoException): void {
  if (code === "EPIPE") {
    process.exit();
  }
}

/**
 * All that was opened is closed by now. What could still hold the process up is nobody's any more: a timer
 * of the schema engine, a socket that the driver forgot. A slow reader of a pipe gets everything first.
 */
function endWhenWritten(): void {
  process.stdout.write("", (error) => {
    // Else the stream's own listener ends the process.
    if (!error) {
      process.stderr.write("", () => process.exit());
    }
  });
}

/** For what fails where no command can be told of it. */
async function endWith(error: Error): Promise<void> {
  const report = reportOf(error);
  const { json } = await mannerIn(process.argv.slice(2));
  process.stderr.write(`${json ? errorJson(report) : errorText(report, PLAIN)}\n`);
  process.exit(report.exitCode);
}
