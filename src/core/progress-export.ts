/** Progress as a file that another database can take: keyed by email and natural key, never by ids. */
import type { PoolClient } from "pg";
import { setting } from "../db/copy.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { column, type ExportColumn, type ExportFormat, exportRows, text, time } from "./export.js";
import { findUser, requireVisible } from "./user.js";

export interface ProgressExportOptions {
  /** Of this user only; null: of all users. */
  readonly email: string | null;
  /** Soft-deleted users too. */
  readonly deleted?: boolean;
  readonly format: ExportFormat;
  /** Such a file does not load back unchanged. */
  readonly escapeFormulas?: boolean;
  readonly signal?: AbortSignal;
}

const COLUMNS: readonly ExportColumn[] = [
  text("email", "u.email"),
  text("language", "w.language"),
  text("term", "w.term"),
  text("reading", "w.reading"),
  text("sense", "w.sense"),
  column("study_count", "p.study_count"),
  column("correct_count", "p.correct_count"),
  column("confidence", "p.confidence"),
  time("last_studied_at", "p.last_studied_at"),
  time("next_review_at", "p.next_review_at"),
];

/** By bytes, so that databases with other ids and collations write the same file. */
const ORDER = ["u.email", "w.language", "w.term", "w.reading", "w.sense"].map((column) => `${column} COLLATE "C"`);

/**
 * Streams from one snapshot, with constant memory on this side.
 *
 * @param sink is left open
 * @returns how many rows were written
 * @throws {UserNotFoundError} @throws {UserDeletedError}
 */
export async function exportProgress(
  connection: Connection,
  sink: NodeJS.WritableStream,
  options: ProgressExportOptions,
): Promise<number> {
  const { email, deleted = false, format, escapeFormulas = false, signal } = options;
  return inTransaction(connection, { readOnly: true, signal }, async (client) => {
    // The shortest digits that read back equal, whatever the server or the role is set to.
    await client.query("SET LOCAL extra_float_digits = 1");
    const { condition, settings } = await chosen(client, email, deleted);
    const source = `FROM progress AS p
                    JOIN users AS u ON u.id = p.user_id
                    JOIN vocabulary_words AS w ON w.id = p.word_id
                   WHERE ${condition}
                   ORDER BY ${ORDER.join(", ")}`;
    return exportRows(client, sink, { columns: COLUMNS, source, settings, format, escapeFormulas, signal });
  });
}

/** Whose progress, in SQL. */
async function chosen(
  client: PoolClient,
  email: string | null,
  deleted: boolean,
): Promise<{ readonly condition: string; readonly settings: Readonly<Record<string, string>> }> {
  if (email === null) {
    return { condition: deleted ? "TRUE" : "u.deleted_at IS NULL", settings: {} };
  }
  const user = await findUser(client, email);
  requireVisible(user, deleted);
  return { condition: `p.user_id = ${setting("user_id")}::uuid`, settings: { user_id: user.id } };
}
