/** Runs SQL scripts of several statements, and says on which line one failed. */
import pg from "pg";

/** A script that the server refused. */
export class ScriptError extends Error {
  constructor(
    readonly script: string,
    /** 1-based line of the statement that failed, null where it cannot be told. */
    readonly line: number | null,
    override readonly cause: pg.DatabaseError,
  ) {
    super(cause.message);
  }
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
    throw error instanceof pg.DatabaseError
      ? new ScriptError(script, failedLine(script, error, completed), error)
      : error;
  } finally {
    connection.removeListener("commandComplete", count);
  }
}

/** The server gives a position for errors of syntax and names only; otherwise the statements done are counted. */
function failedLine(script: string, error: pg.DatabaseError, completed: number): number | null {
  if (error.position !== undefined) {
    // Counted in characters by the server, in UTF-16 units here.
    return lineAt(script, [...script].slice(0, Number(error.position) - 1).join("").length);
  }
  const offset = statementOffsets(script)[completed];
  return offset === undefined ? null : lineAt(script, offset);
}

/** What may hold a semicolon that ends nothing; a statement's first other character is its start. */
const TOKENS = [
  /--[^\n]*/y, // line comment
  /\s+/y,
  /[eE]'(?:[^'\\]|\\.|'')*'/sy, // string with escapes
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$/y, // dollar quote
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y, // word: its $ starts no dollar quote
];
const BLANK = new Set([0, 1]);

/**
 * @returns the offset of each statement's first character, comments before it left out. Bodies of SQL
 *   functions in BEGIN ATOMIC form are taken apart as if they were statements of their own.
 */
export function statementOffsets(script: string): number[] {
  const offsets: number[] = [];
  let inStatement = false;
  let position = 0;
  while (position < script.length) {
    const { end, blank } = nextToken(script, position);
    const isTerminator = script[position] === ";" && end === position + 1;
    if (isTerminator) {
      inStatement = false;
    } else if (!blank && !inStatement) {
      offsets.push(position);
      inStatement = true;
    }
    position = end;
  }
  return offsets;
}

function nextToken(script: string, position: number): { end: number; blank: boolean } {
  if (script.startsWith("/*", position)) {
    return { end: endOfBlockComment(script, position), blank: true };
  }
  for (const [index, pattern] of TOKENS.entries()) {
    pattern.lastIndex = position;
    if (pattern.test(script)) {
      return { end: pattern.lastIndex, blank: BLANK.has(index) };
    }
  }
  return { end: position + 1, blank: false };
}

/** PostgreSQL's block comments nest, unlike those of most languages. */
function endOfBlockComment(script: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(script); mark !== null; mark = marks.exec(script)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) {
      return marks.lastIndex;
    }
  }
  return script.length;
}

/** @returns the 1-based line of an offset. */
function lineAt(script: string, offset: number): number {
  return script.slice(0, offset).split("\n").length;
}
