/** Seeding: files become words, all of them or none. */
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import type { PoolClient } from "pg";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { FileError, type Reject } from "../errors.js";
import { packageRoot } from "../package-root.js";
import { addDemoUsers, type DemoCounts } from "./demo.js";
import type { OnConflict, RowChange } from "./load/changes.js";
import type { OnDuplicate } from "./load/duplicates.js";
import { type LoadCounts, type LoadedFile, type LoadProgress, loadRows } from "./load/load.js";
import { type KeptRow, type Pruned, prune } from "./load/prune.js";
import { RejectFile } from "./load/reject-file.js";
import { NO_REJECTS, type RejectLimit, Rejects } from "./load/rejects.js";
import { type Format, findSources, type Source } from "./load/source.js";
import { WORDS } from "./load/word-shape.js";

export const SHIPPED_WORDS = join(packageRoot, "data", "words.csv");

export interface SeedCounts extends LoadCounts {
  readonly pruned: number;
}

export interface SeedResult {
  readonly files: readonly (SeedCounts & LoadedFile & { readonly file: string })[];
  readonly total: SeedCounts;
  /** The first records that were rejected. */
  readonly rejects: readonly Reject[];
  /** The first words that change, old and new; of a dry run and a check only. */
  readonly changes: readonly RowChange[];
  /** Words that no file holds and that stay because somebody has learned them; the first of them. */
  readonly kept: { readonly count: number; readonly words: readonly KeptRow[] };
  /** Users and progress added by `demo`, null without it. */
  readonly demo: DemoCounts | null;
  readonly dryRun: boolean;
  readonly check: boolean;
}

/** `dry-run` does the work and rolls it back; `check` only compares. */
export type SeedMode = "write" | "dry-run" | "check";

export interface SeedOptions {
  /** Files, folders, patterns, and `-` for standard input. */
  readonly files: readonly string[];
  /** Values for records that do not say them. */
  readonly defaults?: Readonly<Partial<Record<"language" | "level" | "category", string>>>;
  /** Field of a word → header of the files. */
  readonly map?: Readonly<Record<string, string>>;
  /** Of all files, instead of what their names say. */
  readonly format?: Format;
  /** One character; by default each file's header tells. */
  readonly delimiter?: string;
  /** For words that several records say different things of. Default: error. */
  readonly onDuplicate?: OnDuplicate;
  /** For words that the database has already. Default: update. */
  readonly onConflict?: OnConflict;
  /** Default: none at all. */
  readonly maxRejects?: RejectLimit;
  /** File for the rejected records. */
  readonly rejectFile?: string;
  /** Removes words of the files' languages that no file holds; `keep-used` without complaint about those in use. */
  readonly prune?: "refuse-used" | "keep-used";
  /** Also adds test users with progress. */
  readonly demo?: boolean;
  /** Default: write. */
  readonly mode?: SeedMode;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly now?: () => Date;
  /** Where relative paths start; by default the process's folder. */
  readonly cwd?: string;
  /** What `-` stands for. */
  readonly stdin?: Readable;
}

const SHOWN_REJECTS = 20;
const SHOWN_CHANGES = 10;
/** Two seeds at once would wait for each other row by row; this lets them wait once. Any number will do. */
const SEED_LOCK = 5_662_083_411;

const NOTHING_PRUNED: Pruned = { removed: [], kept: 0, sample: [] };

/**
 * Upserts words by their natural key (language, term, reading, sense), all files in one transaction: a
 * second run with the same files changes nothing, and more rejected records than allowed keep everything out.
 *
 * @throws {RowsRejectedError} listing the first bad records
 * @throws {DuplicatesError} when records contradict each other
 * @throws {BadHeaderError} when a file's first line does not name what is needed
 * @throws {RowsInUseError} when pruning would remove a word that somebody has learned
 * @throws {FileError} when a file cannot be read
 */
