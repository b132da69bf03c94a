/** Workflow commands of GitHub Actions, which shows them at the file's line in the pull request. */
import type { Reject } from "../../errors.js";
import { visible } from "./text.js";

export type AnnotationLevel = "error" | "warning";

/** @returns a line for each reject, or nothing */
export function annotations(level: AnnotationLevel, rejects: readonly Reject[]): string {
  return rejects
    .map(({ file, line, column, field, code, reason }) => {
      const place = `file=${property(file)},line=${line},col=${column},title=${property(code)}`;
      return `::${level} ${place}::${data(field === null ? reason : `${field}: ${reason}`)}\n`;
    })
    .join("");
}

function data(text: string): string {
  return visible(text).replaceAll("%", "%25");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
