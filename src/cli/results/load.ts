/** What `seed` and the imports print with `--json`. */
import * as z from "zod";
import { count, dryRun, milliseconds } from "./shared.js";

const counts = z.object({
  rows: count.describe("records in the files, headers left out"),
  inserted: count,
  updated: count,
  unchanged: count,
  duplicates: count.describe("records that were dropped for another one of the same natural key"),
  rejected: count.describe("records that cannot be loaded"),
});

const ofFile = {
  file: z.string(),
  unusedColumns: z.array(z.string()).describe("columns that nothing was read from"),
  durationMs: milliseconds,
};

const naturalKey = z.record(z.string(), z.string()).describe("natural key");

const line = count.describe("1-based");

const common = {
  rejects: z
    .array(
      z
        .object({
          file: z.string(),
          line: line.describe("1-based line of the cell at fault, or on which the record starts"),
          column: count.describe("1-based character in that line"),
          field: z.string().nullable().describe("name of the column; null where the whole record is meant"),
          code: z.string(),
          reason: z.string(),
          recordLine: line.describe("1-based line on which the record starts"),
          hint: z.string().nullable(),
        })
        .meta({ id: "Reject" }),
    )
    .describe("the first records that were rejected"),
  changes: z
    .array(
      z
        .object({
          file: z.string(),
          line,
          key: naturalKey,
          changes: z.array(z.object({ field: z.string(), old: z.string().nullable(), new: z.string().nullable() })),
        })
        .meta({ id: "RowChange" }),
    )
    .describe("the first rows that change; of --dry-run and --check only"),
  dryRun,
  check: z.boolean().describe("true where it was only compared"),
};

export const loaded = z.object({ files: z.array(counts.extend(ofFile)), total: counts, ...common });

const seedCounts = counts.extend({ pruned: count });

export const seeded = z.object({
  files: z.array(seedCounts.extend(ofFile)),
  total: seedCounts,
  ...common,
  kept: z
    .object({
      count,
      words: z
        .array(z.object({ key: naturalKey, users: count.describe("users with progress on it") }))
        .describe("the first"),
    })
    .describe("with --prune: words that no file holds and that stay because somebody has learned them"),
  demo: z
    .object({ usersInserted: count, sessionsInserted: count, progressInserted: count })
    .nullable()
    .describe("null without --demo"),
});
