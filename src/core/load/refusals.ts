/**
 * Records that are well-formed and still cannot be loaded, because of what the database holds: a word that
 * is not there, a user who was deleted. They are found on the server, all at once, after staging.
 */
import type { PoolClient } from "pg";
import type { Reject } from "../../errors/loading.js";
import type { CsvOptions } from "./csv-reader.js";
import { readRecords } from "./read.js";
import type { RecordBlock, TextRecord } from "./records.js";
import type { Rejects } from "./rejects.js";
import { FILE_OF_ID, placeOf, type RowIds } from "./row-id.js";
import { fieldsOf } from "./shape.js";
import type { Source } from "./source.js";
import { STAGING } from "./stage.js";

/** Where a `Merge` puts its refusals: the row, the field at fault, a stable code, and why, continuing the field's name. */
export const REFUSED = "pg_temp.refused_rows (id, field, code, reason, hint)";

interface Refused {
  readonly id: string;
  readonly field: string;
  readonly code: string;
  readonly reason: string;
  readonly hint: string | null;
}

const PAGE = 5_000;

export interface RefusalOptions extends CsvOptions {
  readonly sources: readonly Source[];
  readonly ids: RowIds;
  readonly rejects: Rejects;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has `refuse` look, takes what it refuses out of the staging table, and adds it to the rejects.
 *
 * @returns how many were refused, by file
 */
export async function rejectStaged(
  client: PoolClient,
  refuse: (client: PoolClient) => Promise<void>,
  options: RefusalOptions,
): Promise<readonly number[]> {
  const { sources, ids, rejects } = options;
  await client.query(
    "CREATE TEMPORARY TABLE refused_rows (id uuid PRIMARY KEY, field text, code text, reason text, hint text) ON COMMIT DROP",
  );
  await refuse(client);
  const { rows } = await client.query<{ file: number; count: number }>(
    `SELECT ${FILE_OF_ID} AS file, count(*)::integer AS count FROM pg_temp.refused_rows GROUP BY 1`,
    [ids.firsts(sources.length)],
  );
  const refused = sources.map((_, file) => rows.find((row) => row.file === file)?.count ?? 0);
  if (rows.length === 0) {
    return refused;
  }
  await client.query(`DELETE FROM ${STAGING} WHERE id IN (SELECT id FROM pg_temp.refused_rows)`);
  if (rejects.file === null) {
    const first = await pageAfter(client, null, rejects.keep);
    const count = refused.reduce((sum, each) => sum + each, 0);
    rejects.addPlaced(
      first.map((row) => placed(row, sources)),
      count,
    );
  } else {
    await collect(client, refused, options);
  }
  return refused;
}

/** Without the record at hand, the place is where it begins. */
function placed({ id, field, code, reason, hint }: Refused, sources: readonly Source[]): Reject {
  const { file, line } = placeOf(id);
  return { file: sources[file]?.name ?? "", line, column: 1, recordLine: line, field, code, reason, hint };
}

/** Reads the files again for the records as they stand in them; only the rows that were refused are looked at. */
async function collect(client: PoolClient, refused: readonly number[], options: RefusalOptions): Promise<void> {
  const { sources, rejects, shape } = options;
  const fields = fieldsOf(shape).map(({ name }) => name);
  const rows = allRefused(client);
  let next = await rows.next();
  for (const [file, source] of sources.entries()) {
    if (refused[file] === 0) {
      continue;
    }
    for await (const block of readRecords(source, options)) {
      for (const record of block.records) {
        if (next.done) {
          return;
        }
        const place = placeOf(next.value.id);
        if (place.file === file && place.line === record.line && record.problem === null) {
          addRecord(rejects, source.name, block, record, next.value, fields);
          next = await rows.next();
        }
      }
    }
  }
}

function addRecord(
  rejects: Rejects,
  file: string,
  block: RecordBlock,
  record: TextRecord,
  { field, code, reason, hint }: Refused,
  fields: readonly string[],
): void {
  const position = block.layout.position[fields.indexOf(field)] ?? -1;
  const cell = position === -1 ? null : position;
  const name = block.layout.headers[position] ?? field;
  rejects.add(file, block, record, [{ cell, field: name, code, reason, offset: null, hint: hint ?? undefined }]);
}

/** In the order of the input, which is that of the keys. */
async function* allRefused(client: PoolClient): AsyncGenerator<Refused, undefined> {
  let last: string | null = null;
  for (;;) {
    const page: readonly Refused[] = await pageAfter(client, last, PAGE);
    yield* page;
    last = page.at(-1)?.id ?? null;
    if (last === null) {
      return undefined;
    }
  }
}

async function pageAfter(client: PoolClient, id: string | null, size: number): Promise<readonly Refused[]> {
  const { rows } = await client.query<Refused>(
    `SELECT id, field, code, reason, hint FROM pg_temp.refused_rows
      WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
    [id, size],
  );
  return rows;
}
