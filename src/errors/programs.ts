/** Programs that vocabdb starts and that are not its own. */
import { ExitCode, VocabdbError } from "./base.js";

export class ProgramMissingError extends VocabdbError {
  readonly code = "PROGRAM_MISSING";
  readonly exitCode = ExitCode.usage;

  constructor(
    readonly program: string,
    /** How it is installed. */
    hint: string,
    message = `${program} is not in PATH`,
  ) {
    super(message, hint);
  }
}

/** A program that could not be started, or did not end by itself. */
export class ProgramFailedError extends VocabdbError {
  readonly code = "PROGRAM_FAILED";
  readonly exitCode = ExitCode.unexpected;

  constructor(
    readonly program: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${program} ${reason}`, null, options);
  }
}
