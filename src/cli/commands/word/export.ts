import { z } from "zod";
import { formatOf } from "../../../core/load/source.js";
import { withOutput } from "../../../core/output.js";
import { exportWords } from "../../../core/word-export.js";
import { ExitCode, UsageError } from "../../../errors.js";
import { defineCommand, parameter } from "../../command.js";
import { flagOption, force, output } from "../../options.js";
import { count } from "../../render/text.js";
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
    format: parameter(
      "--format <format>",
      "csv or ndjson (default: by the name of --output, else csv)",
      z.enum(["csv", "ndjson"], { error: "must be csv or ndjson" }).optional(),
    ),
    output,
    force,
    escapeFormulas: flagOption(
      "--escape-formulas",
      "put an apostrophe before cells that a spreadsheet would compute; such a file does not load back unchanged",
    ),
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
  exitCodes: [ExitCode.findings],
  needs: "connection",
  writes: null,
  run: async (input, { connection, cwd, stdout, json, signal }) => {
    const { language, level, category, escapeFormulas, force: replace, output: path } = input;
    const format = input.format ?? (path === undefined ? "csv" : formatOf(path));
    if (json && path === undefined) {
      throw new UsageError("--json needs --output FILE: standard output takes the export itself");
    }
    if (escapeFormulas && format !== "csv") {
      throw new UsageError("--escape-formulas is for spreadsheets, which read CSV");
    }
    const words = await withOutput({ path, cwd, stdout, force: replace }, (sink) =>
      exportWords(connection, sink, { language, level, category, format, escapeFormulas, signal }),
    );
    return { words, output: path ?? null };
  },
  text: (result, { chalk }) =>
    result.output === null ? "" : `${chalk.green("exported")} ${count(result.words, "word")} to ${result.output}`,
});
