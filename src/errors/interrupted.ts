/** A signal that ended the work. */
import { ExitCode, VocabdbError } from "./base.js";

export class InterruptedError extends VocabdbError {
  readonly code = "INTERRUPTED";
  readonly exitCode: ExitCode;

  constructor(readonly signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}; what was not finished has been rolled back`);
    this.exitCode = signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
  }
}
