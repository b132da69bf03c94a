/** What help says, before it is written for a terminal, as Markdown or as a manual page. */

export interface Item {
  readonly term: string;
  readonly text: string;
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  /** Lines that stay as they are. */
  | { readonly kind: "verbatim"; readonly text: string }
  /** What is to be typed, with what it is for. */
  | { readonly kind: "examples"; readonly items: readonly Item[] }
  | { readonly kind: "list"; readonly items: readonly Item[] };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface Page {
  /** What follows `vocabdb help`; empty for vocabdb itself. */
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** What can be typed; none where it is about no command. */
  readonly usage: readonly string[];
  readonly description: readonly Block[];
  readonly sections: readonly Section[];
  /** Names of pages. */
  readonly seeAlso: readonly string[];
}

export function list(items: readonly Item[]): Block {
  return { kind: "list", items };
}

/** @returns nothing where the list would be empty */
export function section(title: string, items: readonly Item[]): Section[] {
  return items.length === 0 ? [] : [{ title, blocks: [list(items)] }];
}

/** Paragraphs are parted by empty lines, and broken anew; lines that begin with two blanks stay as they are. */
export function prose(text: string): Block[] {
  const blocks: Block[] = [];
  for (const part of text.split("\n\n")) {
    for (const [lines] of part.matchAll(/(?: {2}.*(?:\n|$))+|(?:(?! {2}).+(?:\n|$))+/g)) {
      const trimmed = lines.trimEnd();
      blocks.push(
        trimmed.startsWith("  ")
          ? { kind: "verbatim", text: trimmed }
          : { kind: "paragraph", text: trimmed.replaceAll("\n", " ") },
      );
    }
  }
  return blocks;
}
