/** Declared commands become a commander program. */
import { Command as Commander, Option } from "commander";
import { packageVersion } from "../package-root.js";
import type { Command, Noun } from "./command.js";
import type { Described } from "./described.js";
import { VERSION } from "./global-options.js";
import { onlyCommand, registry } from "./registry.js";

export interface Invocation {
  readonly command: Command;
  /** As it is typed after `vocabdb`, and after `vocabdb help`. */
  readonly name: string;
  /** Arguments and options under the keys they were declared with. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Those that `--json=` names; null for all. */
  readonly fields: readonly string[] | null;
}

export interface ProgramOutput {
  readonly out: (text: string) => void;
  /** Called for `--help`, with the command as it was typed; nothing is printed. */
  readonly help: (words: readonly string[]) => void;
}

/**
 * @param nouns the loaded ones; the others are known by name and summary only
 * @param globals options understood everywhere
 * @param invoked called with what the command line asks for
 */
export function buildProgram(
  nouns: ReadonlyMap<string, Noun>,
  globals: Readonly<Record<string, Described>>,
  output: ProgramOutput,
  invoked: (invocation: Invocation) => void,
): Commander {
  const program = new Commander("vocabdb").version(packageVersion(), VERSION.flags);
  configure(program, output);
  addOptions(program, globals);
  for (const name of Object.keys(registry)) {
    const noun = nouns.get(name);
    const node = configure(program.command(name), output);
    if (noun !== undefined) {
      addCommands(node, noun, output, invoked);
    }
  }
  return program;
}

function addCommands(
  node: Commander,
  noun: Noun,
  output: ProgramOutput,
  invoked: (invocation: Invocation) => void,
): void {
  const only = onlyCommand(noun);
  if (only !== null) {
    addAction(node, only, invoked);
    return;
  }
  for (const command of noun.commands) {
    const isDefault = command === noun.defaultCommand;
    const child = configure(node.command(command.name, { isDefault }), output);
    addAction(child, command, invoked);
  }
}

function addAction(node: Commander, command: Command, invoked: (invocation: Invocation) => void): void {
  for (const { flags, description } of Object.values(command.args)) {
    node.argument(flags, description);
  }
  addOptions(node, command.options);
  node.action((...parameters: unknown[]) => {
    const values = Object.keys(command.args).map((name, index) => [name, parameters[index]] as const);
    invoked({
      command,
      name: wordsOf(node).join(" "),
      fields: null,
      raw: { ...Object.fromEntries(values), ...node.optsWithGlobals() },
    });
  });
}

function addOptions(node: Commander, parameters: Readonly<Record<string, Described>>): void {
  for (const { flags, description, repeatable } of Object.values(parameters)) {
    const option = new Option(flags, description);
    // Not commander's `<name...>`, which would also take the words that follow for values.
    node.addOption(repeatable ? option.argParser<string[]>((value, others = []) => [...others, value]) : option);
  }
}

function configure(node: Commander, output: ProgramOutput): Commander {
  return node
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      formatHelp: (asked) => {
        output.help(wordsOf(asked));
        return "";
      },
    })
    .configureOutput({ writeOut: output.out, writeErr: () => {}, outputError: () => {} });
}

/** @returns what stands after `vocabdb` */
function wordsOf(node: Commander): string[] {
  return node.parent === null ? [] : [...wordsOf(node.parent), node.name()];
}

/** The nouns named anywhere on the command line: more than needed at times, never fewer. */
export function nounsIn(argv: readonly string[]): string[] {
  return argv.filter((word) => Object.hasOwn(registry, word));
}
