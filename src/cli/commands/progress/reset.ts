import { resetProgress } from "../../../core/progress-reset.js";
import { defineCommand, inGroup } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { onlyLanguage } from "../../load-options.js";
import { confirm, confirmationOf, email, showDeleted, writing } from "../../options.js";
import { count } from "../../render/text.js";

export const reset = defineCommand({
  name: "reset",
  summary: "remove all progress of a user, for good",
  args: { email },
  options: {
    ...inGroup("Selection", { language: onlyLanguage, deleted: showDeleted }),
    ...inGroup("Changing data", { confirm: confirm("the email of the user"), ...writing }),
  },
  examples: [
    { command: "vocabdb progress reset ada@example.com --dry-run", description: "How many words it is about" },
    {
      command: "vocabdb progress reset ada@example.com --confirm ada@example.com --reason 'asked to start anew'",
      description: "Begin from nothing",
    },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["progress show", "progress export", "user purge", "db mark"],
  needs: "connection",
  writes: "data",
  onMarked: () => "confirm",
  result: () => import("../../results/progress.js").then(({ progressReset }) => progressReset),
  run: async (input, { connection, actor, signal }) => {
    const { email: address, language, deleted, dryRun, reason } = input;
    const confirmed = confirmationOf(input.confirm, address);
    const change = await resetProgress(connection, address, {
      ...{ deleted, dryRun, signal, actor: actor(reason) },
      ...(language !== undefined && { language }),
      ...(confirmed !== undefined && { confirm: confirmed }),
    });
    return { ...change, dryRun };
  },
  text: ({ user, changed, progressDeleted, dryRun }, { ink }) =>
    changed
      ? `${ink.done(dryRun ? "would remove" : "removed")} the progress of ${user.email} on ${count(progressDeleted, "word")}`
      : `nothing to remove: ${user.email}`,
});
