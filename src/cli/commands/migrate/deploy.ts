import { readMigrations } from "../../../core/migration-files.js";
import { type DeployResult, deployMigrations, rehearseMigrations } from "../../../core/migrations.js";
import { ExitCode } from "../../../errors.js";
import { defineCommand } from "../../command.js";
import { dryRun } from "../../options.js";
import { count } from "../../render/text.js";

export const deploy = defineCommand({
  name: "deploy",
  summary: "apply what is pending",
  details:
    "Applies the migrations that ship with this version, in order, under Prisma's advisory lock: of several\n" +
    "deploys at once one applies and the others wait. DIRECT_URL is used where it is set beside DATABASE_URL.",
  args: {},
  options: { dryRun },
  examples: [
    { command: "vocabdb migrate", description: "Apply what is pending" },
    { command: "vocabdb migrate --dry-run", description: "Try it on the real database, and roll it back" },
  ],
  exitCodes: [ExitCode.conflict],
  needs: "target",
  writes: "schema",
  run: async (input, { resolution, signal }): Promise<DeployResult & { dryRun: boolean }> => {
    const work = input.dryRun ? rehearseMigrations : deployMigrations;
    return { ...(await work(resolution.migrationTarget, readMigrations(), signal)), dryRun: input.dryRun };
  },
  text: ({ applied, alreadyApplied, dryRun: rehearsed }, { chalk }) => {
    const lines = applied.map((name) => `${chalk.green(rehearsed ? "would apply" : "applied")} ${name}`);
    if (applied.length === 0) {
      lines.push(`nothing to apply: the database is up to date (${count(alreadyApplied, "migration")})`);
    }
    return lines.join("\n");
  },
});
