/** A team report on the terminal and as CSV. */
import type { LevelProgress, ProgressReport, UserProgress, WeekActivity } from "../../../core/progress-report.js";
import type { View } from "../../command.js";
import { type CsvColumn, type CsvOptions, csv } from "../../render/csv.js";
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
  return `${table(shown, userColumns(view), view, "no users")}${hint}`;
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

/** Sparklines where there is room for them. */
function userColumns({ width }: View): readonly Column<UserProgress>[] {
  return width < WIDTH_FOR_SPARKLINES ? USER_COLUMNS : [...USER_COLUMNS, WEEKS_COLUMN];
}

const WEEKS_COLUMN: Column<UserProgress> = {
  title: "12 weeks",
  value: ({ weeklyWords }) => sparkline(weeklyWords ?? []),
};

const WIDTH_FOR_SPARKLINES = 100;

const USER_COLUMNS: readonly Column<UserProgress>[] = [
  { title: "email", value: ({ email }) => email, flexible: true },
  { title: "name", value: ({ displayName }) => displayName ?? "–", flexible: true },
  { title: "words", align: "right", value: ({ words }) => String(words) },
  { title: "studied", align: "right", value: ({ studied }) => String(studied) },
  { title: "mastered", align: "right", value: ({ mastered }) => String(mastered) },
  { title: "due", align: "right", value: ({ due }) => String(due) },
  { title: "accuracy", align: "right", value: ({ accuracy }) => percent(accuracy) },
  { title: "last activity", value: ({ lastActivity }) => timestamp(lastActivity) },
];

const LEVEL_COLUMNS: readonly Column<LevelProgress>[] = [
  ...groupColumns("level"),
  { title: "active users", align: "right", value: ({ activeUsers }) => String(activeUsers) },
];

function weekColumns(weeks: readonly WeekActivity[]): Column<WeekActivity>[] {
  const most = Math.max(...weeks.map(({ words }) => words));
  return [
    { title: "week of", value: ({ week }) => week },
    { title: "words", align: "right", value: ({ words }) => String(words) },
    { title: "active users", align: "right", value: ({ activeUsers }) => String(activeUsers) },
    { title: "", value: ({ words }) => chartLine(words, most) },
  ];
}

export function reportCsv({ users, levels, weeks }: ProgressReport, options: CsvOptions): string {
  if (levels !== null) {
    return csv(levels, LEVEL_CSV, options);
  }
  return weeks === null ? csv(users ?? [], USER_CSV, options) : csv(weeks, WEEK_CSV, options);
}

const USER_CSV: readonly CsvColumn<UserProgress>[] = [
  { header: "email", value: ({ email }) => email },
  { header: "display_name", value: ({ displayName }) => displayName },
  { header: "words", value: ({ words }) => words },
  { header: "studied", value: ({ studied }) => studied },
  { header: "mastered", value: ({ mastered }) => mastered },
  { header: "learning", value: ({ learning }) => learning },
  { header: "due", value: ({ due }) => due },
  { header: "reviews", value: ({ reviews }) => reviews },
  { header: "correct", value: ({ correct }) => correct },
  { header: "accuracy", value: ({ accuracy }) => accuracy },
  { header: "last_activity", value: ({ lastActivity }) => lastActivity },
];

const LEVEL_CSV: readonly CsvColumn<LevelProgress>[] = [
  { header: "level", value: ({ key }) => key },
  { header: "words", value: ({ words }) => words },
  { header: "studied", value: ({ studied }) => studied },
  { header: "mastered", value: ({ mastered }) => mastered },
  { header: "due", value: ({ due }) => due },
  { header: "accuracy", value: ({ accuracy }) => accuracy },
  { header: "active_users", value: ({ activeUsers }) => activeUsers },
];

const WEEK_CSV: readonly CsvColumn<WeekActivity>[] = [
  { header: "week", value: ({ week }) => week },
  { header: "words", value: ({ words }) => words },
  { header: "active_users", value: ({ activeUsers }) => activeUsers },
];
