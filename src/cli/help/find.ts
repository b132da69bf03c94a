/** From the words after `vocabdb help` to the page. */
import { UsageError } from "../../errors/usage.js";
import { nearest } from "../../nearest.js";
import type { Noun } from "../command.js";
import { onlyCommand, registry } from "../registry.js";
import type { Page } from "./page.js";
import { commandPage, nounPage, programPage, withGlobalOptions } from "./pages.js";
import { topicPage, topics } from "./topics.js";

/** @throws {UsageError} naming the command or topic that may have been meant */
export async function findPage(words: readonly string[]): Promise<Page> {
  const [name, ...rest] = words;
  if (name === undefined) {
    return programPage();
  }
  const entry = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (entry !== undefined) {
    return withGlobalOptions(pageOf(await entry.load(), rest));
  }
  const topic = await topicPage(name);
  if (topic === null) {
    throw unknown("no command and no topic", name, [...Object.keys(registry), ...Object.keys(topics)], "");
  }
  refuseMore(rest, name);
  return topic;
}

function pageOf(noun: Noun, words: readonly string[]): Page {
  const only = onlyCommand(noun);
  if (only !== null) {
    refuseMore(words, noun.name);
    return commandPage(noun, only);
  }
  const [name, ...rest] = words;
  if (name === undefined) {
    return nounPage(noun);
  }
  const command = noun.commands.find((each) => each.name === name);
  if (command === undefined) {
    const names = noun.commands.map((each) => each.name);
    throw unknown(`no command of \`vocabdb ${noun.name}\``, name, names, ` ${noun.name}`);
  }
  refuseMore(rest, `${noun.name} ${name}`);
  return commandPage(noun, command);
}

function unknown(what: string, word: string, known: readonly string[], page: string): UsageError {
  const meant = nearest(word, known);
  const suggestion = meant === null ? "" : ` (did you mean ${meant}?)`;
  const hint = meant === null ? `vocabdb help${page}` : `vocabdb help${page} ${meant}`;
  return new UsageError(`there is ${what} ${JSON.stringify(word)}${suggestion}`, hint);
}

function refuseMore([extra]: readonly string[], page: string): void {
  if (extra !== undefined) {
    throw new UsageError(`${JSON.stringify(extra)} is too much: help ends with ${page}`, `vocabdb help ${page}`);
  }
}
