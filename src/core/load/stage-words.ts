/** Files become rows of a staging table: read, validated and copied in one stream. */
import type { PoolClient } from "pg";
import { type CopyValue, copyRows } from "../../db/copy.js";
import { BadHeaderError, type Reject } from "../../errors.js";
import { type CsvSource, type ReadResult, readCsv } from "./read.js";
import { resolveWordColumns, type WordField } from "./word-columns.js";
import { type WordDefaults, type WordRow, wordValidator } from "./word-row.js";

/** In the session's own schema and gone with the transaction, so nothing is ever left behind. */
export const STAGING = "pg_temp.staged_words";

const CREATE_STAGING = `
  CREATE TEMPORARY TABLE staged_words (
    file integer NOT NULL,
    line integer NOT NULL,
    language text NOT NULL,
    term text NOT NULL,
    reading text NOT NULL,
    sense text NOT NULL,
    definition text NOT NULL,
    part_of_speech text,
    level text,
    category text,
    example text
  ) ON COMMIT DROP`;

const COLUMNS = "file, line, language, term, reading, sense, definition, part_of_speech, level, category, example";

const OPTIONAL_FIELDS = ["partOfSpeech", "level", "category", "example"] as const satisfies readonly WordField[];

/** Collects what cannot be loaded; keeps the first ones only, as a broken file may have millions. */
export class RejectList {
  readonly first: Reject[] = [];
  /** Records with at least one reason. */
  records = 0;

  constructor(readonly keep: number) {}

  /** @param reasons all of one record */
  add(reasons: readonly Reject[]): void {
    this.records += 1;
    this.first.push(...reasons.slice(0, this.keep - this.first.length));
  }
}

export interface StagedFile {
  readonly rows: number;
  /** Fields that neither the file nor the run's defaults say anything about. */
  readonly absent: ReadonlySet<WordField>;
  readonly durationMs: number;
}

export interface StageOptions {
  readonly defaults: WordDefaults;
  readonly rejects: RejectList;
  readonly signal?: AbortSignal | undefined;
  readonly onRows?: ((file: string, rows: number) => void) | undefined;
}

export async function createStaging(client: PoolClient): Promise<void> {
  await client.query(CREATE_STAGING);
}

/**
 * Reads a file to its end, rejects or not, so that all of them can be told at once.
 *
 * @param index the file's number in the staging table
 * @throws {BadHeaderError} without a usable header
 */
export async function stageFile(
  client: PoolClient,
  source: CsvSource,
  index: number,
  options: StageOptions,
): Promise<StagedFile> {
  const start = performance.now();
  const progress = { rows: 0 };
  const given = new Set(Object.keys(options.defaults) as WordField[]);
  const records = readCsv(source, options.signal);
  try {
    const columns = resolveWordColumns(source.name, await readHeader(source, records), given);
    const rows = validRows(records, wordValidator(source.name, columns, options.defaults));
    await copyRows(client, `${STAGING} (${COLUMNS})`, rows, options.signal);
    const absent = OPTIONAL_FIELDS.filter((field) => !columns.position.has(field) && !given.has(field));
    return { rows: progress.rows, absent: new Set(absent), durationMs: performance.now() - start };
  } finally {
    // Ends the reading of the file, wherever it stopped.
    await records.return(undefined);
  }

  async function* validRows(
    results: AsyncIterable<ReadResult>,
    validate: ReturnType<typeof wordValidator>,
  ): AsyncGenerator<readonly CopyValue[]> {
    for await (const result of results) {
      progress.rows += 1;
      if (progress.rows % 5_000 === 0) {
        options.onRows?.(source.name, progress.rows);
      }
      if ("broken" in result) {
        const { line, column, reason } = result.broken;
        options.rejects.add([{ file: source.name, line, column, field: null, code: "BROKEN_RECORD", reason }]);
        continue;
      }
      const outcome = validate(result.record);
      if ("rejects" in outcome) {
        options.rejects.add(outcome.rejects);
      } else if (options.rejects.records === 0) {
        // After the first reject nothing will be written, so nothing more is sent.
        yield stagedValues(index, result.record.line, outcome.word);
      }
    }
  }
}

async function readHeader(source: CsvSource, records: ReturnType<typeof readCsv>): Promise<readonly string[]> {
  const { value, done } = await records.next();
  if (done) {
    throw new BadHeaderError(source.name, [], "the file is empty", "it needs a header and one line per word");
  }
  if ("broken" in value) {
    throw new BadHeaderError(source.name, [], value.broken.reason, "the first line has to be a CSV header");
  }
  return value.record.fields.map((field) => field.trim());
}

function stagedValues(file: number, line: number, word: WordRow): readonly CopyValue[] {
  return [
    ...[file, line, word.language, word.term, word.reading, word.sense, word.definition],
    ...[word.partOfSpeech, word.level, word.category, word.example],
  ];
}
