/** Lists that call their words by numbers: which word a number stands for, from the list's own file. */
import { RowsRejectedError } from "../../errors.js";
import { languageCell } from "./progress-shape.js";
import { readRecords } from "./read.js";
import { NO_REJECTS, Rejects } from "./rejects.js";
import { rowReader } from "./rows.js";
import { type Shape, textCell } from "./shape.js";
import type { Source } from "./source.js";
import { WORDS } from "./word-shape.js";

const [, TERM, READING, SENSE] = WORDS.key;

const NUMBERED = {
  noun: "word",
  table: "",
  key: [
    {
      ...{ name: "list", column: "list", required: false },
      aliases: ["list", "listid", "listname"],
      parse: textCell(255, "text"),
    },
    {
      ...{ name: "number", column: "number", required: true },
      aliases: ["number", "no", "nr", "id", "index", "#"],
      parse: textCell(100, "refused"),
    },
  ],
  content: [{ ...WORDS.key[0], required: false, parse: languageCell }, TERM, READING, SENSE],
} as const satisfies Shape;

/** The parts of a natural key; empty where the file does not say them. */
export interface NumberedWord {
  readonly language: string;
  readonly term: string;
  readonly reading: string;
  readonly sense: string;
}

/** @returns the word of a number in a list; lists that the file does not tell apart share their numbers */
export type WordNumbers = (lists: readonly string[], number: string) => NumberedWord | undefined;

const SHOWN = 20;

/** @throws {RowsRejectedError | BadHeaderError | FileError} when the file is not a numbered list of words */
export async function readWordNumbers(source: Source): Promise<WordNumbers> {
  const words = new Map<string, NumberedWord>();
  const rejects = new Rejects(NO_REJECTS, SHOWN, null);
  let rows = 0;
  for await (const block of readRecords(source, { shape: NUMBERED, map: {}, given: new Set() })) {
    const read = rowReader(NUMBERED, block.layout, {});
    rows += block.records.length;
    for (const record of block.records) {
      const row = read(record);
      if ("absent" in row) {
        const [list, number, language, term, reading, sense] = row.values.map((value) => value ?? "");
        words.set(keyOf(list ?? "", number ?? ""), {
          ...{ language: language ?? "", term: term ?? "", reading: reading ?? "", sense: sense ?? "" },
        });
      } else {
        rejects.add(source.name, block, record, row);
      }
    }
  }
  if (rejects.records > 0) {
    throw new RowsRejectedError(rejects.first, { total: rejects.records, rows, file: null });
  }
  return (lists, number) => {
    const keys = [...lists, ""].map((list) => keyOf(list, number));
    return words.get(keys.find((key) => words.has(key)) ?? "");
  };
}

function keyOf(list: string, number: string): string {
  return JSON.stringify([list.trim(), number.trim()]);
}
