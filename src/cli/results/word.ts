/** What `vocabdb word` prints with `--json`. */
import * as z from "zod";
import { count, dryRun, id, nextCursor, output, time } from "./shared.js";

const word = z
  .object({
    id,
    language: z.string().describe("BCP 47, such as zh"),
    term: z.string(),
    reading: z.string().describe("pinyin, kana, IPA; empty where there is none"),
    sense: z.string().describe("tells homographs apart; empty where there is no need"),
    definition: z.string(),
    partOfSpeech: z.string().nullable(),
    level: z.string().nullable(),
    category: z.string().nullable(),
    example: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Word" });

export const wordList = z.object({ words: z.array(word).describe("by language and term"), nextCursor });

export const wordsShown = z.object({
  words: z.array(word.extend({ learners: count.describe("users with progress on it, soft-deleted ones left out") })),
});

export const wordsFound = z.object({
  words: z
    .array(
      word.extend({
        match: z.enum(["exact", "prefix", "substring"]).describe("how much of the term or of the reading the text is"),
      }),
    )
    .describe("the best first"),
  truncated: z.boolean().describe("whether there are more than --limit"),
});

export const wordsExported = z.object({ words: count.describe("how many were written"), output });

export const wordDeleted = z.object({
  word,
  changed: z.literal(true).describe("a word that is not there is an error"),
  progressDeleted: count.describe("users whose progress on it went too"),
  dryRun,
});

const value = z.string().nullable().optional();

export const wordStats = z.object({
  total: count,
  groupedBy: z.enum(["language", "level", "category"]),
  by: z
    .array(z.object({ language: value, level: value, category: value, words: count }))
    .describe("each with the one that it is grouped by, which is null for words without it"),
});
