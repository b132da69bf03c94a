/** A team report as a page to open in a browser, to print, or to pass on. */
import type { LevelProgress, ProgressReport, UserProgress, WeekActivity } from "../../../core/progress-report.js";
import { columnChart, type Part, sparkline, stackedBar } from "../../render/page/charts.js";
import { html, isolated, type Markup } from "../../render/page/markup.js";
import { pageAround } from "../../render/page/page.js";
import { type PageColumn, pageTable } from "../../render/page/table.js";
import { count, grouped, percent, timestamp } from "../../render/text.js";

/** What the page says of itself. */
export interface AboutReport {
  /** Whose progress it is: `all users`. */
  readonly scope: string;
  readonly now: Date;
  readonly database: string;
  /** What was typed. */
  readonly command: string;
  /** By what the users are ordered, such as `due`. */
  readonly sort: string;
}

const WEEKS_IN_CHART = 104;
/** More columns than this have no room for a text each. */
const LABELLED_WEEKS = 13;

/** Piece by piece: of many users the page is larger than what is known of them. */
export function* reportPage(report: ProgressReport, about: AboutReport): Generator<string> {
  const day = about.now.toISOString().slice(0, 10);
  const { head, foot } = pageAround(`Progress of ${about.scope}, ${day}`);
  yield head.text;
  yield headerOf(report, about).text;
  yield figuresOf(report).text;
  yield html`<div class="pair">
${weeksFigure(report.weeks ?? [])}
${wholeFigure(report)}
</div>
`.text;
  yield* list("Levels", "", pageTable(report.levels ?? [], LEVEL_COLUMNS, "level"));
  const users = report.users ?? [];
  yield* list(
    "Users",
    listedText(users.length, report.total.users, about.sort),
    pageTable(users, USER_COLUMNS, about.sort),
  );
  yield notesOf(about).text;
  yield foot.text;
}

function headerOf({ report, notFound }: ProgressReport, { scope, now, database }: AboutReport): Markup {
  const missing = count(notFound.length, "email");
  return html`<header>
<h1>Progress report</h1>
<p>${isolated(scope[0]?.toUpperCase() + scope.slice(1))}${
    report.since === null ? null : html`, words studied since <time>${timestamp(report.since)}</time>`
  }</p>
<p class="soft">As of <time datetime="${now.toISOString()}">${timestamp(now)}</time> in database ${isolated(database)}</p>
${
  notFound.length === 0
    ? null
    : html`<details><summary class="soft">${missing} of the list without a live user</summary><p class="soft">${notFound.map(
        (email, index) => html`${index === 0 ? "" : ", "}${isolated(email)}`,
      )}</p></details>
`
}</header>
`;
}

function figuresOf({ total }: ProgressReport): Markup {
  const figures = [
    ["Users", grouped(total.users), `${grouped(total.activeUsers)} of them active`],
    ["Words with progress", grouped(total.words), `${grouped(total.studied)} studied`],
    ["Mastered", grouped(total.mastered), `${percent(shareOf(total.mastered, total))} of the words`],
    ["Due now", grouped(total.due), `${percent(shareOf(total.due, total))} of the words`],
    ["Accuracy", percent(total.accuracy), `${grouped(total.correct)} of ${grouped(total.reviews)} reviews`],
  ] as const;
  return html`<dl class="figures">
${figures.map(([label, figure, note]) => html`<div><dt>${label}</dt><dd>${figure}</dd><dd>${note}</dd></div>\n`)}</dl>
`;
}

function weeksFigure(weeks: readonly WeekActivity[]): Markup {
  const shown = weeks.slice(-WEEKS_IN_CHART);
  const isSparse = shown.length <= LABELLED_WEEKS;
  const labelled = Math.ceil(shown.length / LABELLED_WEEKS);
  const columns = shown.map(({ week, words, activeUsers }, index) => ({
    label: (shown.length - 1 - index) % labelled === 0 ? week.slice(5) : null,
    value: words,
    shown: isSparse ? grouped(words) : null,
    description: `Week of ${week}: ${count(words, "word")}, ${count(activeUsers, "active user")}`,
  }));
  const left = weeks.length > shown.length ? ` The last ${shown.length} of ${count(weeks.length, "week")}.` : "";
  return html`<figure class="card">
<figcaption><h2>Words by week</h2><p class="soft">Each in the week in which it was last studied, from Monday on.${left}</p></figcaption>
${columnChart(columns)}
</figure>`;
}

