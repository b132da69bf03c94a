/** The pages of vocabdb, its nouns and their commands, from the declarations that parse the command line. */
import type { Command, Noun } from "../command.js";
import { type Described, OPTION_GROUPS } from "../described.js";
import { globalOptions, HELP, VERSION } from "../global-options.js";
import { onlyCommand, registry } from "../registry.js";
import { type Item, list, type Page, prose, type Section, section } from "./page.js";
import { topics } from "./topics.js";

const DESCRIPTION =
  "Administers the PostgreSQL database of a vocabulary-learning product: its schema, its words, its users and what they have learned.";

const FIRST_STEPS: readonly Item[] = [
  { term: "vocabdb db start", text: "A PostgreSQL of your own, or set DATABASE_URL" },
  { term: "vocabdb migrate", text: "Its tables" },
  { term: "vocabdb seed --demo", text: "Words, and users to try things with" },
  { term: "vocabdb progress show ada@example.com", text: "What one of them has learned" },
];

/** Options that every command understands. */
export const GLOBAL_OPTIONS: readonly Described[] = [...Object.values(globalOptions), HELP];

export function programPage(): Page {
  return {
    ...{ name: "", summary: "administers the database of a vocabulary-learning product" },
    usage: ["vocabdb [options] <command>"],
    description: prose(DESCRIPTION),
    sections: [
      { title: "First steps", blocks: [{ kind: "examples", items: FIRST_STEPS }] },
      ...section("Commands", summariesOf(registry)),
      ...section("Topics", summariesOf(topics)),
      ...optionSections([...GLOBAL_OPTIONS, VERSION]),
      {
        title: "More",
        blocks: [
          list([
            { term: "vocabdb help <command>", text: "all about a command, such as `vocabdb help user create`" },
            { term: "vocabdb help <topic>", text: "what several commands have in common, such as `vocabdb help csv`" },
          ]),
        ],
      },
    ],
    seeAlso: [],
  };
}

function summariesOf(entries: Readonly<Record<string, { readonly summary: string }>>): Item[] {
  return Object.entries(entries).map(([term, { summary }]) => ({ term, text: summary }));
}

/** What is typed after `vocabdb`: both words, unless the noun has this one command. */
export function commandName(noun: Noun, command: Command): string {
  return onlyCommand(noun) === command ? noun.name : `${noun.name} ${command.name}`;
}

export function nounPage({ name, commands, defaultCommand }: Noun): Page {
  return {
    ...{ name, summary: registry[name]?.summary ?? "" },
    usage: [`vocabdb ${name} ${defaultCommand === undefined ? "<command>" : "[command]"} [options]`],
    description: [
      ...(defaultCommand === undefined
        ? []
        : prose(`\`vocabdb ${name}\` alone is \`vocabdb ${name} ${defaultCommand.name}\`.`)),
      ...prose(`\`vocabdb help ${name} COMMAND\` says all about a command.`),
    ],
    sections: section("Commands", summariesOf(Object.fromEntries(commands.map((each) => [each.name, each])))),
    seeAlso: [],
  };
}

/** Without the options that every command understands. */
export function commandPage(noun: Noun, command: Command): Page {
  const name = commandName(noun, command);
  const isDefault = noun.defaultCommand === command && name !== noun.name;
  const options = Object.values(command.options);
  const words = [
    ...(options.length > 0 ? ["[options]"] : []),
    ...Object.values(command.args).map(({ flags }) => flags),
  ];
  return {
    ...{ name, summary: command.summary },
    usage: [...(isDefault ? [noun.name] : []), name].map((typed) => ["vocabdb", typed, ...words].join(" ")),
    description: command.details === null ? [] : prose(command.details),
    sections: [
      ...section("Arguments", Object.values(command.args).map(itemOf)),
      ...optionSections(options),
      {
        title: "Examples",
        blocks: [
          {
            kind: "examples",
            items: command.examples.map((example) => ({ term: example.command, text: example.description })),
          },
        ],
      },
      ...section("Exit codes", exitCodeItems(command)),
    ],
    seeAlso: command.seeAlso,
  };
}

/** Codes that mean the same stand together. */
function exitCodeItems({ exitCodes }: Command): Item[] {
  const meanings = Object.entries(exitCodes);
  return [...new Set(Object.values(exitCodes))].map((text) => {
    const codes = meanings.filter(([, meaning]) => meaning === text).map(([code]) => code);
    return { term: codes.join(", "), text };
  });
}

/** The options that every command understands stand before its examples. */
export function withGlobalOptions(page: Page): Page {
  const examples = page.sections.findIndex(({ title }) => title === "Examples");
  const sections = [...page.sections];
  sections.splice(examples === -1 ? sections.length : examples, 0, ...optionSections(GLOBAL_OPTIONS));
  return { ...page, sections };
}

export function optionSections(options: readonly Described[]): Section[] {
  return [undefined, ...OPTION_GROUPS].flatMap((group) =>
    section(group ?? "Options", options.filter((option) => option.group === group).map(itemOf)),
  );
}

function itemOf({ flags, description }: Described): Item {
  return { term: flags, text: description };
}
