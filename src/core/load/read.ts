/** Reads a source of either format as blocks of records. */
import { type ReadOptions, readChunks } from "./chunks.js";
import { type CsvOptions, readCsv } from "./csv-reader.js";
import { readNdjson } from "./ndjson-reader.js";
import type { RecordBlock } from "./records.js";
import type { Source } from "./source.js";

export function readRecords(source: Source, options: CsvOptions & ReadOptions): AsyncGenerator<RecordBlock> {
  const chunks = readChunks(source, options);
  return source.format === "ndjson"
    ? readNdjson(source.name, chunks, { ...options, mayBeEmpty: source.mayBeEmpty })
    : readCsv(source.name, chunks, options);
}
