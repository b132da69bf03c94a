/** Emails from a file: one to a line, or the column `email` of a CSV file. */
import { BadHeaderError, type Reject, RowsRejectedError } from "../errors/loading.js";
import { emailSchema } from "./email-schema.js";
import { csvCellOffset, scanCsv } from "./load/csv.js";
import { detectDelimiter } from "./load/csv-reader.js";
import { plain } from "./load/layout.js";
import type { TextRecord } from "./load/records.js";
import { findSources, type SourceOptions } from "./load/source.js";
import { readText } from "./load/text-file.js";

const HEADERS: readonly string[] = ["email", "emailaddress", "mail"];
const SHOWN_REJECTS = 20;

/**
 * @param input a file, or `-` for standard input
 * @returns the emails as they are stored, each once, in the order of the file
 * @throws {FileError} when it cannot be read
 * @throws {BadHeaderError} when it is empty, or has several columns and none for emails
 * @throws {RowsRejectedError} naming every line that holds no email
 */
export async function readEmails(
  input: string,
  options: SourceOptions & { readonly signal?: AbortSignal },
): Promise<string[]> {
  const emails = new Set<string>();
  for (const source of await findSources([input], options)) {
    for (const email of parseEmails(source.name, await readText(source, options.signal))) {
      emails.add(email);
    }
  }
  return [...emails];
}

function parseEmails(file: string, text: string): string[] {
  const delimiter = detectDelimiter(text);
  const { records } = scanCsv(text, { delimiter, line: 1, final: true });
  const filled = records.filter(({ cells, problem }) => problem !== null || cells.some((cell) => cell?.trim()));
  const { column, body } = findColumn(file, filled);
  const emails: string[] = [];
  const rejects: Reject[] = [];
  for (const record of body) {
    const parsed = emailSchema.safeParse(record.cells[column] ?? "");
    if (parsed.success && record.problem === null) {
      emails.push(parsed.data);
    } else {
      const reason = record.problem?.reason ?? parsed.error?.issues[0]?.message ?? "";
      const offset = csvCellOffset(text.slice(record.start, record.end), delimiter, column);
      rejects.push(rejected(file, record.line, record.problem?.offset ?? offset, reason));
    }
  }
  if (rejects.length > 0) {
    const facts = { total: rejects.length, rows: body.length, file: null };
    throw new RowsRejectedError(rejects.slice(0, SHOWN_REJECTS), facts);
  }
  return emails;
}

/** A list without a header is one of emails only. */
function findColumn(file: string, records: readonly TextRecord[]) {
  const [first, ...others] = records;
  const headers = first?.cells.map((cell) => cell?.trim() ?? "") ?? [];
  const column = headers.findIndex((header) => HEADERS.includes(plain(header)));
  const hint = "it needs one email to a line, or a CSV header with a column email";
  if (column === -1 && headers.length > 1) {
    throw new BadHeaderError(file, headers, "no column for emails", hint);
  }
  const body = column === -1 ? records : others;
  if (body.length === 0) {
    throw new BadHeaderError(file, headers, "there are no emails in it", hint);
  }
  return { column: Math.max(column, 0), body };
}

function rejected(file: string, line: number, offset: number, reason: string): Reject {
  return {
    ...{ file, line, recordLine: line, column: offset + 1, field: "email", code: "EMAIL_INVALID", reason },
    hint: "correct the lines named above, or leave them out",
  };
}
