/** What stands on a command line before the word that is being typed, understood as far as it goes. */
import { Option } from "commander";
import type { Command, Noun } from "../command.js";
import type { Described } from "../described.js";
import { globalOptions } from "../global-options.js";
import { onlyCommand, registry } from "../registry.js";

export interface KnownOption {
  readonly option: Option;
  readonly described: Described;
}

export interface Line {
  /** `vocabdb help`, after which no argument of a command comes. */
  readonly isHelp: boolean;
  /** Words that are neither options nor their values, the noun first. */
  readonly words: readonly string[];
  readonly noun: Noun | null;
  /** That of the noun alone, until another one is named. */
  readonly command: Command | null;
  /** How many words come before the arguments of the command. */
  readonly named: number;
  /** What may stand here. */
  readonly options: readonly KnownOption[];
  /** Those that stand there, under the names that the parser gives them; a flag has an empty value. */
  readonly given: ReadonlyMap<string, string>;
  /** The option whose value comes next, and whether it must. */
  readonly open: { readonly known: KnownOption; readonly must: boolean } | null;
  /** After `--`, where no word is an option any more. */
  readonly isEnded: boolean;
}

const HELP_COMMAND = "help";

const START: Line = {
  ...{ isHelp: false, words: [], noun: null, command: null, named: 0, options: optionsOf(globalOptions) },
  ...{ given: new Map(), open: null, isEnded: false },
};

/** As the parser reads them: a value that is needed may look like an option, any other may not. */
export async function readLine(words: readonly string[]): Promise<Line> {
  let line = START;
  for (const word of words) {
    line = await readWord(line, word);
  }
  return line;
}

async function readWord(line: Line, word: string): Promise<Line> {
  const { open, isEnded } = line;
  const looksLikeOption = word.startsWith("-") && word !== "-";
  if (open !== null && (open.must || !looksLikeOption)) {
    const { option } = open.known;
    return { ...given(line, option, word), open: option.variadic ? { ...open, must: false } : null };
  }
  if (isEnded || !looksLikeOption) {
    return readName({ ...line, open: null, words: [...line.words, word] }, word);
  }
  return word === "--" ? { ...line, open: null, isEnded: true } : readOption({ ...line, open: null }, word);
}

function readOption(line: Line, word: string): Line {
  const [name = "", ...value] = word.startsWith("--") ? word.split("=") : [word.slice(0, 2)];
  const known = line.options.find(({ option }) => isNamed(option, name));
  if (known === undefined) {
    return line;
  }
  const { option } = known;
  const takesValue = option.required || option.optional;
  if (word.startsWith("--")) {
    return takesValue && value.length === 0
      ? { ...given(line, option, ""), open: { known, must: option.required } }
      : given(line, option, value.join("="));
  }
  const rest = word.slice(2);
  if (rest === "") {
    return { ...given(line, option, ""), open: takesValue ? { known, must: option.required } : null };
  }
  // `-fFILE`, or `-nq`, which is two options.
  return takesValue ? given(line, option, rest) : readOption(given(line, option, ""), `-${rest}`);
}

async function readName(line: Line, word: string): Promise<Line> {
  const { noun, words, isHelp } = line;
  if (words.length === 1) {
    if (word === HELP_COMMAND && !isHelp) {
      return { ...line, isHelp: true, words: [] };
    }
    const found = Object.hasOwn(registry, word) ? ((await registry[word]?.load()) ?? null) : null;
    const command = found?.defaultCommand ?? null;
    return { ...line, noun: found, named: 1, ...(command !== null && naming(command)) };
  }
  const command = words.length === 2 && isGroup(noun) ? noun?.commands.find(({ name }) => name === word) : undefined;
  return command === undefined ? line : { ...line, named: 2, ...naming(command) };
}

export function isNamed({ short, long }: Option, name: string): boolean {
  return name === short || name === long;
}

/** Whether a word after the noun names one of several commands. */
export function isGroup(noun: Noun | null): boolean {
  return noun !== null && onlyCommand(noun) === null;
}

function naming(command: Command): Pick<Line, "command" | "options"> {
  return { command, options: optionsOf({ ...globalOptions, ...command.options }) };
}

function given(line: Line, option: Option, value: string): Line {
  return { ...line, given: new Map([...line.given, [option.attributeName(), value]]) };
}

export function optionsOf(declared: Readonly<Record<string, Described>>): KnownOption[] {
  return Object.values(declared).map((described) => ({
    option: new Option(described.flags, described.description),
    described,
  }));
}
