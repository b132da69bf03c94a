/** Which column of a file holds which field. */
import { BadHeaderError } from "../../errors/loading.js";
import type { Layout } from "./records.js";
import { type Field, fieldsOf, type Shape } from "./shape.js";

export interface LayoutOptions {
  readonly shape: Shape;
  /** Fields that are set for the whole run, so that the file may lack them. */
  readonly given: ReadonlySet<string>;
  /** Field → header, said by the user; wins over what headers usually mean. */
  readonly map: Readonly<Record<string, string>>;
}

/**
 * @param file for messages, as `line`, on which the header stands
 * @throws {BadHeaderError} when a required field has no column, one has two, or a mapped header is not there
 */
export function resolveLayout(file: string, headers: readonly string[], options: LayoutOptions, line = 1): Layout {
  const refuse: Refuse = (reason, hint) => {
    throw new BadHeaderError(file, headers, reason, hint, { line, column: 1 });
  };
  const { shape, map } = options;
  const fields = fieldsOf(shape);
  const owner = new Map<number, Field>();
  const position = fields.map((field) => {
    const mapped = map[field.name];
    const found =
      mapped === undefined
        ? headers.flatMap((header, index) => (field.aliases.includes(plain(header)) ? [index] : []))
        : mappedTo(refuse, headers, field.name, mapped);
    return { field, found, mapped: mapped !== undefined };
  });
  for (const { field, found, mapped } of position) {
    const taken = owner.get(found[0] ?? -1);
    if (mapped && taken !== undefined) {
      refuse(
        `--map names ${quoted(headers[found[0] ?? -1])} for both ${taken.name} and ${field.name}`,
        "name two columns",
      );
    }
    if (mapped && found[0] !== undefined) {
      owner.set(found[0], field);
    }
  }
  const resolved = position.map(({ field, found, mapped }) => {
    const free = mapped ? found : found.filter((index) => !owner.has(index));
    const [first, second] = free;
    if (first !== undefined && second !== undefined) {
      refuse(
        `the columns ${quoted(headers[first])} and ${quoted(headers[second])} both mean ${field.name}`,
        `say which one is meant, for example: --map ${mapArgument(field.name, headers[first] ?? "")}`,
      );
    }
    if (first !== undefined) {
      owner.set(first, field);
    }
    return first ?? -1;
  });
  const unused = headers.flatMap((header, index) =>
    owner.has(index) || NOTES.has(header) || header === "" ? [] : [{ header, index }],
  );
  // A name that several columns have stands for the first of them.
  const first = new Map(headers.map((header, index) => [header, index] as const).reverse());
  const nameable = unused.filter(({ header, index }) => first.get(header) === index);
  requireFields(
    refuse,
    options,
    resolved,
    nameable.map(({ header }) => header),
  );
  return { position: resolved, headers, unused: unused.map(({ header }) => header) };
}

type Refuse = (reason: string, hint: string) => never;

/** The columns that a reject file adds, the last one only for several files; a repaired one is read without them. */
export const NOTE_COLUMNS = ["_line", "_column", "_code", "_reason", "_file"] as const;
const NOTES: ReadonlySet<string> = new Set(NOTE_COLUMNS);

/** How headers are compared: without case, spaces, hyphens and underscores. */
export function plain(header: string): string {
  return header.toLowerCase().replace(/[\s_-]/g, "");
}

function mappedTo(refuse: Refuse, headers: readonly string[], field: string, mapped: string): number[] {
  const exact = headers.indexOf(mapped);
  const index = exact === -1 ? headers.findIndex((header) => plain(header) === plain(mapped)) : exact;
  if (index === -1) {
    refuse(`no column ${quoted(mapped)}, which --map names for ${field}`, "name a header as it stands in the file");
  }
  return [index];
}

/** @param free headers that --map could name */
function requireFields(
  refuse: Refuse,
  { shape, given }: LayoutOptions,
  position: readonly number[],
  free: readonly string[],
): void {
  const missing = fieldsOf(shape).filter(
    (field, index) => field.required && position[index] === -1 && !given.has(field.name),
  );
  if (missing.length === 0) {
    return;
  }
  const names = missing.map(({ name }) => name);
  const byHeader = names.filter((name) => name !== "language");
  const mapped = byHeader.slice(0, free.length).map((name, n) => `--map ${mapArgument(name, free[n] ?? "")}`);
  const hints = [
    ...(mapped.length > 0 ? [`say which header means what, for example: ${mapped.join(" ")}`] : []),
    ...(byHeader.length > free.length ? [`the file needs ${byHeader.slice(free.length).join(" and ")}`] : []),
    ...(names.includes("language") ? ["say which language the words are in, for example: --language zh"] : []),
  ];
  refuse(`no column for ${names.join(", ")}`, hints.join("; "));
}

/** As a shell takes it. */
function mapArgument(field: string, header: string): string {
  const argument = `${field}=${header}`;
  return /^[\w=.+/-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function quoted(header: string | undefined): string {
  return JSON.stringify(header ?? "");
}
