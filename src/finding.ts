/** What is wrong with a set-up, as `vocabdb db doctor` tells it and other commands' errors refer to it. */

export type FindingLevel = "error" | "warning" | "info";

export interface Finding {
  /** Stable: `area.what`, such as `net.refused`. Scripts compare it, docs/doctor.md explains it. */
  readonly id: string;
  readonly level: FindingLevel;
  /** What is wrong, and why. */
  readonly message: string;
  /** What to do about it: a command, a statement, a URL without its password, the way through a dashboard. */
  readonly fix: string | null;
}

/** What a statement of a migration may do to a database that is in use. */
export interface MigrationWarning extends Pick<Finding, "id" | "message" | "fix"> {
  readonly migration: string;
  /** 1-based, of the statement in the migration's file. */
  readonly line: number;
}
