import { z } from "zod";
import {
  type DeployResult,
  deployMigrations,
  migrationStatus,
  readMigrations,
  rehearseMigrations,
  resolveMigration,
} from "../../core/migrations.js";
import { ExitCode, UsageError } from "../../errors.js";
import { defineCommand, type Noun, parameter } from "../command.js";
import { dryRun, flagOption } from "../options.js";
import { count } from "../render/text.js";

const deploy = defineCommand({
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

const status = defineCommand({
  name: "status",
  summary: "what is applied, pending, failed or edited",
  args: {},
  options: { check: flagOption("--check", "exit with 3 unless the database is up to date") },
  examples: [
    { command: "vocabdb migrate status", description: "Where the database stands" },
    { command: "vocabdb migrate status --check --quiet", description: "For CI: 0 when up to date, 3 when not" },
  ],
  exitCodes: [ExitCode.findings],
  needs: "target",
  writes: null,
  run: (_, { resolution }) => migrationStatus(resolution.migrationTarget),
  exitCode: ({ state }, { check }) => (check && state !== "up-to-date" ? ExitCode.findings : ExitCode.ok),
  text: ({ state, applied, pending, failed, edited, unknown }, { chalk }) => {
    const paint = state === "up-to-date" ? chalk.green : state === "pending" ? chalk.yellow : chalk.red;
    const list = (label: string, names: readonly string[]): string[] =>
      names.map((name) => `${label.padEnd(8)} ${name}`);
    return [
      `state    ${paint(state)}`,
      ...list("applied", applied),
      ...list("pending", pending),
      ...list("failed", failed),
      ...list("edited", edited),
      ...list("unknown", unknown),
    ].join("\n");
  },
});

const name = z.string().min(1).optional();

const resolve = defineCommand({
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

export const migrate: Noun = { name: "migrate", commands: [deploy, status, resolve], defaultCommand: deploy };
