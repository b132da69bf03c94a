/** Cursors of keyset pagination: where a page ended, as text that is good for one kind of list only. */
import * as z from "zod";
import { UsageError } from "../errors/usage.js";

export interface Cursor<T extends readonly string[]> {
  readonly encode: (position: Readonly<T>) => string;
  /** @throws {UsageError} when it is not a cursor of this list */
  readonly decode: (cursor: string) => T;
}

/** A time in a sort key, as `toISOString` writes those that PostgreSQL reads back. */
export const cursorTime = z.iso.datetime({ precision: 3 }).refine((text) => !text.startsWith("0000"));

/**
 * @param command that makes such cursors, such as `user list`
 * @param position the sort key of a row, whose last part tells rows apart
 */
export function defineCursor<T extends readonly string[]>(command: string, position: z.ZodType<T>): Cursor<T> {
  const schema = z.tuple([z.literal(command), position]);
  return {
    encode: (values) => Buffer.from(JSON.stringify([command, values])).toString("base64url"),
    decode: (cursor) => {
      const result = schema.safeParse(parseJson(Buffer.from(cursor, "base64url").toString()));
      // PostgreSQL takes no text with a NUL in it.
      if (!result.success || result.data[1].some((part) => part.includes("\0"))) {
        throw new UsageError(
          `--after: this is not a cursor of \`vocabdb ${command}\``,
          "use the nextCursor of the page before, with the same options",
        );
      }
      return result.data[1];
    },
  };
}

/** A page of `limit` rows from one row more, which tells whether there is a next page. */
export function pageOf<R, T extends readonly string[]>(
  rows: readonly R[],
  limit: number,
  cursor: Cursor<T>,
  positionOf: (row: R) => Readonly<T>,
): { readonly rows: readonly R[]; readonly nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? cursor.encode(positionOf(last)) : null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
