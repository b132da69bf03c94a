import { z } from "zod";
import type { DatabaseFinding } from "../../../core/doctor/check.js";
import type { DoctorReport } from "../../../core/doctor/report.js";
import { ConsentMissingError, ExitCode } from "../../../errors.js";
import type { FindingLevel } from "../../../finding.js";
import { defineCommand, parameter } from "../../command.js";
import { dryRun, flagOption, globalOptions } from "../../options.js";
import { doctorAnnotations, doctorText, repairLines } from "../../render/doctor.js";
import type { ServicesFor } from "../../services.js";

type DoctorResult = DoctorReport & {
  /** Ids of what `--fix` has mended, or would mend. */
  readonly repaired: readonly string[];
  readonly dryRun: boolean;
};

const FAIL_ON = ["error", "warning", "info", "never"] as const;

const words = z
  .array(z.string())
  .default([])
  .transform((lists) => lists.flatMap((list) => list.split(",")).map((word) => word.trim()))
  .transform((list) => list.filter((word) => word !== ""));

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** `15s`, `500ms`, `2m`, or seconds. */
const duration = z
  .string()
  .regex(/^\d{1,6}(ms|s|m)?$/, "must be a duration such as 15s, 500ms or 2m")
  .transform((text) => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, "") || "s"] ?? 1_000))
  .pipe(z.number().min(100, "must be at least 100ms").max(3_600_000, "must be at most 60m"));

export const doctor = defineCommand({
  name: "doctor",
  summary: "what is wrong with the connection, the schema, the data and who may read it, and how to mend it",
  details:
    "Goes from the URL over DNS, TCP, TLS and one login into the database, stage by stage, and stops at what is\n" +
    "fatal. There is never a second login after a refused one. Every finding has an id, explained in docs/doctor.md.\n" +
    "Exits with 7 when the database cannot be reached, with 2 when the configuration is wrong, and with 3 when\n" +
    "there are findings of the level of --fail-on.",
  args: {},
  options: {
    only: parameter(
      "--only <names...>",
      "only these: stages, areas or ids (tls, schema, net.refused), with commas",
      words,
    ),
    skip: parameter("--skip <names...>", "all but these", words),
    failOn: parameter(
      "--fail-on <level>",
      "least level that is a failure: error, warning, info or never (default: error)",
      z.enum(FAIL_ON, { error: `must be one of ${FAIL_ON.join(", ")}` }).default("error"),
    ),
    timeout: parameter(
      "--timeout <duration>",
      "it ends by then, with what it knows (default: 15s)",
      duration.prefault("15s"),
    ),
    fix: flagOption("--fix", "mend what can be mended without harm, after showing it"),
    dryRun,
    format: parameter(
      "--format <format>",
      "text, or github for annotations of GitHub Actions (default: text)",
      z.enum(["text", "github"], { error: "must be text or github" }).default("text"),
    ),
    yes: globalOptions.yes,
  },
  examples: [
    { command: "vocabdb db doctor", description: "Why does it not connect, and is everything as it should be?" },
    { command: "vocabdb db doctor --only exposure --fail-on warning", description: "Who can read the tables?" },
    { command: "vocabdb db doctor --fix --dry-run", description: "What it would mend" },
    { command: "vocabdb db doctor --json --timeout 5s", description: "For a health check" },
  ],
  exitCodes: [ExitCode.findings],
  needs: "configInput",
  writes: null,
  run: async (input, services): Promise<DoctorResult> => {
    const [{ examine }, { select }] = await Promise.all([
      import("../../../core/doctor/doctor.js"),
      import("../../../core/doctor/selection.js"),
    ]);
    const { resolution, report } = await examine(services.configInput, {
      ...{ selected: select(input), timeoutMs: input.timeout, signal: services.signal },
      onStage: (stage) => services.display.update(`looking at: ${stage}`),
    });
    const repairable = report.findings.filter(({ repair }) => repair !== null);
    if (!input.fix || resolution === null || repairable.length === 0) {
      return { ...report, repaired: [], dryRun: input.dryRun };
    }
    if (!input.dryRun) {
      await askForConsent(repairable, input.yes, services);
    }
    const [{ applyRepairs }, { withConnection }] = await Promise.all([
      import("../../../core/doctor/repair.js"),
      import("../../../db/pool.js"),
    ]);
    const options = { dryRun: input.dryRun, actor: services.actor(undefined), signal: services.signal };
    const repaired = await withConnection(resolution.migrationTarget, (connection) =>
      applyRepairs(connection, repairable, options),
    );
    const ids = repaired.map(({ id }) => id);
    const findings = input.dryRun ? report.findings : report.findings.filter((finding) => !repaired.includes(finding));
    return { ...report, findings, repaired: [...new Set(ids)], dryRun: input.dryRun };
  },
  exitCode: ({ failed, findings }, { failOn }) => {
    if (failOn === "never") {
      return ExitCode.ok;
    }
    if (failed !== null) {
      return failed === "configuration" ? ExitCode.usage : ExitCode.unreachable;
    }
    const levels: readonly FindingLevel[] = FAIL_ON.slice(0, FAIL_ON.indexOf(failOn) + 1).filter(
      (level) => level !== "never",
    );
    return findings.some(({ level }) => levels.includes(level)) ? ExitCode.findings : ExitCode.ok;
  },
  text: (result, view, { format }) => (format === "github" ? doctorAnnotations(result) : doctorText(result, view)),
});

/** @throws {ConsentMissingError} unless somebody says yes */
async function askForConsent(
  repairable: readonly DatabaseFinding[],
  yes: boolean,
  { ask, notice, display }: ServicesFor["configInput"],
): Promise<void> {
  display.end();
  for (const line of repairLines(repairable)) {
    notice(line);
  }
  if (!yes && (await ask("Run these statements?")) !== true) {
    throw new ConsentMissingError(
      "--fix would run these statements, and needs a yes: nothing was changed",
      "vocabdb db doctor --fix --yes",
    );
  }
}
