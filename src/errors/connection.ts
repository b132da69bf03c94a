/** The database cannot be reached, or not be used as this role. */
import type { FindingId } from "../finding.js";
import { ExitCode, VocabdbError } from "./base.js";
import type { ErrorCode } from "./codes.js";

export interface ConnectionFailure extends ErrorOptions {
  /** Id of the finding that `vocabdb db doctor` makes of it, such as `net.refused`. */
  readonly finding?: FindingId;
}

/** The database cannot be reached, refuses the connection, or was lost. */
export class ConnectionError extends VocabdbError {
  readonly code: ErrorCode = "DATABASE_UNREACHABLE";
  readonly exitCode = ExitCode.unreachable;
  /** Tells causes apart that have one code; null where the doctor has no name for it. */
  readonly finding: FindingId | null;

  constructor(message: string, hint: string | null = null, options?: ConnectionFailure) {
    super(message, hint, options);
    this.finding = options?.finding ?? null;
  }
}

export class ConnectionLostError extends ConnectionError {
  override readonly code = "CONNECTION_LOST";
}

/** The connection was lost after COMMIT was sent and before its answer came. */
export class CommitUnknownError extends ConnectionError {
  override readonly code = "COMMIT_UNKNOWN";

  constructor(where: string, options?: ConnectionFailure) {
    super(
      `the connection to ${where} was lost while the work was being committed; whether it was is not known`,
      "see that the server is up, and whether the change is on record (vocabdb history); if not, run the command again",
      options,
    );
  }
}

export class AuthenticationError extends ConnectionError {
  override readonly code = "AUTHENTICATION_FAILED";
}

export class DatabaseMissingError extends ConnectionError {
  override readonly code = "DATABASE_NOT_FOUND";
}

export class TlsError extends ConnectionError {
  override readonly code = "TLS_FAILED";
}

export class PoolTimeoutError extends ConnectionError {
  override readonly code = "POOL_TIMEOUT";
}

/** The role may not do this, or the server takes no writes. */
export class PermissionError extends ConnectionError {
  override readonly code = "PERMISSION_DENIED";
}

/** A pooler lends connections for a shorter time than what was asked for needs. */
export class PoolerModeError extends VocabdbError {
  readonly code = "POOLER_MODE";
  readonly exitCode = ExitCode.usage;
  /** Id of the finding that `vocabdb db doctor` makes of it. */
  readonly finding: `pool.${"transaction" | "statement"}-mode`;

  constructor(
    readonly mode: "transaction" | "statement",
    where: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(
      mode === "statement"
        ? `${where} is a pooler in statement mode, which allows no transactions, and vocabdb works in them`
        : `${where} is a pooler in transaction mode; a migration needs a session of its own, or its lock stays behind on a connection that others use`,
      hint,
      options,
    );
    this.finding = `pool.${mode}-mode`;
  }
}
