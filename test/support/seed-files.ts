/** CSV files as nobody would write them on purpose, made from records whose meaning is known. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  FIELDS,
  type Field,
  LANGUAGES,
  LIMITS,
  type ModelFile,
  type ModelOptions,
  type ModelRecord,
} from "./seed-model.js";

export interface SeedFile extends ModelFile {
  readonly text: string;
  readonly gzip: boolean;
}

export interface Seed {
  /** The last one may come by standard input. */
  readonly files: readonly SeedFile[];
  readonly options: ModelOptions;
  /** Bytes that standard input hands over at a time; null when all files are on disk. */
  readonly chunkSize: number | null;
  /** Start with an empty table. */
  readonly truncate: boolean;
}

/** A column of each field, and one that is none. */
type Column = Field | "note";

const HEADERS: Readonly<Record<Column, readonly string[]>> = {
  ...{ language: ["language", "Lang"], term: ["term", "WORD", " Headword "], reading: ["reading", "Pinyin"] },
  ...{ sense: ["sense", "Homograph"], definition: ["definition", "English", "gloss"] },
  ...{ partOfSpeech: ["part_of_speech", "Part of Speech", "POS"], level: ["level", "HSK"] },
  ...{ category: ["category", "Topic"], example: ["example", "Example Sentence"] },
  note: ["Notiz", "_reason", "", "例, 'x'"],
};
const COLUMNS: readonly Column[] = [...FIELDS, "note"];
const OPTIONAL: readonly Column[] = COLUMNS.filter((column) => column !== "term" && column !== "definition");

/** Characters that no file holds stand for bytes that no character is made of. */
const BROKEN_BYTES: Readonly<Record<string, readonly number[]>> = {
  ...{ "\uf8f0": [0xff], "\uf8f1": [0xc3], "\uf8f2": [0xed, 0xa0, 0x80], "\uf8f3": [0xe4, 0xb8], "\uf8f4": [0x85] },
};

// Few words in several spellings each, so that files meet each other and the table; the first come most often.
const POOLS: Readonly<Record<Column, readonly string[]>> = {
  language: ["en", "EN", "\u00a0en ", "zh", "zh-hant", "ZH-HANT", "iw", "he", "pt-br"],
  term: [
    ...["a", " a", "b", "é", "e\u0301", "\u3000e\u0301\u00a0", "한", "\u1112\u1161\u11ab", "Å", "\u212b", "漢", "𠮷"],
    ...["👩\u200d🚀", "\\N", "\\.", 'say "hi"', "a,b;c\td", "two\nlines", "two\r\nlines", "two\rlines"],
  ],
  reading: ["", "hàn", "ha\u0300n", "\u00a0"],
  sense: ["", " 1", "1", "\n"],
  definition: ["one", " one\n", "two", "o\nn\ne", "o\r\nn\re", '"', "\\", "one\u2028two", "\ufeffone", "\\t\t\\"],
  partOfSpeech: ["", "noun", " noun ", "verb"],
  level: ["", "A1", "A1\t", "B2", " "],
  category: ["", "food", "\u3000"],
  example: ["", 'He said: "No".', "one,\r\ntwo;\nthree", "\\N", "''"],
  note: ["", "x", '"\n"', "_"],
};

const blank = fc.constantFrom("", " ", "\u00a0\n\u3000");
const anyText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc
    .array(fc.constantFrom(...'a\\",;\t\n\r \u00a0\u3000\u200b\v\u0085\ufeff\u0301é漢😀'), { maxLength: 12 })
    .map((characters) => characters.join("")),
);

function ofLength(length: number): fc.Arbitrary<string> {
  return fc.constantFrom("x", "漢", "😀", "e\u0301").map((character) => character.repeat(length));
}

function goodCell(column: Column): fc.Arbitrary<string> {
  const any = fc.constantFrom(...POOLS[column]);
  if (column === "language") {
    return fc.oneof(fc.constant("en"), any);
  }
  return fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...POOLS[column].slice(0, column === "term" ? 6 : 1)) },
    { weight: 40, arbitrary: any },
    { weight: 4, arbitrary: anyText.map((text) => `${text}.`) },
    { weight: 1, arbitrary: ofLength(column === "note" ? 5000 : LIMITS[column]) },
  );
}

