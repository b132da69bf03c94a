import { withOutput } from "../../../core/output.js";
import { exportProgress } from "../../../core/progress-export.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, inGroup } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { exportFormatOf, exportOptions } from "../../export-options.js";
import { flagOption, optionalEmail } from "../../options.js";
import { count, visible } from "../../render/text.js";

export const exportCommand = defineCommand({
  name: "export",
  summary: "write the progress of one user or of all as CSV or NDJSON",
  details:
    "Rows are keyed by the user's email and the word's language, term, reading and sense, never by ids, so that\n" +
    "another database can import them. The same progress is the same file, byte for byte, in every database.",
  args: { email: optionalEmail },
  options: {
    ...inGroup("Selection", {
      all: flagOption("--all", "progress of all users"),
      deleted: flagOption("--deleted", "soft-deleted users too"),
    }),
    ...exportOptions,
  },
  examples: [
    { command: "vocabdb progress export --all --output progress.csv", description: "Everything, to move it elsewhere" },
    { command: "vocabdb progress export ada@example.com --format ndjson", description: "One user, on standard output" },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["progress import", "user export", "csv"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/progress.js").then(({ progressExported }) => progressExported),
  run: async (input, { connection, cwd, stdout, json, signal }) => {
    const { email, all, deleted, escapeFormulas, output: path, force } = input;
    if ((email === undefined) !== all) {
      throw new UsageError("give either the email of a user or --all");
    }
    const format = exportFormatOf(input, json);
    const progress = await withOutput({ path, cwd, stdout, force }, (sink) =>
      exportProgress(connection, sink, { email: email ?? null, deleted, format, escapeFormulas, signal }),
    );
    return { progress, output: path ?? null };
  },
  text: ({ progress, output }, { ink }) =>
    output === null ? "" : `${ink.done("exported")} progress on ${count(progress, "word")} to ${visible(output)}`,
});
