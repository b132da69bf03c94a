/** What the commands that export have in common on the command line. */
import * as z from "zod";
import type { ExportFormat } from "../core/export.js";
import { formatOf } from "../core/load/source.js";
import { UsageError } from "../errors/usage.js";
import { inGroup, parameter } from "./command.js";
import { escapeFormulas } from "./list-options.js";
import { force, output } from "./options.js";

/** Of exports that commands here read back. */
export const exportOptions = inGroup("Output", {
  format: parameter(
    "--format <format>",
    "csv or ndjson (default: by the name of --output, else csv)",
    z.enum(["csv", "ndjson"], { error: "must be csv or ndjson" }).optional(),
  ),
  escapeFormulas,
  output,
  force,
} as const);

interface ExportInput {
  readonly format?: ExportFormat | undefined;
  readonly output?: string | undefined;
  readonly escapeFormulas: boolean;
}

/** @throws {UsageError} when the options contradict each other, or `--json` */
export function exportFormatOf(
  { format, output: path, escapeFormulas: isEscaped }: ExportInput,
  json: boolean,
): ExportFormat {
  refuseJsonOnStdout(path, json);
  const chosen = format ?? (path === undefined ? "csv" : formatOf(path));
  if (isEscaped && chosen !== "csv") {
    throw new UsageError("--escape-formulas is for spreadsheets, which read CSV");
  }
  return chosen;
}

/** Standard output cannot take both the export and the document about it. @throws {UsageError} */
export function refuseJsonOnStdout(path: string | undefined, json: boolean, option = "--output"): void {
  if (json && path === undefined) {
    throw new UsageError(`--json needs ${option} FILE: standard output takes the export itself`);
  }
}
