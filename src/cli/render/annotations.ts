/** Workflow commands of GitHub Actions, which shows them at the file's line in the pull request. */
import type { Reject } from "../../errors/loading.js";
import { visible } from "./text.js";

export type AnnotationLevel = "error" | "warning";

/** @returns a line for each reject, or nothing */
export function annotations(level: AnnotationLevel, rejects: readonly Reject[]): string {
  return rejects
    .map(({ file, line, column, field, code, reason }) => {
      const place = { file, line: String(line), col: String(column), title: code };
      return `${workflowCommand(level, place, field === null ? reason : `${field}: ${reason}`)}\n`;
    })
    .join("");
}

/** `::error title=…::message`, which a message of several lines stays. */
export function workflowCommand(
  level: AnnotationLevel | "notice",
  properties: Readonly<Record<string, string>>,
  message: string,
): string {
  const places = Object.entries(properties).map(([name, value]) => `${name}=${property(value)}`);
  return `::${level} ${places.join(",")}::${message.split("\n").map(data).join("%0A")}`;
}

function data(text: string): string {
  return visible(text).replaceAll("%", "%25");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
