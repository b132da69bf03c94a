/** What `vocabdb progress` prints with `--json`. */
import * as z from "zod";
import {
  changed,
  count,
  dryRun,
  id,
  learnedWord,
  nextCursor,
  optionalTime,
  output,
  share,
  time,
  user,
} from "./shared.js";

const accuracy = share.nullable().describe("correct / reviews; null without reviews");

const counts = z
  .object({
    words: count.describe("words with progress"),
    studied: count.describe("studied at least once"),
    mastered: count.describe("confidence of at least 0.8 after 3 or more reviews"),
    learning: count.describe("studied, not mastered"),
    due: count.describe("to be reviewed now"),
    reviews: count,
    correct: count.describe("reviews that were right"),
    accuracy,
  })
  .meta({ id: "ProgressCounts" });

const group = counts
  .pick({ words: true, studied: true, mastered: true, due: true, accuracy: true })
  .extend({ key: z.string().nullable().describe("null: words without a level or category") });

const dueWord = z.object({
  language: z.string(),
  term: z.string(),
  reading: z.string(),
  definition: z.string(),
  nextReviewAt: time,
});

const week = z.object({
  week: z.iso.date().describe("its Monday, in UTC"),
  words: count.describe("words that were last studied in it"),
});

export const progressShown = z.object({
  user,
  summary: counts,
  groupedBy: z.enum(["level", "category", "language"]),
  by: z.array(group),
  forecast: z
    .array(z.object({ date: z.iso.date(), due: count }))
    .describe("seven days in UTC from today on; words that are due already are left out"),
  weeks: z.array(week).describe("the last 12, the current one last"),
  dueWords: z.array(dueWord).nullable().describe("with --due, the longest due first, at most 50; else null"),
});

export const progressList = z.object({
  progress: z
    .array(
      z.object({
        wordId: id,
        ...learnedWord,
        state: z.enum(["new", "learning", "mastered"]).describe("new: never studied"),
      }),
    )
    .describe("the longest due first"),
  nextCursor,
});

const lastActivity = optionalTime.describe("when one of the words was last studied");
const activeUsers = count.describe("users who have studied one of the words");

export const progressReport = z.object({
  report: z.object({
    by: z.enum(["user", "level", "week", "all"]),
    since: optionalTime.describe("what counts was last studied from then on"),
    recentWeeks: z.array(z.iso.date()).nullable().describe("the Mondays of weeklyWords"),
  }),
  total: counts.extend({ users: count, activeUsers, lastActivity }),
  users: z
    .array(
      counts.extend({
        email: z.email(),
        displayName: z.string().nullable(),
        lastActivity,
        weeklyWords: z.array(count).nullable().describe("words last studied in each of the recentWeeks"),
      }),
    )
    .nullable()
    .describe("null unless --by user"),
  levels: z.array(group.extend({ activeUsers })).nullable().describe("null unless --by level or --html"),
  weeks: z.array(week.extend({ activeUsers })).nullable().describe("null unless --by week or --html"),
  notFound: z.array(z.string()).describe("emails of --emails that belong to no live user"),
  output: z.string().nullable().describe("file that was written; null where none was"),
});

export const progressExported = z.object({ progress: count.describe("how many rows were written"), output });

export const progressReset = z.object({
  user,
  changed,
  progressDeleted: count.describe("words"),
  dryRun,
});
