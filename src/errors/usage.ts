/** A command, its configuration or its files cannot be understood, or consent is missing. */
import type { Finding } from "../finding.js";
import { type Consent, ExitCode, VocabdbError } from "./base.js";
import type { ErrorCode } from "./codes.js";
import { inline } from "./inline.js";

/** An unknown command or option, a missing argument, a malformed value. */
export class UsageError extends VocabdbError {
  readonly code: ErrorCode = "USAGE";
  readonly exitCode = ExitCode.usage;
}

/** What would happen cannot be undone, or needs a word from a person, and nobody gave it. */
export class ConsentMissingError extends UsageError {
  override readonly code = "CONSENT_MISSING";

  /** @param consent null where a name would not do */
  constructor(
    message: string,
    hint: string,
    override readonly consent: Consent | null = null,
    options?: ErrorOptions,
  ) {
    super(message, hint, options);
  }
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
  readonly code: ErrorCode = "CONFIG_INVALID";
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

  /** @param nearMiss where a URL was put that is not looked for there */
  constructor(nearMiss: { readonly reason: string; readonly fix: string } | null = null) {
    super([
      {
        ...{ id: "env.no-database", level: "error" },
        message: `no database is configured: DATABASE_URL is not set and no embedded server has been created${nearMiss === null ? "" : `; ${nearMiss.reason}`}`,
        fix:
          nearMiss?.fix ??
          "set DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE (or put it into .env), or run `vocabdb db start` to create a local PostgreSQL",
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
    super(`${inline(path)}: ${reason}`, hint, options);
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
