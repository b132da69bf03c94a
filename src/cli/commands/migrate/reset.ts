import * as z from "zod";
import { resetDatabase } from "../../../core/migration-reset.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand, inGroup, repeatable } from "../../command.js";
import { confirmationOf, flagOption, lockTimeout, writing } from "../../options.js";
import { count, visible } from "../../render/text.js";
import { listeners } from "./warnings.js";

export const reset = defineCommand({
  name: "reset",
  summary: "drop every table of vocabdb and apply the migrations again, for good",
  details:
    "Drops what the migrations make, in one transaction, and deploys. Other schemas, extensions, and what else stands\n" +
    "in the schema stay; if any of that depends on what would go, nothing is dropped. A database that `vocabdb db mark`\n" +
    "has named is refused, whatever is confirmed.",
  args: {},
  options: {
    lockTimeout,
    ...inGroup("Changing data", {
      confirm: repeatable("--confirm <name>", "name of the database, to confirm it", z.array(z.string()).default([])),
      reason: writing.reason,
      dryRun: flagOption("-n, --dry-run", "say what would go, and how many rows; nobody is locked out"),
    }),
  },
  examples: [
    { command: "vocabdb migrate reset --dry-run", description: "What would go, with the number of rows" },
    { command: "vocabdb migrate reset --confirm vocabdb", description: "Start the database vocabdb over" },
  ],
  exitCodes: {
    [ExitCode.unexpected]: "a migration failed, or an unexpected failure",
    [ExitCode.conflict]: "something else depends on the tables, or somebody uses them; nothing was dropped",
  },
  seeAlso: ["migrate deploy", "db mark", "db destroy"],
  needs: "connection",
  writes: "schema",
  onMarked: () => ({ refused: "migrate reset" }),
  result: () => import("../../results/migrate.js").then(({ migrationsReset }) => migrationsReset),
  run: async (input, services) => {
    const { dryRun, lockTimeout: lockTimeoutMs, reason } = input;
    const { migrationTarget } = services.resolution;
    const confirmed = confirmationOf(input.confirm, migrationTarget.database);
    const result = await resetDatabase(migrationTarget, {
      ...listeners(services),
      ...{ dryRun, lockTimeoutMs, actor: services.actor(reason) },
      ...(confirmed !== undefined && { confirm: confirmed }),
    });
    return { ...result, dryRun };
  },
  text: ({ dropped, left, applied, dryRun }, { ink }) => {
    const would = dryRun ? "would " : "";
    return [
      ...dropped.map(({ kind, name, rows }) => {
        const held = rows === null ? "" : `, ${count(rows, "row")}`;
        return `${ink.alarm(dryRun ? "would drop" : "dropped")} ${kind} ${visible(name)}${held}`;
      }),
      ...left.map(({ kind, name }) => `${would}keep ${kind} ${visible(name)}: not of the migrations`),
      ...applied.map((name) => `${ink.done(dryRun ? "would apply" : "applied")} ${name}`),
    ].join("\n");
  },
});
