/** COPY … FROM STDIN with back-pressure: rows go out as fast as the server takes them, and no faster. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from } from "pg-copy-streams";

/**
 * @param into table and columns, as in `pg_temp.staged (a, b)`; never from outside
 * @param rows encoded with `encodeRow`, many to a string
 */
export async function copyRows(
  client: PoolClient,
  into: string,
  rows: AsyncIterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  const sink = client.query(from(`COPY ${into} FROM STDIN`));
  const bytes = async function* () {
    for await (const text of rows) {
      yield Buffer.from(text);
    }
  };
  await pipeline(Readable.from(bytes(), { objectMode: true, highWaterMark: 2 }), sink, { signal });
}

/** A row of PostgreSQL's text format: tabs between values, \N for null, backslash escapes. */
export function encodeRow(first: string, values: readonly (string | null)[], last: string): string {
  return encodePlainRow(
    first,
    values.map((value) => (value === null || isPlain(value) ? value : value.replace(EACH_ESCAPE, escapeCharacter))),
    last,
  );
}

/** The same for values that are all plain: of millions it is cheaper to know than to look. */
export function encodePlainRow(first: string, values: readonly (string | null)[], last: string): string {
  let line = first;
  for (let index = 0; index < values.length; index += 1) {
    line += `\t${values[index] ?? "\\N"}`;
  }
  return `${line}${last}\n`;
}

/** Whether the format takes a value as it is. */
export function isPlain(value: string): boolean {
  return !MUST_ESCAPE.test(value);
}

const MUST_ESCAPE = /[\\\t\n\r]/;
const EACH_ESCAPE = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escapeCharacter(character: string): string {
  return ESCAPES[character] ?? character;
}
