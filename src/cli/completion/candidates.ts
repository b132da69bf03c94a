/** What may stand in the place of the word that is being typed. */
import type { Suggestion } from "../../core/suggestions.js";
import type { Command, Parameter } from "../command.js";
import type { Completes, Described } from "../described.js";
import { HELP, VERSION } from "../global-options.js";
import { topics } from "../help/topics.js";
import { registry } from "../registry.js";
import { isGroup, isNamed, type KnownOption, type Line, optionsOf } from "./line.js";

/** `files` and `folders` are the shell's to find; after `beginnings` the word goes on. */
export interface Candidates {
  readonly kind: "words" | "beginnings" | "files" | "folders";
  readonly found: readonly Candidate[];
}

export interface Candidate {
  /** The whole word. */
  readonly value: string;
  readonly description: string | null;
  /** How it is listed, where that is not the whole word. */
  readonly shown?: string;
}

/** What the database has for a word. */
export type Ask = (
  what: Exclude<Completes, object | "file" | "folder">,
  prefix: string,
) => Promise<readonly Suggestion[]>;

const NOTHING: Candidates = { kind: "words", found: [] };

/** @param word as far as it is typed */
export async function candidatesFor(line: Line, word: string, ask: Ask): Promise<Candidates> {
  const { open, isEnded } = line;
  const looksLikeOption = word.startsWith("-") && !isEnded;
  if (open !== null && (open.must || !looksLikeOption)) {
    return values(open.known.described, word, ask);
  }
  const [, name = ""] = looksLikeOption ? (/^(--[^=]+)=/.exec(word) ?? []) : [];
  if (name !== "") {
    const known = line.options.find(({ option }) => isNamed(option, name) && (option.required || option.optional));
    return known === undefined ? NOTHING : inOption(name, await values(known.described, valueIn(word), ask));
  }
  if (looksLikeOption) {
    return options(line, word);
  }
  const named = await names(line, word, ask);
  // Where no word is known that could stand there, an option may.
  return named.kind === "words" && named.found.length === 0 && word === "" && !isEnded ? options(line, word) : named;
}

const valueIn = (word: string): string => word.slice(word.indexOf("=") + 1);

function inOption(name: string, { kind, found }: Candidates): Candidates {
  return {
    kind,
    found: found.map(({ value, description, shown = value }) => ({ value: `${name}=${value}`, description, shown })),
  };
}

function options({ options, given, words }: Line, word: string): Candidates {
  const open = options.filter((known) => isRepeatable(known) || !given.has(known.option.attributeName()));
  const found = [...open, ...optionsOf(words.length === 0 ? { HELP, VERSION } : { HELP })];
  return beginning(
    word,
    found.map(({ option, described }) => ({
      value: option.long ?? option.short ?? "",
      description: described.description,
    })),
  );
}

function isRepeatable({ option, described }: KnownOption): boolean {
  return option.variadic || described.repeatable === true;
}

/** Nouns, commands, and the arguments of commands. */
async function names(line: Line, word: string, ask: Ask): Promise<Candidates> {
  const { words, noun, command, named, isHelp } = line;
  if (words.length === 0) {
    const known = Object.entries(isHelp ? { ...registry, ...topics } : registry);
    return beginning(
      word,
      known.map(([value, { summary }]) => ({ value, description: summary })),
    );
  }
  if (isGroup(noun) && words.length === 1) {
    const commands = noun?.commands.map(({ name, summary }) => ({ value: name, description: summary })) ?? [];
    return beginning(word, commands);
  }
  const argument = command === null || isHelp ? undefined : argumentAt(command, words.length - named);
  return argument === undefined ? NOTHING : values(argument, word, ask);
}

function argumentAt({ args }: Command, index: number): Parameter | undefined {
  const declared = Object.values(args);
  const last = declared.at(-1);
  return declared[index] ?? (last?.flags.includes("...") ? last : undefined);
}

async function values(described: Described, word: string, ask: Ask): Promise<Candidates> {
  const { completes } = described;
  if (completes === "file" || completes === "folder") {
    return { kind: `${completes}s`, found: [] };
  }
  if (typeof completes === "object") {
    const found = await completes.words();
    return completes.separator === undefined ? beginning(word, plain(found)) : listed(word, found, completes.separator);
  }
  if (completes !== undefined) {
    return { kind: "words", found: await ask(completes, word) };
  }
  if (!("schema" in described)) {
    return NOTHING;
  }
  const { enumeration } = await import("./enumeration.js");
  return beginning(word, plain(enumeration(described.schema)));
}

/** The last of several values in one word; each is given once. */
function listed(word: string, values: readonly string[], separator: string): Candidates {
  const before = word.slice(0, word.lastIndexOf(separator) + 1);
  const used = before.split(separator);
  const open = values.filter((value) => !used.includes(value));
  const found = open.map((value) => ({ value: `${before}${value}`, description: null, shown: value }));
  return { ...beginning(word, found), kind: "beginnings" };
}

function plain(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, description: null }));
}

function beginning(word: string, found: readonly Candidate[]): Candidates {
  return { kind: "words", found: found.filter(({ value }) => value.startsWith(word)) };
}
