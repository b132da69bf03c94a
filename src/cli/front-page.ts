/**
 * What is asked of no command: the version, and the first page of help. Answered without what understands every other
 * command line, which takes longer to load than this to print.
 */
import { packageVersion } from "../package-root.js";
import { HELP, VERSION } from "./global-options.js";
import { programPage } from "./help/pages.js";
import { pageText } from "./help/text.js";
import { visibleLines } from "./render/text.js";

/**
 * The parser knows these words as well, where they stand beside others.
 *
 * @param argv without the interpreter and the script
 * @param columns of the terminal, if it is one
 * @returns null for every other command line
 */
export function frontPage([word, ...others]: readonly string[], columns: number | undefined): string | null {
  if (others.length > 0) {
    return null;
  }
  if (word === undefined || isOption(HELP, word)) {
    return visibleLines(pageText(programPage(), columns || Number.POSITIVE_INFINITY));
  }
  return isOption(VERSION, word) ? packageVersion() : null;
}

function isOption({ flags }: { readonly flags: string }, word: string): boolean {
  return flags.split(", ").includes(word);
}
