import * as z from "zod";
import { migrationNames } from "../../../core/migration-files.js";
import { resolveMigration } from "../../../core/migrations.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, parameter } from "../../command.js";
import { listeners } from "./warnings.js";

const name = z.string().min(1).optional();

const further = { completes: { words: async () => migrationNames() } } as const;

export const resolve = defineCommand({
  name: "resolve",
  summary: "correct the record of a failed migration",
  details: "Changes the record only: nothing of the migration is run or undone.",
  args: {},
  options: {
    applied: parameter("--applied <name>", "its changes are in the database, by whatever way", name, further),
    rolledBack: parameter(
      "--rolled-back <name>",
      "its changes are not in the database; it may be applied again",
      name,
      further,
    ),
  },
  examples: [
    {
      command: "vocabdb migrate resolve --rolled-back 20260101000000_init",
      description: "After a failure: let it be applied again",
    },
    {
      command: "vocabdb migrate resolve --applied 20260101000000_init",
      description: "After its changes were made by hand: go on with the next",
    },
  ],
  seeAlso: ["migrate status", "migrate deploy"],
  needs: "target",
  writes: "schema",
  result: () => import("../../results/migrate.js").then(({ resolved }) => resolved),
  run: async ({ applied, rolledBack }, { resolution, ...services }) => {
    const migration = applied ?? rolledBack;
    if (migration === undefined || (applied !== undefined && rolledBack !== undefined)) {
      throw new UsageError("give one of --applied NAME and --rolled-back NAME", "vocabdb migrate status");
    }
    const as = applied === undefined ? ("rolled-back" as const) : ("applied" as const);
    await resolveMigration(resolution.migrationTarget, migration, as, listeners(services));
    return { migration, as };
  },
  text: ({ migration, as }) => `marked ${migration} as ${as}`,
});
