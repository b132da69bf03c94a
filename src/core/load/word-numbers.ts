/** Lists that call their words by numbers: which word a number stands for, from the list's own file. */
import { naturalKey, RowsRejectedError } from "../../errors/loading.js";
import { ANY_LANGUAGE } from "./progress-shape.js";
import { readRecords } from "./read.js";
import type { Layout } from "./records.js";
import { type Fault, NO_REJECTS, Rejects } from "./rejects.js";
import { type Row, rowReader } from "./rows.js";
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
  content: [ANY_LANGUAGE, TERM, READING, SENSE],
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
      const faults = "absent" in row ? remember(words, row, block.layout) : row;
      if (faults.length > 0) {
        rejects.add(source.name, block, record, faults);
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

/** @returns what is wrong with it: a number cannot stand for two words */
function remember(words: Map<string, NumberedWord>, { values }: Row, layout: Layout): readonly Fault[] {
  const [list = "", number = "", language = "", term = "", reading = "", sense = ""] = values.map((each) => each ?? "");
  const key = keyOf(list, number);
  const word = { language, term, reading, sense };
  const before = words.get(key) ?? word;
  words.set(key, before);
  if (JSON.stringify(before) === JSON.stringify(word)) {
    return [];
  }
  const cell = layout.position[NUMBERED.key.findIndex(({ name }) => name === "number")] ?? null;
  const reason = `stands for ${naturalKey(Object.values(before))} already`;
  const hint = "lists that count by themselves are told apart by a column named list";
  return [{ cell, field: "number", code: "DUPLICATE_ROWS", reason, offset: null, hint }];
}

function keyOf(list: string, number: string): string {
  return JSON.stringify([list.trim().normalize("NFC"), number.trim()]);
}
