/** From what the user names — files, folders, patterns, standard input — to the sources that are read. */
import { constants, createReadStream, openSync, type Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { join, parse, resolve } from "node:path";
import type { Readable } from "node:stream";
import { FileError } from "../../errors/usage.js";

export type Format = "csv" | "ndjson";

export interface Source {
  /** As it is named in messages. */
  readonly name: string;
  /** Absolute; null for standard input. */
  readonly path: string | null;
  readonly format: Format;
  /** Size on disk, null where it is not known beforehand. */
  readonly bytes: number | null;
  readonly open: () => Readable;
  /** Not one record is what it may well hold; in others that is a mistake. */
  readonly mayBeEmpty?: boolean | undefined;
}

export interface SourceOptions {
  /** Where relative paths start. */
  readonly cwd: string;
  /** What `-` stands for. */
  readonly stdin: Readable;
  /** Said by the user; otherwise the file's name tells. */
  readonly format?: Format | undefined;
  /** A file that folders and patterns leave out: the one that rejects go to. */
  readonly except?: string | undefined;
}

const IN_FOLDERS = "**/*.{csv,tsv,ndjson,jsonl}{,.gz}";
const READ_SIZE = 64 * 1024;

/**
 * The sources in the order they were named; those of a folder or pattern in the order of their names. A
 * file that is named twice is read once.
 *
 * @throws {FileError} when one does not exist or stands for no file at all
 */
export async function findSources(inputs: readonly string[], options: SourceOptions): Promise<Source[]> {
  const sources = new Map<string, Source>();
  for (const input of inputs) {
    if (input === "-") {
      sources.set("-", {
        ...{ name: "standard input", path: null, bytes: null, format: options.format ?? "csv" },
        open: () => options.stdin,
      });
      continue;
    }
    for (const name of await filesOf(input, options)) {
      const path = resolve(options.cwd, name);
      const info = await describe(name, path, options.cwd);
      // What /dev/fd and /proc name need not have a path of its own.
      const identity = await realpath(path).catch(() => path);
      if (sources.has(identity)) {
        continue;
      }
      sources.set(identity, {
        ...{ name, path, bytes: info.isFile() ? info.size : null },
        format: options.format ?? formatOf(name),
        open: () => (info.isFIFO() ? openPipe(path) : createReadStream(path, { highWaterMark: READ_SIZE })),
      });
    }
  }
  return [...sources.values()];
}

/** Read through the event loop: a read of the file system could not be stopped before somebody writes. */
function openPipe(path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

/** @returns names as the user would write them. */
async function filesOf(input: string, options: SourceOptions): Promise<string[]> {
  const info = await stat(resolve(options.cwd, input)).catch(() => null);
  if (info !== null && !info.isDirectory()) {
    return [input];
  }
  if (info === null && !/[*?[{(]/.test(input)) {
    return [input];
  }
  // Loaded only where there is something to look for.
  const { glob } = await import("tinyglobby");
  const found = await glob(info === null ? input : IN_FOLDERS, {
    cwd: info === null ? options.cwd : resolve(options.cwd, input),
    expandDirectories: false,
    // WORDS.CSV counts too, all the more when words that no file holds are to be removed.
    caseSensitiveMatch: info === null,
  });
  const isRejects = rejectFilesOf(options);
  const names = found
    .map((name) => (info === null ? name : join(input, name)))
    .filter((name) => !isRejects(resolve(options.cwd, name)))
    .sort();
  if (names.length === 0) {
    throw new FileError(
      input,
      info === null
        ? "no such file, and nothing matches it as a pattern"
        : "is a folder without any .csv, .tsv, .ndjson or .jsonl file (or .gz of one)",
      info === null ? pathHint(options.cwd) : "name the files themselves if they are called otherwise",
    );
  }
  return names;
}

async function describe(name: string, path: string, cwd: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw fileError(name, error, pathHint(cwd));
  }
}

function pathHint(cwd: string): string {
  return `check the name; paths start at ${cwd}`;
}

/** @returns whether a path is where rejects go, or a further part such as `rejects-2.csv`. */
function rejectFilesOf({ cwd, except }: SourceOptions): (path: string) => boolean {
  if (except === undefined) {
    return () => false;
  }
  const { dir, name, ext } = parse(resolve(cwd, except));
  return (path) => {
    const candidate = parse(path);
    return (
      candidate.dir === dir &&
      candidate.ext === ext &&
      candidate.name.startsWith(name) &&
      /^(-\d+)?$/.test(candidate.name.slice(name.length))
    );
  };
}

export function formatOf(name: string): Format {
  return /\.(ndjson|jsonl)(\.gz)?$/i.test(name) ? "ndjson" : "csv";
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: "exists already and is not overwritten",
  EFBIG: "cannot be written: it would be larger than this account may make a file",
  ENAMETOOLONG: "has a name that is too long",
  ENOSPC: "cannot be written: no space is left for it",
  ENOENT: "no such file",
  EISDIR: "is a directory, not a file",
  EACCES: "may not be read (permission denied)",
};

/** What an error of the file system says to a person. */
export function fileError(name: string, error: unknown, hint: string | null = null): FileError {
  if (error instanceof FileError) {
    return error;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new FileError(name, REASONS[code] ?? (error instanceof Error ? error.message : String(error)), hint, {
    cause: error,
  });
}
