/** What a load of files did, would do, or found. */
import type { RowChange } from "../../core/load/changes.js";
import type { LoadCounts } from "../../core/load/load.js";
import type { LoadResult } from "../../core/load/run.js";
import { formatRejects, hintOf, naturalKey } from "../../errors/loading.js";
import type { View } from "../command.js";
import { type Column, table } from "./table.js";
import { count, grouped, visible } from "./text.js";

const ALWAYS = ["rows", "inserted", "updated", "unchanged"] as const;
const WHEN_THERE_ARE_ANY = ["duplicates", "rejected"] as const;

/** Of the counts, those that can be done without on a narrow terminal. */
const PRIORITIES: ReadonlyMap<PropertyKey, number> = new Map([
  ["unchanged", 2],
  ["duplicates", 3],
]);

interface Wording<C extends LoadCounts> {
  /** What one row is, in the singular. */
  readonly noun: string;
  /** Further counts, shown where they are not zero. */
  readonly further: readonly (keyof C)[];
  /** In how many rows the database is not what the files say. */
  readonly differences: (counts: C) => number;
}

/** @param further paragraphs that stand before the verdict */
export function loadText<C extends LoadCounts>(
  result: LoadResult<C>,
  wording: Wording<C>,
  view: View,
  further: readonly string[] = [],
): string {
  const verdict = verdictOf(result, wording);
  return [
    countsTable(result, wording, view),
    ...changesOf(result, wording.noun, view),
    ...rejectsOf(result, view),
    ...further,
    ...(verdict === null ? [] : [view.ink.strong(verdict)]),
  ].join("\n\n");
}

function countsTable<C extends LoadCounts>({ files, total }: LoadResult<C>, { further }: Wording<C>, view: View) {
  type Line = C & { readonly file: string };
  const keys: (keyof C)[] = [...ALWAYS, ...[...WHEN_THERE_ARE_ANY, ...further].filter((key) => Number(total[key]) > 0)];
  const columns: Column<Line>[] = [
    { title: "file", value: ({ file }) => file, flexible: true },
    ...keys.map(
      (key): Column<Line> => ({
        ...{ title: String(key), align: "right", priority: PRIORITIES.get(key) ?? 1 },
        value: (row) => grouped(Number(row[key])),
      }),
    ),
  ];
  const totals: Line[] = files.length > 1 ? [{ file: "total", ...total }] : [];
  return table([...files, ...totals], columns, view, "no files");
}

function changesOf<C extends LoadCounts>({ changes, total }: LoadResult<C>, noun: string, view: View): string[] {
  if (changes.length === 0) {
    return [];
  }
  const title =
    total.updated > changes.length ? `the first ${changes.length} of ${count(total.updated, "change")}:` : "changes:";
  return [`${title}\n${table(changes.flatMap(changeLines), changeColumns(noun), view, "")}`];
}

function rejectsOf<C extends LoadCounts>({ rejects, total }: LoadResult<C>, view: View): string[] {
  if (total.rejected === 0) {
    return [];
  }
  const lines = formatRejects(rejects, total.rejected).map(visible);
  const hint = hintOf(rejects);
  return [[view.ink.alarm("rejected:"), ...lines, ...(hint === null ? [] : [`hint:  ${hint}`])].join("\n")];
}

function verdictOf<C extends LoadCounts>(
  { dryRun, check, total }: LoadResult<C>,
  { noun, differences }: Wording<C>,
): string | null {
  if (check) {
    const rows = differences(total);
    const same = `the database is what the files say${total.rejected === 0 ? "" : " beside the rejected records"}`;
    return rows === 0 ? same : `the database differs in ${count(rows, noun)}`;
  }
  return dryRun ? "dry run: nothing was written" : null;
}

interface ChangeLine {
  readonly key: string;
  readonly field: string;
  readonly old: string;
  readonly new: string;
}

function changeLines({ key, changes }: RowChange): ChangeLine[] {
  return changes.map((change) => ({
    ...{ key: naturalKey(Object.values(key)), field: change.field, old: change.old ?? "–", new: change.new ?? "–" },
  }));
}

const changeColumns = (noun: string): Column<ChangeLine>[] => [
  { title: noun, value: ({ key }) => key, flexible: true },
  { title: "field", value: ({ field }) => field },
  { title: "old", value: (line) => line.old, flexible: true },
  { title: "new", value: (line) => line.new, flexible: true },
];
