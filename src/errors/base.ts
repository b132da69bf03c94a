/**
 * Every failure that a user can meet: one class each, holding the facts. The sentence, the stable
 * `code`, the exit code and the hint are derived from them. Anything that is not one of these is a bug.
 */
import type { ErrorCode } from "./codes.js";

/** The meaning of each exit code; README and `docs/cli.md` explain them. */
export const ExitCode = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  findings: 3,
  notFound: 4,
  conflict: 5,
  badData: 6,
  unreachable: 7,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What a person can say so that it is done all the same. */
export interface Consent {
  /** What would go or is protected, without a full stop. */
  readonly what: string;
  /** For `--confirm`. */
  readonly name: string;
}

export abstract class VocabdbError extends Error {
  /** Stable identifier that scripts may compare. */
  abstract readonly code: ErrorCode;
  abstract readonly exitCode: ExitCode;
  /** The next thing to do, usually a command to type. */
  readonly hint: string | null;
  /** For what was left undone only because nobody has named it. */
  readonly consent: Consent | null = null;

  constructor(message: string, hint: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}
