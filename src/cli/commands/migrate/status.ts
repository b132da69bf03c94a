import { describeDifference } from "../../../core/drift/compare.js";
import { readMigrations } from "../../../core/migration-files.js";
import { migrationStatus } from "../../../core/migration-status.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand } from "../../command.js";
import { flagOption } from "../../options.js";
import { visible } from "../../render/text.js";

export const status = defineCommand({
  name: "status",
  summary: "what is applied, pending, failed or edited, and what has drifted",
  details:
    "Drift is whatever differs from what the applied migrations make: tables, columns, checks, keys, indexes, triggers,\n" +
    "functions, policies. They are run once more in a schema of their own, in a transaction that is rolled back. What is\n" +
    "printed as SQL takes the differences back; statements that would remove data are comments.",
  args: {},
  options: { check: flagOption("--check", "exit with 3 unless the database is up to date") },
  examples: [
    { command: "vocabdb migrate status", description: "Where the database stands" },
    { command: "vocabdb migrate status --check --quiet", description: "For CI: 0 when up to date, 3 when not" },
  ],
  exitCodes: { [ExitCode.findings]: "--check, and the database is not up to date" },
  seeAlso: ["migrate plan", "migrate deploy", "migrate resolve", "db doctor"],
  needs: "target",
  writes: null,
  result: () => import("../../results/migrate.js").then(({ migrationStatus }) => migrationStatus),
  run: (_, { resolution, signal }) => migrationStatus(resolution.migrationTarget, readMigrations(), signal),
  exitCode: ({ state }, { check }) => (check && state !== "up-to-date" ? ExitCode.findings : ExitCode.ok),
  text: ({ state, applied, pending, failed, edited, unknown, differences, drift, driftSkipped }, { ink }) => {
    const paint = state === "up-to-date" ? ink.done : state === "pending" ? ink.doubt : ink.alarm;
    const list = (label: string, names: readonly string[]): string[] =>
      names.map((name) => `${label.padEnd(8)} ${name}`);
    return [
      `state    ${paint(state)}`,
      ...list("applied", applied),
      ...list("pending", pending),
      ...list("failed", failed),
      ...list("edited", edited),
      ...list("unknown", unknown),
      ...list("drift", differences.map(describeDifference).map(visible)),
      ...(driftSkipped === null ? [] : [`${"drift".padEnd(8)} not looked for: ${visible(driftSkipped)}`]),
      ...(drift === null ? [] : ["", "-- This takes the differences back:", ...drift.split("\n").map(visible)]),
    ].join("\n");
  },
});