function badCell(column: Column): fc.Arbitrary<string> {
  if (column === "language") {
    return fc.oneof(blank, fc.constantFrom(...Object.keys(LANGUAGES).filter((tag) => LANGUAGES[tag] === null)));
  }
  const tooLong = column === "note" ? anyText : ofLength(LIMITS[column] + 1);
  return column === "term" || column === "definition" ? fc.oneof(blank, tooLong) : tooLong;
}

const FAULTS = ["quotes", "open quote", "short", "long", "NUL", "bytes"] as const;
const WRONG_QUOTES = ['a"b', ' "a"', '"a"b', '"a" ', 'a"'];
const OPEN_QUOTES = ['"a', '"a""', '"'];

interface Row {
  readonly cells: Readonly<Record<Column, string>>;
  readonly fault: (typeof FAULTS)[number] | null;
  /** Any number: chooses the cell at fault. */
  readonly at: number;
  readonly blankLines: number;
}

function rowOf(cell: (column: Column) => fc.Arbitrary<string>, fault: fc.Arbitrary<Row["fault"]>): fc.Arbitrary<Row> {
  const cells = Object.fromEntries(COLUMNS.map((column) => [column, cell(column)]));
  return fc.record({
    cells: fc.record(cells as Record<Column, fc.Arbitrary<string>>),
    ...{ fault, at: fc.nat(29) },
    blankLines: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
  });
}

const cleanRow = rowOf(goodCell, fc.constant(null));
const dirtyRow = rowOf(
  (column) => fc.oneof({ weight: 60, arbitrary: goodCell(column) }, { weight: 1, arbitrary: badCell(column) }),
  fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...FAULTS) }),
);

const layout = fc.record({
  order: fc.shuffledSubarray([...COLUMNS], { minLength: COLUMNS.length }),
  leftOut: fc.subarray([...OPTIONAL]),
  spelling: fc.nat(11),
  delimiter: fc.constantFrom(",", ";", "\t"),
  quoting: fc.constantFrom("needed", "always", "some"),
  lineEnds: fc.oneof(
    fc.constantFrom(["\n"], ["\r\n"], ["\r"]),
    fc.array(fc.constantFrom("\n", "\r\n", "\r"), { minLength: 2, maxLength: 4 }),
  ),
  bom: fc.boolean(),
  blankLines: fc.constantFrom(0, 0, 1),
  endsLast: fc.boolean(),
  gzip: fc.constantFrom(false, false, false, true),
});

type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never;

function filesOf(row: fc.Arbitrary<Row>) {
  return fc.array(fc.record({ layout, rows: fc.array(row, { maxLength: 5 }) }), { minLength: 1, maxLength: 4 });
}

const options: fc.Arbitrary<ModelOptions> = fc.record({
  onDuplicate: fc.constantFrom("error", "first", "last"),
  onConflict: fc.constantFrom("update", "update", "keep"),
  maxRejects: fc.oneof(
    fc.record({ records: fc.constantFrom(0, 1, 2, 5) }),
    fc.record({ percent: fc.constantFrom(0, 10, 25, 50, 100) }),
  ),
  defaults: fc.record(
    {
      language: fc.constantFrom("en", "ZH-HANT "),
      level: fc.constantFrom("A1", " \\N\t"),
      category: fc.constant("e\u0301"),
    },
    { requiredKeys: [] },
  ),
  mode: fc.constantFrom("write", "write", "write", "write", "write", "dry-run", "check"),
});

export const seeds: fc.Arbitrary<Seed> = fc
  .record({
    files: fc.oneof({ weight: 3, arbitrary: filesOf(cleanRow) }, { weight: 2, arbitrary: filesOf(dirtyRow) }),
    options,
    chunkSize: fc.constantFrom(null, null, null, 1, 2, 7, 100),
    truncate: fc.constantFrom(false, false, false, false, false, false, false, true),
  })
  .map(({ files, ...seed }) => ({
    ...seed,
    files: files.map(({ layout, rows }, index) => {
      const byStdin = seed.chunkSize !== null && index === files.length - 1;
      return render(byStdin ? "standard input" : `${index}.csv`, layout, rows, seed.options);
    }),
  }));

