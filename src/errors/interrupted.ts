/** A signal that ended the work. */
import { ExitCode, VocabdbError } from "./base.js";

export class InterruptedError extends VocabdbError {
  readonly code = "INTERRUPTED";
  readonly exitCode: ExitCode;

  /** @param outcome unknown where the end of a transaction was asked for, and not answered */
  constructor(
    readonly signal: "SIGINT" | "SIGTERM",
    outcome: "rolled back" | "unknown" = "rolled back",
  ) {
    const isKnown = outcome !== "unknown";
    super(
      `interrupted by ${signal}; ${isKnown ? "what was not finished has been rolled back" : "whether the last change was committed is not known"}`,
      isKnown ? null : "see whether the change is on record (vocabdb history); if not, run the command again",
    );
    this.exitCode = signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
  }
}
