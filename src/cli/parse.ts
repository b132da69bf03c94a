/** From the words on the command line to what is asked for. */
import { CommanderError } from "commander";
import { UsageError } from "../errors/usage.js";
import { nearest } from "../nearest.js";
import type { Noun } from "./command.js";
import { globalOptions } from "./global-options.js";
import { optionsOf, takeFields } from "./json-fields.js";
import { buildProgram, type Invocation, nounsIn } from "./program.js";
import { onlyCommand, registry } from "./registry.js";
import { visibleLines } from "./render/text.js";

interface ParseInput {
  /** Without the interpreter and the script. */
  readonly argv: readonly string[];
  /** For help and the version. */
  readonly stdout: { readonly columns?: number; write(text: string): unknown };
}

/** @returns what was asked for, or null when it was help or the version, which are then printed. */
export async function parse({ argv: typed, stdout }: ParseInput): Promise<Invocation | null> {
  const nouns = new Map<string, Noun>();
  for (const name of nounsIn(typed)) {
    const noun = await registry[name]?.load();
    if (noun !== undefined) {
      nouns.set(name, noun);
    }
  }
  const { argv, fields } = takeFields(typed, [...Object.values(globalOptions), ...optionsOf(nouns.values())]);
  const found: { invocation: Invocation | null; help: readonly string[] } = { invocation: null, help: [] };
  const printed = { out: "" };
  const program = buildProgram(
    nouns,
    globalOptions,
    {
      out: (text) => {
        printed.out += text;
      },
      help: (words) => {
        found.help = words;
      },
    },
    (invocation) => {
      found.invocation = { ...invocation, fields };
    },
  );
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    if (error.code === "commander.version") {
      stdout.write(printed.out);
      return null;
    }
    if (error.exitCode === 0 || (error.code === "commander.help" && nounsIn(argv).length === 0)) {
      const [{ findPage }, { pageText }] = await Promise.all([import("./help/find.js"), import("./help/text.js")]);
      const page = pageText(await findPage(found.help), stdout.columns || Number.POSITIVE_INFINITY);
      stdout.write(`${visibleLines(page)}\n`);
      return null;
    }
    throw usageError(error, argv, nouns.values().next().value);
  }
  return found.invocation;
}

function usageError(error: CommanderError, argv: readonly string[], noun: Noun | undefined): UsageError {
  const help = ["vocabdb help", ...wordsOf(argv, noun)].join(" ");
  if (error.code === "commander.help") {
    return new UsageError(`\`vocabdb ${noun?.name}\` needs a command`, help);
  }
  const extra = error.code === "commander.excessArguments" ? unknownCommand(noun, argv) : null;
  if (extra !== null) {
    return new UsageError(extra, help, { cause: error });
  }
  const [message = "", ...suggestion] = error.message.replace(/^error: /, "").split("\n");
  return new UsageError([message, ...suggestion].join(" "), help, { cause: error });
}

/** What is understood of what was typed. */
function wordsOf(argv: readonly string[], noun: Noun | undefined): string[] {
  if (noun === undefined) {
    return [];
  }
  const next = wordAfter(noun, argv);
  const command = noun.commands.find(({ name }) => name === next);
  return command === undefined || command === onlyCommand(noun) ? [noun.name] : [noun.name, command.name];
}

function wordAfter({ name }: Noun, argv: readonly string[]): string | undefined {
  return argv.slice(argv.indexOf(name) + 1).find((word) => !word.startsWith("-"));
}

/** A word after a noun that works alone (`vocabdb migrate stauts`) is taken for its argument; it never has one. */
function unknownCommand(noun: Noun | undefined, argv: readonly string[]): string | null {
  if (noun?.defaultCommand === undefined) {
    return null;
  }
  const word = wordAfter(noun, argv);
  const isAlone = onlyCommand(noun) !== null;
  const isCommand = !isAlone && noun.commands.some((command) => command.name === word);
  if (word === undefined || isCommand) {
    return null;
  }
  const meant = nearest(
    word,
    noun.commands.map(({ name }) => name),
  );
  const suggestion = meant === null || isAlone ? "" : ` (Did you mean ${meant}?)`;
  return `\`vocabdb ${noun.name}\` knows no ${JSON.stringify(word)}${suggestion}`;
}
