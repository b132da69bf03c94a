/** The command line without a process of its own: the start of Node is most of the time of a short command. */
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import type { run } from "../../src/cli/run.js";
import { InterruptedError } from "../../src/errors/interrupted.js";
import { packageRoot } from "../../src/package-root.js";

export interface InProcessResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they were written: what a terminal shows. */
  readonly shown: string;
}

export interface InProcessOptions {
  readonly cwd: string;
  /** All that it finds; nothing of this process's own. */
  readonly env: NodeJS.ProcessEnv;
  /** What standard input holds; by default it is empty. */
  readonly input?: string;
  /** Width of the terminal that standard output is; by default it is none. */
  readonly columns?: number;
  /** In milliseconds; then it is interrupted, as by Ctrl-C. */
  readonly limit?: number;
  /** Its clock; by default the machine's. */
  readonly now?: () => Date;
}

/** What `npm run build` made. @param root of a copy, which then works on its own files */
export async function builtCommand(root = packageRoot): Promise<typeof run> {
  const cli = (await import(pathToFileURL(join(root, "dist", "cli.js")).href)) as { readonly run: typeof run };
  return cli.run;
}

/** @param command of the sources or of the bundle, which the caller has loaded */
export async function runInProcess(
  command: typeof run,
  argv: readonly string[],
  { cwd, env, input = "", columns, limit = 60_000, now = () => new Date() }: InProcessOptions,
): Promise<InProcessResult> {
  const abort = new AbortController();
  const shown: Buffer[] = [];
  const [stdout, stderr] = [new Collector(shown), new Collector(shown)];
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const timer = setTimeout(() => abort.abort(new InterruptedError("SIGINT")), limit);
  try {
    const exitCode = await command({
      ...{ argv, env, cwd, stdout: Object.assign(stdout, terminal), stderr, signal: abort.signal, now },
      stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
      lendTerminal: (work) => work(),
    });
    return { exitCode, stdout: stdout.text(), stderr: stderr.text(), shown: Buffer.concat(shown).toString("utf8") };
  } finally {
    clearTimeout(timer);
  }
}

/** What a stream was given. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  constructor(readonly shown: Buffer[]) {
    super();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    this.shown.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
