import { z } from "zod";
import { resolveMigration } from "../../../core/migrations.js";
import { UsageError } from "../../../errors.js";
import { defineCommand, parameter } from "../../command.js";

const name = z.string().min(1).optional();

export const resolve = defineCommand({
  name: "resolve",
  summary: "correct the record of a failed migration",
  details: "Changes the record only: nothing of the migration is run or undone.",
  args: {},
  options: {
    applied: parameter("--applied <name>", "its changes are in the database, by whatever way", name),
    rolledBack: parameter("--rolled-back <name>", "its changes are not in the database; it may be applied again", name),
  },
  examples: [
    {
      command: "vocabdb migrate resolve --rolled-back 20260101000000_init",
      description: "After a failure: let it be applied again",
    },
  ],
  needs: "target",
  writes: "schema",
  run: async ({ applied, rolledBack }, { resolution }) => {
    const migration = applied ?? rolledBack;
    if (migration === undefined || (applied !== undefined && rolledBack !== undefined)) {
      throw new UsageError("give one of --applied NAME and --rolled-back NAME", "vocabdb migrate status");
    }
    const as = applied === undefined ? "rolled-back" : "applied";
    await resolveMigration(resolution.migrationTarget, migration, as);
    return { migration, as };
  },
  text: ({ migration, as }) => `marked ${migration} as ${as}`,
});
