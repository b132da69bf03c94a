import * as z from "zod";
import { emailSchema } from "../../../core/email-schema.js";
import { importProgress, importProgressFrom, type ProgressImportOptions } from "../../../core/import.js";
import { localStorageSource } from "../../../core/load/local-storage.js";
import { RESOLUTIONS } from "../../../core/load/progress-merge.js";
import { PROGRESS } from "../../../core/load/progress-shape.js";
import { differences, findInputs } from "../../../core/load/run.js";
import { readWordNumbers } from "../../../core/load/word-numbers.js";
import { WORDS } from "../../../core/load/word-shape.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { REJECTED } from "../../exit-codes.js";
import { cellOf, inputFiles, loadOptions } from "../../load-options.js";
import { loadExitCode, loadOptionsOf, reportLoad } from "../../load-run.js";
import { flagOption, writing } from "../../options.js";
import { loadText } from "../../render/load.js";

export const importCommand = defineCommand({
  name: "import",
  summary: "merge progress from files, or from what the browser version kept",
  details:
    "Records name the user by email and the word by language, term, reading and sense, so they fit any database;\n" +
    "parts of the key may be left out where the term stands for one word only. Unknown users and words are bad\n" +
    "records. All files go in one transaction; one bad record, and nothing is written.\n" +
    "\n" +
    "Where the database has progress on the word already, --on-conflict says what each field becomes:\n" +
    "            study_count  correct_count  confidence  last_studied_at  next_review_at\n" +
    "  newest    all five of the side that was studied last; the database's if both were at the same time\n" +
    "  best      greater      greater        greater     later            later\n" +
    "  sum       added        added          of newer    later            of newer\n" +
    "  keep      all five of the database\n" +
    "  replace   all five of the file\n" +
    "What a record does not say stays. Importing the same file twice changes nothing the second time, except\n" +
    "with sum, which adds again.\n" +
    "\n" +
    'The browser version kept {"lists":[{"id","listName","progress":{"<word>":true}}]} for one user: a word that\n' +
    "is true counts as studied once, rightly, with confidence 0.5 and due now. A word may also be the number it\n" +
    "has in its list; --map-words names a CSV file with the columns no, term, and where needed list, language,\n" +
    "reading and sense.",
  args: {},
  options: {
    ...inGroup("Input", {
      file: inputFiles,
      format: parameter(
        "--format <format>",
        "csv, ndjson or localstorage (default: by the file's name)",
        z.enum(["csv", "ndjson", "localstorage"]).optional(),
      ),
      user: parameter("--user <email>", "user of records that do not say it", emailSchema.optional(), {
        completes: "email",
      }),
      language: parameter(
        "--language <tag>",
        "language of records that do not say it (BCP 47, such as zh)",
        cellOf(WORDS, "language"),
        { completes: "language" },
      ),
      mapWords: parameter(
        "--map-words <path>",
        "with localstorage: which word a number stands for",
        z.string().min(1).optional(),
        { completes: "file" },
      ),
    }),
    ...loadOptions(PROGRESS, "email=User,term=Word"),
    ...inGroup("Changing data", {
      onConflict: parameter(
        "--on-conflict <rule>",
        "newest, best, sum, keep or replace, see above (default: newest)",
        z.enum(RESOLUTIONS).default("newest"),
      ),
      deleted: flagOption("--deleted", "also for users who are soft-deleted"),
      ...writing,
    }),
  },
  examples: [
    { command: "vocabdb progress import --file progress.csv --dry-run", description: "What would change" },
    {
      command: "vocabdb progress import --file progress.ndjson --on-conflict best --rejects bad.ndjson",
      description: "The better of both, and bad records collected",
    },
    {
      command:
        "vocabdb progress import --file storage.json --format localstorage --user ada@example.com --language zh --map-words hsk1.csv",
      description: "What the browser version kept",
    },
  ],
  exitCodes: { [ExitCode.findings]: "--check found something to do, or migrations are pending", ...REJECTED },
  seeAlso: ["csv", "progress export", "user import", "history"],
  needs: "connection",
  writes: "data",
  result: () => import("../../results/load.js").then(({ loaded }) => loaded),
  run: (input, services) => {
    const { connection, cwd, signal } = services;
    const { file: files, user, language, format, mapWords } = input;
    const options: Omit<ProgressImportOptions, "files"> = {
      ...loadOptionsOf(input, services),
      defaults: { ...(user && { email: user }), ...(language && { language }) },
      ...{ onConflict: input.onConflict, deleted: input.deleted },
    };
    return reportLoad(connection, services, async () => {
      if (format !== "localstorage") {
        if (mapWords !== undefined) {
          throw new UsageError("--map-words is for --format localstorage; --map names the columns of other files");
        }
        return importProgress(connection, { ...options, files, ...(format && { format }) });
      }
      if (user === undefined) {
        throw new UsageError("--format localstorage needs --user: the file does not say whose progress it is");
      }
      const inputs = await findInputs({ ...options, files });
      const [numbers] = mapWords === undefined ? [] : await findInputs({ files: [mapWords], cwd });
      const wordOf = numbers === undefined ? undefined : await readWordNumbers(numbers);
      const sources = await Promise.all(inputs.map((source) => localStorageSource(source, wordOf, signal)));
      return importProgressFrom(connection, sources, options);
    });
  },
  text: (result, view) => loadText(result, { noun: "word", further: [], differences }, view),
  exitCode: (result) => loadExitCode(result, differences),
});
