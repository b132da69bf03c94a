/** An error becomes the text for a person or the line for a program. */
import { ExitCode, VocabdbError } from "../../errors/base.js";
import type { ErrorCode } from "../../errors/codes.js";
import { withoutPasswords } from "../../secret.js";
import type { Ink } from "./ink.js";
import { jsonText, visibleLines } from "./text.js";

export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: ExitCode;
}

export function reportOf(error: unknown): ErrorReport {
  if (error instanceof VocabdbError) {
    const { code, message, hint, exitCode } = error;
    return { code, message: withoutPasswords(message), hint: hint && withoutPasswords(hint), exitCode };
  }
  return {
    code: "INTERNAL",
    message: withoutPasswords(`unexpected: ${error instanceof Error ? error.message : String(error)}`),
    hint: "this is a bug in vocabdb; run the command again with --verbose and report what it prints",
    exitCode: ExitCode.unexpected,
  };
}

/** `{"error":{"code":…,"message":…,"hint":…}}`, one line. */
export function errorJson({ code, message, hint }: ErrorReport): string {
  return jsonText({ error: { code, message, hint } });
}

/** Messages may have several lines of their own; everything else in them comes from data. */
export function errorText(report: ErrorReport, ink: Ink): string {
  const lines = [`${ink.alarm("error:")} ${visibleLines(report.message)}`];
  if (report.hint !== null) {
    lines.push(`${ink.strong("hint:")}  ${visibleLines(report.hint)}`);
  }
  return lines.join("\n");
}
