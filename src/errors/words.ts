/** Words, and what others do to the same rows at the same time. */
import { shellWord } from "../shell.js";
import { type Consent, ExitCode, VocabdbError } from "./base.js";
import { naturalKey } from "./loading.js";

export class WordNotFoundError extends VocabdbError {
  readonly code = "WORD_NOT_FOUND";
  readonly exitCode = ExitCode.notFound;

  constructor(readonly word: string) {
    super(`there is no word ${JSON.stringify(word)}`, "vocabdb word search finds other spellings");
  }
}

/** Several words are written the same, and only one can be meant. */
export class WordAmbiguousError extends VocabdbError {
  readonly code = "WORD_AMBIGUOUS";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly word: string,
    /** Natural keys: language, term, reading, sense. */
    readonly candidates: readonly (readonly string[])[],
  ) {
    super(
      `${JSON.stringify(word)} may be any of ${candidates.length} words: ${candidates.map(naturalKey).join("; ")}`,
      "say which with --language, --reading and --sense, or give its id (vocabdb word show)",
    );
  }
}

export class WordInUseError extends VocabdbError {
  readonly code = "WORD_IN_USE";
  readonly exitCode = ExitCode.conflict;
  override readonly consent: Consent;

  constructor(
    readonly key: readonly string[],
    /** How many have progress on it. */
    readonly users: number,
    term: string,
  ) {
    const what = `${naturalKey(key)} has progress of ${users} ${users === 1 ? "user" : "users"}`;
    super(`${what}, nothing was deleted`, `to delete it with that progress, for good: --confirm ${shellWord(term)}`);
    this.consent = { what: `${what}, which goes with it, for good`, name: term };
  }
}

/** Somebody changed the same rows at the same time, and the server let the other one go on. */
export class ConcurrentChangeError extends VocabdbError {
  readonly code = "CONCURRENT_CHANGE";
  readonly exitCode = ExitCode.conflict;

  constructor(reason: string, options?: ErrorOptions) {
    super(`another change was in the way, and this one was rolled back: ${reason}`, "run the command again", options);
  }
}

/** The change would break a rule that the database keeps. */
export class ConstraintError extends VocabdbError {
  readonly code = "CONSTRAINT_VIOLATED";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly constraint: string | null,
    message: string,
    hint: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, hint, options);
  }
}
