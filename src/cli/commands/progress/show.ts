import { z } from "zod";
import { type DueWord, type ProgressGroup, showProgress } from "../../../core/progress.js";
import { ExitCode } from "../../../errors.js";
import { defineCommand, parameter } from "../../command.js";
import { email, flagOption, showDeleted } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { bar, facts, percent, timestamp } from "../../render/text.js";

const BAR_WIDTH = 20;

export const show = defineCommand({
  name: "show",
  summary: "what a user has learned and what is due",
  details:
    "mastered: confidence of at least 0.8 after 3 or more reviews; learning: studied, not mastered;\n" +
    "due: to be reviewed now. The coming days are days in UTC and leave out what is due already.",
  args: { email },
  options: {
    by: parameter(
      "--by <group>",
      "group by level, category or language (default: level)",
      z.enum(["level", "category", "language"], { error: "must be level, category or language" }).default("level"),
    ),
    due: flagOption("--due", "also list the words that are due, the longest overdue first (at most 50)"),
    deleted: showDeleted,
  },
  examples: [
    { command: "vocabdb progress show ada@example.com", description: "Summary, levels and the coming week" },
    {
      command: "vocabdb progress show ada@example.com --by category --due",
      description: "By topic, with the words due now",
    },
    { command: "vocabdb progress show ada@example.com --json", description: "For a script" },
  ],
  exitCodes: [ExitCode.findings, ExitCode.notFound],
  needs: "connection",
  writes: null,
  run: async ({ email: address, by, due, deleted }, { connection, now }) => {
    const {
      user,
      summary,
      by: groups,
      forecast,
      dueWords,
    } = await showProgress(connection, address, {
      ...{ by, due, deleted, now: now() },
    });
    return { user, summary, groupedBy: by, by: groups, forecast, dueWords };
  },
  text: ({ user, summary, groupedBy, by, forecast, dueWords }, view) => {
    const { chalk } = view;
    const name = user.displayName === null ? "" : ` (${user.displayName})`;
    const sections = [
      facts(
        [
          ["user", `${user.email}${name}${user.deletedAt === null ? "" : `, deleted ${timestamp(user.deletedAt)}`}`],
          ["words", `${summary.words} with progress, ${summary.studied} studied`],
          ["mastered", `${summary.mastered}, still learning ${summary.learning}`],
          ["due now", String(summary.due)],
          ["accuracy", `${percent(summary.accuracy)} (${summary.correct} of ${summary.reviews} reviews)`],
        ],
        view,
      ),
      table(by, groupColumns(groupedBy), view, "no progress yet"),
    ];
    const most = Math.max(1, ...forecast.map((day) => day.due));
    sections.push(
      [
        chalk.bold("coming days (UTC)"),
        ...forecast.map(({ date, due }) =>
          `${date}  ${String(due).padStart(5)}  ${due === 0 ? "" : bar(due / most, BAR_WIDTH).replaceAll("░", "")}`.trimEnd(),
        ),
      ].join("\n"),
    );
    if (dueWords !== null) {
      sections.push(table(dueWords, DUE_COLUMNS, view, "no words are due"));
    }
    return sections.join("\n\n");
  },
});

function groupColumns(groupedBy: string): Column<ProgressGroup>[] {
  const share = (group: ProgressGroup): number => (group.words === 0 ? 0 : group.mastered / group.words);
  return [
    { title: groupedBy, value: ({ key }) => key ?? "(none)", flexible: true },
    { title: "words", align: "right", value: ({ words }) => String(words) },
    { title: "studied", align: "right", value: ({ studied }) => String(studied) },
    { title: "mastered", align: "right", value: ({ mastered }) => String(mastered) },
    { title: "", value: (group) => `${bar(share(group), BAR_WIDTH)} ${percent(share(group)).padStart(5)}` },
    { title: "due", align: "right", value: ({ due }) => String(due) },
    { title: "accuracy", align: "right", value: ({ accuracy }) => percent(accuracy) },
  ];
}

const DUE_COLUMNS: readonly Column<DueWord>[] = [
  { title: "due since", value: (word) => timestamp(word.nextReviewAt) },
  { title: "language", value: (word) => word.language },
  { title: "term", value: (word) => word.term, flexible: true },
  { title: "reading", value: (word) => word.reading, flexible: true },
  { title: "definition", value: (word) => word.definition, flexible: true },
];
