import * as z from "zod";
import { readEmails } from "../../../core/email-list.js";
import { withOutput, writeAll } from "../../../core/output.js";
import { REPORT_SORTS, type ReportOptions, reportProgress } from "../../../core/progress-report.js";
import { describeAddress } from "../../../db/target.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, type InputOf, inGroup, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { refuseJsonOnStdout } from "../../export-options.js";
import { listOptions } from "../../list-options.js";
import { domain, force, moment, output } from "../../options.js";
import { csv } from "../../render/rows.js";
import { count, visible } from "../../render/text.js";
import type { ServicesFor } from "../../services.js";
import { LISTINGS, reportText } from "./report-text.js";

/** More is for files and programs. */
const USERS_IN_TABLE = 50;

const NAMED_IN_NOTICE = 10;

const options = {
  by: parameter(
    "--by <group>",
    "a line for each user, level or week (default: user)",
    z.enum(["user", "level", "week"], { error: "must be user, level or week" }).optional(),
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
      `show only the first users (default: ${USERS_IN_TABLE} in the table, all elsewhere)`,
      z.coerce
        .number({ error: "must be a whole number" })
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .optional(),
    ),
    ...listOptions,
    output: { ...output, description: `${output.description}; CSV of the rows` },
    html: parameter(
      "--html <path>",
      "write everything as one page for a browser, which needs no network; - is standard output",
      z.string().min(1, "must not be empty").optional(),
      { completes: "file" },
    ),
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
    "those from --since on; the total is of these weeks. The sparkline of a user is of the same kind, on a scale of\n" +
    "its own; · is a week without any.\n" +
    "--html writes users, levels and weeks as one page with charts: a file that loads nothing, prints, and shows the\n" +
    "names and emails of the users. With --limit it lists the first users only, and says so.",
  args: {},
  options,
  examples: [
    { command: "vocabdb progress report --domain example.com", description: "A team: its users, and their total" },
    { command: "vocabdb progress report --sort last-activity --since 30d", description: "Who has studied of late" },
    { command: "vocabdb progress report --emails class.txt --by level", description: "How far a class is, by level" },
    { command: "vocabdb progress report --by week", description: "Words studied in the last 12 weeks, as a chart" },
    {
      command: "vocabdb progress report --domain example.com --html report.html",
      description: "To look at in a browser, to print, or to pass on",
    },
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
    refuseCombinations(input, services.json);
    const { by, output: path, limit = services.isToRead ? USERS_IN_TABLE : undefined } = input;
    if (input.html !== undefined) {
      return writePage(input.html, input, services);
    }
    if (path !== undefined) {
      return writeCsv(path, input, services);
    }
    return { ...(await makeReport(input, services, { by, limit, weekly: true })), output: null };
  },
  list: ({ by = "user", output: path, html }) => (path === undefined && html === undefined ? LISTINGS[by] : null),
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
type WithConnection = ServicesFor["connection"];

async function writeCsv(path: string, input: Input, services: WithConnection) {
  const { force, by = "user", limit } = input;
  return withOutput({ path, cwd: services.cwd, stdout: services.stdout, force }, async (sink) => {
    const made = await makeReport(input, services, { by, limit });
    sink.write(csv(made[LISTINGS[by].rows] ?? [], LISTINGS[by], input));
    return { ...made, output: path };
  });
}

async function writePage(file: string, input: Input, services: WithConnection) {
  const { cwd, stdout, signal, now, actor, resolution } = services;
  const { limit, sort = "email", force } = input;
  const { reportPage } = await import("./report-page.js");
  return withOutput({ path: file === "-" ? undefined : file, cwd, stdout, force }, async (sink) => {
    const made = await makeReport(input, services, { by: "all", limit, weekly: true });
    const about = {
      ...{
        scope: scopeOf(input, made.total.users),
        sort,
        now: now(),
        command: actor(undefined).commandLine ?? "vocabdb",
      },
      database: `${resolution.target.database} at ${describeAddress(resolution.target)}`,
    };
    await writeAll(sink, reportPage(made, about), signal);
    return { ...made, output: file };
  });
}

function scopeOf({ domain, emails }: Input, users: number): string {
  if (domain !== undefined) {
    return `users at ${domain}`;
  }
  return emails === undefined ? "all users" : `${count(users, "user")} of a list`;
}

async function makeReport(
  input: Input,
  services: WithConnection,
  parts: Pick<ReportOptions, "by" | "limit" | "weekly">,
) {
  const { domain, sort, since } = input;
  const { connection, cwd, stdin, signal, now, notice } = services;
  const emails = input.emails === undefined ? undefined : await readEmails(input.emails, { cwd, stdin, signal });
  const report = await reportProgress(connection, {
    ...{ ...parts, domain, emails, signal, now: now(), since: since?.(now()) },
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
function refuseCombinations(input: Input, json: boolean): void {
  const { by = "user", domain, emails, sort, limit, output: path, escapeFormulas: isEscaped, html, format } = input;
  if (domain !== undefined && emails !== undefined) {
    throw new UsageError("give one of --domain and --emails");
  }
  if (html !== undefined) {
    if (input.by !== undefined || format !== undefined || path !== undefined || isEscaped) {
      throw new UsageError(
        "--html has all parts and is the output: leave out --by, --format, --output, --escape-formulas",
      );
    }
    refuseJsonOnStdout(html === "-" ? undefined : html, json, "--html");
    return;
  }
  if (by !== "user" && (sort !== undefined || limit !== undefined)) {
    throw new UsageError(`--sort and --limit are for users, and --by ${by} lists none`);
  }
  if (path !== undefined && format !== undefined && format !== "csv") {
    throw new UsageError("--output is for CSV: --format csv");
  }
}
