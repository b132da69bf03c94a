/** Commands without a process of their own, where there are many of them and nothing is asked of the process. */
import { Readable, Writable } from "node:stream";
import { run } from "../../src/cli/run.js";
import type { CliResult } from "./cli.js";

/** Collects what is written to it. */
class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

/** @param cwd a folder without `.env` */
export async function runInProcess(argv: readonly string[], url: string, cwd: string): Promise<CliResult> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const exitCode = await run({
    ...{ argv, cwd, stdout, stderr, stdin: Readable.from([]), signal: new AbortController().signal },
    env: { DATABASE_URL: url, VOCABDB_HOME: cwd, PATH: process.env.PATH },
    lendTerminal: (work) => work(),
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text, json: () => JSON.parse(stdout.text) };
}
