/** Seeding: files become words, all of them or none. */
import { join } from "node:path";
import type { Connection } from "../db/pool.js";
import { packageRoot } from "../package-root.js";
import { recordChange } from "./audit.js";
import { addDemoUsers, type DemoCounts } from "./demo.js";
import { type OnConflict, upsert } from "./load/changes.js";
import type { LoadCounts } from "./load/load.js";
import { type KeptRow, type Pruned, prune } from "./load/prune.js";
import {
  differences as differingRows,
  type FileLoadOptions,
  type LoadMode,
  type LoadResult,
  type LoadRun,
  load,
  loadResult,
  totalOf,
  withLoad,
} from "./load/run.js";
import { WORDS } from "./load/word-shape.js";

export const SHIPPED_WORDS = join(packageRoot, "data", "words.csv");

export interface SeedCounts extends LoadCounts {
  readonly pruned: number;
}

export interface SeedResult extends LoadResult<SeedCounts> {
  /** Words that no file holds and that stay because somebody has learned them; the first of them. */
  readonly kept: { readonly count: number; readonly words: readonly KeptRow[] };
  /** Users and progress added by `demo`, null without it. */
  readonly demo: DemoCounts | null;
}

export type SeedMode = LoadMode;

export interface SeedOptions extends FileLoadOptions {
  /** Values for records that do not say them. */
  readonly defaults?: Readonly<Partial<Record<"language" | "level" | "category", string>>>;
  /** For words that the database has already. Default: update. */
  readonly onConflict?: OnConflict;
  /** Removes words of the files' languages that no file holds; `keep-used` without complaint about those in use. */
  readonly prune?: "refuse-used" | "keep-used";
  /** Also adds test users with progress. */
  readonly demo?: boolean;
}

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
  return withLoad(connection, options, (run) => seedWithin(run, options));
}

async function seedWithin(run: LoadRun, options: SeedOptions): Promise<SeedResult> {
  const { client, sources, rejects, enter } = run;
  const { mode = "write", now = () => new Date(), defaults = {}, onConflict = "update", actor } = options;
  const write = mode !== "check";
  const loaded = await load(run, options, { shape: WORDS, merge: upsert(onConflict), defaults, mayLock: true });
  let pruned = NOTHING_PRUNED;
  // A rejected record may stand for a word that pruning would take for gone.
  if (options.prune !== undefined && loaded.isStaged && rejects.records === 0) {
    enter("pruning");
    const refuseUsed = mode === "write" && options.prune === "refuse-used";
    pruned = await prune(client, { shape: WORDS, sources, ids: loaded.ids, scope: "language", refuseUsed, write });
  }
  const demo = options.demo && write ? await addDemoUsers(client, now()) : null;
  const files = loaded.files.map((file, index) => ({ ...file, pruned: pruned.removed[index] ?? 0 }));
  const total = { ...totalOf(files), pruned: files.reduce((sum, file) => sum + file.pruned, 0) };
  if (write) {
    const { inserted, updated, pruned: deleted } = total;
    const changes = {
      vocabulary_words: { inserted, updated, deleted },
      users: { inserted: demo?.usersInserted ?? 0 },
      sessions: { inserted: demo?.sessionsInserted ?? 0 },
      progress: { inserted: demo?.progressInserted ?? 0 },
    };
    await recordChange(client, { action: "seed", changes }, actor);
  }
  return {
    ...loadResult(run, { files, sample: loaded.sample }, mode, total),
    ...{ kept: { count: pruned.kept, words: pruned.sample }, demo },
  };
}

/** In how many words the database is not what the files say, or was not before. */
export function differences(counts: SeedCounts): number {
  return differingRows(counts) + counts.pruned;
}
