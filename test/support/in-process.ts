/** The command line without a process of its own: for thousands of command lines, where starting Node would be most of the time. */
import { Readable, Writable } from "node:stream";
import { run } from "../../src/cli/run.js";
import { InterruptedError } from "../../src/errors/interrupted.js";
import type { CliOptions } from "./cli.js";

export interface InProcessResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Collector extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** @param limit in milliseconds; then it is interrupted, as by Ctrl-C */
export async function runInProcess(
  argv: readonly string[],
  {
    cwd,
    env,
    input = "",
    limit = 20_000,
  }: Required<Pick<CliOptions, "cwd" | "env">> & { readonly input?: string; readonly limit?: number },
): Promise<InProcessResult> {
  const [stdout, stderr, abort] = [new Collector(), new Collector(), new AbortController()];
  const timer = setTimeout(() => abort.abort(new InterruptedError("SIGINT")), limit);
  try {
    const exitCode = await run({
      ...{ argv, env, cwd, stdin: Readable.from([Buffer.from(input)]), stdout, stderr, signal: abort.signal },
      lendTerminal: (work) => work(),
    });
    return { exitCode, stdout: stdout.text, stderr: stderr.text };
  } finally {
    clearTimeout(timer);
  }
}
