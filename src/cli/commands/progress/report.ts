import * as z from "zod";
import { readEmails } from "../../../core/email-list.js";
import { withOutput } from "../../../core/output.js";
import { REPORT_SORTS, type ReportOptions, reportProgress } from "../../../core/progress-report.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, type InputOf, inGroup, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { escapeFormulas, refuseJsonOnStdout } from "../../export-options.js";
import { domain, force, moment, output } from "../../options.js";
import { count, visible } from "../../render/text.js";
import type { ServicesFor } from "../../services.js";
import { reportCsv, reportText } from "./report-text.js";

/** More is for files and programs. */
const USERS_IN_TABLE = 50;

const NAMED_IN_NOTICE = 10;

const options = {
  by: parameter(
    "--by <group>",
    "a line for each user, level or week (default: user)",
    z.enum(["user", "level", "week"], { error: "must be user, level or week" }).default("user"),
  ),
  ...inGroup("Selection", {
    domain,
    emails: parameter(
      "--emails <path>",
      "only the users in this file: one email to a line, or a CSV file with a column email; - is standard input",
      z.string().min(1, "must not be empty").optional(),
      { completes: "file" },
    ),
    since: moment("--since <time>", "count only words last studied from then on: a day, a time, or an age such as 30d"),
  }),
  ...inGroup("Output", {
    sort: parameter(
      "--sort <order>",
      `order of the users: ${REPORT_SORTS.join(", ")}; but for emails the greatest first (default: email)`,
      z.enum(REPORT_SORTS, { error: `must be one of ${REPORT_SORTS.join(", ")}` }).optional(),
    ),
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
    escapeFormulas,
    output,
    force,
  }),
} as const;

export const report = defineCommand({
  name: "report",
  summary: "what a team has learned: by user, level or week",
  details:
    "Of all live users, those of a domain, or those in a file. mastered, learning and due are what they are in\n" +
    "`progress show`; active users have studied one of the words that are counted.\n" +
    "--by week counts each word in the week (from Monday, in UTC) in which it was last studied: the database\n" +
    "keeps the last time only, so a word that is studied again moves to the new week. The last 12 weeks, or\n" +
    "those from --since on; the total is of these weeks. The sparkline of a user is of the same kind, on one scale\n" +
    "for all users that are shown; · is a week without any.",
  args: {},
  options,
  examples: [
    { command: "vocabdb progress report --domain example.com", description: "A team: its users, and their total" },
    { command: "vocabdb progress report --sort last-activity --since 30d", description: "Who has studied of late" },
    { command: "vocabdb progress report --emails class.txt --by level", description: "How far a class is, by level" },
    { command: "vocabdb progress report --by week", description: "Words studied in the last 12 weeks, as a chart" },
    { command: "vocabdb progress report --output report.csv --escape-formulas", description: "For a spreadsheet" },
  ],
  exitCodes: {
    ...PENDING,
    [ExitCode.notFound]: "the file names somebody who is no live user; the report is of the others",
    [ExitCode.badData]: "the file of --emails has lines that are no emails",
  },
  seeAlso: ["progress show", "user list", "csv", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/progress.js").then(({ progressReport }) => progressReport),
  run: async (input, services) => {
    const { cwd, stdout, json } = services;
    const { output: path, force, limit } = input;
    const asCsv = (input.format ?? (path === undefined ? "table" : "csv")) === "csv";
    refuseCombinations(input, asCsv, json);
    if (!asCsv) {
      return {
        ...(await makeReport(input, services, { limit: limit ?? (json ? undefined : USERS_IN_TABLE), weekly: true })),
        output: null,
      };
    }
    return withOutput({ path, cwd, stdout, force }, async (sink) => {
      const made = await makeReport(input, services, { limit, weekly: false });
      sink.write(reportCsv(made, input));
      return { ...made, output: path ?? "-" };
    });
  },
  text: (result, view) => {
    if (result.output === null) {
      return reportText(result, view);
    }
    return result.output === "-"
      ? ""
      : `report of ${count(result.total.users, "user")} written to ${visible(result.output)}`;
  },
  exitCode: ({ notFound }) => (notFound.length > 0 ? ExitCode.notFound : ExitCode.ok),
});

type Input = InputOf<typeof options>;

async function makeReport(
  input: Input,
  services: ServicesFor["connection"],
  { limit, weekly }: Pick<ReportOptions, "limit" | "weekly">,
) {
  const { by, domain, sort, since } = input;
  const { connection, cwd, stdin, signal, now, notice } = services;
  const emails = input.emails === undefined ? undefined : await readEmails(input.emails, { cwd, stdin, signal });
  const report = await reportProgress(connection, {
    ...{ by, domain, emails, limit, weekly, signal, now: now(), since: since?.(now()) },
    ...(sort !== undefined && { sort }),
  });
  const { notFound } = report;
  if (notFound.length > 0) {
    const more = notFound.length - NAMED_IN_NOTICE;
    const names = notFound.slice(0, NAMED_IN_NOTICE).join(", ") + (more > 0 ? ` and ${more} more` : "");
    notice(`${count(notFound.length, "email")} without a live user: ${names}`);
  }
  return report;
}

/** @throws {UsageError} */
function refuseCombinations(
  { by, domain, emails, sort, limit, output: path, escapeFormulas: isEscaped }: Input,
  asCsv: boolean,
  json: boolean,
): void {
  if (domain !== undefined && emails !== undefined) {
    throw new UsageError("give one of --domain and --emails");
  }
  if (by !== "user" && (sort !== undefined || limit !== undefined)) {
    throw new UsageError(`--sort and --limit are for users, and --by ${by} lists none`);
  }
  if (!asCsv && (path !== undefined || isEscaped)) {
    throw new UsageError(`${path === undefined ? "--escape-formulas" : "--output"} is for CSV: --format csv`);
  }
  if (asCsv) {
    refuseJsonOnStdout(path, json);
  }
}
