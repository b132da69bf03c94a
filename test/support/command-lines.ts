/** All commands with all of their arguments and options, as the registry has them: a new one is covered by itself. */
import type { Command } from "../../src/cli/command.js";
import type { Described } from "../../src/cli/described.js";
import { globalOptions } from "../../src/cli/global-options.js";
import { registry } from "../../src/cli/registry.js";

export interface KnownOption {
  /** Such as `--limit`. */
  readonly name: string;
  readonly takesValue: boolean;
}

export interface KnownCommand {
  /** Such as `["user", "list"]`. */
  readonly words: readonly string[];
  /** Names of its arguments; of `<id...>` one. */
  readonly args: readonly string[];
  readonly options: readonly KnownOption[];
}

/** What would start a server or another program and wait for it, which an argument alone does not end. */
const LASTING = new Set(["db start", "db studio", "db shell"]);

function optionOf({ flags }: Described): KnownOption {
  return { name: /--[\w-]+/.exec(flags)?.[0] ?? "", takesValue: flags.includes("<") };
}

export async function knownCommands(): Promise<KnownCommand[]> {
  const known: KnownCommand[] = [];
  for (const [name, { load }] of Object.entries(registry)) {
    const { commands } = await load();
    for (const command of commands) {
      const words = commands.length === 1 ? [name] : [name, command.name];
      known.push({ words, args: Object.keys(command.args), options: optionsOf(command) });
    }
  }
  return known.filter(({ words }) => !LASTING.has(words.join(" ")));
}

function optionsOf({ options }: Command): KnownOption[] {
  return Object.values({ ...globalOptions, ...options }).map(optionOf);
}
