/**
 * The one way in for rows from files: read → check → stage (COPY) → compare → write, in the caller's
 * transaction. Memory is the same for any size of file: what has to be compared is compared on the server.
 */
import type { PoolClient } from "pg";
import { RowsRejectedError } from "../../errors/loading.js";
import { UsageError } from "../../errors/usage.js";
import type { ChangeOptions, Merge, RowChange } from "./changes.js";
import { type OnDuplicate, resolveDuplicates } from "./duplicates.js";
import { openEmptyTable, rebuildIndexes } from "./empty-table.js";
import { rejectStaged } from "./refusals.js";
import type { Rejects } from "./rejects.js";
import { MAX_FILES, RowIds } from "./row-id.js";
import { SeenKeys } from "./seen-keys.js";
import type { Defaults, Shape } from "./shape.js";
import type { Source } from "./source.js";
import { createStaging, STAGING, type StagedFile, type StageOptions, Suspects, stageSource } from "./stage.js";

export interface LoadCounts {
  /** Records in the file, its header left out. */
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Records that were dropped for another one of the same natural key. */
  readonly duplicates: number;
  readonly rejected: number;
}

export interface LoadedFile extends LoadCounts {
  /** Columns that nothing was read from. */
  readonly unusedColumns: readonly string[];
  /** Reading, checking and sending it. */
  readonly durationMs: number;
}

export interface LoadProgress {
  readonly phase: "waiting" | "reading" | "comparing" | "writing" | "indexing" | "pruning";
  /** The file that is being read. */
  readonly file: string | null;
  /** Records and bytes (as on disk) read so far, of all files. */
  readonly rows: number;
  readonly bytes: number;
  /** Null where a source does not know its size. */
  readonly totalBytes: number | null;
}

