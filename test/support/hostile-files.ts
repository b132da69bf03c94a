/** Files of words, users and progress that are nearly what they should be. */
import fc from "fast-check";
import { bytesOf, hostileText, nearly } from "./hostile.js";

type Columns = Readonly<Record<string, readonly string[]>>;

const KEY: Columns = {
  language: ["zh", "de", "pt-br"],
  term: ["a", "b", "地", "é", "e\u0301"],
  reading: ["", "dì", "de"],
};

/** By what the file is of: its columns, and what might well stand in them. */
export const COLUMNS = {
  words: { ...KEY, sense: ["", "1"], definition: ["x", "y", "one, two"], level: ["", "HSK1"], example: ["", '"no"'] },
  users: {
    email: ["ada@example.org", "Bob@example.org", "new@exämple.org", "gone@example.org"],
    display_name: ["", "Ada", "Zoë"],
    created_at: ["", "2026-01-02T03:04:05Z"],
    deleted_at: ["", "", "2026-02-02"],
  },
  progress: {
    email: ["ada@example.org", "ADA@example.org", "bob@example.org"],
    ...KEY,
    study_count: ["3", "", "12"],
    correct_count: ["3", "", "0"],
    confidence: ["0.5", "", "1"],
    last_studied_at: ["", "2026-05-06T07:08:09.123Z", "2026-05-06 07:08+02"],
    next_review_at: ["2026-12-24", ""],
  },
} as const satisfies Readonly<Record<string, Columns>>;

export type Kind = keyof typeof COLUMNS;

export interface HostileFile {
  readonly bytes: Buffer;
  readonly format: "csv" | "ndjson";
}

/** Mostly as they should be. */
const mostly = (values: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: nearly(fc.constantFrom(...values)) },
  );

function rowsOf(columns: Columns): fc.Arbitrary<{ names: string[]; rows: string[][] }> {
  const all = Object.keys(columns);
  return fc
    .oneof({ weight: 6, arbitrary: fc.constant(all) }, { weight: 1, arbitrary: fc.subarray(all, { minLength: 1 }) })
    .chain((names) =>
      fc.record({
        names: fc.constant(names),
        rows: fc.array(fc.tuple(...names.map((name) => mostly(columns[name] ?? []))), { maxLength: 6 }),
      }),
    );
}

const quoted = (cell: string, delimiter: string): string =>
  /["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;

function csvOf(columns: Columns): fc.Arbitrary<string> {
  const layout = fc.record({
    spelling: fc.constantFrom("as is", "as is", "capitals", "twice", "hostile"),
    delimiter: fc.constantFrom(",", ";", "\t"),
    lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
    fault: fc.constantFrom("none", "none", "none", "raw", "ragged"),
    extra: hostileText,
  });
  return fc.tuple(rowsOf(columns), layout).map(([{ names, rows }, { spelling, delimiter, lineEnd, fault, extra }]) => {
    const spelt = names.map((name) => (spelling === "capitals" ? name.toUpperCase().replace("_", " ") : name));
    const header =
      spelling === "twice" ? [...spelt, spelt[0] ?? ""] : spelling === "hostile" ? [...spelt, extra] : spelt;
    const cells = rows.map((row) => (header.length > names.length ? [...row, extra] : row));
    const body = fault === "ragged" && cells.length > 0 ? [...cells, [extra]] : cells;
    return [header, ...body]
      .map((row) => row.map((cell) => (fault === "raw" ? cell : quoted(cell, delimiter))).join(delimiter))
      .join(lineEnd);
  });
}

const jsonValue = (text: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constant(JSON.stringify(text)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("null", "1e400", "9007199254740993", "true", "{}", '["a"]', '"\\ud800"', "NaN", "-0"),
    },
    { weight: 1, arbitrary: fc.nat(2_000).map((depth) => "[".repeat(depth) + "]".repeat(depth)) },
  );

function ndjsonOf(columns: Columns): fc.Arbitrary<string> {
  return rowsOf(columns).chain(({ names, rows }) => {
    const line = (row: readonly string[]) =>
      fc
        .record({
          values: fc.tuple(...row.map(jsonValue)),
          further: fc.constantFrom(
            "",
            "",
            "",
            "",
            ',"__proto__":{"x":1}',
            ',"email":"x"',
            ',"Term":"y"',
            ",",
            '"',
            "}",
          ),
        })
        .map(
          ({ values, further }) =>
            `{${values.map((value, index) => `${JSON.stringify(names[index])}:${value}`).join(",")}${further}}`,
        );
    return fc.tuple(...rows.map(line)).map((lines) => lines.join("\n"));
  });
}

export const hostileFile = (kind: Kind): fc.Arbitrary<HostileFile> => {
  const columns: Columns = COLUMNS[kind];
  return fc.oneof(
    fc.record({ bytes: bytesOf(nearlyAlways(csvOf(columns))), format: fc.constant("csv" as const) }),
    fc.record({ bytes: bytesOf(nearlyAlways(ndjsonOf(columns))), format: fc.constant("ndjson" as const) }),
  );
};

/** Spoilt in one place, but seldom: the cells are hostile by themselves. */
const nearlyAlways = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: nearly(text) });

/** What the old browser version kept: lists of words, of which some were learned. */
export const storedText: fc.Arbitrary<string> = nearlyAlways(
  fc
    .array(
      fc.record({
        id: fc.constantFrom('"hsk1"', "1", "null", "1e999", '""'),
        listName: fc.constantFrom('"HSK 1"', "1", '"\\u0000"'),
        words: fc.array(
          fc.tuple(
            mostly(["a", "b", "地", "é", "a", "__proto__"]),
            fc.constantFrom("true", "true", "true", "false", "null", "1"),
          ),
          { maxLength: 5 },
        ),
        further: fc.constantFrom("", "", "", ',"progress":null', ',"__proto__":{"progress":{"a":true}}'),
      }),
      { maxLength: 3 },
    )
    .map((lists) => {
      const texts = lists.map(({ id, listName, words, further }) => {
        const progress = words.map(([word, learned]) => `${JSON.stringify(word)}:${learned}`).join(",");
        return `{"id":${id},"listName":${listName},"progress":{${progress}}${further}}`;
      });
      return `{"lists":[${texts.join(",")}]}`;
    }),
);
