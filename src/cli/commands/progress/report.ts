import { z } from "zod";
import { readEmails } from "../../../core/email-list.js";
import { withOutput } from "../../../core/output.js";
import { REPORT_SORTS, reportProgress } from "../../../core/progress-report.js";
import { ExitCode, UsageError } from "../../../errors.js";
import { defineCommand, parameter } from "../../command.js";
import { domain, flagOption, force, moment, output } from "../../options.js";
import { count, lines } from "../../render/text.js";
import { reportCsv, reportText } from "./report-text.js";

/** More is for files and programs. */
const USERS_IN_TABLE = 50;

export const report = defineCommand({
  name: "report",
  summary: "what a team has learned: by user, level or week",
  details:
    "Of all live users, those of a domain, or those in a file. mastered, learning and due are what they are in\n" +
    "`progress show`; active users have studied one of the words that are counted.\n" +
    "--by week counts each word in the week (from Monday, in UTC) in which it was last studied: the database\n" +
    "keeps the last time only, so a word that is studied again moves to the new week. The last 12 weeks, or\n" +
    "those from --since on; the total is of these weeks.",
  args: {},
  options: {
    domain,
    emails: parameter(
      "--emails <path>",
      "only the users in this file: one email to a line, or a CSV file with a column email; - is standard input",
      z.string().min(1, "must not be empty").optional(),
    ),
    by: parameter(
      "--by <group>",
      "a line for each user, level or week (default: user)",
      z.enum(["user", "level", "week"], { error: "must be user, level or week" }).default("user"),
    ),
    sort: parameter(
      "--sort <order>",
      `order of the users: ${REPORT_SORTS.join(", ")}; but for emails the greatest first (default: email)`,
      z.enum(REPORT_SORTS, { error: `must be one of ${REPORT_SORTS.join(", ")}` }).optional(),
    ),
    since: moment("--since <time>", "count only words last studied from then on: a day, a time, or an age such as 30d"),
    limit: parameter(
      "--limit <count>",
      `show only the first users (default: ${USERS_IN_TABLE} in the table, all in CSV and JSON)`,
      z.coerce
        .number({ error: "must be a whole number" })
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .optional(),
    ),
    format: parameter(
      "--format <format>",
      "table or csv (default: csv with --output, table without)",
      z.enum(["table", "csv"], { error: "must be table or csv" }).optional(),
    ),
    escapeFormulas: flagOption("--escape-formulas", "in CSV, put ' before what a spreadsheet would take for a formula"),
    output,
    force,
  },
  examples: [
    { command: "vocabdb progress report --domain example.org", description: "A team: its users, and their total" },
    { command: "vocabdb progress report --sort last-activity --since 30d", description: "Who has studied of late" },
    { command: "vocabdb progress report --emails class.txt --by level", description: "How far a class is, by level" },
    { command: "vocabdb progress report --by week", description: "Words studied in the last 12 weeks, as a chart" },
    { command: "vocabdb progress report --output report.csv --escape-formulas", description: "For a spreadsheet" },
  ],
  exitCodes: [ExitCode.findings, ExitCode.notFound, ExitCode.badData],
  needs: "connection",
  writes: null,
  run: async (input, { connection, cwd, stdin, stdout, json, signal, now, notice }) => {
    const { by, domain, sort, output: path } = input;
    const asCsv = (input.format ?? (path === undefined ? "table" : "csv")) === "csv";
    refuseCombinations({ ...input, asCsv, json });
    const emails = input.emails === undefined ? undefined : await readEmails(input.emails, { cwd, stdin, signal });
    const found = await reportProgress(connection, {
      ...{ by, domain, emails, signal, now: now(), since: input.since?.(now()) },
      ...(sort !== undefined && { sort }),
    });
    const limit = input.limit ?? (asCsv || json ? Number.POSITIVE_INFINITY : USERS_IN_TABLE);
    const report = { ...found, users: found.users?.slice(0, limit) ?? null };
    if (report.notFound.length > 0) {
      notice(`${count(report.notFound.length, "email")} without a live user: ${report.notFound.join(", ")}`);
    }
    if (asCsv) {
      await withOutput({ path, cwd, stdout, force: input.force }, async (sink) => {
        sink.write(reportCsv(report, input));
      });
    }
    return { ...report, output: asCsv ? (path ?? "-") : null };
  },
  text: (result, view) => {
    if (result.output === null) {
      return reportText(result, view);
    }
    return result.output === "-"
      ? ""
      : lines(`report of ${count(result.total.users, "user")} written to ${result.output}`);
  },
  exitCode: ({ notFound }) => (notFound.length > 0 ? ExitCode.notFound : ExitCode.ok),
});

interface Combination {
  readonly by: string;
  readonly domain?: string | undefined;
  readonly emails?: string | undefined;
  readonly sort?: string | undefined;
  readonly limit?: number | undefined;
  readonly output?: string | undefined;
  readonly escapeFormulas: boolean;
  readonly asCsv: boolean;
  readonly json: boolean;
}

/** @throws {UsageError} */
function refuseCombinations({
  by,
  domain,
  emails,
  sort,
  limit,
  output,
  escapeFormulas,
  asCsv,
  json,
}: Combination): void {
  if (domain !== undefined && emails !== undefined) {
    throw new UsageError("give one of --domain and --emails");
  }
  if (by !== "user" && (sort !== undefined || limit !== undefined)) {
    throw new UsageError(`--sort and --limit are for users, and --by ${by} lists none`);
  }
  if (!asCsv && (output !== undefined || escapeFormulas)) {
    throw new UsageError(`${output === undefined ? "--escape-formulas" : "--output"} is for CSV: --format csv`);
  }
  if (asCsv && json && output === undefined) {
    throw new UsageError("--json needs --output FILE: standard output takes the export itself");
  }
}