export interface LoadOptions {
  readonly shape: Shape;
  readonly sources: readonly Source[];
  readonly defaults: Defaults;
  /** Field → header. */
  readonly map: Readonly<Record<string, string>>;
  readonly delimiter?: string | undefined;
  readonly unescapeFormulas?: boolean | undefined;
  readonly rejects: Rejects;
  readonly onDuplicate: OnDuplicate;
  readonly merge: Merge;
  /** Write, or only say what would be written. */
  readonly write: boolean;
  /** The table may be locked while rows go straight into it, if there are none yet. */
  readonly mayLock: boolean;
  /** How many changed rows to describe. */
  readonly sampleSize: number;
  readonly now: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

export interface Loaded {
  /** In the order of the sources. */
  readonly files: readonly LoadedFile[];
  readonly sample: readonly RowChange[];
  /** Whether the staging table still holds what the files say. */
  readonly isStaged: boolean;
  readonly ids: RowIds;
}

/** Below this size the indexes cost less than the lock is worth. */
const MIN_BULK_BYTES = 8 * 1024 * 1024;

/**
 * @throws {RowsRejectedError} when more records are rejected than the limit allows
 * @throws {DuplicatesError} when records contradict each other
 * @throws {BadHeaderError | FileError} when a source is not what it should be
 */
export async function loadRows(client: PoolClient, options: LoadOptions): Promise<Loaded> {
  const { shape, sources, rejects } = options;
  if (sources.length > MAX_FILES) {
    throw new UsageError(
      `${sources.length.toLocaleString("en-US")} files are more than the ${MAX_FILES.toLocaleString("en-US")} that one run can take`,
      "load them in several runs, or put them together",
    );
  }
  const size = sizeOf(sources);
  const report = reporter(size, options.onProgress);
  const indexes = options.mayLock && (size ?? 0) >= MIN_BULK_BYTES ? await openEmptyTable(client, shape) : null;
  const into = indexes === null ? "staging" : "table";
  const ids = new RowIds(options.now);
  const suspects = new Suspects();
  if (into === "staging") {
    await createStaging(client, shape);
  }
  const staged = await stageSources(client, report, { ...options, into, ids, seen: new SeenKeys(), suspects });
  refuseTooMany(rejects, staged);
  report("comparing");
  if (into === "staging") {
    // A small sample will do: only the number of rows matters for the plans to come.
    await client.query(`SET LOCAL default_statistics_target = 10; ANALYZE ${STAGING}`);
  }
  const refused = await refusedByDatabase(client, ids, options);
  refuseTooMany(rejects, staged);
  rejects.file?.finish();
  const dropped = await resolveDuplicates(client, { ...options, into, suspects, ids });
  if (indexes !== null) {
    report("indexing");
    await rebuildIndexes(client, indexes);
    const files = staged.map((file, index) => counted(file, 0, dropped[index] ?? 0, null));
    return { files, sample: [], isStaged: false, ids };
  }
  const absent = staged.reduce((bits, file) => bits | file.absent, 0);
  const changes: ChangeOptions = { ...options, ids, absent };
  const { merge, sampleSize } = options;
  const counts = await merge.classify(client, changes);
  const sample = sampleSize > 0 ? await merge.sample(client, changes, sampleSize) : [];
  if (options.write && counts.some(({ inserted, updated }) => inserted + updated > 0)) {
    report("writing");
    await merge.write(client, changes);
  }
  const files = staged.map((file, index) =>
    counted(file, refused[index] ?? 0, dropped[index] ?? 0, counts[index] ?? null),
  );
  return { files, sample, isStaged: true, ids };
}

/** @throws {RowsRejectedError} with all rejects in their file, if there is one */
function refuseTooMany(rejects: Rejects, staged: readonly StagedFile[]): void {
  const rows = staged.reduce((sum, file) => sum + file.rows, 0);
  if (rejects.isTooMany(rows)) {
    rejects.file?.finish();
    throw new RowsRejectedError(rejects.first, {
      ...{ total: rejects.records, rows, file: rejects.file?.name ?? null },
    });
  }
}

async function refusedByDatabase(client: PoolClient, ids: RowIds, options: LoadOptions): Promise<readonly number[]> {
  const { merge, defaults } = options;
  const given = new Set(Object.keys(defaults));
  return merge.refuse === null ? [] : rejectStaged(client, merge.refuse, { ...options, given, ids });
}

type Report = (
  phase: LoadProgress["phase"],
  file?: string,
  read?: { readonly rows: number; readonly bytes: number },
) => void;

function reporter(totalBytes: number | null, onProgress: LoadOptions["onProgress"]): Report {
  let last = { rows: 0, bytes: 0 };
  return (phase, file, read = last) => {
    last = read;
    onProgress?.({ phase, file: file ?? null, ...read, totalBytes });
  };
}

async function stageSources(
  client: PoolClient,
  report: Report,
  options: Omit<StageOptions, "onProgress"> & { readonly sources: readonly Source[] },
): Promise<StagedFile[]> {
  const staged: StagedFile[] = [];
  let before = { rows: 0, bytes: 0 };
  for (const [index, source] of options.sources.entries()) {
    const start = before;
    const file = await stageSource(client, source, index, {
      ...options,
      onProgress: (rows, bytes) => {
        before = { rows: start.rows + rows, bytes: start.bytes + bytes };
        report("reading", source.name, before);
      },
    });
    staged.push(file);
  }
  return staged;
}

/**
 * @param refused by the database, beside those that were rejected when they were read
 * @param changes null when all were inserted
 */
function counted(
  { rows, rejected: unreadable, unusedColumns, durationMs }: StagedFile,
  refused: number,
  duplicates: number,
  changes: { readonly inserted: number; readonly updated: number } | null,
): LoadedFile {
  const rejected = unreadable + refused;
  const kept = rows - rejected - duplicates;
  const { inserted, updated } = changes ?? { inserted: kept, updated: 0 };
  const unchanged = kept - inserted - updated;
  return {
    rows,
    inserted,
    updated,
    unchanged,
    duplicates,
    rejected,
    unusedColumns,
    durationMs: Math.round(durationMs),
  };
}

function sizeOf(sources: readonly Source[]): number | null {
  return sources.reduce<number | null>((sum, { bytes }) => (sum === null || bytes === null ? null : sum + bytes), 0);
}
