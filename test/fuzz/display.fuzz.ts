/** Whatever data says, what is printed of it moves no cursor, has no colours but ours, hides nothing, and stays in its column. */
import { PassThrough } from "node:stream";
import { Chalk } from "chalk";
import fc from "fast-check";
import stringWidth from "string-width";
import { expect, inject, it } from "vitest";
import { workflowCommand } from "../../src/cli/render/annotations.js";
import { doctorText } from "../../src/cli/render/doctor.js";
import { errorJson, errorText } from "../../src/cli/render/error.js";
import { coloured } from "../../src/cli/render/ink.js";
import { screen } from "../../src/cli/render/screen.js";
import { type Column, table } from "../../src/cli/render/table.js";
import { facts, jsonText, printable, visible } from "../../src/cli/render/text.js";
import type { DatabaseFinding } from "../../src/core/doctor/check.js";
import type { DoctorReport } from "../../src/core/doctor/report.js";
import { formatReject } from "../../src/errors/loading.js";
import { count, tries } from "../support/experiment.js";
import { effectsOf } from "../support/terminal-model.js";

const inColours = coloured(new Chalk({ level: 1 }));
const NOW = new Date("2026-06-01T12:00:00Z");

const character = (...ranges: readonly (readonly [number, number])[]) =>
  fc.oneof(...ranges.map(([min, max]) => fc.integer({ min, max }))).map((code) => String.fromCodePoint(code));

const hostile = fc.oneof(
  // Whole sequences: clear, move, colour, title, clipboard, hyperlink, device control, application commands.
  fc.constantFrom(
    "\u001b[2J",
    "\u001b[1;1H",
    "\u001b[31m",
    "\u001b[8m",
    "\u001b]0;title\u0007",
    "\u009b5A",
    "\u009d0;t\u009c",
  ),
  fc.constantFrom(
    "\u001b]52;c;ZXZpbA==\u0007",
    "\u001b]8;;http://evil\u001b\\",
    "\u001bP+q\u001b\\",
    "\u001b_x\u001b\\",
    "\u001bc",
  ),
  fc.constantFrom(
    "\u001b[?1049h",
    "\u001b[6n",
    "\r",
    "\b\b\b",
    "\t",
    "\n",
    "\r\n",
    "\u000b",
    "\u000e",
    "\u0085",
    "\u2028",
    "\u2029",
  ),
  fc.constantFrom("::error::x", "%0A::stop-commands::x", "\n::add-mask::a", "hint:  rm -rf /", "error: x"),
  // Directions, isolates, what has no width, fillers, tags, selectors, private use, halves of pairs.
  character([0x200b, 0x200f], [0x202a, 0x202e], [0x2060, 0x206f], [0xfe00, 0xfe0f], [0xe0000, 0xe01ef]),
  character([0, 0x1f], [0x7f, 0x9f], [0x180b, 0x180f], [0xfff0, 0xffff], [0xe000, 0xe010], [0xd800, 0xdfff]),
  fc.constantFrom(
    "\u00ad",
    "\u034f",
    "\u061c",
    "\u115f",
    "\u1160",
    "\u17b4",
    "\u3164",
    "\uffa0",
    "\ufeff",
    "\u{1d173}",
  ),
  fc.integer({ min: 1, max: 30 }).map((length) => `Z${"\u0301\u0489\u20dd".repeat(length)}`),
);
const ordinary = fc.constantFrom(
  "Haus",
  "你好",
  "สวัสดี",
  "नमस्ते",
  "👍🏽",
  "e\u0301",
  "❤\ufe0f",
  "葛\u{e0100}",
  " ",
  "שלום",
  "x",
);
const text = fc.array(fc.oneof(hostile, ordinary), { maxLength: 12 }).map((parts) => parts.join(""));

/** Counts what was tried, and says how to try it again. */
function tryAll<T>(parser: string, cases: fc.Arbitrary<T>, check: (value: T) => void): void {
  const { seed } = inject("experiment");
  const numRuns = tries({ full: 3_000, short: 300 });
  fc.assert(fc.property(cases, check), { seed, numRuns, includeErrorInReport: true });
  count("Hostile input", { parser: `display: ${parser}`, cases: numRuns, failures: 0 });
}

const NOTHING: readonly string[] = [];

it("tables stay aligned, and within the width", () => {
  type Row = readonly [string, string];
  const columns: readonly Column<Row>[] = [
    { title: "first", value: ([first]) => first, flexible: true },
    { title: "second", value: ([, second]) => second, flexible: true },
    { title: "n", value: () => "|", align: "right" },
  ];
  const width = fc.constantFrom(30, 60, Number.POSITIVE_INFINITY);
  tryAll("table", fc.tuple(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), width), ([rows, limit]) => {
    const output = table(rows, columns, { width: limit, ink: inColours, now: NOW }, "nothing");
    expect(effectsOf(output, true)).toEqual(NOTHING);
    const [, , ...lines] = output.split("\n");
    expect(lines).toHaveLength(rows.length);
    expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
    expect(stringWidth(lines[0] ?? "")).toBeLessThanOrEqual(limit);
    expect(lines.every((line) => line.endsWith(" |"))).toBe(true);
  });
});

