/** The manual pages: vocabdb(1), one for each noun, one for each topic. */
import type { Noun } from "../command.js";
import { onlyCommand } from "../registry.js";
import type { Page } from "./page.js";
import { commandPage, GLOBAL_OPTIONS, nounPage, optionSections, programPage, withGlobalOptions } from "./pages.js";
import { chapterOf, manualName, pageRoff } from "./roff.js";

/** @returns contents by the name of the file, such as `vocabdb-user.1` */
export function manuals(nouns: readonly Noun[], topics: readonly Page[]): ReadonlyMap<string, string> {
  const others = [...nouns.map(({ name }) => name), ...topics.map(({ name }) => name)];
  const program: Page = { ...programPage(), seeAlso: others };
  const files = [[program, pageRoff(program)] as const];
  for (const noun of nouns) {
    const pages = noun.commands.map((command) => commandPage(noun, command));
    if (onlyCommand(noun) !== null) {
      files.push(...pages.map((page) => [page, pageRoff(withGlobalOptions(page))] as const));
    } else {
      const page = nounPage(noun);
      files.push([page, pageRoff(page, { pages, options: optionSections(GLOBAL_OPTIONS) })]);
    }
  }
  files.push(...topics.map((topic) => [topic, pageRoff(topic)] as const));
  return new Map(files.map(([{ name }, content]) => [`${manualName(name)}.${chapterOf(name)}`, content]));
}
