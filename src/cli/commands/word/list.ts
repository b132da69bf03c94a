import { listWords, type WordPage } from "../../../core/word-list.js";
import { defineCommand, inGroup } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { listOptions } from "../../list-options.js";
import type { ListingOf } from "../../listing.js";
import { after, limit } from "../../options.js";
import { table } from "../../render/table.js";
import { filters } from "./options.js";
import { WORD_FIELDS, WORD_TABLE } from "./text.js";

export const list = defineCommand({
  name: "list",
  summary: "list words by language and term",
  args: {},
  options: { ...filters, ...inGroup("Output", { limit, after, ...listOptions }) },
  examples: [
    { command: "vocabdb word list --language zh --level HSK1", description: "The words of one level" },
    { command: "vocabdb word list --category food --limit 1000 --json", description: "For a script" },
  ],
  exitCodes: PENDING,
  seeAlso: ["word search", "word stats", "word export", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/word.js").then(({ wordList }) => wordList),
  run: (input, { connection }) => listWords(connection, input),
  list: () => LISTING,
  text: ({ words }, view) => table(words, WORD_TABLE, view, "no words"),
});

const LISTING: ListingOf<WordPage> = { rows: "words", fields: WORD_FIELDS };
