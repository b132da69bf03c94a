/** The embedded server. */
import { ExitCode, VocabdbError } from "./base.js";

export class EmbeddedUnsupportedError extends VocabdbError {
  readonly code = "EMBEDDED_UNSUPPORTED";
  readonly exitCode = ExitCode.usage;

  constructor(
    readonly platform: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the embedded PostgreSQL cannot run here (${platform}): ${reason}`,
      "install PostgreSQL 15 or newer and set DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE",
      options,
    );
  }
}

export class EmbeddedNotCreatedError extends VocabdbError {
  readonly code = "EMBEDDED_NOT_CREATED";
  readonly exitCode = ExitCode.notFound;

  constructor(readonly home: string) {
    super(`no embedded server has been created under ${home}`, "vocabdb db start");
  }
}

export class EmbeddedStartError extends VocabdbError {
  readonly code = "EMBEDDED_START_FAILED";
  readonly exitCode = ExitCode.unreachable;
}
