/** What is asked of no command: the version, and the first page of help. */
import { packageVersion } from "../package-root.js";
import { HELP, VERSION } from "./global-options.js";

/**
 * The answer without what understands every other command line, which takes longer to load than this to print.
 *
 * @param columns of the terminal
 * @returns null for every other command line; the parser knows these words as well, beside others
 */
export async function frontPage([word, ...others]: readonly string[], columns: number): Promise<string | null> {
  if (others.length > 0) {
    return null;
  }
  if (word === undefined || HELP.flags.split(", ").includes(word)) {
    const [{ programPage }, { pageText }] = await Promise.all([import("./help/pages.js"), import("./help/text.js")]);
    return pageText(programPage(), columns);
  }
  return VERSION.flags.split(", ").includes(word) ? packageVersion() : null;
}
