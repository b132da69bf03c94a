/** A team report on the terminal, and what its rows are elsewhere. */
import type {
  LevelProgress,
  ProgressReport,
  ReportGrouping,
  UserProgress,
  WeekActivity,
} from "../../../core/progress-report.js";
import type { View } from "../../command.js";
import type { ListingOf } from "../../listing.js";
import { type Column, table } from "../../render/table.js";
import { count, facts, grouped, percent, sparkline, timestamp } from "../../render/text.js";
import { chartLine, groupColumns } from "./columns.js";

export function reportText(report: ProgressReport, view: View): string {
  return [listText(report, view), totalText(report, view)].join("\n\n");
}

function listText({ users, levels, weeks, total }: ProgressReport, view: View): string {
  if (levels !== null) {
    return table(levels, LEVEL_COLUMNS, view, "no progress yet");
  }
  if (weeks !== null) {
    return table(weeks, weekColumns(weeks), view, "no weeks");
  }
  const shown = users ?? [];
  const more = total.users - shown.length;
  const hint = more > 0 ? `\nand ${count(more, "more user")}: --limit N, --html FILE, --format csv or --json` : "";
  return `${table(shown, USER_COLUMNS, view, "no users")}${hint}`;
}

function totalText({ report, total }: ProgressReport, view: View): string {
  return facts(
    [
      ["users", `${grouped(total.users)}, ${grouped(total.activeUsers)} of them active`],
      ...(report.since === null ? [] : [["studied since", timestamp(report.since)] as const]),
      ["words", `${grouped(total.words)} with progress, ${grouped(total.studied)} studied`],
      ["mastered", `${grouped(total.mastered)}, still learning ${grouped(total.learning)}`],
      ["due now", grouped(total.due)],
      ["accuracy", `${percent(total.accuracy)} (${grouped(total.correct)} of ${grouped(total.reviews)} reviews)`],
      ["last activity", timestamp(total.lastActivity)],
    ],
    view,
  );
}

const USER_COLUMNS: readonly Column<UserProgress>[] = [
  { title: "email", value: ({ email }) => email, flexible: true },
  { title: "name", value: ({ displayName }) => displayName ?? "–", flexible: true, comfortable: 10, priority: 4 },
  { title: "words", align: "right", value: ({ words }) => String(words), priority: 2 },
  { title: "studied", align: "right", value: ({ studied }) => String(studied), priority: 6 },
  { title: "mastered", align: "right", value: ({ mastered }) => String(mastered) },
  { title: "due", align: "right", value: ({ due }) => String(due) },
  { title: "accuracy", align: "right", value: ({ accuracy }) => percent(accuracy), priority: 3 },
  { title: "last activity", value: ({ lastActivity }) => timestamp(lastActivity), priority: 5 },
  { title: "12 weeks", value: ({ weeklyWords }) => sparkline(weeklyWords ?? []), priority: 7 },
];

const LEVEL_COLUMNS: readonly Column<LevelProgress>[] = [
  ...groupColumns("level"),
  { title: "active users", align: "right", value: ({ activeUsers }) => String(activeUsers), priority: 4 },
];

function weekColumns(weeks: readonly WeekActivity[]): Column<WeekActivity>[] {
  const most = Math.max(...weeks.map(({ words }) => words));
  return [
    { title: "week of", value: ({ week }) => week },
    { title: "words", align: "right", value: ({ words }) => String(words) },
    { title: "active users", align: "right", value: ({ activeUsers }) => String(activeUsers) },
    { title: "", value: ({ words }) => chartLine(words, most), priority: 2 },
  ];
}

/** The rows of each kind of report. */
export const LISTINGS = {
  user: {
    rows: "users",
    fields: [
      ...(["email", "displayName", "words", "studied", "mastered", "learning", "due", "reviews", "correct"] as const),
      ...(["accuracy", "lastActivity", "weeklyWords"] as const),
    ],
    headers: { weeklyWords: null },
  },
  level: {
    rows: "levels",
    fields: ["key", "words", "studied", "mastered", "due", "accuracy", "activeUsers"],
    headers: { key: "level" },
  },
  week: { rows: "weeks", fields: ["week", "words", "activeUsers"] },
} as const satisfies Readonly<Record<Exclude<ReportGrouping, "all">, ListingOf<ProgressReport>>>;