export async function seedWords(connection: Connection, options: SeedOptions): Promise<SeedResult> {
  const { mode = "write", cwd = process.cwd(), signal } = options;
  const sources = await findSources(options.files, {
    ...{ cwd, stdin: options.stdin ?? Readable.from([]) },
    ...{ format: options.format, except: options.rejectFile },
  });
  const rejectFile = openRejectFile(options, sources, cwd);
  // A plan shows what would become of the good records, however many bad ones there are.
  const limit = mode === "write" ? (options.maxRejects ?? NO_REJECTS) : { records: Number.POSITIVE_INFINITY };
  const rejects = new Rejects(limit, SHOWN_REJECTS, rejectFile);
  try {
    return await inTransaction(connection, { dryRun: mode !== "write", signal }, (client) =>
      seedWithin(client, options, sources, rejects),
    );
  } finally {
    rejectFile?.discard();
  }
}

async function seedWithin(
  client: PoolClient,
  options: SeedOptions,
  sources: readonly Source[],
  rejects: Rejects,
): Promise<SeedResult> {
  const { mode = "write", now = () => new Date(), signal, onProgress } = options;
  const write = mode !== "check";
  const enter = (phase: LoadProgress["phase"]): void =>
    onProgress?.({ phase, file: null, rows: 0, bytes: 0, totalBytes: null });
  if (write) {
    enter("waiting");
    await client.query("SELECT pg_advisory_xact_lock($1)", [SEED_LOCK]);
  }
  const loaded = await loadRows(client, {
    ...{ shape: WORDS, sources, rejects, write, signal, onProgress },
    ...{ defaults: options.defaults ?? {}, map: options.map ?? {}, delimiter: options.delimiter },
    ...{ onDuplicate: options.onDuplicate ?? "error", onConflict: options.onConflict ?? "update" },
    ...{ mayLock: mode === "write", sampleSize: mode === "write" ? 0 : SHOWN_CHANGES, now: now().getTime() },
  });
  let pruned = NOTHING_PRUNED;
  // A rejected record may stand for a word that pruning would take for gone.
  if (options.prune !== undefined && loaded.isStaged && rejects.records === 0) {
    enter("pruning");
    const refuseUsed = mode === "write" && options.prune === "refuse-used";
    pruned = await prune(client, { shape: WORDS, sources, ids: loaded.ids, scope: "language", refuseUsed, write });
  }
  const demo = options.demo && write ? await addDemoUsers(client, now()) : null;
  const files = loaded.files.map((file, index) => ({
    ...{ file: sources[index]?.name ?? "", ...file, pruned: pruned.removed[index] ?? 0 },
  }));
  return {
    ...{ files, total: total(files), rejects: rejects.first, changes: loaded.sample },
    ...{ kept: { count: pruned.kept, words: pruned.sample }, demo },
    ...{ dryRun: mode === "dry-run", check: mode === "check" },
  };
}

/** In how many words the database is not what the files say, or was not before. */
export function differences({ inserted, updated, pruned }: SeedCounts): number {
  return inserted + updated + pruned;
}

function openRejectFile({ rejectFile }: SeedOptions, sources: readonly Source[], cwd: string): RejectFile | null {
  if (rejectFile === undefined) {
    return null;
  }
  const path = resolve(cwd, rejectFile);
  if (sources.some((source) => source.path === path)) {
    throw new FileError(rejectFile, "is read and cannot take the rejects too", "name another file for --rejects");
  }
  return new RejectFile(rejectFile, path, sources.length > 1);
}

function total(files: readonly SeedCounts[]): SeedCounts {
  const sum = (key: keyof SeedCounts): number => files.reduce((all, file) => all + file[key], 0);
  return {
    ...{ rows: sum("rows"), inserted: sum("inserted"), updated: sum("updated"), unchanged: sum("unchanged") },
    ...{ duplicates: sum("duplicates"), rejected: sum("rejected"), pruned: sum("pruned") },
  };
}
