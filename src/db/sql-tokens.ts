/**
 * Takes SQL apart as PostgreSQL's lexer does: enough to tell statements, words and literals from each other, which
 * is not enough to understand an expression.
 */

export interface Token {
  /** `word` is a keyword or a name without quotes, `name` one in quotes, `literal` a string or a number. */
  readonly kind: "word" | "name" | "literal" | "sign";
  /** As written. */
  readonly text: string;
  /** In UTF-16 units, from the start of the script. */
  readonly offset: number;
}

export interface Statement {
  /** Of its first token; comments before it are left out. */
  readonly offset: number;
  /** 1-based, of the same. */
  readonly line: number;
  /** Without the semicolon. */
  readonly tokens: readonly Token[];
}

/** In this order. What is not finished, as in a text that was cut off, goes on to the end. */
const LEXEMES: readonly (readonly [kind: Token["kind"] | null, pattern: RegExp])[] = [
  [null, /\s+|--[^\n]*/y],
  ["literal", /[eE]'(?:[^'\\]+|\\.|'')*(?:'|\\?$)/sy],
  ["literal", /(?:[bBxXnN]|[uU]&)?'(?:[^']+|'')*(?:'|$)/y],
  ["name", /(?:[uU]&)?"(?:[^"]+|"")*(?:"|$)/y],
  ["literal", /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?(?:\$\1\$|$)/y],
  // Its $ starts no dollar quote.
  ["word", /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ["literal", /\.?\d[\w.]*/y],
  ["sign", /\$\d+|::|[\s\S]/y],
];

/** Comments and white space are left out. */
export function* tokensIn(script: string): Generator<Token> {
  let offset = 0;
  while (offset < script.length) {
    const { kind, end } = script.startsWith("/*", offset)
      ? { kind: null, end: endOfBlockComment(script, offset) }
      : lexemeAt(script, offset);
    if (kind !== null) {
      yield { kind, text: script.slice(offset, end), offset };
    }
    offset = end;
  }
}

function lexemeAt(script: string, offset: number): { kind: Token["kind"] | null; end: number } {
  for (const [kind, pattern] of LEXEMES) {
    pattern.lastIndex = offset;
    if (pattern.test(script)) {
      return { kind, end: pattern.lastIndex };
    }
  }
  throw new Error("unreachable: the last lexeme is any character");
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

/**
 * The statements as the server counts them. Like psql, this takes no semicolon for an end inside parentheses (rules
 * of several actions) or between BEGIN and END of a function's body in SQL.
 */
export function statementsIn(script: string): Statement[] {
  const statements: Statement[] = [];
  let tokens: Token[] = [];
  let parentheses = 0;
  let blocks = 0;
  const lineAt = lineCounter(script);
  const finish = (): void => {
    const [first] = tokens;
    if (first !== undefined) {
      statements.push({ offset: first.offset, line: lineAt(first.offset), tokens });
    }
    tokens = [];
    parentheses = 0;
    blocks = 0;
  };
  for (const token of tokensIn(script)) {
    if (token.text === ";" && parentheses <= 0 && blocks === 0) {
      finish();
      continue;
    }
    parentheses += token.text === "(" ? 1 : token.text === ")" ? -1 : 0;
    blocks = Math.max(0, blocks + blockStep(token, blocks, tokens));
    tokens.push(token);
  }
  finish();
  return statements;
}

/** CASE has an END too. */
function blockStep(token: Token, blocks: number, before: readonly Token[]): number {
  const word = wordOf(token);
  if (word === "begin" || (word === "case" && blocks > 0)) {
    return isRoutine(before) ? 1 : 0;
  }
  return word === "end" && blocks > 0 ? -1 : 0;
}

function isRoutine(tokens: readonly Token[]): boolean {
  const words = tokens.slice(0, 4).map(wordOf).join(" ");
  return /^create (or replace )?(function|procedure)\b/.test(words);
}

/** @returns the token in lower case if it is a word, else the empty string, which no word is */
export function wordOf(token: Token | undefined): string {
  return token?.kind === "word" ? token.text.toLowerCase() : "";
}

/** @returns the 1-based line of an offset. */
export function lineAt(script: string, offset: number): number {
  return lineCounter(script)(offset);
}

/** For offsets in ascending order: each stretch is read once. */
function lineCounter(script: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (let end = script.indexOf("\n", counted); end !== -1 && end < offset; end = script.indexOf("\n", counted)) {
      line += 1;
      counted = end + 1;
    }
    return line;
  };
}

/** How much of somebody's query is worth showing. */
const SHOWN_LENGTH = 200;

/**
 * The shape of a query, on one line: literals may be secrets or people's data, and are shown as `'…'`, numbers as
 * `…`. Comments are left out. The server cuts off long queries, perhaps within a literal.
 */
export function redacted(query: string): string {
  let shown = "";
  let end = 0;
  for (const { kind, text, offset } of tokensIn(query)) {
    const isNumber = /^[.\d]/.test(text);
    const gap = offset > end && shown !== "" ? " " : "";
    shown += gap + (kind !== "literal" ? text : isNumber ? "…" : "'…'");
    end = offset + text.length;
    // Where standard_conforming_strings is off, this does not end the literal, and the next quote begins none.
    const isAmbiguous = kind === "literal" && text.endsWith("\\'") && !/^[eE]/.test(text);
    if (isAmbiguous || shown.length > SHOWN_LENGTH) {
      return `${shown.slice(0, SHOWN_LENGTH)} …`;
    }
  }
  return shown;
}
