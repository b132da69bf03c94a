/** What `vocabdb migrate` prints with `--json`. */
import * as z from "zod";
import { count, dryRun } from "./shared.js";

const names = z.array(z.string());

const warnings = z
  .array(
    z
      .object({
        id: z.string().describe("stable, such as drop-column; docs/migrations.md has them all"),
        migration: z.string(),
        line: count.describe("1-based, of the statement in the migration's file"),
        message: z.string(),
        fix: z.string().nullable(),
      })
      .meta({ id: "MigrationWarning" }),
  )
  .describe("what a statement may do to a database that is in use");

const kind = z.enum([
  ...["table", "column", "constraint", "index", "trigger", "rule"],
  ...["policy", "view", "function", "sequence", "type", "extension"],
] as const);

export const deployed = z.object({
  applied: names.describe("in the order in which they were applied"),
  alreadyApplied: count,
  warnings,
  dryRun,
});

export const migrationStatus = z.object({
  state: z.enum(["up-to-date", "pending", "failed", "diverged", "drifted"]),
  applied: names,
  pending: names,
  failed: names,
  edited: names.describe("applied, and their file has changed since"),
  unknown: names.describe("applied, and not part of this version"),
  differences: z.array(
    z.object({
      kind,
      name: z.string().describe("quoted where SQL needs it, and with its table where it belongs to one"),
      change: z.enum(["missing", "changed", "extra"]),
    }),
  ),
  drift: z.string().nullable().describe("SQL that takes the differences back"),
  driftSkipped: z.string().nullable().describe("why differences could not be looked for"),
});

export const planned = z.object({
  pending: z
    .array(z.object({ name: z.string(), sql: z.string() }))
    .describe("in the order in which they would be applied"),
  warnings,
});

export const migrationCreated = z.object({
  migration: z.string().nullable().describe("null where there is nothing to change"),
  path: z.string().nullable(),
  sql: z.string().nullable(),
  changed: z.boolean(),
  dryRun,
});

export const resolved = z.object({ migration: z.string(), as: z.enum(["applied", "rolled-back"]) });

const resetObject = z.object({ kind, name: z.string().describe("quoted where SQL needs it") });

export const migrationsReset = z.object({
  database: z.string(),
  schema: z.string(),
  dropped: z.array(
    resetObject.extend({ rows: count.nullable().describe("rows that go with it; null for what holds none") }),
  ),
  left: z.array(resetObject).describe("what else stands in the schema, and stays"),
  applied: names.describe("in the order in which they were applied"),
  dryRun,
});
