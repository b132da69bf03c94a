/** Users and their sessions. */
import { shellWord } from "../shell.js";
import { ExitCode, VocabdbError } from "./base.js";
import type { ErrorCode } from "./codes.js";

export class UserNotFoundError extends VocabdbError {
  readonly code: ErrorCode = "USER_NOT_FOUND";
  readonly exitCode = ExitCode.notFound;

  constructor(
    readonly email: string,
    hint = "vocabdb user list",
  ) {
    super(`there is no user with the email ${email}`, hint);
  }
}

/** The user exists but is soft-deleted, and deleted users were not asked for. */
export class UserDeletedError extends VocabdbError {
  readonly code = "USER_DELETED";
  readonly exitCode = ExitCode.notFound;

  constructor(
    readonly email: string,
    readonly deletedAt: Date,
  ) {
    super(
      `the user ${email} was deleted at ${deletedAt.toISOString()}`,
      `add --deleted to see the user anyway, or: vocabdb user restore ${shellWord(email)}`,
    );
  }
}

export class EmailTakenError extends VocabdbError {
  readonly code = "EMAIL_TAKEN";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly email: string,
    /** null: the user is live. undefined: that is not known. */
    readonly deletedAt: Date | null | undefined,
    options?: ErrorOptions,
  ) {
    const undo = `bring the user back with \`vocabdb user restore ${shellWord(email)}\`; only after \`vocabdb user purge ${shellWord(email)}\` is the email free`;
    super(
      deletedAt
        ? `the email ${email} belongs to a user who was deleted at ${deletedAt.toISOString()}`
        : `a user with the email ${email} exists already${deletedAt === null ? "" : ", live or deleted"}`,
      deletedAt === null
        ? `vocabdb user show ${shellWord(email)} (\`user create\` takes --if-not-exists)`
        : deletedAt === undefined
          ? `if the user is deleted: ${undo}`
          : undo,
      options,
    );
  }
}

/** What cannot be undone takes only users that were soft-deleted before. */
export class UserNotDeletedError extends VocabdbError {
  readonly code = "USER_NOT_DELETED";
  readonly exitCode = ExitCode.conflict;

  constructor(readonly email: string) {
    super(
      `the user ${email} is live, and only soft-deleted users can be purged`,
      `vocabdb user delete ${shellWord(email)}`,
    );
  }
}

export class SessionNotFoundError extends VocabdbError {
  readonly code = "SESSION_NOT_FOUND";
  readonly exitCode = ExitCode.notFound;

  constructor(readonly ids: readonly string[]) {
    super(
      `there is no session ${ids.join(", ")}; nothing was changed`,
      "vocabdb session list (an ended session may have been pruned)",
    );
  }
}
