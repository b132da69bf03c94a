/** `--json=email,createdAt`: a document of some fields only. */
import { UsageError } from "../errors/usage.js";
import { nearest } from "../nearest.js";
import type { Noun } from "./command.js";
import type { Described } from "./described.js";

const FIELDS = "--json=";

/**
 * Takes the fields off the words, so that `--json` is a mere flag. Commander's optional values would make a value of any
 * word behind it: in `vocabdb --json user list`, of `user`.
 *
 * @param options those that the command line may hold
 * @returns null for fields where none are named
 */
export function takeFields(
  argv: readonly string[],
  options: readonly Described[],
): { readonly argv: readonly string[]; readonly fields: readonly string[] | null } {
  const takingValues = new Set(
    options.filter(({ flags }) => flags.includes("<")).flatMap(({ flags }) => flags.match(/--?[\w-]+/g) ?? []),
  );
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const namesFields = (word: string, index: number): boolean =>
    index < end && word.startsWith(FIELDS) && !takingValues.has(argv[index - 1] ?? "");
  const lists = argv.filter(namesFields);
  return {
    argv: argv.map((word, index) => (namesFields(word, index) ? "--json" : word)),
    fields:
      lists.length === 0
        ? null
        : lists.flatMap((list) => list.slice(FIELDS.length).split(",")).map((name) => name.trim()),
  };
}

/** @returns the options of every command of these nouns */
export function optionsOf(nouns: Iterable<Noun>): Described[] {
  return [...nouns].flatMap(({ commands }) => commands.flatMap(({ options }) => Object.values(options)));
}

/** @throws {UsageError} naming those that there are, where one is not among them */
export function refuseUnknown(fields: readonly string[], known: readonly string[]): void {
  const unknown = fields.find((field) => !known.includes(field));
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    const others = known.length === 0 ? "" : `, but ${known.join(", ")}`;
    throw new UsageError(
      `--json: there is no field ${JSON.stringify(unknown)}${others}`,
      meant === null ? null : `did you mean --json=${meant}?`,
    );
  }
}

/** @returns the same with these fields only, in this order; those of a part of it are named behind a dot */
export function pick(document: unknown, fields: readonly string[]): unknown {
  if (Array.isArray(document)) {
    return document.map((each) => pick(each, fields));
  }
  if (typeof document !== "object" || document === null) {
    return document;
  }
  const values = new Map<string, unknown>(Object.entries(document));
  const names = new Set(fields.map((field) => field.split(".", 1)[0] ?? ""));
  return Object.fromEntries(
    [...names].map((name) => {
      const parts = fields.filter((field) => field.startsWith(`${name}.`)).map((field) => field.slice(name.length + 1));
      return [name, fields.includes(name) ? values.get(name) : pick(values.get(name), parts)];
    }),
  );
}
