/** Runs SQL scripts of several statements, says on which line one failed, and whether it left anything behind. */
import pg from "pg";
import { lineAt, type Statement, statementsIn, wordOf } from "./sql-tokens.js";

/** What the server says of it, where it was the server. */
interface Refusal extends Error {
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly column?: string | undefined;
}

/** A script that failed. */
export class ScriptError extends Error {
  constructor(
    readonly script: string,
    /** 1-based line of the statement that failed, null where it cannot be told. */
    readonly line: number | null,
    /** Whether everything that the script did is rolled back. */
    readonly leftNothing: boolean,
    override readonly cause: Refusal,
  ) {
    super(cause.message);
  }
}

/** Codes of a server that would refuse any other script as well: it takes no writes, or has no disk, memory or connections left. */
const REFUSES_ANY = /^(25006|53...)$/;
/** lock_not_available, query_canceled */
const PASSING = /^(55P03|57014)$/;

export function refusesAny({ code = "" }: Refusal): boolean {
  return REFUSES_ANY.test(code);
}

/**
 * Whether there is nothing to correct before the same migration is tried again, and nothing of it to clear away.
 *
 * @param interrupted whether it was stopped from here, which may have been before the server knew of it
 */
export function isPassing({ leftNothing, cause }: ScriptError, interrupted: boolean): boolean {
  return leftNothing && (interrupted || refusesAny(cause) || PASSING.test(cause.code ?? ""));
}

/**
 * Sends the whole script in one simple query: PostgreSQL takes it apart itself, functions and comments
 * included, and outside a transaction runs it in an implicit one.
 *
 * @throws {ScriptError}
 */
export async function runScript(client: pg.ClientBase, script: string): Promise<void> {
  // The driver reports the statements that completed only when all of them did.
  const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
  let completed = 0;
  const count = (): void => {
    completed += 1;
  };
  connection.on("commandComplete", count);
  try {
    await client.query(script);
  } catch (error) {
    throw error instanceof pg.DatabaseError ? scriptError(script, error, completed) : error;
  } finally {
    connection.removeListener("commandComplete", count);
  }
}

function scriptError(script: string, error: pg.DatabaseError, completed: number): ScriptError {
  const statements = statementsIn(script);
  const leftNothing =
    !statements.slice(0, completed).some((statement) => endsTransaction(statement) || actsAlone(statement)) &&
    !statements.slice(completed, completed + 1).some((statement) => actsAlone(statement) || maySplit(statement));
  return new ScriptError(script, failedLine(script, error, statements[completed]), leftNothing, error);
}

/** The server gives a position for errors of syntax and names only; otherwise the statements done are counted. */
function failedLine(script: string, error: pg.DatabaseError, failed: Statement | undefined): number | null {
  if (error.position !== undefined) {
    // Counted in characters by the server, in UTF-16 units here.
    return lineAt(script, [...script].slice(0, Number(error.position) - 1).join("").length);
  }
  return failed?.line ?? null;
}

/** The first statement that would end a transaction around the script, or that cannot run in one; null without any. */
export function transactionBreaker(script: string): Statement | null {
  return statementsIn(script).find((each) => controlsTransaction(each) || actsAlone(each)) ?? null;
}

/** Whether what the script does can be part of a transaction around it, and does the same there. */
export function fitsTransaction(script: string): boolean {
  return transactionBreaker(script) === null && !statementsIn(script).some(maySplit);
}

/** Savepoints are no matter: they stay within. */
export function controlsTransaction(statement: Statement): boolean {
  const words = leadingWords(statement);
  return (
    /^(begin|start transaction|commit|end|abort|prepare transaction|rollback)\b/.test(words) &&
    !/^rollback (work |transaction )?to\b/.test(words)
  );
}

function endsTransaction(statement: Statement): boolean {
  return /^(commit|end|prepare transaction)\b/.test(leadingWords(statement));
}

/** What PostgreSQL refuses in a transaction, because it commits in between or cannot be undone. */
export function actsAlone(statement: Statement): boolean {
  return isConcurrent(statement) || ALONE.test(leadingWords(statement));
}

const ALONE =
  /^(vacuum|(create|drop) (database|tablespace|subscription)|alter system|reindex (database|system|schema)|cluster$)\b/;

/**
 * Whether the script builds or drops something without a lock that others would wait behind. Given up in the middle, it
 * leaves an invalid index.
 */
export function isConcurrentScript(script: string): boolean {
  const [only, ...others] = statementsIn(script);
  return only !== undefined && others.length === 0 && isConcurrent(only);
}

export function isConcurrent({ tokens }: Statement): boolean {
  const [first] = tokens;
  return (
    ["create", "drop", "reindex", "alter"].includes(wordOf(first)) &&
    tokens.some((token) => wordOf(token) === "concurrently")
  );
}

/** A block or a procedure that is alone in its script may commit between its statements. */
function maySplit(statement: Statement): boolean {
  const verb = wordOf(statement.tokens[0]);
  const commits = statement.tokens.some(({ text }) => /\b(commit|rollback)\b/i.test(text));
  return verb === "call" || (verb === "do" && commits);
}

function leadingWords({ tokens }: Statement): string {
  return tokens.slice(0, 3).map(wordOf).join(" ").trim();
}
