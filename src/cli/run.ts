/** One invocation from argv to exit code: parse, open, run, render. Everything that fails ends up here. */
import type { Environment } from "../config.js";
import type { Target } from "../db/target.js";
import { ExitCode } from "../errors/base.js";
import { CommitUnknownError, ConnectionError } from "../errors/connection.js";
import { InterruptedError } from "../errors/interrupted.js";
import { withoutPasswords } from "../secret.js";
import type { Outcome, View } from "./command.js";
import { actorOf, retypeable } from "./operator.js";
import { parse } from "./parse.js";
import type { Invocation } from "./program.js";
import { annotations } from "./render/annotations.js";
import { type ErrorReport, errorJson, errorText, reportOf } from "./render/error.js";
import { coloured, type Ink, PLAIN } from "./render/ink.js";
import { screen } from "./render/screen.js";
import { jsonText, printable, visible, visibleLines } from "./render/text.js";
import { createHost, type Services } from "./services.js";

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
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
  let manner = mannerIn(argv);
  let command: string | null = null;
  const inkFor = async (stream: Terminal): Promise<Ink> => {
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
    manner = mannerOf(invocation);
    command = invocation.name;
    const outcome = await execute(invocation, input);
    const view: View = {
      width: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
      ink: await inkFor(stdout),
      now: input.now(),
    };
    const text = manner.json ? jsonText(outcome.result, 2) : outcome.text(view);
    if (text !== "") {
      stdout.write(`${printable(text, view.ink)}\n`);
    }
    return outcome.exitCode;
  } catch (error) {
    const report = withHelp(reportOf(error), command);
    const ink = await inkFor(stderr);
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

/** How results and errors are told. */
interface Manner {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
}

/** Of a command line that may not be understood: the words before `--`, after which none is an option. */
export function mannerIn(argv: readonly string[]): Manner {
  const words = new Set(argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv);
  return {
    json: words.has("--json"),
    verbose: words.has("--verbose") || words.has("-v"),
    color: !words.has("--no-color"),
  };
}

function mannerOf({ raw }: Invocation): Manner {
  return { json: raw.json === true, verbose: raw.verbose === true, color: raw.color !== false };
}

/** @param command what was called, if that was understood */
function withHelp(report: ErrorReport, command: string | null): ErrorReport {
  return report.code === "USAGE" && report.hint === null && command !== null
    ? { ...report, hint: `vocabdb help ${command}` }
    : report;
}

async function execute(invocation: Invocation, input: RunInput): Promise<Outcome> {
  const { command, raw } = invocation;
  const { argv, env, cwd, stdin, stdout, stderr, signal, lendTerminal, now } = input;
  const known: { targets: readonly Target[] } = { targets: [] };
  const held: string[] = [];
  const exported = stdout.isTTY ? screen(stdout) : stdout;
  const host = createHost({
    ...{ env, cwd, stdin, stdout: exported, stderr, signal, lendTerminal, now },
    actor: (reason) => actorOf(argv, env, reason),
    retyped: retypeable(argv),
    colors: hasColors(stderr, mannerOf(invocation), env),
    notice: (text) => {
      if (raw.quiet === true) {
        return;
      }
      if (raw.json === true) {
        // A failure with --json is one line on stderr, so nothing may stand before it.
        held.push(visible(withoutPasswords(text)));
      } else {
        stderr.write(`${visible(withoutPasswords(text))}\n`);
      }
    },
    flags: {
      ...(typeof raw.databaseUrl === "string" && { databaseUrl: raw.databaseUrl }),
      ...(typeof raw.envFile === "string" && { envFile: raw.envFile }),
      ...{ quiet: raw.quiet === true, json: raw.json === true },
    },
    annotate: (level, rejects) => {
      if (env.GITHUB_ACTIONS === "true" && raw.json !== true) {
        stderr.write(annotations(level, rejects));
      }
    },
    onTarget: ({ target, migrationTarget }) => {
      known.targets = [target, migrationTarget];
    },
  });
  try {
    const outcome = await Promise.race([command.execute(raw, host), givenUp(signal)]);
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