/** What is in the file, or comes out of the pipe. */
export function bytesOf({ text, gzip }: SeedFile): Buffer {
  const parts = text.split(/([\uf8f0-\uf8f4])/).map((part) => Buffer.from(BROKEN_BYTES[part] ?? part));
  const bytes = Buffer.concat(parts);
  return gzip ? gzipSync(bytes) : bytes;
}

function render(name: string, layout: Layout, rows: readonly Row[], { defaults }: ModelOptions): SeedFile {
  const { order, leftOut, spelling, lineEnds, bom, endsLast, gzip } = layout;
  const needed = (column: Column): boolean =>
    !leftOut.includes(column) || (column === "language" && defaults?.language === undefined);
  const columns = order.filter(needed);
  const header = columns.map((column) => HEADERS[column][spelling % HEADERS[column].length] ?? "");

  const texts: string[] = [];
  for (const row of rows.toReversed()) {
    // An open quote takes in what follows up to the next one, and then nobody can say what was meant.
    const mayOpen = !texts.some((text) => text.includes('"'));
    const fault = row.fault === "open quote" && !mayOpen ? "quotes" : row.fault;
    const cells = columns.map((column) => row.cells[column]);
    texts.unshift(fault === null ? written(cells, layout) : faulty(cells, layout, fault, row.at));
  }

  let number = 0;
  const lineEnd = (): string => lineEnds[number++ % lineEnds.length] ?? "\n";
  let text = `${bom ? "\ufeff" : ""}${lineEnd().repeat(layout.blankLines)}${written(header, layout)}`;
  const records = rows.map(({ cells, fault, blankLines }, index) => {
    text += lineEnd() + lineEnd().repeat(blankLines);
    const line = text.split(/\r\n|\r|\n/).length;
    text += texts[index] ?? "";
    return { line, broken: fault !== null, cells: pick(cells, columns) };
  });
  return { name, text: text + (endsLast ? lineEnd() : ""), gzip, records };
}

function pick(cells: Row["cells"], columns: readonly Column[]): ModelRecord["cells"] {
  return Object.fromEntries(FIELDS.filter((field) => columns.includes(field)).map((field) => [field, cells[field]]));
}

function written(cells: readonly string[], { delimiter, quoting }: Layout): string {
  const isQuoted = (cell: string, index: number): boolean =>
    quoting === "always" ||
    (quoting === "some" && (cell.length + index) % 2 === 0) ||
    /["\r\n]/.test(cell) ||
    cell.includes(delimiter);
  return cells.map((cell, index) => (isQuoted(cell, index) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter);
}

function faulty(cells: readonly string[], layout: Layout, fault: (typeof FAULTS)[number], at: number): string {
  const index = at % cells.length;
  const { delimiter } = layout;
  switch (fault) {
    case "quotes":
    case "open quote": {
      // On one line: what a broken record ends with is its first.
      const before = cells.slice(0, index).map((cell) => cell.replace(/[\r\n]/g, " "));
      const variants = fault === "quotes" ? WRONG_QUOTES : OPEN_QUOTES;
      return `${written([...before, ""], { ...layout, quoting: "needed" })}${variants[at % variants.length]}`;
    }
    case "short": {
      const text = written(cells.slice(0, -1), layout);
      return text === "" ? delimiter.repeat(cells.length) : text;
    }
    case "long":
      return `${written(cells, layout)}${delimiter.repeat(1 + (at % 2))}`;
    case "NUL":
      return written(cells.with(index, `${cells[index]}\0`), layout);
    case "bytes": {
      const bytes = Object.keys(BROKEN_BYTES)[at % Object.keys(BROKEN_BYTES).length];
      return written(cells.with(index, `${cells[index]}${bytes}`), layout);
    }
  }
}
