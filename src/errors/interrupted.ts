/** A signal that ended the work. */
import { ExitCode, VocabdbError } from "./base.js";

const OUTCOMES = {
  "not begun": "cancelled at a question; nothing was changed",
  "rolled back": "what was not finished has been rolled back",
  unknown: "whether the last change was committed is not known",
} as const;

export class InterruptedError extends VocabdbError {
  readonly code = "INTERRUPTED";
  readonly exitCode: ExitCode;

  /** @param outcome unknown where the end of a transaction was asked for, and not answered; not begun at a question before the work */
  constructor(
    readonly signal: "SIGINT" | "SIGTERM",
    outcome: keyof typeof OUTCOMES = "rolled back",
  ) {
    super(
      outcome === "not begun" ? OUTCOMES[outcome] : `interrupted by ${signal}; ${OUTCOMES[outcome]}`,
      outcome === "unknown"
        ? "see whether the change is on record (vocabdb history); if not, run the command again"
        : null,
    );
    this.exitCode = signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
  }
}
