/**
 * Every failure that a user can meet: one class each, holding the facts. The sentence, the stable
 * `code`, the exit code and the hint are derived from them. Anything that is not one of these is a bug.
 */

import { type Blocker, blockerRemedies, blockerText } from "./blocker.js";
import type { Finding, MigrationWarning } from "./finding.js";
import { shellWord } from "./shell.js";

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

export abstract class VocabdbError extends Error {
  /** Stable identifier that scripts may compare. */
  abstract readonly code: string;
  abstract readonly exitCode: ExitCode;
  /** The next thing to do, usually a command to type. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}

// ── Usage and configuration ─────────────────────────────────────────────────────────────────────

/** An unknown command or option, a missing argument, a malformed value. */
export class UsageError extends VocabdbError {
  readonly code: string = "USAGE";
  readonly exitCode = ExitCode.usage;
}

/** What would happen cannot be undone, or needs a word from a person, and nobody gave it. */
export class ConsentMissingError extends UsageError {
  override readonly code = "CONSENT_MISSING";
}

/** An email that the database would refuse. */
export class EmailInvalidError extends UsageError {
  override readonly code = "EMAIL_INVALID";

  constructor(
    readonly email: string,
    readonly reason: string,
  ) {
    super(`${JSON.stringify(email)} is not a valid email address: ${reason}`);
  }
}

/** All problems found in flags, environment and `.env`, reported together. */
export class ConfigError extends VocabdbError {
  readonly code: string = "CONFIG_INVALID";
  readonly exitCode = ExitCode.usage;

  /** The messages of the findings. */
  readonly problems: readonly string[];

  /** @param hint by default what the findings say to do */
  constructor(
    readonly findings: readonly Finding[],
    hint: string | null = fixesOf(findings),
  ) {
    const problems = findings.map(({ message }) => message);
    super(problems.join("\n"), hint);
    this.problems = problems;
  }
}

function fixesOf(findings: readonly Finding[]): string | null {
  const fixes = new Set(findings.map(({ fix }) => fix).filter((fix) => fix !== null));
  return fixes.size === 0 ? null : [...fixes].join("; ");
}

/** A connection URL that cannot be understood; the message never holds the password. */
export class DatabaseUrlError extends ConfigError {
  override readonly code = "DATABASE_URL_INVALID";
}

export class NoDatabaseError extends ConfigError {
  override readonly code = "NO_DATABASE";

  constructor() {
    super([
      {
        ...{ id: "env.no-database", level: "error" },
        message: "no database is configured: DATABASE_URL is not set and no embedded server has been created",
        fix: "set DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE (or put it into .env), or run `vocabdb db start` to create a local PostgreSQL",
      },
    ]);
  }
}

/** A file named on the command line that cannot be read or written. */
export class FileError extends UsageError {
  override readonly code = "FILE_UNUSABLE";

