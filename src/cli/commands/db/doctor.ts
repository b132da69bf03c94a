import * as z from "zod";
import type { DatabaseFinding } from "../../../core/doctor/check.js";
import type { Repairs } from "../../../core/doctor/repair.js";
import type { DoctorReport } from "../../../core/doctor/report.js";
import type { Connection } from "../../../db/pool.js";
import type { Target } from "../../../db/target.js";
import { ExitCode } from "../../../errors/base.js";
import { ConsentMissingError } from "../../../errors/usage.js";
import type { FindingId, FindingLevel } from "../../../finding.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { confirmMarked, dryRun, duration, flagOption, yes } from "../../options.js";
import { doctorAnnotations, doctorText, repairLines } from "../../render/doctor.js";
import type { ServicesFor } from "../../services.js";

type DoctorResult = DoctorReport & {
  /** Ids of what `--fix` has mended, or would mend. */
  readonly repaired: readonly FindingId[];
  /** What it could not mend, and why. */
  readonly unrepaired: Repairs["failed"];
  readonly dryRun: boolean;
};

const FAIL_ON = ["error", "warning", "info", "never"] as const;

const words = z
  .array(z.string())
  .default([])
  .transform((lists) => lists.flatMap((list) => list.split(",")).map((word) => word.trim()))
  .transform((list) => list.filter((word) => word !== ""));

const names = {
  words: () => import("../../../core/doctor/selection.js").then(({ selectable }) => selectable()),
  separator: ",",
} as const;

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
      { completes: names },
    ),
    skip: parameter("--skip <names...>", "all but these", words, { completes: names }),
    failOn: parameter(
      "--fail-on <level>",
      "least level that is a failure: error, warning, info or never (default: error)",
      z.enum(FAIL_ON, { error: `must be one of ${FAIL_ON.join(", ")}` }).default("error"),
    ),
    timeout: duration("--timeout <duration>", "it ends by then, with what it knows", "15s"),
    format: parameter(
      "--format <format>",
      "text, or github for annotations of GitHub Actions (default: text)",
      z.enum(["text", "github"], { error: "must be text or github" }).default("text"),
    ),
    ...inGroup("Changing data", {
      fix: flagOption("--fix", "mend what can be mended without harm, after showing it"),
      dryRun,
      yes,
      confirm: confirmMarked,
    }),
  },
  examples: [
    { command: "vocabdb db doctor", description: "Why does it not connect, and is everything as it should be?" },
    { command: "vocabdb db doctor --only exposure --fail-on warning", description: "Who can read the tables?" },
    { command: "vocabdb db doctor --fix --dry-run", description: "What it would mend" },
    { command: "vocabdb db doctor --json --timeout 5s", description: "For a health check" },
  ],
  exitCodes: {
    [ExitCode.ok]: "nothing is wrong of the level of --fail-on",
    [ExitCode.usage]: "wrong usage, or what is wrong is the configuration; or --fix needs consent",
    [ExitCode.findings]: "there are findings of the level of --fail-on",
    [ExitCode.unreachable]: "the database cannot be reached",
  },
  seeAlso: ["db status", "db wait", "migrate status", "environment", "supabase"],
  needs: "configInput",
  writes: null,
  result: () => import("../../results/doctor.js").then(({ examined }) => examined),
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
    if (!input.fix || resolution === null || report.failed !== null || repairable.length === 0) {
      return { ...report, repaired: [], unrepaired: [], dryRun: input.dryRun };
    }
    const { repaired, failed } = await mend(resolution.migrationTarget, repairable, input, services);
    const findings = input.dryRun ? report.findings : report.findings.filter((finding) => !repaired.includes(finding));
    const ids = repaired.map(({ id }) => id);
    return { ...report, findings, repaired: [...new Set(ids)], unrepaired: failed, dryRun: input.dryRun };
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

interface Answers {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly confirm: readonly string[];
}

/** @throws {ConsentMissingError} unless somebody says yes or, to a marked database, its name */
async function mend(
  target: Target,
  repairable: readonly DatabaseFinding[],
  { dryRun, yes, confirm }: Answers,
  { prompts, withConsent, notice, display, actor, signal }: ServicesFor["configInput"],
): Promise<Repairs> {
  const [{ applyRepairs }, { translateError }, { guardMarked }, { withConnection }, { describeTarget }] =
    await Promise.all([
      import("../../../core/doctor/repair.js"),
      import("../../../db/errors.js"),
      import("../../../core/mark.js"),
      import("../../../db/pool.js"),
      import("../../../db/target.js"),
    ]);
  display.pause();
  notice(`${dryRun ? "dry run on" : "writing to"} ${describeTarget(target)}`);
  for (const line of repairLines(repairable)) {
    notice(line);
  }
  const apply = (connection: Connection) =>
    applyRepairs(connection, repairable, { dryRun, actor: actor(undefined), signal });
  const applyIfAgreed = (connection: Connection, confirmed: readonly string[]) =>
    guardMarked(connection, { rule: "confirm", confirmed, retyped: null }, async () => {
      const agreed = yes || confirmed.includes(target.database);
      if (!agreed && (await (await prompts())?.yes("Run these statements?")) !== true) {
        throw new ConsentMissingError(
          "--fix would run these statements, and needs a yes: nothing was changed",
          "vocabdb db doctor --fix --yes",
        );
      }
      return apply(connection);
    });
  const done = dryRun
    ? withConnection(target, apply)
    : withConsent(confirm, (confirmed) => withConnection(target, (connection) => applyIfAgreed(connection, confirmed)));
  // The bracket of commands cannot do it, as it has opened no target for this one.
  return done.catch((error: unknown) => {
    throw translateError(error, target);
  });
}
