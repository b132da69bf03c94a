/** What the doctor found, for a person or for a page of GitHub. */
import type { DatabaseFinding } from "../../core/doctor/check.js";
import type { DoctorReport, Step } from "../../core/doctor/report.js";
import type { Finding, FindingLevel } from "../../finding.js";
import type { View } from "../command.js";
import { workflowCommand } from "./annotations.js";
import { count, visible, visibleLines } from "./text.js";

interface Repairs {
  readonly repaired: readonly string[];
  readonly unrepaired: readonly Pick<Finding, "id" | "message" | "fix">[];
  readonly dryRun: boolean;
}

export function doctorText(report: DoctorReport & Repairs, view: View): string {
  const { target, steps, findings } = report;
  const blocks = [
    ...(target === null ? [] : [`database  ${visible(target)}`]),
    stepLines(steps, report.unseen, view),
    ...findings.map((finding) => findingText(finding, view)),
    ...repairedText(report, view),
    verdict(report, view),
  ];
  return blocks.join("\n\n");
}

/** The statements, before anybody agrees to them. */
export function repairLines(repairable: readonly DatabaseFinding[]): string[] {
  return repairable.flatMap(({ id, repair }) => (repair ?? []).map((statement) => `${id}: ${statement}`));
}

/** A line for each finding, as GitHub Actions turns it into an annotation. */
export function doctorAnnotations({ findings, target }: DoctorReport): string {
  const levels = { error: "error", warning: "warning", info: "notice" } as const;
  return findings
    .map(({ id, level, message, fix }) =>
      workflowCommand(
        levels[level],
        { title: `${id}${target === null ? "" : ` on ${target}`}` },
        fix === null ? message : `${message}\nfix: ${fix}`,
      ),
    )
    .join("\n");
}

const WIDTHS = { outcome: 7, stage: 11 } as const;

function stepLines(steps: readonly Step[], unseen: readonly string[], { ink }: View): string {
  const lines = steps.map(({ stage, url, outcome, durationMs, detail }) => {
    const name = url === "DIRECT_URL" ? `${stage} (DIRECT_URL)` : stage;
    const label = paint(outcome, { ink })(outcome.padEnd(WIDTHS.outcome));
    return `${label}  ${name.padEnd(WIDTHS.stage)}  ${`${Math.round(durationMs)} ms`.padStart(8)}  ${visible(detail)}`;
  });
  if (unseen.length > 0) {
    lines.push(`${"–".padEnd(WIDTHS.outcome)}  not looked at: ${unseen.join(", ")}`);
  }
  return lines.join("\n");
}

function findingText({ id, level, message, fix }: DatabaseFinding, view: View): string {
  const label = paint(level, view)(level);
  const lines = [`${label} ${view.ink.strong(id)}  ${indented(message)}`];
  if (fix !== null) {
    lines.push(`  ${view.ink.strong("fix:")} ${indented(fix)}`);
  }
  return lines.join("\n");
}

function repairedText({ repaired, unrepaired, dryRun }: Repairs, view: View): string[] {
  const { ink } = view;
  return [
    ...(repaired.length === 0 ? [] : [ink.done(`${dryRun ? "would mend" : "mended"} ${repaired.join(", ")}`)]),
    ...unrepaired.map(({ id, message, fix }) => {
      const reason = `${ink.alarm("could not mend")} ${ink.strong(id)}  ${indented(message)}`;
      return fix === null ? reason : `${reason}\n  ${ink.strong("fix:")} ${indented(fix)}`;
    }),
  ];
}

function verdict({ findings, passed, failed }: DoctorReport, view: View): string {
  const counts = (["error", "warning", "info"] as const)
    .map((level) => ({ level, number: findings.filter((finding) => finding.level === level).length }))
    .filter(({ number }) => number > 0)
    .map(({ level, number }) => (level === "info" ? `${number} info` : count(number, level)));
  const found = counts.length === 0 ? "nothing is wrong" : counts.join(", ");
  const reached = failed === null ? "" : "; the database could not be reached";
  return view.ink.strong(`${found}${reached} (${passed.length} things are right)`);
}

function paint(outcome: FindingLevel | "ok", { ink }: Pick<View, "ink">): (text: string) => string {
  return { ok: ink.done, info: ink.strong, warning: ink.doubt, error: ink.alarm }[outcome];
}

/** Lines of their own stay; what else moves the cursor comes from data. */
function indented(text: string): string {
  return visibleLines(text).replaceAll("\n", "\n  ");
}
