import { listProgress, type ProgressPage, type WordProgress } from "../../../core/progress-list.js";
import { defineCommand, inGroup } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { listOptions } from "../../list-options.js";
import type { ListingOf } from "../../listing.js";
import { onlyLanguage } from "../../load-options.js";
import { after, email, flagOption, limit, showDeleted } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { percent, timestamp } from "../../render/text.js";

export const list = defineCommand({
  name: "list",
  summary: "list the words a user has progress on, those due first",
  details: "new: never studied; mastered: confidence of at least 0.8 after 3 or more reviews; learning: in between.",
  args: { email },
  options: {
    ...inGroup("Selection", {
      due: flagOption("--due", "only words that are due"),
      language: onlyLanguage,
      deleted: showDeleted,
    }),
    ...inGroup("Output", { limit, after, ...listOptions }),
  },
  examples: [
    { command: "vocabdb progress list ada@example.com", description: "Word by word, the longest due first" },
    { command: "vocabdb progress list ada@example.com --due --language zh --json", description: "For a script" },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["progress show", "progress export", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/progress.js").then(({ progressList }) => progressList),
  run: ({ email: address, due, language, deleted, limit: size, after: cursor }, { connection, now }) =>
    listProgress(connection, address, {
      ...{ due, deleted, limit: size, now: now() },
      ...(language !== undefined && { language }),
      ...(cursor !== undefined && { after: cursor }),
    }),
  list: () => LISTING,
  text: ({ progress }, view) => table(progress, COLUMNS, view, "no progress"),
});

const LISTING: ListingOf<ProgressPage> = {
  rows: "progress",
  fields: [
    ...(["wordId", "language", "term", "reading", "sense", "definition", "studyCount", "correctCount"] as const),
    ...(["confidence", "lastStudiedAt", "nextReviewAt", "state"] as const),
  ],
};

const COLUMNS: readonly Column<WordProgress>[] = [
  { title: "next review", value: ({ nextReviewAt }) => timestamp(nextReviewAt) },
  { title: "language", value: ({ language }) => language, flexible: true, priority: 3 },
  { title: "term", value: ({ term }) => term, flexible: true },
  { title: "reading", value: ({ reading }) => reading, flexible: true, priority: 4 },
  { title: "sense", value: ({ sense }) => sense, flexible: true, priority: 6 },
  { title: "definition", value: ({ definition }) => definition, flexible: true, priority: 2 },
  { title: "state", value: ({ state }) => state },
  {
    title: "correct",
    align: "right",
    value: ({ correctCount, studyCount }) => `${correctCount} of ${studyCount}`,
    priority: 5,
  },
  { title: "confidence", align: "right", value: ({ confidence }) => percent(confidence), priority: 7 },
  { title: "studied", value: ({ lastStudiedAt }) => timestamp(lastStudiedAt), priority: 8 },
];