function wholeFigure({ total }: ProgressReport): Markup {
  const legend = partsOf(total).map(
    ({ name, amount }) =>
      html`<div><svg aria-hidden="true"><rect class="${name}" width="100%" height="100%" rx="3"/></svg><dt>${PART_TEXT[name]}</dt><dd>${grouped(amount)}</dd><dd>${percent(shareOf(amount, total))}</dd></div>\n`,
  );
  return html`<figure class="card">
<figcaption><h2>How well the words are known</h2></figcaption>
<div class="whole">
${stackedBar(partsOf(total))}
<dl class="legend">
${legend}</dl>
</div>
</figure>`;
}

const PART_TEXT = { mastered: "mastered", learning: "learning", rest: "not studied yet" } as const;

type Counted = Pick<UserProgress, "words" | "studied" | "mastered">;

/** From the well known to the unknown. */
function partsOf({ words, studied, mastered }: Counted): (Part & { readonly name: keyof typeof PART_TEXT })[] {
  return [
    { name: "mastered", amount: mastered },
    { name: "learning", amount: studied - mastered },
    { name: "rest", amount: words - studied },
  ];
}

function shareOf(part: number, { words }: Pick<Counted, "words">): number | null {
  return words === 0 ? null : part / words;
}

function* list(title: string, note: string, table: Iterable<Markup>): Generator<string> {
  yield html`<section class="card list">
<h2>${title}</h2>
${note === "" ? null : html`<p class="soft">${note}</p>\n`}`.text;
  for (const part of table) {
    yield part.text;
  }
  yield "</section>\n";
}

function listedText(listed: number, all: number, sort: string): string {
  return listed === all
    ? ""
    : `The first ${grouped(listed)} of ${grouped(all)}, by ${sort.replace("-", " ")}. All that is counted above is of all of them.`;
}

const COUNT_COLUMNS: readonly PageColumn<Counted & Pick<UserProgress, "due" | "accuracy">>[] = [
  { key: "words", title: "Words", kind: "number", value: ({ words }) => grouped(words) },
  { key: "studied", title: "Studied", kind: "number", value: ({ studied }) => grouped(studied) },
  { key: "mastered", title: "Mastered", kind: "number", value: ({ mastered }) => grouped(mastered) },
  {
    ...{ key: "share", title: "Share mastered", kind: "share" },
    value: (counted) =>
      html`<span>${stackedBar(partsOf(counted))}<span>${percent(shareOf(counted.mastered, counted))}<span class="also"> mastered</span></span></span>`,
  },
  { key: "due", title: "Due", kind: "number", value: ({ due }) => grouped(due) },
  { key: "accuracy", title: "Accuracy", kind: "number", value: ({ accuracy }) => percent(accuracy) },
];

const LEVEL_COLUMNS: readonly PageColumn<LevelProgress>[] = [
  { key: "level", title: "Level", kind: "name", value: ({ key }) => (key === null ? "(none)" : isolated(key)) },
  ...COUNT_COLUMNS,
  { key: "active", title: "Active users", kind: "number", value: ({ activeUsers }) => grouped(activeUsers) },
];

const USER_COLUMNS: readonly PageColumn<UserProgress>[] = [
  { key: "name", title: "Name", kind: "text", value: ({ displayName }) => isolated(displayName ?? "–") },
  { key: "email", title: "Email", kind: "name", value: ({ email }) => breakable(email) },
  ...COUNT_COLUMNS,
  {
    ...{ key: "last-activity", title: "Last activity", kind: "time" },
    value: ({ lastActivity }) => timeOf(lastActivity),
    order: ({ lastActivity }) => lastActivity?.getTime() ?? null,
  },
  {
    ...{ key: "weeks", title: "12 weeks", kind: "number" },
    value: ({ weeklyWords }) => sparkline(weeklyWords ?? []),
    order: ({ weeklyWords }) => (weeklyWords ?? []).reduce((sum, words) => sum + words, 0),
  },
];

/** A long one goes on after its @. */
function breakable(email: string): Markup {
  const [local = "", domain = ""] = email.split("@");
  return html`<bdi>${local}@<wbr>${domain}</bdi>`;
}

function timeOf(time: Date | null): Markup | string {
  return time === null ? "–" : html`<time datetime="${time.toISOString()}">${time.toISOString().slice(0, 10)}</time>`;
}

function notesOf({ command }: AboutReport): Markup {
  return html`<footer>
<p>Mastered: confidence of at least 0.8 after 3 or more reviews. Learning: studied, not mastered. Due: to be reviewed
now. Active users have studied one of the words that are counted. A word that is studied again moves to the new week.
The 12 weeks of each user are on a scale of their own. Deleted users are left out, and all times are in UTC.</p>
<p>Made by <code>${isolated(command)}</code></p>
</footer>
`;
}
