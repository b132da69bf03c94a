import { markOf, markSchema, setMark } from "../../../core/mark.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { confirmMarked, flagOption, writing } from "../../options.js";

export const mark = defineCommand({
  name: "mark",
  summary: "mark the database as production, staging, …, or show its mark",
  details:
    "The mark is kept in the database itself, so it protects it whoever connects, from wherever. On a marked\n" +
    "database whatever cannot be undone needs --confirm with the name of the database, in addition to what it asks\n" +
    "for anyway (user purge, word delete, progress reset, session prune, seed --prune); seed --demo, migrate reset\n" +
    "and db destroy are refused. Another mark, or none, needs the same confirmation.",
  args: {
    environment: parameter("[environment]", "such as production; without it the mark is shown", markSchema.optional()),
  },
  options: { clear: flagOption("--clear", "remove the mark"), confirm: confirmMarked, ...writing },
  examples: [
    { command: "vocabdb db mark production", description: "Protect a database" },
    { command: "vocabdb db mark", description: "What it is marked as" },
    { command: "vocabdb db mark --clear --confirm vocabdb", description: "Protect the database vocabdb no longer" },
  ],
  exitCodes: PENDING,
  seeAlso: ["db status", "history", "migrate reset"],
  needs: "connection",
  writes: ({ environment, clear }) => (environment === undefined && !clear ? null : "data"),
  precheck: ({ environment, clear }) => {
    if (environment !== undefined && clear) {
      throw new UsageError("give either a mark or --clear");
    }
  },
  result: () => import("../../results/db.js").then(({ marked }) => marked),
  run: async ({ environment, clear, confirm: confirmed, dryRun, reason }, { connection, actor }) => {
    if (environment === undefined && !clear) {
      const found = await markOf(connection);
      return { mark: found, previous: found, changed: false, dryRun };
    }
    const change = await setMark(connection, environment ?? null, { confirmed, dryRun, actor: actor(reason) });
    return { ...change, dryRun };
  },
  text: ({ mark: marked, changed, dryRun }, { ink }) => {
    const state = marked === null ? "not marked" : `marked ${marked}`;
    return changed ? `${ink.done(dryRun ? "would be" : "is now")} ${state}` : state;
  },
});
