/** What the commands that count progress have in common on the terminal. */
import type { ProgressGroup } from "../../../core/progress.js";
import type { Column } from "../../render/table.js";
import { bar, percent } from "../../render/text.js";

const BAR_WIDTH = 20;

/** Groups with the share of their words that is mastered. */
export function groupColumns(title: string): Column<ProgressGroup>[] {
  const share = (group: ProgressGroup): number => (group.words === 0 ? 0 : group.mastered / group.words);
  return [
    { title, value: ({ key }) => key ?? "(none)", flexible: true, comfortable: 8 },
    { title: "words", align: "right", value: ({ words }) => String(words), priority: 2 },
    { title: "studied", align: "right", value: ({ studied }) => String(studied), priority: 5 },
    { title: "mastered", align: "right", value: ({ mastered }) => String(mastered) },
    {
      title: "",
      value: (group) => `${bar(share(group), BAR_WIDTH)} ${percent(share(group)).padStart(5)}`,
      priority: 6,
    },
    { title: "due", align: "right", value: ({ due }) => String(due) },
    { title: "accuracy", align: "right", value: ({ accuracy }) => percent(accuracy), priority: 3 },
  ];
}

/** A line of a chart, as long as the number is beside the greatest. */
export function chartLine(value: number, greatest: number): string {
  return value === 0 ? "" : bar(value / greatest, BAR_WIDTH).replaceAll("░", "");
}
