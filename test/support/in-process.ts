/** The command line without a process of its own: the start of Node is most of the time of a short command. */
import { Readable, Writable } from "node:stream";
import type { run } from "../../src/cli/run.js";
import { InterruptedError } from "../../src/errors/interrupted.js";

export interface InProcessResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface InProcessOptions {
  readonly cwd: string;
  /** All that it finds; nothing of this process's own. */
  readonly env: NodeJS.ProcessEnv;
  /** What standard input holds; by default it is empty. */
  readonly input?: string;
  /** In milliseconds; then it is interrupted, as by Ctrl-C. */
  readonly limit?: number;
}

/** @param command of the sources or of the bundle, which the caller has loaded */
export async function runInProcess(
  command: typeof run,
  argv: readonly string[],
  { cwd, env, input = "", limit = 60_000 }: InProcessOptions,
): Promise<InProcessResult> {
  const [stdout, stderr, abort] = [new Collector(), new Collector(), new AbortController()];
  const timer = setTimeout(() => abort.abort(new InterruptedError("SIGINT")), limit);
  try {
    const exitCode = await command({
      ...{ argv, env, cwd, stdout, stderr, signal: abort.signal },
      stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
      lendTerminal: (work) => work(),
    });
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    clearTimeout(timer);
  }
}

/** What a stream was given. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
