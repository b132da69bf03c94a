/** How results and errors are told: guessed from a command line that may not be understood, and known of one that is. */
import { type Invocation, nounsIn } from "./program.js";
import { registry } from "./registry.js";

export interface Manner {
  /** In JSON, errors too. */
  readonly json: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly pager: boolean;
}

const JSON_FORMATS: readonly unknown[] = ["json", "ndjson"];

/** The words before `--`, after which none is an option. */
export async function mannerIn(argv: readonly string[]): Promise<Manner> {
  const words = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const has = (...names: readonly string[]): boolean => names.some((name) => words.includes(name));
  const format = words.findLast((word, index) => word.startsWith("--format=") || words[index - 1] === "--format");
  const isJsonFormat = JSON_FORMATS.includes(format?.replace(/^--format=/, ""));
  return {
    json: words.some((word) => /^--json(=|$)/.test(word)) || (isJsonFormat && (await namesList(words))),
    verbose: has("--verbose", "-v"),
    color: !has("--no-color"),
    quiet: has("--quiet", "-q"),
    pager: !has("--no-pager"),
  };
}

/** Whether they name a command that lists: other commands have formats that say nothing of their errors. */
async function namesList(words: readonly string[]): Promise<boolean> {
  const nouns = await Promise.all(nounsIn(words).map((name) => registry[name]?.load().catch(() => undefined)));
  return nouns.some((noun) =>
    noun?.commands.some(
      (command) => command.isList && (words.includes(command.name) || command === noun.defaultCommand),
    ),
  );
}

export function mannerOf({ command, raw }: Invocation): Manner {
  return {
    json: raw.json === true || (command.isList && JSON_FORMATS.includes(raw.format)),
    verbose: raw.verbose === true,
    color: raw.color !== false,
    quiet: raw.quiet === true,
    pager: raw.pager !== false,
  };
}
