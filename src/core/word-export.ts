/** Words as a file that seeding reads back as unchanged. */
import { where } from "../db/bindings.js";
import { setting } from "../db/copy.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { type ExportFormat, exportRows, text } from "./export.js";
import { fieldsOf } from "./load/shape.js";
import { WORDS } from "./load/word-shape.js";
import type { WordFilter } from "./words.js";

export interface WordExportOptions extends WordFilter {
  readonly format: ExportFormat;
  /** For spreadsheets; such a file does not load back unchanged. */
  readonly escapeFormulas?: boolean;
  readonly signal?: AbortSignal;
}

const COLUMNS = fieldsOf(WORDS).map(({ column }) => text(column, `w.${column}`));

/** By bytes and not by the database's collation: two databases with the same words export the same file. */
const ORDER = WORDS.key.map(({ column }) => `w.${column} COLLATE "C"`).join(", ");

const FILTERS = ["language", "level", "category"] as const;

/**
 * Streams words in the order of their natural keys, with memory for a few of them at a time.
 *
 * @returns how many
 */
export async function exportWords(
  connection: Connection,
  sink: NodeJS.WritableStream,
  options: WordExportOptions,
): Promise<number> {
  const { format, escapeFormulas = false, signal } = options;
  const settings: Record<string, string> = {};
  const conditions: string[] = [];
  for (const name of FILTERS) {
    const value = options[name];
    if (value !== undefined) {
      settings[name] = value;
      conditions.push(`w.${name} = ${setting(name)}`);
    }
  }
  const source = `FROM vocabulary_words AS w ${where(...conditions)} ORDER BY ${ORDER}`;
  return inTransaction(connection, { readOnly: true, signal }, (client) =>
    exportRows(client, sink, { columns: COLUMNS, source, settings, format, escapeFormulas, signal }),
  );
}
