/** COPY in both directions, with back-pressure: no faster than the slower side. */
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { PoolClient } from "pg";
import { from, to } from "pg-copy-streams";

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
  signal?.throwIfAborted();
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

export interface CopyOut {
  /** A SELECT; never from outside. What is from outside it reads with `setting`. */
  readonly select: string;
  /** COPY takes no parameters: these are settings of the transaction while it runs. */
  readonly settings: Readonly<Record<string, string>>;
  /** `lines` writes the only column, which must not hold line ends, as it is. */
  readonly format: "csv" | "lines";
}

/** In SQL: a value that is given to `copyOut`, as text. */
export function setting(name: string): string {
  return `current_setting('vocabdb.${name}')`;
}

/**
 * COPY … TO STDOUT: the server's own bytes, with memory for a few of them at a time.
 *
 * @param sink is left open
 * @returns how many rows were written
 */
export async function copyOut(
  client: PoolClient,
  { select, settings, format }: CopyOut,
  sink: NodeJS.WritableStream,
  signal?: AbortSignal,
): Promise<number> {
  for (const [name, value] of Object.entries(settings)) {
    await client.query("SELECT set_config('vocabdb.' || $1, $2, true)", [name, value]);
  }
  // With a quote and a delimiter that JSON always escapes, CSV writes a text as it is.
  const options = format === "csv" ? "FORMAT csv, HEADER" : "FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02'";
  const source = client.query(to(`COPY (${select}) TO STDOUT (${options})`));
  let failure: Error | null = null;
  const fail = (error: Error): void => {
    failure = error;
  };
  sink.once("error", fail);
  const write = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      // What nobody takes any more is read all the same: before its end the connection is of no use.
      if (failure === null && !sink.write(chunk)) {
        await once(sink, "drain", { signal }).catch(() => {});
      }
    }
  };
  try {
    await pipeline(source, write, { signal });
  } finally {
    sink.removeListener("error", fail);
  }
  if (failure !== null) {
    throw failure;
  }
  return source.rowCount;
}
