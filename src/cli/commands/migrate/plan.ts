import { planMigrations } from "../../../core/migration-plan.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand } from "../../command.js";
import { count } from "../../render/text.js";
import { listeners, strict } from "./warnings.js";

export const plan = defineCommand({
  name: "plan",
  summary: "the SQL that deploy would run",
  details:
    "Prints what is pending, with the same warnings, and refuses what deploy would refuse. Nothing is changed.\n" +
    "What is printed is to be read: run by hand it would leave no record of the migrations.",
  args: {},
  options: { strict },
  examples: [
    { command: "vocabdb migrate plan", description: "Read what the next deploy would do" },
    { command: "vocabdb migrate plan --strict --quiet", description: "For CI: 3 where deploy would warn" },
  ],
  exitCodes: {
    [ExitCode.findings]: "--strict, and there are warnings",
    [ExitCode.conflict]: "deploy would refuse: an earlier failure is not resolved, or the history is another",
  },
  seeAlso: ["migrate deploy", "migrate status"],
  needs: "target",
  writes: null,
  result: () => import("../../results/migrate.js").then(({ planned }) => planned),
  run: async (input, services) => {
    const { onWarning } = listeners(services);
    const options = { onWarning, strict: input.strict };
    const { pending, alreadyApplied, warnings } = await planMigrations(services.resolution.migrationTarget, options);
    if (pending.length === 0) {
      services.notice(`nothing to apply: the database is up to date (${count(alreadyApplied, "migration")})`);
    }
    return { pending, warnings };
  },
  text: ({ pending }) => pending.map(({ name, sql }) => `-- ${name}\n\n${sql.trim()}`).join("\n\n"),
});
