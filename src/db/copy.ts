/** COPY … FROM STDIN with back-pressure: rows go out as fast as the server takes them, and no faster. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from } from "pg-copy-streams";

export type CopyValue = string | number | null;

const FLUSH_AT = 64 * 1024;

/**
 * @param into table and columns, as in `pg_temp.staged (a, b)`; never from outside
 * @returns the number of rows
 */
export async function copyRows(
  client: PoolClient,
  into: string,
  rows: AsyncIterable<readonly CopyValue[]>,
  signal?: AbortSignal,
): Promise<number> {
  const sink = client.query(from(`COPY ${into} FROM STDIN`));
  await pipeline(Readable.from(encode(rows), { objectMode: true, highWaterMark: 2 }), sink, { signal });
  return sink.rowCount;
}

/** PostgreSQL's text format: tabs between values, a line per row, \N for null, backslash escapes. */
async function* encode(rows: AsyncIterable<readonly CopyValue[]>): AsyncGenerator<Buffer> {
  let pending = "";
  for await (const row of rows) {
    pending += `${row.map(encodeValue).join("\t")}\n`;
    if (pending.length >= FLUSH_AT) {
      yield Buffer.from(pending);
      pending = "";
    }
  }
  if (pending !== "") {
    yield Buffer.from(pending);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function encodeValue(value: CopyValue): string {
  if (value === null) {
    return "\\N";
  }
  return typeof value === "number"
    ? String(value)
    : value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? "");
}
