import { rehearseMigrations } from "../../../core/migration-rehearsal.js";
import { type DeployResult, deployMigrations } from "../../../core/migrations.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand } from "../../command.js";
import { dryRun, lockTimeout } from "../../options.js";
import { count } from "../../render/text.js";
import { listeners, strict } from "./warnings.js";

export const deploy = defineCommand({
  name: "deploy",
  summary: "apply what is pending",
  details:
    "Applies the migrations that ship with this version, in order, under Prisma's advisory lock: of several\n" +
    "deploys at once one applies and the others wait. DIRECT_URL is used where it is set beside DATABASE_URL.\n" +
    "A table's lock that others hold is tried for again and again, for as long as --lock-timeout says, so that the\n" +
    "application's queries go on meanwhile; then the migration gives up, says who holds the lock, and can be run\n" +
    "again. Before anything runs there are warnings about what may lose data or hold up the application.",
  args: {},
  options: { lockTimeout, strict, dryRun },
  examples: [
    { command: "vocabdb migrate", description: "Apply what is pending" },
    { command: "vocabdb migrate --dry-run", description: "Try it on the real database, and roll it back" },
    { command: "vocabdb migrate --strict --lock-timeout 1m", description: "In a deploy that nobody watches" },
  ],
  exitCodes: {
    [ExitCode.unexpected]: "a migration failed, or an unexpected failure",
    [ExitCode.findings]: "--strict, and there are warnings; nothing was applied",
    [ExitCode.conflict]: "others hold a lock, an earlier failure is not resolved, or the history is another",
  },
  seeAlso: ["migrate plan", "migrate status", "migrate resolve", "db doctor", "supabase"],
  needs: "target",
  writes: "schema",
  result: () => import("../../results/migrate.js").then(({ deployed }) => deployed),
  run: async (input, services): Promise<DeployResult & { dryRun: boolean }> => {
    const work = input.dryRun ? rehearseMigrations : deployMigrations;
    const { migrationTarget } = services.resolution;
    const options = { ...listeners(services), lockTimeoutMs: input.lockTimeout, strict: input.strict };
    return { ...(await work(migrationTarget, options)), dryRun: input.dryRun };
  },
  text: ({ applied, alreadyApplied, dryRun: rehearsed }, { ink }) => {
    const lines = applied.map((name) => `${ink.done(rehearsed ? "would apply" : "applied")} ${name}`);
    if (applied.length === 0) {
      lines.push(`nothing to apply: the database is up to date (${count(alreadyApplied, "migration")})`);
    }
    return lines.join("\n");
  },
});
