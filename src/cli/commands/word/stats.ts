import * as z from "zod";
import { type WordGrouping, type WordStats, wordStats } from "../../../core/words.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { listOptions } from "../../list-options.js";
import type { ListingOf } from "../../listing.js";
import { onlyLanguage } from "../../load-options.js";
import { type Column, table } from "../../render/table.js";
import { bar, count, grouped, lines, percent } from "../../render/text.js";

const BAR_WIDTH = 20;

export const stats = defineCommand({
  name: "stats",
  summary: "how many words there are, by language, level or category",
  args: {},
  options: {
    by: parameter(
      "--by <group>",
      "group by language, level or category (default: language)",
      z.enum(["language", "level", "category"], { error: "must be language, level or category" }).default("language"),
    ),
    ...inGroup("Selection", { language: onlyLanguage }),
    ...inGroup("Output", listOptions),
  },
  examples: [
    { command: "vocabdb word stats", description: "Words of each language" },
    { command: "vocabdb word stats --by level --language zh", description: "How far the levels of one are filled" },
  ],
  exitCodes: PENDING,
  seeAlso: ["word list", "db status"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/word.js").then(({ wordStats }) => wordStats),
  run: (input, { connection }) => wordStats(connection, input),
  list: ({ by }) => listing(by),
  text: (result, view) => lines(table(result.by, columns(result), view, "no words"), count(result.total, "word")),
});

function listing(group: WordGrouping): ListingOf<WordStats> {
  return { rows: "by", fields: [group, "words"] };
}

function columns({ groupedBy, total }: WordStats): Column<WordStats["by"][number]>[] {
  return [
    { title: groupedBy, value: (group) => group[groupedBy] ?? "(none)", flexible: true },
    { title: "words", align: "right", value: ({ words }) => grouped(words) },
    {
      title: "",
      value: ({ words }) => `${bar(words / total, BAR_WIDTH)} ${percent(words / total).padStart(5)}`,
      priority: 2,
    },
  ];
}
