import { migrationStatus } from "../../../core/migration-status.js";
import { ExitCode } from "../../../errors.js";
import { defineCommand } from "../../command.js";
import { flagOption } from "../../options.js";

export const status = defineCommand({
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
