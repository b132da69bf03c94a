import * as z from "zod";
import { type FoundWord, type SearchResult, searchWords } from "../../../core/word-search.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { listOptions } from "../../list-options.js";
import type { ListingOf } from "../../listing.js";
import { onlyLanguage } from "../../load-options.js";
import { limit } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { WORD_FIELDS, WORD_TABLE } from "./text.js";

export const search = defineCommand({
  name: "search",
  summary: "find words by term or reading, in any spelling",
  details:
    "Case, width, tones and other accents, spaces and apostrophes make no difference: nihao, ni3hao3, nǐ hǎo and\n" +
    "NIHAO all find 你好. The best come first: words that are the text, words that begin with it, and words that\n" +
    "have it inside. Inside words, at least three letters or digits in a row are looked for, or one character\n" +
    "beyond ASCII such as 好; what is shorter is found at the beginning only.",
  args: {
    text: parameter("<text>", "part of the term or of the reading", z.string().trim().min(1, "must not be empty")),
  },
  options: { ...inGroup("Selection", { language: onlyLanguage }), ...inGroup("Output", { limit, ...listOptions }) },
  examples: [
    { command: "vocabdb word search pengyou", description: "By reading, without tones" },
    { command: "vocabdb word search 好 --language zh --limit 10", description: "The first words with this character" },
  ],
  exitCodes: PENDING,
  seeAlso: ["word show", "word list"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/word.js").then(({ wordsFound }) => wordsFound),
  run: (input, { connection }) => searchWords(connection, input.text, { language: input.language, limit: input.limit }),
  list: () => LISTING,
  more: ({ truncated }) => (truncated ? "there are more: search for more of the word, or raise --limit" : null),
  text: ({ words }, view) => table(words, COLUMNS, view, "no words"),
});

const LISTING: ListingOf<SearchResult> = { rows: "words", fields: [...WORD_FIELDS, "match"] };

const COLUMNS: readonly Column<FoundWord>[] = [
  ...WORD_TABLE,
  { title: "match", value: ({ match }) => match, priority: 4 },
];
