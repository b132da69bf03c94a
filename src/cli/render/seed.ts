/** What a seed did, would do, or found. */
import type { RowChange } from "../../core/load/changes.js";
import { differences, type SeedCounts, type SeedResult } from "../../core/seed.js";
import { formatRejects, hintOf, naturalKey } from "../../errors.js";
import type { View } from "../command.js";
import { type Column, table } from "./table.js";
import { count, visible } from "./text.js";

type Line = SeedCounts & { readonly file: string };

const ALWAYS = ["rows", "inserted", "updated", "unchanged"] as const;
const WHEN_THERE_ARE_ANY = ["duplicates", "rejected", "pruned"] as const;

export function seedText(result: SeedResult, view: View): string {
  const { files, total, changes, kept, demo, rejects } = result;
  const keys = [...ALWAYS, ...WHEN_THERE_ARE_ANY.filter((key) => total[key] > 0)];
  const columns: Column<Line>[] = [
    { title: "file", value: ({ file }) => file, flexible: true },
    ...keys.map(
      (key): Column<Line> => ({ title: key, align: "right", value: (row) => row[key].toLocaleString("en-US") }),
    ),
  ];
  const totals = files.length > 1 ? [{ file: "total", ...total }] : [];
  const parts = [table([...files, ...totals], columns, view, "no files")];
  if (changes.length > 0) {
    const title =
      total.updated > changes.length ? `the first ${changes.length} of ${count(total.updated, "change")}:` : "changes:";
    parts.push(`${title}\n${table(changes.flatMap(changeLines), CHANGE_COLUMNS, view, "")}`);
  }
  if (total.rejected > 0) {
    const lines = formatRejects(rejects, total.rejected).map(visible);
    const hint = hintOf(rejects);
    parts.push([view.chalk.red("rejected:"), ...lines, ...(hint === null ? [] : [`hint:  ${hint}`])].join("\n"));
  }
  if (kept.count > 0) {
    const shown = kept.words.map(({ key, users }) => ({
      word: naturalKey(Object.values(key)),
      users: users.toLocaleString("en-US"),
    }));
    parts.push(
      `${count(kept.count, "word")} that no file holds and somebody has learned:\n${table(shown, KEPT_COLUMNS, view, "")}`,
    );
  }
  if (demo !== null) {
    parts.push(
      `demo: ${count(demo.usersInserted, "user")} and progress on ${count(demo.progressInserted, "word")} added`,
    );
  }
  const verdict = verdictOf(result);
  return verdict === null ? parts.join("\n\n") : [...parts, view.chalk.yellow(verdict)].join("\n\n");
}

function verdictOf({ dryRun, check, total }: SeedResult): string | null {
  if (check) {
    const words = differences(total);
    return words === 0 ? "the database is what the files say" : `the database differs in ${count(words, "word")}`;
  }
  return dryRun ? "dry run: nothing was written" : null;
}

interface ChangeLine {
  readonly word: string;
  readonly field: string;
  readonly old: string;
  readonly new: string;
}

function changeLines({ key, changes }: RowChange): ChangeLine[] {
  return changes.map((change) => ({
    ...{ word: naturalKey(Object.values(key)), field: change.field, old: change.old ?? "–", new: change.new ?? "–" },
  }));
}

const CHANGE_COLUMNS: readonly Column<ChangeLine>[] = [
  { title: "word", value: ({ word }) => word, flexible: true },
  { title: "field", value: ({ field }) => field },
  { title: "old", value: (line) => line.old, flexible: true },
  { title: "new", value: (line) => line.new, flexible: true },
];

const KEPT_COLUMNS: readonly Column<{ readonly word: string; readonly users: string }>[] = [
  { title: "word", value: ({ word }) => word, flexible: true },
  { title: "users", align: "right", value: ({ users }) => users },
];
