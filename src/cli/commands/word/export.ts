import { withOutput } from "../../../core/output.js";
import { exportWords } from "../../../core/word-export.js";
import { defineCommand } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { exportFormatOf, exportOptions } from "../../export-options.js";
import { count, visible } from "../../render/text.js";
import { filters } from "./options.js";

export const exportCommand = defineCommand({
  name: "export",
  summary: "write words as CSV or NDJSON, which `seed` reads back",
  details:
    "Ordered by language, term, reading and sense, byte by byte, so that the same words give the same file\n" +
    "whatever database they come from. Columns are those of the words that ship with vocabdb. Only NDJSON keeps\n" +
    "carriage returns: in CSV, `seed` reads every line end as a line feed.",
  args: {},
  options: {
    ...filters,
    ...exportOptions,
  },
  examples: [
    { command: "vocabdb word export --output words.csv", description: "All words" },
    {
      command: "vocabdb word export --language zh --level HSK1 --format ndjson | gzip > hsk1.ndjson.gz",
      description: "One level, compressed",
    },
    {
      command: "vocabdb word export --output words.csv --escape-formulas --force",
      description: "For a spreadsheet, replacing the last one",
    },
  ],
  exitCodes: PENDING,
  seeAlso: ["seed", "word list", "csv"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/word.js").then(({ wordsExported }) => wordsExported),
  run: async (input, { connection, cwd, stdout, json, signal }) => {
    const { language, level, category, escapeFormulas, force: replace, output: path } = input;
    const format = exportFormatOf(input, json);
    const words = await withOutput({ path, cwd, stdout, force: replace }, (sink) =>
      exportWords(connection, sink, { language, level, category, format, escapeFormulas, signal }),
    );
    return { words, output: path ?? null };
  },
  text: (result, { ink }) =>
    result.output === null ? "" : `${ink.done("exported")} ${count(result.words, "word")} to ${visible(result.output)}`,
});
