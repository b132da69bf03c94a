/** Reads the tokens of a statement from left to right. */
import { type Token, wordOf } from "../../db/sql-tokens.js";

/** A table as a script names it. */
export interface TableName {
  /** null where the search path decides. */
  readonly schema: string | null;
  readonly name: string;
}

export class Reader {
  #next = 0;

  constructor(readonly tokens: readonly Token[]) {}

  get rest(): readonly Token[] {
    return this.tokens.slice(this.#next);
  }

  /** Of what comes next. */
  get offset(): number {
    return (this.tokens[this.#next] ?? this.tokens.at(-1))?.offset ?? 0;
  }

  /** Goes on behind these words if they come next. */
  take(words: string): boolean {
    const wanted = words.split(" ");
    const matches = wanted.every((word, index) => wordOf(this.tokens[this.#next + index]) === word);
    this.#next += matches ? wanted.length : 0;
    return matches;
  }

  /** As `take`, for the first of several. */
  takeOne(...choices: readonly string[]): boolean {
    return choices.some((words) => this.take(words));
  }

  /** Goes on behind the first of these words outside of parentheses. */
  skipTo(...words: readonly string[]): string | null {
    let depth = 0;
    for (let index = this.#next; index < this.tokens.length; index += 1) {
      const token = this.tokens[index];
      depth += depthStep(token);
      const word = wordOf(token);
      if (depth === 0 && words.includes(word)) {
        this.#next = index + 1;
        return word;
      }
    }
    return null;
  }

  /** @returns the name as the server keeps it; null if none comes next */
  name(): string | null {
    const token = this.tokens[this.#next];
    if (token === undefined || (token.kind !== "word" && token.kind !== "name")) {
      return null;
    }
    this.#next += 1;
    return token.kind === "word" ? token.text.toLowerCase() : token.text.slice(1, -1).replaceAll('""', '"');
  }

  table(): TableName | null {
    const first = this.name();
    if (first === null || this.tokens[this.#next]?.text !== ".") {
      return first === null ? null : { schema: null, name: first };
    }
    this.#next += 1;
    const second = this.name();
    return second === null ? null : { schema: first, name: second };
  }

  /** A list of names, each of which may have `ONLY` before it. */
  tables(): TableName[] {
    return this.parts().flatMap((part) => {
      part.take("only");
      return part.table() ?? [];
    });
  }

  /** The rest, taken apart at the commas outside of parentheses. */
  parts(): Reader[] {
    const parts: Token[][] = [[]];
    let depth = 0;
    for (const token of this.rest) {
      depth += depthStep(token);
      if (token.text === "," && depth === 0) {
        parts.push([]);
      } else {
        parts.at(-1)?.push(token);
      }
    }
    return parts.map((tokens) => new Reader(tokens));
  }

  /** Whether these words come in a row in the rest, outside of parentheses. */
  has(words: string): boolean {
    return ` ${this.outline()} `.includes(` ${words} `);
  }

  /** The rest as lower-case words; whatever stands in parentheses is left out. */
  outline(): string {
    let depth = 0;
    const words = this.rest.flatMap((token) => {
      const isOutside = depth === 0;
      depth += depthStep(token);
      return isOutside && token.kind === "word" ? [wordOf(token)] : [];
    });
    return words.join(" ");
  }
}

function depthStep(token: Token | undefined): number {
  return token?.text === "(" || token?.text === "[" ? 1 : token?.text === ")" || token?.text === "]" ? -1 : 0;
}
