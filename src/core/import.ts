/** Imports: files become users, or progress, all of them or none; the same pipeline as seeding. */
import type { Connection } from "../db/pool.js";
import { recordChange } from "./audit.js";
import { type OnConflict, upsert } from "./load/changes.js";
import { progressMerge, type Resolution } from "./load/progress-merge.js";
import { PROGRESS } from "./load/progress-shape.js";
import {
  type FileLoadOptions,
  findInputs,
  type LoadPlan,
  type LoadResult,
  type LoadRun,
  load,
  loadResult,
  totalOf,
  withSources,
} from "./load/run.js";
import type { Source } from "./load/source.js";
import { withSpool } from "./load/spool.js";
import { refuseDeletedUsers, USERS } from "./load/user-shape.js";

export interface UserImportOptions extends FileLoadOptions {
  /** For users that the database has already: takes over the name, or nothing. Default: update. */
  readonly onConflict?: OnConflict;
}

/**
 * Upserts users by their email. Of those that exist only the name is compared and changed; a deleted one is
 * a reject, unless the record says that it is deleted.
 *
 * @throws {RowsRejectedError | DuplicatesError | BadHeaderError | FileError} as `seedWords`
 */
export async function importUsers(connection: Connection, options: UserImportOptions): Promise<LoadResult> {
  const plan: LoadPlan = { shape: USERS, merge: upsert(options.onConflict ?? "update", refuseDeletedUsers) };
  return importFrom(connection, await findInputs(options), options, plan, "user import");
}

export interface ProgressImportOptions extends FileLoadOptions {
  /** For progress that the database has already. Default: newest, so that newer learning is never overwritten. */
  readonly onConflict?: Resolution;
  /** Takes progress of soft-deleted users too; otherwise it is a reject. */
  readonly deleted?: boolean;
  /** Values for records that do not say them. */
  readonly defaults?: Readonly<Partial<Record<"email" | "language", string>>>;
}

/**
 * Merges progress by email and natural key of the word. Unknown users and words are rejects.
 *
 * @throws {RowsRejectedError | DuplicatesError | BadHeaderError | FileError} as `seedWords`
 */
export async function importProgress(connection: Connection, options: ProgressImportOptions): Promise<LoadResult> {
  return importProgressFrom(connection, await findInputs(options), options);
}

/** The same for sources that are made, not found. */
export function importProgressFrom(
  connection: Connection,
  sources: readonly Source[],
  options: Omit<ProgressImportOptions, "files">,
): Promise<LoadResult> {
  const { onConflict = "newest", deleted = false, defaults = {} } = options;
  const plan: LoadPlan = { shape: PROGRESS, merge: progressMerge(onConflict, deleted), defaults };
  return importFrom(connection, sources, options, plan, "progress import");
}

function importFrom(
  connection: Connection,
  sources: readonly Source[],
  options: Omit<ProgressImportOptions | UserImportOptions, "files">,
  plan: LoadPlan,
  action: string,
): Promise<LoadResult> {
  const work = (inputs: readonly Source[]): Promise<LoadResult> =>
    withSources(connection, options, inputs, (run) => importWithin(run, options, plan, action));
  // Records that only the database refuses are read a second time, as they stand in the file.
  return options.rejectFile === undefined ? work(sources) : withSpool(sources, work);
}

async function importWithin(
  run: LoadRun,
  options: Omit<FileLoadOptions, "files">,
  plan: LoadPlan,
  action: string,
): Promise<LoadResult> {
  const loaded = await load(run, options, plan);
  const total = totalOf(loaded.files);
  if (options.mode !== "check") {
    const { inserted, updated } = total;
    // A file may hold millions of people; with one given for all records it is about that one.
    const email = plan.defaults?.email;
    const subjects = email === undefined ? [] : [email];
    const changes = { [plan.shape.table]: { inserted, updated } };
    await recordChange(run.client, { action, subjects, changes }, options.actor);
  }
  return loadResult(run, loaded, options.mode, total);
}
