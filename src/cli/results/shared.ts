/** What many documents have in common. */
import * as z from "zod";

/** ISO 8601 in UTC. */
export const time = z.iso.datetime();
export const optionalTime = time.nullable();

export const id = z.guid();

export const count = z.int().min(0);
export const bytes = count.describe("in bytes");
export const milliseconds = z.number().min(0).describe("in milliseconds");

/** 0 to 1. */
export const share = z.number().min(0).max(1);

export const changed = z.boolean().describe("false where the database was as wanted already");
export const dryRun = z.boolean().describe("true where everything was rolled back, and only would have happened");
export const output = z.string().nullable().describe("file that was written; null: standard output");

export const nextCursor = z.string().nullable().describe("for --after, to get the next page; null on the last page");

/** A word, and what somebody has learned of it. */
export const learnedWord = {
  language: z.string(),
  term: z.string(),
  reading: z.string(),
  sense: z.string(),
  definition: z.string(),
  studyCount: count,
  correctCount: count,
  confidence: share,
  lastStudiedAt: optionalTime,
  nextReviewAt: time,
} as const;

export const user = z
  .object({
    id,
    email: z.email(),
    displayName: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
    deletedAt: optionalTime.describe("when the user was soft-deleted; null: the user is live"),
  })
  .meta({ id: "User" });

/** Of vocabdb's own, by table. */
export const changesByTable = z
  .record(z.string(), z.object({ inserted: count, updated: count, deleted: count }).partial())
  .describe("rows by table, and by what became of them");
