/** What seeding does, said once more and as plainly as possible: records in, table out, all in memory. */
import type { SeedOptions } from "../../src/core/seed.js";

const KEY = ["language", "term", "reading", "sense"] as const;
const CONTENT = ["definition", "partOfSpeech", "level", "category", "example"] as const;
export const FIELDS = [...KEY, ...CONTENT] as const;

export type Field = (typeof FIELDS)[number];

/** In characters. */
export const LIMITS = {
  ...{ term: 255, reading: 255, sense: 100, definition: 4000 },
  ...{ partOfSpeech: 100, level: 100, category: 100, example: 4000 },
} as const satisfies Partial<Record<Field, number>>;

/** Spellings of language tags with what they mean; null is none. */
export const LANGUAGES: Readonly<Record<string, string | null>> = {
  ...{ en: "en", EN: "en", zh: "zh", "zh-hant": "zh-Hant", "ZH-HANT": "zh-Hant", "pt-br": "pt-BR", iw: "he", he: "he" },
  ...{ Chinese: null, en_US: null, e: null, "zh-": null, "12": null, "de-a": null },
};

const REFUSED = Symbol("refused");

export interface ModelRecord {
  /** On which it starts. */
  readonly line: number;
  /** Its text breaks a rule of the format, so that its cells do not matter. */
  readonly broken: boolean;
  /** The file has no column for a field that is missing. */
  readonly cells: Readonly<Partial<Record<Field, string>>>;
}

export interface ModelFile {
  readonly name: string;
  readonly records: readonly ModelRecord[];
}

/** A field that nothing is said about is undefined. */
export type Word = Readonly<Record<Field, string | null | undefined>>;
/** Words by their natural key. */
export type Table = ReadonlyMap<string, Word>;

export type ModelOptions = Required<
  Pick<SeedOptions, "onDuplicate" | "onConflict" | "maxRejects" | "defaults" | "mode">
>;

interface Row {
  readonly file: string;
  readonly line: number;
  readonly word: Word | null;
}

export type Outcome =
  | { readonly failure: "rejects"; readonly total: number }
  | { readonly failure: "duplicates"; readonly lines: readonly string[] }
  | { readonly files: readonly Readonly<Record<string, number>>[] };

/** @returns what is reported, and the table as it is then */
export function modelSeed(table: Table, files: readonly ModelFile[], options: ModelOptions): [Outcome, Table] {
  const rows = files.flatMap(({ name, records }) =>
    records.map((record): Row => ({ file: name, line: record.line, word: wordOf(record, options.defaults) })),
  );
  const rejected = rows.filter(({ word }) => word === null).length;
  if (options.mode === "write" && isOver(options.maxRejects, rejected, rows.length)) {
    return [{ failure: "rejects", total: rejected }, table];
  }

  const groups = new Map<string, Row[]>();
  for (const row of rows.filter(({ word }) => word !== null)) {
    const key = keyOf(row.word as Word);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const contradictions = [...groups.values()].flatMap(([first, ...others]) =>
    others
      .filter(({ word }) => !saysSame(word, first?.word))
      .map(({ file, line }) => `${file}:${line} ≠ ${first?.file}:${first?.line}`),
  );
  if (options.onDuplicate === "error" && contradictions.length > 0) {
    return [{ failure: "duplicates", lines: contradictions.sort() }, table];
  }

  const after = new Map(table);
  const fates = new Map<Row, string>();
  for (const [key, group] of groups) {
    const counting = group.at(options.onDuplicate === "last" ? -1 : 0) as Row;
    for (const row of group) {
      fates.set(row, row === counting ? store(after, key, together(row.word as Word, group), options) : "duplicates");
    }
  }
  const counts = files.map(({ name }) => {
    const own = rows.filter(({ file }) => file === name);
    const count = (fate: string): number => own.filter((row) => (fates.get(row) ?? "rejected") === fate).length;
    return {
      ...{ rows: own.length, inserted: count("inserted"), updated: count("updated"), unchanged: count("unchanged") },
      ...{ duplicates: count("duplicates"), rejected: count("rejected") },
    };
  });
  return [{ files: counts }, options.mode === "write" ? after : table];
}

/** @returns what became of the word */
function store(table: Map<string, Word>, key: string, word: Word, { onConflict }: ModelOptions): string {
  const old = table.get(key);
  const values = FIELDS.map((field) => [field, word[field] === undefined ? (old?.[field] ?? null) : word[field]]);
  const stored = Object.fromEntries(values) as Word;
  if (old !== undefined && (onConflict === "keep" || isSame(old, stored))) {
    return "unchanged";
  }
  table.set(key, stored);
  return old === undefined ? "inserted" : "updated";
}

/** @returns null when it has to be rejected */
function wordOf({ broken, cells }: ModelRecord, defaults: ModelOptions["defaults"]): Word | null {
  const given: Readonly<Partial<Record<Field, string>>> = defaults;
  const values = FIELDS.map((field) => {
    const cell = textOf(cells[field]);
    return [field, parsed(field, cell ? cell : (textOf(given[field]) ?? cell))] as const;
  });
  return broken || values.some(([, value]) => value === REFUSED) ? null : (Object.fromEntries(values) as Word);
}

/** Unicode's composed form without space around it; ends of lines are those of Unix. */
function textOf(cell: string | undefined): string | undefined {
  return cell?.replace(/\r\n?/g, "\n").trim().normalize("NFC");
}

function parsed(field: Field, text: string | undefined): Word[Field] | typeof REFUSED {
  if (field === "language") {
    return LANGUAGES[text ?? ""] ?? REFUSED;
  }
  if ([...(text ?? "")].length > LIMITS[field]) {
    return REFUSED;
  }
  if (field === "term" || field === "definition") {
    return text ? text : REFUSED;
  }
  if (field === "reading" || field === "sense") {
    return text ?? "";
  }
  return text === "" ? null : text;
}

function isOver(limit: ModelOptions["maxRejects"], rejected: number, rows: number): boolean {
  return rejected > ("records" in limit ? limit.records : (rows * limit.percent) / 100);
}

export function keyOf(word: Word): string {
  return JSON.stringify(KEY.map((field) => word[field]));
}

/** What equal records say together: that there is nothing counts more than to say nothing. */
function together(word: Word, group: readonly Row[]): Word {
  const equal = group.filter((row) => saysSame(row.word, word));
  const values = FIELDS.map((field) => [field, equal.some((row) => row.word?.[field] === null) ? null : word[field]]);
  return Object.fromEntries(values) as Word;
}

function saysSame(word: Word | null, other: Word | null | undefined): boolean {
  return CONTENT.every((field) => (word?.[field] ?? null) === (other?.[field] ?? null));
}

function isSame(word: Word | null, other: Word | null | undefined): boolean {
  return CONTENT.every((field) => word?.[field] === other?.[field]);
}
