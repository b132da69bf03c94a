/** Around every load of files on the command line: what is told beside its result. */
import type { LoadCounts } from "../core/load/load.js";
import type { FileLoadOptions, LoadResult } from "../core/load/run.js";
import { requireMigrated } from "../core/migration-record.js";
import type { Connection } from "../db/pool.js";
import { ExitCode } from "../errors/base.js";
import { DuplicatesError, RowsRejectedError } from "../errors/loading.js";
import { loadProgress } from "./render/load-progress.js";
import type { Services } from "./services.js";

export interface LoadInput {
  readonly map?: Readonly<Record<string, string>> | undefined;
  readonly delimiter?: string | undefined;
  readonly unescapeFormulas: boolean;
  readonly onDuplicate: "error" | "first" | "last";
  readonly maxRejects?: FileLoadOptions["maxRejects"] | undefined;
  readonly rejects?: string | undefined;
  readonly check: boolean;
  readonly dryRun: boolean;
  readonly reason?: string | undefined;
}

/** From the options that all loads share to those of the core. */
export function loadOptionsOf(
  input: LoadInput,
  { cwd, stdin, signal, now, actor, display }: Services,
): Omit<FileLoadOptions, "files"> {
  return {
    ...(input.map && { map: input.map }),
    ...(input.delimiter && { delimiter: input.delimiter }),
    ...(input.maxRejects && { maxRejects: input.maxRejects }),
    ...(input.rejects && { rejectFile: input.rejects }),
    ...{ onDuplicate: input.onDuplicate, unescapeFormulas: input.unescapeFormulas },
    ...{ mode: input.check ? "check" : input.dryRun ? "dry-run" : "write" },
    ...{ cwd, stdin, signal, now, actor: actor(input.reason), onProgress: loadProgress(display) },
  };
}

/** Names unused columns, and points at bad records where a CI system shows them beside the lines. */
export async function reportLoad<C extends LoadCounts, R extends LoadResult<C>>(
  connection: Connection,
  { notice, annotate }: Services,
  work: () => Promise<R>,
): Promise<R> {
  try {
    await requireMigrated(connection);
    const result = await work();
    for (const { file, unusedColumns } of result.files) {
      if (unusedColumns.length > 0) {
        notice(`${file}: columns not used: ${unusedColumns.join(", ")}`);
      }
    }
    annotate("warning", result.rejects);
    return result;
  } catch (error) {
    if (error instanceof RowsRejectedError || error instanceof DuplicatesError) {
      annotate("error", error.rejects);
    }
    throw error;
  }
}

/** @param differences in how many rows the database is not what the files say */
export function loadExitCode<C extends LoadCounts>(
  { total, check }: LoadResult<C>,
  differences: (counts: C) => number,
): ExitCode {
  if (total.rejected > 0) {
    return ExitCode.badData;
  }
  return check && differences(total) > 0 ? ExitCode.findings : ExitCode.ok;
}
