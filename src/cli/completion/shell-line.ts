/** A command line as bash has it: one text, quotes and all. The other shells hand over words. */

interface TypedLine {
  /** Those before the one that is typed, without quotes; the command itself is the first. */
  readonly before: readonly string[];
  readonly word: TypedWord;
}

/** The word that is being typed, up to the cursor. */
export interface TypedWord {
  /** Without quotes. */
  readonly text: string;
  /** How much of the text stays as it is: bash replaces only what follows the last character that breaks words. */
  readonly kept: number;
  /** The quotation mark that is still open, or "". */
  readonly quote: string;
}

const NOTHING: TypedWord = { text: "", kept: 0, quote: "" };

/** @param breaks COMP_WORDBREAKS */
export function readShellLine(line: string, breaks = ""): TypedLine {
  const before: string[] = [];
  let word = null as TypedWord | null;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    const { text, kept }: TypedWord = word ?? NOTHING;
    if (quote === "" && /\s/.test(character)) {
      before.push(...(word === null ? [] : [text]));
      word = null;
    } else if (character === quote) {
      quote = "";
      word = { text, kept, quote };
    } else if (quote === "" && /["']/.test(character)) {
      quote = character;
      word = { text, kept: text.length, quote };
    } else if (character === "\\" && quote !== "'" && (quote === "" || /["\\$`]/.test(line[at + 1] ?? ""))) {
      at += 1;
      word = { text: text + (line[at] ?? ""), kept, quote };
    } else {
      const isBreak = quote === "" && breaks.includes(character);
      // It breaks before an @, which begins the name of a host to it, and after all others.
      const behind = text.length + (character === "@" ? 0 : 1);
      word = { text: text + character, kept: isBreak ? behind : kept, quote };
    }
  }
  return { before, word: word ?? NOTHING };
}

/** @returns what bash is to put in the place of what it replaces, or null where that cannot be written there */
export function asTyped(value: string, { kept, quote }: TypedWord): string | null {
  const rest = value.slice(kept);
  switch (quote) {
    case "":
      return rest.replace(/[^\w@%+=:,./-]/gu, "\\$&");
    case "'":
      return rest.includes("'") ? null : rest;
    default:
      return /["\\$`!]/.test(rest) ? null : rest;
  }
}
