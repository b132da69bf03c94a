/** Vocabulary: loading it from files. */
import { join } from "node:path";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { RowsRejectedError } from "../errors.js";
import { packageRoot } from "../package-root.js";
import { addDemoUsers, type DemoCounts } from "./demo.js";
import { mergeWords, removeDuplicates } from "./load/merge-words.js";
import { type CsvSource, fileSource } from "./load/read.js";
import { createStaging, RejectList, STAGING, type StagedFile, stageFile } from "./load/stage-words.js";
import type { WordDefaults } from "./load/word-row.js";

export const SHIPPED_WORDS = join(packageRoot, "data", "words.csv");

export interface SeedCounts {
  /** Records in the file, its header left out. */
  readonly rows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Records that repeat another one word for word. */
  readonly duplicates: number;
  readonly rejected: number;
  readonly pruned: number;
}

export interface SeedResult {
  readonly files: readonly (SeedCounts & { readonly file: string; readonly durationMs: number })[];
  readonly total: SeedCounts;
  /** Users and progress added by `demo`, null without it. */
  readonly demo: DemoCounts | null;
  readonly dryRun: boolean;
}

export interface SeedOptions {
  /** Paths of CSV files. */
  readonly files: readonly string[];
  readonly defaults?: WordDefaults;
  /** Also adds test users with progress. */
  readonly demo?: boolean;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** Told in which phase the work is, in words for a person. */
  readonly onPhase?: (phase: string) => void;
  readonly now?: () => Date;
}

const SHOWN_REJECTS = 20;
/** Two seeds at once would wait for each other row by row; this lets them wait once. Any number will do. */
const SEED_LOCK = 5_662_083_411;

/**
 * Upserts words by their natural key (language, term, reading, sense), all files in one transaction: a
 * second run with the same files changes nothing, and one bad record keeps everything out.
 *
 * @throws {RowsRejectedError} listing the first bad records
 * @throws {BadHeaderError} when a file's first line does not name what is needed
 * @throws {FileError} when a file cannot be read
 */
export async function seedWords(connection: Connection, options: SeedOptions): Promise<SeedResult> {
  const { defaults = {}, dryRun = false, signal, onPhase, now = () => new Date() } = options;
  const sources = options.files.map(fileSource);
  const rejects = new RejectList(SHOWN_REJECTS);
  return inTransaction(connection, { dryRun, signal }, async (client) => {
    onPhase?.("waiting for other seeds to end");
    await client.query("SELECT pg_advisory_xact_lock($1)", [SEED_LOCK]);
    await createStaging(client);
    const staged: StagedFile[] = [];
    for (const [index, source] of sources.entries()) {
      const onRows = (file: string, rows: number): void =>
        onPhase?.(`reading ${file}: ${rows.toLocaleString("en-US")} rows`);
      onPhase?.(`reading ${source.name}`);
      staged.push(await stageFile(client, source, index, { defaults, rejects, signal, onRows }));
    }
    onPhase?.("comparing with the database");
    if (rejects.records === 0) {
      await client.query(`ANALYZE ${STAGING}`);
      await removeDuplicates(client, sources, rejects);
    }
    if (rejects.records > 0) {
      throw new RowsRejectedError(rejects.first, rejects.records);
    }
    onPhase?.("writing");
    const merged = await mergeWords(client, staged);
    const demo = options.demo ? await addDemoUsers(client, now()) : null;
    return { ...summarize(sources, staged, merged), demo, dryRun };
  });
}

function summarize(
  sources: readonly CsvSource[],
  staged: readonly StagedFile[],
  merged: Awaited<ReturnType<typeof mergeWords>>,
): Pick<SeedResult, "files" | "total"> {
  const files = sources.map((source, index) => {
    const { rows = 0, durationMs = 0 } = staged[index] ?? {};
    const { inserted = 0, updated = 0, unchanged = 0 } = merged[index] ?? {};
    const duplicates = rows - inserted - updated - unchanged;
    return {
      file: source.name,
      rows,
      inserted,
      updated,
      unchanged,
      duplicates,
      rejected: 0,
      pruned: 0,
      durationMs: Math.round(durationMs),
    };
  });
  const sum = (key: keyof SeedCounts): number => files.reduce((total, file) => total + file[key], 0);
  return {
    files,
    total: {
      ...{ rows: sum("rows"), inserted: sum("inserted"), updated: sum("updated"), unchanged: sum("unchanged") },
      ...{ duplicates: sum("duplicates"), rejected: 0, pruned: 0 },
    },
  };
}
