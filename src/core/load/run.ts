/** What every load of files has in common: its sources, what becomes of bad records, and the transaction around it. */
import { resolve } from "node:path";
import { Readable } from "node:stream";
import type { PoolClient } from "pg";
import type { Connection } from "../../db/pool.js";
import { inTransaction } from "../../db/transaction.js";
import type { Reject } from "../../errors/loading.js";
import { FileError } from "../../errors/usage.js";
import type { Actor } from "../audit.js";
import type { Merge, RowChange } from "./changes.js";
import type { OnDuplicate } from "./duplicates.js";
import { type LoadCounts, type Loaded, type LoadedFile, type LoadProgress, loadRows } from "./load.js";
import { RejectFile } from "./reject-file.js";
import { NO_REJECTS, type RejectLimit, Rejects } from "./rejects.js";
import type { Defaults, Shape } from "./shape.js";
import { type Format, findSources, type Source } from "./source.js";

/** `dry-run` does the work and rolls it back; `check` only compares. */
export type LoadMode = "write" | "dry-run" | "check";

export interface FileLoadOptions {
  /** Files, folders, patterns, and `-` for standard input. */
  readonly files: readonly string[];
  /** Field → header of the files. */
  readonly map?: Readonly<Record<string, string>>;
  /** Of all files, instead of what their names say. */
  readonly format?: Format;
  /** One character; by default each file's header tells. */
  readonly delimiter?: string;
  /** For CSV that was exported with `escapeFormulas`. Default: false. */
  readonly unescapeFormulas?: boolean;
  /** For rows that several records say different things of. Default: error. */
  readonly onDuplicate?: OnDuplicate;
  /** Default: none at all. */
  readonly maxRejects?: RejectLimit;
  /** File for the rejected records. */
  readonly rejectFile?: string;
  /** Default: write. */
  readonly mode?: LoadMode;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly now?: () => Date;
  /** Where relative paths start; by default the process's folder. */
  readonly cwd?: string;
  /** What `-` stands for. */
  readonly stdin?: Readable;
  /** For the history. */
  readonly actor?: Actor;
}

export interface LoadResult<C extends LoadCounts = LoadCounts> {
  readonly files: readonly (C & LoadedFile & { readonly file: string })[];
  readonly total: C;
  /** The first records that were rejected. */
  readonly rejects: readonly Reject[];
  /** The first rows that change, old and new; of a dry run and a check only. */
  readonly changes: readonly RowChange[];
  readonly dryRun: boolean;
  readonly check: boolean;
}

const SHOWN_REJECTS = 20;
const SHOWN_CHANGES = 10;
/** Two loads at once would wait for each other row by row; this lets them wait once. Any number will do. */
const LOAD_LOCK = 5_662_083_411;

export interface LoadRun {
  readonly client: PoolClient;
  readonly sources: readonly Source[];
  readonly rejects: Rejects;
  /** Says what the run is at, where it is not reading. */
  readonly enter: (phase: LoadProgress["phase"]) => void;
}

/**
 * The bracket around a load: one transaction, committed only when `work` resolves.
 *
 * @throws {FileError} when a file cannot be read, or is to take the rejects as well
 */
export async function withLoad<T>(
  connection: Connection,
  options: FileLoadOptions,
  work: (run: LoadRun) => Promise<T>,
): Promise<T> {
  return withSources(connection, options, await findInputs(options), work);
}

/** @throws {FileError} when a file does not exist */
export function findInputs(options: FileLoadOptions): Promise<Source[]> {
  const { files, cwd = process.cwd(), stdin = Readable.from([]), format, rejectFile } = options;
  return findSources(files, { cwd, stdin, format, except: rejectFile });
}

/** The same for sources that are no files by themselves. */
export async function withSources<T>(
  connection: Connection,
  options: Omit<FileLoadOptions, "files">,
  sources: readonly Source[],
  work: (run: LoadRun) => Promise<T>,
): Promise<T> {
  const { mode = "write", cwd = process.cwd(), signal, onProgress } = options;
  const file = openRejectFile(options.rejectFile, sources, cwd);
  // A plan shows what would become of the good records, however many bad ones there are.
  const limit = mode === "write" ? (options.maxRejects ?? NO_REJECTS) : { records: Number.POSITIVE_INFINITY };
  const rejects = new Rejects(limit, SHOWN_REJECTS, file);
  const enter = (phase: LoadProgress["phase"]): void =>
    onProgress?.({ phase, file: null, rows: 0, bytes: 0, totalBytes: null });
  try {
    return await inTransaction(connection, { dryRun: mode !== "write", signal }, async (client) => {
      if (mode !== "check") {
        enter("waiting");
        await client.query("SELECT pg_advisory_xact_lock($1)", [LOAD_LOCK]);
      }
      return work({ client, sources, rejects, enter });
    });
  } finally {
    file?.discard();
  }
}

export interface LoadPlan {
  readonly shape: Shape;
  readonly merge: Merge;
  readonly defaults?: Defaults;
  /** The table may be locked while rows go straight into it, if there are none yet. */
  readonly mayLock?: boolean;
}

export function load(
  { client, sources, rejects }: LoadRun,
  options: Omit<FileLoadOptions, "files">,
  { shape, merge, defaults = {}, mayLock = false }: LoadPlan,
): Promise<Loaded> {
  const { mode = "write", now = () => new Date(), map = {}, delimiter, onDuplicate = "error" } = options;
  const { unescapeFormulas, signal, onProgress } = options;
  return loadRows(client, {
    ...{ shape, merge, sources, rejects, defaults, map, delimiter, unescapeFormulas, onDuplicate },
    ...{ signal, onProgress },
    ...{ write: mode !== "check", mayLock: mayLock && mode === "write" },
    ...{ sampleSize: mode === "write" ? 0 : SHOWN_CHANGES, now: now().getTime() },
  });
}

export function loadResult<C extends LoadCounts>(
  { sources, rejects }: LoadRun,
  { files, sample }: Pick<Loaded, "sample"> & { readonly files: readonly (C & LoadedFile)[] },
  mode: LoadMode | undefined,
  total: C,
): LoadResult<C> {
  return {
    files: files.map((file, index) => ({ file: sources[index]?.name ?? "", ...file })),
    ...{ total, rejects: rejects.first, changes: sample },
    ...{ dryRun: mode === "dry-run", check: mode === "check" },
  };
}

export function totalOf(files: readonly LoadCounts[]): LoadCounts {
  const sum = (key: keyof LoadCounts): number => files.reduce((all, file) => all + file[key], 0);
  return {
    ...{ rows: sum("rows"), inserted: sum("inserted"), updated: sum("updated"), unchanged: sum("unchanged") },
    ...{ duplicates: sum("duplicates"), rejected: sum("rejected") },
  };
}

/** In how many rows the database is not what the files say, or was not before. */
export function differences({ inserted, updated }: LoadCounts): number {
  return inserted + updated;
}

function openRejectFile(name: string | undefined, sources: readonly Source[], cwd: string): RejectFile | null {
  if (name === undefined) {
    return null;
  }
  const path = resolve(cwd, name);
  if (sources.some((source) => source.path === path)) {
    throw new FileError(name, "is read and cannot take the rejects too", "name another file for --rejects");
  }
  return new RejectFile(name, path, sources.length > 1);
}
