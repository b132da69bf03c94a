/** Questions to whoever sits at the terminal. */
import { createInterface } from "node:readline/promises";

export interface AskStreams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** @returns whether the answer was yes; anything else, the end of the input included, is no */
export async function askYesNo(question: string, { stdin, stderr, signal }: AskStreams): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr });
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
