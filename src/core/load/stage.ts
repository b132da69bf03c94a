/** A source becomes rows on the server: read, checked and copied in one stream. */
import type { PoolClient } from "pg";
import { copyRows, encodePlainRow, encodeRow, isPlain } from "../../db/copy.js";
import { FileError } from "../../errors/usage.js";
import type { CsvOptions } from "./csv-reader.js";
import { readRecords } from "./read.js";
import type { Rejects } from "./rejects.js";
import { MAX_LINES, type RowIds } from "./row-id.js";
import { type RowReader, rowReader } from "./rows.js";
import type { SeenKeys } from "./seen-keys.js";
import { columnsOf, type Defaults, fieldsOf, type Shape } from "./shape.js";
import type { Source } from "./source.js";

/** In the session's own schema and gone with the transaction, so nothing is ever left behind. */
export const STAGING = "pg_temp.staged_rows";

/** Repeated keys beyond this number are looked for on the server alone. */
const MAX_SUSPECTS = 10_000;

/** Rows whose natural key may have come before. */
export class Suspects {
  readonly ids: string[] = [];
  count = 0;

  add(id: string): void {
    this.count += 1;
    if (this.ids.length < MAX_SUSPECTS) {
      this.ids.push(id);
    }
  }

  get areAllKnown(): boolean {
    return this.count === this.ids.length;
  }
}

export interface StageOptions extends Omit<CsvOptions, "given"> {
  readonly defaults: Defaults;
  /** Where rows go: the staging table, or the table itself when it is empty. */
  readonly into: "staging" | "table";
  readonly ids: RowIds;
  readonly seen: SeenKeys;
  readonly suspects: Suspects;
  readonly rejects: Rejects;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((rows: number, bytes: number) => void) | undefined;
}

export interface StagedFile {
  /** Records that were read, rejected ones included. */
  readonly rows: number;
  readonly rejected: number;
  /** Bits of the fields that some record says nothing about. */
  readonly absent: number;
  /** Columns that nothing was read from. */
  readonly unusedColumns: readonly string[];
  readonly durationMs: number;
}

export async function createStaging(client: PoolClient, shape: Shape): Promise<void> {
  const columns = [
    ...shape.key.map(({ column }) => `${column} text NOT NULL`),
    ...shape.content.map(({ column, type = "text" }) => `${column} ${type}`),
  ];
  await client.query(
    `CREATE TEMPORARY TABLE staged_rows (id uuid NOT NULL, ${columns.join(", ")}, absent smallint NOT NULL) ON COMMIT DROP`,
  );
}

/**
 * Reads a source to its end, rejects or not, so that all of them can be told at once.
 *
 * @param file the source's number in this run
 * @throws {BadHeaderError} without a usable header
 * @throws {FileError} when it cannot be read
 */
export async function stageSource(
  client: PoolClient,
  source: Source,
  file: number,
  options: StageOptions,
): Promise<StagedFile> {
  const { shape, into, signal } = options;
  const start = performance.now();
  const tally: Tally = { rows: 0, rejected: 0, absent: 0, unusedColumns: [] };
  const columns = `id, ${columnsOf(fieldsOf(shape))}`;
  await copyRows(
    client,
    into === "staging" ? `${STAGING} (${columns}, absent)` : `${shape.table} (${columns})`,
    encodedRows(source, file, options, tally),
    signal,
  );
  return { ...tally, durationMs: performance.now() - start };
}

type Tally = { -readonly [K in Exclude<keyof StagedFile, "durationMs">]: StagedFile[K] };

/** @returns many rows at a time: a step of its own for each would cost more than the row. */
async function* encodedRows(source: Source, file: number, options: StageOptions, tally: Tally): AsyncGenerator<string> {
  const { shape, defaults, into, ids, seen, suspects, rejects, onProgress } = options;
  const keySize = shape.key.length;
  const given = new Set(Object.keys(defaults));
  const areDefaultsPlain = Object.values(defaults).every(isPlain);
  let bytes = 0;
  const onBytes = (read: number): void => {
    bytes = read;
  };
  let read: RowReader | null = null;
  for await (const block of readRecords(source, { ...options, given, onBytes })) {
    if (read === null) {
      read = rowReader(shape, block.layout, defaults);
      tally.unusedColumns = block.layout.unused;
      rejects.file?.expect(block);
    }
    const encode = block.isPlain && areDefaultsPlain ? encodePlainRow : encodeRow;
    let encoded = "";
    for (const record of block.records) {
      const row = read(record);
      if (!("absent" in row)) {
        tally.rejected += 1;
        rejects.add(source.name, block, record, row);
      } else if (!rejects.isLost) {
        const id = ids.next(file, record.line);
        if (seen.add(row.values, keySize)) {
          suspects.add(id);
        }
        tally.absent |= row.absent;
        encoded += encode(id, row.values, into === "staging" ? `\t${row.absent}` : "");
      }
    }
    tally.rows += block.records.length;
    if ((block.records.at(-1)?.line ?? 0) > MAX_LINES) {
      throw new FileError(source.name, `has more than ${MAX_LINES.toLocaleString("en-US")} lines`, "split it");
    }
    onProgress?.(tally.rows, bytes);
    if (encoded !== "") {
      yield encoded;
    }
  }
}
