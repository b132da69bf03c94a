import * as z from "zod";
import { type DueWord, type ProgressOverview, showProgress } from "../../../core/progress.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { email, flagOption, showDeleted } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { count, facts, percent, sparkline, timestamp } from "../../render/text.js";
import { chartLine, groupColumns } from "./columns.js";

export const show = defineCommand({
  name: "show",
  summary: "what a user has learned and what is due",
  details:
    "mastered: confidence of at least 0.8 after 3 or more reviews; learning: studied, not mastered;\n" +
    "due: to be reviewed now. The coming days are days in UTC and leave out what is due already.\n" +
    "The 12 weeks (from Monday, in UTC) have each word in the week in which it was last studied, · where there is none.",
  args: { email },
  options: {
    by: parameter(
      "--by <group>",
      "group by level, category or language (default: level)",
      z.enum(["level", "category", "language"], { error: "must be level, category or language" }).default("level"),
    ),
    due: flagOption("--due", "also list the words that are due, the longest overdue first (at most 50)"),
    ...inGroup("Selection", { deleted: showDeleted }),
  },
  examples: [
    { command: "vocabdb progress show ada@example.com", description: "Summary, levels and the coming week" },
    {
      command: "vocabdb progress show ada@example.com --by category --due",
      description: "By topic, with the words due now",
    },
    { command: "vocabdb progress show ada@example.com --json", description: "For a script" },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["progress list", "progress report", "user show"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/progress.js").then(({ progressShown }) => progressShown),
  run: async ({ email: address, by, due, deleted }, { connection, now }) => {
    const {
      user,
      summary,
      by: groups,
      forecast,
      weeks,
      dueWords,
    } = await showProgress(connection, address, {
      ...{ by, due, deleted, now: now() },
    });
    return { user, summary, groupedBy: by, by: groups, forecast, weeks, dueWords };
  },
  text: ({ user, summary, groupedBy, by, forecast, weeks, dueWords }, view) => {
    const { ink } = view;
    const name = user.displayName === null ? "" : ` (${user.displayName})`;
    const sections = [
      facts(
        [
          ["user", `${user.email}${name}${user.deletedAt === null ? "" : `, deleted ${timestamp(user.deletedAt)}`}`],
          ["words", `${summary.words} with progress, ${summary.studied} studied`],
          ["mastered", `${summary.mastered}, still learning ${summary.learning}`],
          ["due now", String(summary.due)],
          ["accuracy", `${percent(summary.accuracy)} (${summary.correct} of ${summary.reviews} reviews)`],
          ["12 weeks", `${sparkline(weeks.map(({ words }) => words))}  ${thisWeek(weeks)}`],
        ],
        view,
      ),
      table(by, groupColumns(groupedBy), view, "no progress yet"),
    ];
    const most = Math.max(1, ...forecast.map((day) => day.due));
    sections.push(
      [
        ink.strong("coming days (UTC)"),
        ...forecast.map(({ date, due }) => `${date}  ${String(due).padStart(5)}  ${chartLine(due, most)}`.trimEnd()),
      ].join("\n"),
    );
    if (dueWords !== null) {
      sections.push(table(dueWords, DUE_COLUMNS, view, "no words are due"));
    }
    return sections.join("\n\n");
  },
});

function thisWeek(weeks: ProgressOverview["weeks"]): string {
  return `${count(weeks.at(-1)?.words ?? 0, "word")} last studied in this one`;
}

const DUE_COLUMNS: readonly Column<DueWord>[] = [
  { title: "due since", value: (word) => timestamp(word.nextReviewAt) },
  { title: "language", value: (word) => word.language, flexible: true, priority: 3 },
  { title: "term", value: (word) => word.term, flexible: true },
  { title: "reading", value: (word) => word.reading, flexible: true, priority: 4 },
  { title: "definition", value: (word) => word.definition, flexible: true, priority: 2 },
];
