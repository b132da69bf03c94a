/** One invocation from argv to exit code: parse, open, run, render. Everything that fails ends up here. */
import type { Environment } from "../config.js";
import type { Target } from "../db/target.js";
import { ExitCode } from "../errors/base.js";
import { CommitUnknownError, ConnectionError } from "../errors/connection.js";
import { InterruptedError } from "../errors/interrupted.js";
import { withoutPasswords } from "../secret.js";
import type { Outcome, View } from "./command.js";
import { type Manner, mannerIn, mannerOf } from "./manner.js";
import { actorOf, retypeable } from "./operator.js";
import { parse } from "./parse.js";
import type { Invocation } from "./program.js";
import { annotations } from "./render/annotations.js";
import { type ErrorReport, errorJson, errorText, reportOf } from "./render/error.js";
import { coloured, type Ink, PLAIN } from "./render/ink.js";
import { resultText } from "./render/result.js";
import { screen } from "./render/screen.js";
import { printable, visible, visibleLines } from "./render/text.js";
import { createHost, type Services } from "./services.js";

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface RunInput {
  /** Without the interpreter and the script. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: Services["stdin"];
  readonly stdout: NodeJS.WritableStream & Terminal;
  readonly stderr: NodeJS.WritableStream & Terminal;
  /** Aborted with an InterruptedError as its reason. */
  readonly signal: AbortSignal;
  readonly lendTerminal: Services["lendTerminal"];
  readonly now: Services["now"];
}

/** How long a command may take to roll back after Ctrl-C before it is given up. */
const INTERRUPT_GRACE_MS = 5_000;
/** What the completion scripts of the shells call. */
const COMPLETE = "__complete";

export async function run(input: RunInput): Promise<number> {
  const { argv, env, cwd, stdout, stderr } = input;
  const known: { manner: Manner | null; command: string | null } = { manner: null, command: null };
  const inkFor = async (manner: Manner, stream: Terminal): Promise<Ink> => {
    if (!hasColors(stream, manner, env)) {
      return PLAIN;
    }
    const { Chalk } = await import("chalk");
    return coloured(new Chalk({ level: 1 }));
  };
  try {
    if (argv[0] === COMPLETE) {
      const { complete } = await import("./completion/complete.js");
      const lines = await complete(argv.slice(1), { env, cwd });
      stdout.write(lines.map((cells) => `${cells.map(visible).join("\t")}\n`).join(""));
      return ExitCode.ok;
    }
    const invocation = await parse(input);
    if (invocation === null) {
      return ExitCode.ok;
    }
    const manner = mannerOf(invocation);
    known.manner = manner;
    known.command = invocation.name;
    const outcome = await execute(invocation, manner, input);
    const view: View = {
      width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
      ink: await inkFor(manner, stdout),
      hasFormats: outcome.list !== null,
      now: input.now(),
    };
    const text = await resultText(outcome, view);
    const isPaged = manner.pager && outcome.list !== null && outcome.format === "table" && env.TERM !== "dumb";
    if (isPaged && isLongerThan(stdout, text)) {
      const { page } = await import("./pager.js");
      if (await page(printable(text, view.ink), input)) {
        return outcome.exitCode;
      }
    }
    // Into files and pipes CSV goes as it is, as exports do.
    stdout.write(outcome.format === "csv" && !stdout.isTTY ? text : printable(text, view.ink));
    if ((outcome.format === "csv" || outcome.format === "ndjson") && outcome.more !== null && !manner.quiet) {
      stderr.write(`${visible(outcome.more)}\n`);
    }
    return outcome.exitCode;
  } catch (error) {
    const report = withHelp(reportOf(error), known.command);
    const manner = known.manner ?? (await mannerIn(argv));
    const ink = await inkFor(manner, stderr);
    stderr.write(`${printable(manner.json ? errorJson(report) : errorText(report, ink), ink)}\n`);
    if (!manner.json && manner.verbose) {
      stderr.write(`${visibleLines(withoutPasswords(stackOf(error)))}\n`);
    }
    return report.exitCode;
  }
}

function hasColors(stream: Terminal, { color }: Manner, env: Environment): boolean {
  return color && !env.NO_COLOR && env.TERM !== "dumb" && stream.isTTY === true;
}

/** Some terminals do not know their height. */
function isLongerThan({ isTTY, rows = 0 }: Terminal, text: string): boolean {
  return isTTY === true && rows > 0 && text.split("\n").length > rows;
}

/** @param command what was called, if that was understood */
function withHelp(report: ErrorReport, command: string | null): ErrorReport {
  return report.code === "USAGE" && report.hint === null && command !== null
    ? { ...report, hint: `vocabdb help ${command}` }
    : report;
}

async function execute({ command, raw, fields }: Invocation, manner: Manner, input: RunInput): Promise<Outcome> {
  const { json, quiet } = manner;
  const { argv, env, cwd, stdin, stdout, stderr, signal, lendTerminal, now } = input;
  const known: { targets: readonly Target[] } = { targets: [] };
  const held: string[] = [];
  const exported = stdout.isTTY ? screen(stdout) : stdout;
  const host = createHost({
    ...{ env, cwd, stdin, stdout: exported, stderr, signal, lendTerminal, now },
    actor: (reason) => actorOf(argv, env, reason),
    retyped: retypeable(argv),
    colors: hasColors(stderr, manner, env),
    notice: (text) => {
      if (quiet) {
        return;
      }
      if (json) {
        // A failure with --json is one line on stderr, so nothing may stand before it.
        held.push(visible(withoutPasswords(text)));
      } else {
        stderr.write(`${visible(withoutPasswords(text))}\n`);
      }
    },
    flags: {
      ...(typeof raw.databaseUrl === "string" && { databaseUrl: raw.databaseUrl }),
      ...(typeof raw.envFile === "string" && { envFile: raw.envFile }),
      ...{ quiet, json, isToRead: !json && raw.format !== "csv" },
    },
    annotate: (level, rejects) => {
      if (env.GITHUB_ACTIONS === "true" && !json) {
        stderr.write(annotations(level, rejects));
      }
    },
    onTarget: ({ target, migrationTarget }) => {
      known.targets = [target, migrationTarget];
    },
  });
  try {
    const outcome = await Promise.race([command.execute(raw, fields, host), givenUp(signal)]);
    if (exported !== stdout) {
      await new Promise<void>((resolve) => exported.end(resolve));
    }
    stderr.write(held.map((text) => `${text}\n`).join(""));
    return outcome;
  } catch (error) {
    if (signal.aborted) {
      throw error instanceof CommitUnknownError
        ? unknownAfter(signal)
        : error instanceof InterruptedError
          ? error
          : signal.reason;
    }
    const [target] = known.targets;
    if (target === undefined) {
      throw error;
    }
    const { translateError } = await import("../db/errors.js");
    const translated = translateError(error, target);
    if (!(translated instanceof ConnectionError)) {
      throw translated;
    }
    const { explainFailure } = await import("../core/doctor/explain.js");
    throw await explainFailure(translated, known.targets, signal);
  }
}

/** Rejects some time after the signal: by then what should have stopped hangs. */
function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => setTimeout(() => reject(unknownAfter(signal)), INTERRUPT_GRACE_MS).unref(), {
      once: true,
    });
  });
}

function unknownAfter({ reason }: AbortSignal): unknown {
  return reason instanceof InterruptedError ? new InterruptedError(reason.signal, "unknown") : reason;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.cause === undefined ? `${error.stack}` : `${error.stack}\ncaused by: ${stackOf(error.cause)}`;
}
