/** What the doctor looks at in a database that it could sign in to. */
import type { ClientBase } from "pg";
import type { Target } from "../../db/target.js";
import type { Finding, FindingId } from "../../finding.js";

/** A finding that statements can mend without harm. */
export interface DatabaseFinding extends Finding {
  /**
   * Run by `--fix`, in order and in one transaction; null where a person has to decide. Whole statements
   * that need no parameters, with the schema's name written out.
   */
  readonly repair: readonly string[] | null;
  /** The table whose rows the repair changes, for the history; those who are concerned are its column `subject`. */
  readonly changes?: string;
  /** Findings that nobody could look for because of this one: they have not passed either. */
  readonly unseen?: readonly FindingId[];
}

export interface CheckContext {
  readonly target: Target;
  /** The doctor's one connection: in a read-only transaction, search path and zone are set. */
  readonly client: ClientBase;
  /** Milliseconds for a statement that may have to read a whole table. */
  readonly scanMs: number;
}

export interface DatabaseCheck {
  readonly stage: "server" | "schema" | "data" | "exposure";
  /** Every finding that it can make. Those that it did not make have passed. */
  readonly ids: readonly FindingId[];
  readonly run: (context: CheckContext) => Promise<readonly DatabaseFinding[]>;
}
