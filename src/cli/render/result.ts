/** What a command prints as its result, whatever the command. */
import type { Outcome, View } from "../command.js";
import { pick } from "../json-fields.js";
import { jsonText, lines } from "./text.js";

export async function resultText(outcome: Outcome, view: View): Promise<string> {
  const { result, fields, format, list, more } = outcome;
  if (format === "json") {
    return `${jsonText(fields === null ? result : pickedFrom(outcome, fields), 2)}\n`;
  }
  if (format === "table" || list === null) {
    const text = lines(outcome.text(view), more);
    return text === "" ? "" : `${text}\n`;
  }
  const { csv, ndjson } = await import("./rows.js");
  const rows = rowsOf(outcome) ?? [];
  return format === "csv" ? csv(rows, list, list) : ndjson(rows);
}

function pickedFrom(outcome: Outcome, fields: readonly string[]): unknown {
  const { result, list } = outcome;
  return list === null
    ? pick(result, fields)
    : { ...result, [list.rows]: rowsOf(outcome)?.map((row) => pick(row, fields)) ?? null };
}

function rowsOf({ result, list }: Outcome): readonly object[] | null {
  return new Map<string | undefined, readonly object[] | null>(Object.entries(result)).get(list?.rows) ?? null;
}
