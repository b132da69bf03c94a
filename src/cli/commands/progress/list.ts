import { listProgress, type WordProgress } from "../../../core/progress-list.js";
import { defineCommand, inGroup } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { onlyLanguage } from "../../load-options.js";
import { after, email, flagOption, limit, showDeleted } from "../../options.js";
import { type Column, pageText, table } from "../../render/table.js";
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
    ...inGroup("Output", { limit, after }),
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
  text: ({ progress, nextCursor }, view) => pageText(table(progress, COLUMNS, view, "no progress"), nextCursor),
});

const COLUMNS: readonly Column<WordProgress>[] = [
  { title: "next review", value: ({ nextReviewAt }) => timestamp(nextReviewAt) },
  { title: "language", value: ({ language }) => language },
  { title: "term", value: ({ term }) => term, flexible: true },
  { title: "reading", value: ({ reading }) => reading, flexible: true },
  { title: "sense", value: ({ sense }) => sense, flexible: true },
  { title: "definition", value: ({ definition }) => definition, flexible: true },
  { title: "state", value: ({ state }) => state },
  { title: "correct", align: "right", value: ({ correctCount, studyCount }) => `${correctCount} of ${studyCount}` },
  { title: "confidence", align: "right", value: ({ confidence }) => percent(confidence) },
  { title: "studied", value: ({ lastStudiedAt }) => timestamp(lastStudiedAt) },
];