it("facts are a line each", () => {
  tryAll("facts", fc.array(text, { minLength: 1, maxLength: 5 }), (values) => {
    const rows = values.map((value) => ["label", value] as const);
    const output = facts(rows, { width: 80, ink: inColours, now: NOW });
    expect(effectsOf(output, true)).toEqual(NOTHING);
    expect(output.split("\n")).toHaveLength(values.length);
  });
});

it("errors have lines of their own only", () => {
  tryAll("error", fc.tuple(text, fc.option(text)), ([message, hint]) => {
    const report = { code: "USAGE", message, hint, exitCode: 1 } as const;
    expect(effectsOf(errorText(report, inColours), true)).toEqual(NOTHING);
    expect(effectsOf(errorJson(report), false)).toEqual(NOTHING);
    expect(errorJson(report)).not.toContain("\n");
    expect(JSON.parse(errorJson(report))).toEqual(
      JSON.parse(JSON.stringify({ error: { code: "USAGE", message, hint } })),
    );
  });
});

it("rejects forge no line, whatever file and cell are called", () => {
  tryAll("reject", fc.tuple(text, text, text), ([file, field, reason]) => {
    const line = formatReject({ file, field, reason, line: 1, column: 1, code: "USAGE", recordLine: 1, hint: null });
    expect(line).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
    expect(effectsOf(visible(line), false)).toEqual(NOTHING);
  });
});

it("documents are the same, and plain text", () => {
  tryAll("JSON document", fc.tuple(text, fc.array(text)), ([key, values]) => {
    const value = { [key]: values };
    expect(effectsOf(jsonText(value, 2), false)).toEqual(NOTHING);
    expect(JSON.parse(jsonText(value, 2))).toEqual(JSON.parse(JSON.stringify(value)));
  });
});

it("annotations are one command each, with the message in it", () => {
  tryAll("annotation", fc.tuple(text, text), ([file, message]) => {
    const command = workflowCommand("error", { file, title: "X" }, message);
    expect(effectsOf(command, false)).toEqual(NOTHING);
    expect(command).not.toContain("\n");
    expect(command).toMatch(/^::error file=[^,:]*,title=X::/);
  });
});

it("findings of the doctor move nothing", () => {
  const finding = fc.record({ message: text, fix: fc.option(text) });
  tryAll("doctor", fc.tuple(text, fc.array(finding, { maxLength: 3 }), text), ([target, found, detail]) => {
    const findings = found.map((each): DatabaseFinding => ({ ...each, id: "env.empty", level: "error", repair: null }));
    const report: Pick<DoctorReport, "target" | "findings" | "passed" | "failed" | "steps" | "unseen"> = {
      ...{ target, findings, passed: [], failed: null, unseen: [] },
      steps: [{ stage: "url", url: "DATABASE_URL", outcome: "ok", durationMs: 1, detail }],
    };
    const whole = { ...EMPTY_REPORT, ...report, repaired: [], unrepaired: findings, dryRun: false };
    expect(effectsOf(doctorText(whole, { width: 80, ink: inColours, now: NOW }), true)).toEqual(NOTHING);
  });
});

const EMPTY_REPORT = { addresses: [], tls: null, server: null, pooler: null };

it("nothing that was forgotten passes the last barrier", () => {
  tryAll("last barrier", text, (forgotten) => {
    expect(effectsOf(printable(forgotten, { isColoured: false }), false)).toEqual(NOTHING);
    // Colours of ours look the same.
    const moved = effectsOf(printable(forgotten, { isColoured: true }), true);
    expect(moved.filter((effect) => !/^sequence "\\u001b\[\d{1,2}m"$/.test(effect))).toEqual(NOTHING);
  });
});

it("exports on a terminal are shown, cut wherever they may be", async () => {
  const { seed } = inject("experiment");
  const numRuns = tries({ full: 1_000, short: 100 });
  const cases = fc.tuple(text, fc.integer({ min: 1, max: 7 }));
  const property = fc.asyncProperty(cases, async ([data, size]) => {
    const terminal = new PassThrough();
    const stream = screen(terminal);
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length; at += size) {
      stream.write(bytes.subarray(at, at + size));
    }
    await new Promise<void>((resolve) => stream.end(resolve));
    const shown: Buffer | null = terminal.read();
    expect(effectsOf(shown?.toString() ?? "", false).filter((effect) => !effect.startsWith("marks"))).toEqual(NOTHING);
  });
  await fc.assert(property, { seed, numRuns });
  count("Hostile input", { parser: "display: export on a terminal", cases: numRuns, failures: 0 });
});
