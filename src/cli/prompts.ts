/** Questions to whoever sits at the terminal. Loaded when the first one is asked. */
import { Writable } from "node:stream";
import {
  type CANCEL_SYMBOL,
  type CommonOptions,
  confirm,
  isCancel,
  log,
  type Option,
  password,
  select,
  text,
} from "@clack/prompts";
import type { Consent } from "../errors/base.js";
import { InterruptedError } from "../errors/interrupted.js";
import { ConsentMissingError, UsageError } from "../errors/usage.js";
import { drawn, visible, visibleLines } from "./render/text.js";
import type { HostInput } from "./services.js";

const TRIES = 3;
const USUAL = { columns: 80, rows: 24 } as const;

export interface Question {
  readonly message: string;
  /** What answers it where nobody can be asked. */
  readonly flag: string;
}

/** @returns what is wrong with an answer */
export type Check = (answer: string) => string | undefined;

/** Ctrl-C and Escape end the command. */
export interface Prompts {
  /** Where the input ends, that is a no. */
  yes(question: string): Promise<boolean>;
  text(question: Question, check: Check): Promise<string>;
  choice<T extends string>(question: Question, options: readonly Option<T>[]): Promise<T>;
  /** Asked for twice, and never shown. */
  password(question: Question, check: Check): Promise<string>;
  /** Whether the name was typed, of a few tries. */
  name(consent: Consent): Promise<boolean>;
}

type Prompt<T> = (options: CommonOptions) => Promise<T | typeof CANCEL_SYMBOL>;

type Streams = Pick<HostInput, "stdin" | "stderr" | "signal" | "colors">;

export function createPrompts(streams: Streams): Prompts {
  const output = screenOf(streams);
  const ask = <T>(prompt: Prompt<T>): Promise<T | null> => answerOf(prompt, output, streams);
  const required = async <T>(question: Question, prompt: Prompt<T>): Promise<T> => {
    const answer = await ask(prompt);
    if (answer === null) {
      throw new ConsentMissingError(
        `nobody answered the question: ${question.message}`,
        `answer it with ${question.flag}`,
      );
    }
    return answer;
  };
  return {
    yes: async (message) => (await ask((options) => confirm({ ...options, message, initialValue: false }))) ?? false,
    text: (question, check) =>
      required(question, (options) => text({ ...options, message: question.message, validate: validating(check) })),
    choice: (question, options) =>
      required(question, (common) =>
        select({ ...common, message: question.message, options: [...options], showInstructions: false }),
      ),
    password: async (question, check) => {
      const typed = (message: string, validate: Check): Promise<string> =>
        required(question, (options) =>
          password({ ...options, message, validate: validating(validate), clearOnError: true }),
        );
      for (let tries = 1; tries <= TRIES; tries += 1) {
        const first = await typed(tries === 1 ? question.message : `They differ. ${question.message}`, check);
        if ((await typed("The same once more", () => undefined)) === first) {
          return first;
        }
      }
      throw new UsageError("the password and its repetition differ");
    },
    name: async ({ what, name }) => {
      log.warn(visibleLines(what), { output });
      let left = TRIES;
      const isName = (answer: string): boolean => normal(answer) === normal(name);
      const check: Check = (answer) => {
        left -= 1;
        return isName(answer) || left === 0 ? undefined : `That is not it; ${left} more to try.`;
      };
      const message = `Type ${visible(name)} to do it, or press Escape`;
      const answer = await ask((options) => text({ ...options, message, validate: validating(check) }));
      return answer !== null && isName(answer);
    },
  };
}

function normal(name: string): string {
  return name.trim().normalize("NFC");
}

/** An answer of nothing comes as undefined. */
function validating(check: Check): (answer: string | undefined) => string | undefined {
  return (answer = "") => check(answer);
}

/**
 * @returns null when the input ended
 * @throws {InterruptedError} after Ctrl-C, Escape or a signal
 */
async function answerOf<T>(prompt: Prompt<T>, output: Writable, { stdin, signal }: Streams): Promise<T | null> {
  const ended = new AbortController();
  // The prompt has to see the key first.
  const end = (): void => void setImmediate(() => ended.abort());
  const onKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string }): void => {
    // Typed at a terminal whose keys are read one by one, the end of input is just a key.
    if (key.ctrl === true && key.name === "d") {
      end();
    }
  };
  stdin.on("keypress", onKey).once("end", end).once("close", end);
  try {
    const answer = await prompt({ input: stdin, output, signal: AbortSignal.any([signal, ended.signal]) });
    if (!isCancel(answer)) {
      keepHidden(stdin);
      return answer;
    }
  } finally {
    stdin.off("keypress", onKey).off("end", end).off("close", end);
  }
  signal.throwIfAborted();
  if (ended.signal.aborted) {
    return null;
  }
  throw new InterruptedError("SIGINT", "not begun");
}

/** What is typed between two questions, which may be a password, is not echoed either. */
function keepHidden(stdin: Streams["stdin"]): void {
  stdin.setRawMode?.(true);
  setImmediate(() => {
    const isNextAsked = stdin.listenerCount("keypress") > 0;
    if (!isNextAsked) {
      stdin.setRawMode?.(false);
    }
  });
}

/** The last barrier for what is drawn, which some versions of Node colour whatever is wanted. */
function screenOf({ stderr, colors }: Streams): Writable {
  const output = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      stderr.write(drawn(String(chunk), colors));
      done();
    },
  });
  const sizes = { columns: () => stderr.columns || USUAL.columns, rows: () => stderr.rows || USUAL.rows };
  for (const [name, get] of Object.entries(sizes)) {
    Object.defineProperty(output, name, { get });
  }
  return output;
}