  constructor(
    readonly path: string,
    reason: string,
    hint: string | null = null,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`, hint, options);
  }
}

/** Refused because the target might be production. */
export class DemoRefusedError extends UsageError {
  override readonly code = "DEMO_REFUSED";

  constructor(readonly target: string) {
    super(
      `--demo adds users with publicly known passwords and is refused on ${target}`,
      "use it on the embedded server or on a database on this machine (127.0.0.1, ::1, localhost)",
    );
  }
}

/** What would wipe out data is never done to a database that `db mark` has named; no option overrides that. */
export class MarkedDatabaseError extends UsageError {
  override readonly code = "DATABASE_MARKED";

  /**
   * @param action what was refused, such as `migrate reset`
   * @param environment what the database is marked as, such as `production`
   */
  constructor(
    readonly action: string,
    readonly target: string,
    readonly environment: string,
  ) {
    super(
      `${action} is refused on ${target}: this database is marked as ${environment}`,
      "check that DATABASE_URL leads to the database you mean; `vocabdb db mark --clear` takes the mark away, for good reasons only",
    );
  }
}

// ── The embedded server ─────────────────────────────────────────────────────────────────────────

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

// ── Reaching the database ───────────────────────────────────────────────────────────────────────

export interface ConnectionFailure extends ErrorOptions {
  /** Id of the finding that `vocabdb db doctor` makes of it, such as `net.refused`. */
  readonly finding?: string;
}

/** The database cannot be reached, refuses the connection, or was lost. */
export class ConnectionError extends VocabdbError {
  readonly code: string = "DATABASE_UNREACHABLE";
  readonly exitCode = ExitCode.unreachable;
  /** Tells causes apart that have one code; null where the doctor has no name for it. */
  readonly finding: string | null;

  constructor(message: string, hint: string | null = null, options?: ConnectionFailure) {
    super(message, hint, options);
    this.finding = options?.finding ?? null;
  }
}

export class ConnectionLostError extends ConnectionError {
  override readonly code = "CONNECTION_LOST";
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

// ── Schema and migrations ───────────────────────────────────────────────────────────────────────

export class MigrationsPendingError extends VocabdbError {
  readonly code = "MIGRATIONS_PENDING";
  readonly exitCode = ExitCode.findings;

  constructor(readonly pending: readonly string[]) {
    const what = pending.length === 0 ? "its tables are missing" : `${pending.length} pending: ${pending.join(", ")}`;
    super(`the database is not migrated (${what})`, "vocabdb migrate");
  }
}

export interface MigrationFailure {
  readonly migration: string;
  /** 1-based line in the migration's file, where PostgreSQL told a position. */
  readonly line: number | null;
  /** SQLSTATE, where the server answered. */
  readonly sqlState: string | null;
  readonly reason: string;
  /** Whether all of it is rolled back. Not so if it commits by itself, or did what no transaction can undo. */
  readonly leftNothing: boolean;
  /** Whether the database's record says that it failed, so that nothing is applied until that is resolved. */
  readonly recorded: boolean;
}

export class MigrationFailedError extends VocabdbError {
  readonly code = "MIGRATION_FAILED";
  readonly exitCode = ExitCode.unexpected;

  constructor(
    readonly failure: MigrationFailure,
    options?: ErrorOptions,
  ) {
    const { migration, line, sqlState, reason } = failure;
    const where = line === null ? "" : `, migration.sql line ${line}`;
    super(
      `migration ${migration} failed${where}: ${reason}${sqlState === null ? "" : ` (SQLSTATE ${sqlState})`}`,
      afterFailure(failure),
      options,
    );
  }
}

function afterFailure({ migration, leftNothing, recorded }: MigrationFailure): string {
  if (!recorded) {
    return "none of its statements took effect; correct the cause, then: vocabdb migrate";
  }
  return leftNothing
    ? `none of its statements took effect; correct the cause, then: vocabdb migrate resolve --rolled-back ${migration} && vocabdb migrate`
    : "what it did before may be there, for it does not run in one transaction (an index that was being built is left " +
        `invalid: drop it): undo that, then vocabdb migrate resolve --rolled-back ${migration} && vocabdb migrate; ` +
        `or do the rest by hand, then vocabdb migrate resolve --applied ${migration}`;
}

/** Others hold a lock that a migration needs; it gave way to them, and nothing of it is left. */
export class MigrationBlockedError extends VocabdbError {
  readonly code = "MIGRATION_BLOCKED";
  readonly exitCode = ExitCode.conflict;

  /** @param blockers those who were seen to hold it; empty if nobody could be seen */
  constructor(
    readonly migration: string,
    readonly waitedMs: number,
    readonly blockers: readonly Blocker[],
    options?: ErrorOptions,
  ) {
    const holders = blockers.map((blocker) => `\n  ${blockerText(blocker)}`).join("");
    const remedies =
      blockers.length === 0 ? ["see who is at work: SELECT * FROM pg_stat_activity"] : blockerRemedies(blockers);
    super(
      `migration ${migration} got no lock in ${(waitedMs / 1000).toFixed(1)} s, and nothing of it took effect; ` +
        (holders === "" ? "who holds it could not be seen" : `the lock is held by:${holders}`),
      `${remedies.join("; ")}; then run this command again, or let it try longer: --lock-timeout 1m`,
      options,
    );
  }
}

/** What is pending may lose data, or hold up whoever uses the database, and that was not to happen. */
export class MigrationRiskyError extends VocabdbError {
  readonly code = "MIGRATION_RISKY";
  readonly exitCode = ExitCode.findings;

  constructor(readonly warnings: readonly MigrationWarning[]) {
    const list = warnings.map(({ migration, line, message }) => `\n  ${migration}, line ${line}: ${message}`);
    const fixes = new Set(warnings.map(({ fix }) => fix).filter((fix) => fix !== null));
    super(
      `nothing was applied: what is pending is not safe on a database in use${list.join("")}`,
      [...fixes, "without --strict, these are warnings"].join("; "),
    );
  }
}

/** An earlier run left a migration unfinished; nothing may be applied on top of it. */
export class MigrationUnfinishedError extends VocabdbError {
  readonly code = "MIGRATION_UNFINISHED";
  readonly exitCode = ExitCode.conflict;

  constructor(readonly migrations: readonly string[]) {
    super(
      `an earlier run of ${migrations.join(", ")} failed and is not resolved`,
      "see `vocabdb migrate status`; once the cause is corrected: `vocabdb migrate resolve --rolled-back NAME`, then `vocabdb migrate`",
    );
  }
}

/** Tables are there, but no record of migrations: they belong to something else, or were made by hand. */
export class SchemaNotEmptyError extends VocabdbError {
  readonly code = "SCHEMA_NOT_EMPTY";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly schema: string,
    firstMigration: string,
    options?: ErrorOptions,
  ) {
    super(
      `the schema ${schema} holds tables already, but no record of migrations`,
      "give vocabdb a schema of its own with ?schema=vocabdb in the URL; only if the tables are vocabdb's already: " +
        `vocabdb migrate resolve --applied ${firstMigration}`,
      options,
    );
  }
}

/** The database and the shipped migrations tell different histories. */
export class MigrationsDivergedError extends VocabdbError {
  readonly code = "MIGRATIONS_DIVERGED";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly edited: readonly string[],
    readonly unknown: readonly string[],
  ) {
    const parts = [
      edited.length > 0 ? `changed after they were applied: ${edited.join(", ")}` : "",
      unknown.length > 0 ? `applied here but not part of this version of vocabdb: ${unknown.join(", ")}` : "",
    ].filter((part) => part !== "");
    const remedies = [
      edited.length > 0
        ? "restore the edited files as they were when they were applied (reinstall the version of vocabdb that applied them, or take them from version control), and make the change in a new migration"
        : "",
      unknown.length > 0 ? `install the version of vocabdb that knows ${unknown.at(-1)}, or a newer one` : "",
    ].filter((remedy) => remedy !== "");
    super(
      `the history of this database differs from the migrations of this version (${parts.join("; ")})`,
      remedies.join("; "),
    );
  }
}

// ── Users ───────────────────────────────────────────────────────────────────────────────────────

export class UserNotFoundError extends VocabdbError {
  readonly code: string = "USER_NOT_FOUND";
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

// ── Words ───────────────────────────────────────────────────────────────────────────────────────

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

  constructor(
    readonly key: readonly string[],
    /** How many have progress on it. */
    readonly users: number,
    confirmation: string,
  ) {
    super(
      `${naturalKey(key)} has progress of ${users} ${users === 1 ? "user" : "users"}, nothing was deleted`,
      `to delete it with that progress, for good: --confirm ${confirmation}`,
    );
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

// ── Bulk loading ────────────────────────────────────────────────────────────────────────────────

/** One record that cannot be loaded. */
export interface Reject {
  readonly file: string;
  /** 1-based line of the cell at fault, or on which the record starts. */
  readonly line: number;
  /** 1-based character in that line. */
  readonly column: number;
  /** Name of the column, null when the whole record is meant. */
  readonly field: string | null;
  readonly code: string;
  readonly reason: string;
  /** 1-based line on which the record starts; with the file it tells records apart. */
  readonly recordLine: number;
  /** The next step, null where it is just to correct the cell. */
  readonly hint: string | null;
}

export class RowsRejectedError extends VocabdbError {
  readonly code = "ROWS_REJECTED";
  readonly exitCode = ExitCode.badData;

  readonly total: number;

  /** @param rejects the first ones, in the order of the input */
  constructor(
    readonly rejects: readonly Reject[],
    facts: {
      /** All rejected records, of all that were read. */
      readonly total: number;
      readonly rows: number;
      /** Where all of them are now, null when nobody asked for a file. */
      readonly file: string | null;
    },
  ) {
    const { total, rows, file } = facts;
    super(
      `${total} of ${rows} ${rows === 1 ? "record" : "records"} rejected, nothing was written\n${formatRejects(rejects, total).join("\n")}`,
      hintOf(rejects) ??
        (file === null
          ? "correct the lines named above and run the command again; --rejects FILE collects them, --max-rejects N loads the others without them"
          : `correct the lines named above, or load the others with --max-rejects ${total} and then ${file}, corrected`),
    );
    this.total = total;
  }
}

/** Records that mean the same row and say different things of it. */
export class DuplicatesError extends VocabdbError {
  readonly code = "DUPLICATE_ROWS";
  readonly exitCode = ExitCode.badData;

  constructor(
    readonly noun: string,
    readonly duplicates: readonly Duplicate[],
    readonly total: number,
  ) {
    const lines = duplicates.map((duplicate) => formatReject(contradiction(duplicate)));
    super(
      `${total} ${total === 1 ? "record contradicts" : "records contradict"} an earlier one, nothing was written\n${lines.concat(andMore(total - duplicates.length)).join("\n")}`,
      `make them one or tell them apart (by reading or sense), or say which ${noun} counts: --on-duplicate first|last`,
    );
  }

  get rejects(): readonly Reject[] {
    return this.duplicates.map(contradiction);
  }
}

function contradiction({ file, line, first, key }: Duplicate): Reject {
  return {
    ...{ file, line, column: 1, field: null, code: "DUPLICATE_ROWS", recordLine: line, hint: null },
    reason: `says something else of ${naturalKey(key)} than ${inline(first.file)}:${first.line}`,
  };
}

export interface Duplicate {
  readonly file: string;
  /** 1-based, as in `first`: the record that came before. */
  readonly line: number;
  readonly first: { readonly file: string; readonly line: number };
  readonly key: readonly string[];
}

/** Pruning would take away what somebody has learned. */
export class RowsInUseError extends VocabdbError {
  readonly code = "ROWS_IN_USE";
  readonly exitCode = ExitCode.conflict;

  constructor(
    readonly noun: string,
    readonly rows: readonly { readonly key: Readonly<Record<string, string>>; readonly users: number }[],
    readonly total: number,
  ) {
    const lines = rows.map(
      ({ key, users }) => `${naturalKey(Object.values(key))}: progress of ${users} ${users === 1 ? "user" : "users"}`,
    );
    super(
      `${total} ${noun}${total === 1 ? "" : "s"} that no file holds ${total === 1 ? "is" : "are"} in use, nothing was written\n${lines.concat(andMore(total - rows.length)).join("\n")}`,
      "--prune-keep-used keeps them and removes the others",
    );
  }
}

/** `zh 地 de`: the parts that are not empty. */
export function naturalKey(key: readonly string[]): string {
  return inline(key.filter((part) => part !== "").join(" "));
}

/** Messages have lines of their own; data must not forge one. */
function inline(text: string): string {
  return text.replace(/[\n\r\u0085\u2028\u2029]/g, (end) => `\\u{${end.charCodeAt(0).toString(16)}}`);
}

function andMore(count: number): string[] {
  return count > 0 ? [`… and ${count} more`] : [];
}

/** The first line of a file does not say where to find what is needed. */
export class BadHeaderError extends VocabdbError {
  readonly code = "BAD_HEADER";
  readonly exitCode = ExitCode.badData;

  constructor(
    readonly file: string,
    readonly headers: readonly string[],
    reason: string,
    hint: string,
    /** 1-based. */
    readonly place = { line: 1, column: 1 },
  ) {
    const seen =
      headers.length === 0 ? "" : ` (the headers are: ${headers.map((header) => JSON.stringify(header)).join(", ")})`;
    super(`${inline(file)}:${place.line}:${place.column}: ${reason}${seen}`, hint);
  }
}

/** @returns a line for each reject, and one for those that are not shown. */
export function formatRejects(rejects: readonly Reject[], total: number): string[] {
  // A record may have several reasons, which stand in lines of their own.
  const shown = new Set(rejects.map(({ file, recordLine }) => `${file}:${recordLine}`)).size;
  return rejects.map((reject) => formatReject(reject)).concat(andMore(total - shown));
}

/** `words.csv:12:3 reading: …`, the form that editors and terminals make clickable. */
export function formatReject(reject: Reject): string {
  const field = reject.field === null ? "" : ` ${inline(reject.field)}`;
  return `${inline(reject.file)}:${reject.line}:${reject.column}${field}: ${inline(reject.reason)}`;
}

/** @returns the next step that the first of them has, where it is not just to correct them. */
export function hintOf(rejects: readonly Reject[]): string | null {
  return rejects.find(({ hint }) => hint !== null)?.hint ?? null;
}

// ── The end of the process ──────────────────────────────────────────────────────────────────────

export class InterruptedError extends VocabdbError {
  readonly code = "INTERRUPTED";
  readonly exitCode: ExitCode;

  constructor(readonly signal: "SIGINT" | "SIGTERM") {
    super(`interrupted by ${signal}; what was not finished has been rolled back`);
    this.exitCode = signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
  }
}
