/** Where exports go: standard output, or a file that appears whole, is readable by its owner alone, and replaces nothing. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants, createWriteStream } from "node:fs";
import { access, link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { FileError } from "../errors/usage.js";
import { fileError } from "./load/source.js";

export interface OutputOptions {
  /** undefined: standard output. */
  readonly path?: string | undefined;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly stdout: NodeJS.WritableStream;
  /** Replace a file of that name. */
  readonly force: boolean;
}

/**
 * The bracket around an export, compressed where the name ends in `.gz`. A failure leaves no file behind, and one that was there as it was.
 *
 * @throws {FileError} when the file exists and `force` is not set, or cannot be written
 */
export async function withOutput<T>(
  options: OutputOptions,
  work: (sink: NodeJS.WritableStream) => Promise<T>,
): Promise<T> {
  const { path: name, cwd, stdout, force } = options;
  if (name === undefined) {
    return work(stdout);
  }
  const path = resolve(cwd, name);
  await refuse(name, path, force ? "replaceable file" : "file");
  const temporary = temporaryBeside(path);
  const file = createWriteStream(temporary, { flags: "wx", mode: 0o600 });
  const gzip = /\.gz$/i.test(name) ? createGzip() : null;
  const written = gzip === null ? finished(file) : pipeline(gzip, file);
  const sink = gzip ?? file;
  // `work` may see it first, as the end of a stream that it writes to.
  let failure: unknown;
  written.catch((error: unknown) => {
    failure = error;
  });
  try {
    const result = await work(sink);
    sink.end();
    await written;
    await sync(temporary);
    // A rename would replace what somebody else has put there in the meantime; a link does not.
    await (force ? rename(temporary, path) : link(temporary, path));
    return result;
  } catch (error) {
    throw failure !== undefined || isSystemError(error) ? fileError(name, failure ?? error) : error;
  } finally {
    gzip?.destroy();
    file.destroy();
    await rm(temporary, { force: true });
  }
}

/** Writes piece by piece, no faster than they are taken. @param sink is left open */
export async function writeAll(
  sink: NodeJS.WritableStream,
  pieces: Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const piece of pieces) {
    signal.throwIfAborted();
    if (!sink.write(piece)) {
      await once(sink, "drain", { signal });
    }
  }
}

/**
 * The same as `withOutput` for several files, in a folder that is made for them.
 *
 * @throws {FileError} when the folder exists
 */
export async function withOutputFolder<T>(
  { path: name, cwd }: { readonly path: string; readonly cwd: string },
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const path = resolve(cwd, name);
  await refuse(name, path, "folder");
  const temporary = temporaryBeside(path);
  try {
    await mkdir(temporary, { mode: 0o700 });
    const result = await work(temporary);
    await rename(temporary, path);
    return result;
  } catch (error) {
    throw isSystemError(error) ? fileError(name, error) : error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A name that nobody can guess, in the folder of the file that it becomes; as short for every name of that. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.vocabdb-${randomBytes(6).toString("hex")}.tmp`);
}

/** Better known before a long export than after it. */
async function refuse(name: string, path: string, wanted: "file" | "replaceable file" | "folder"): Promise<void> {
  const info = await lstat(path).catch(() => null);
  if (info !== null && !info.isFile()) {
    throw new FileError(name, info.isDirectory() ? "is a folder that exists already" : "is not a plain file");
  }
  if (info !== null && wanted !== "replaceable file") {
    const hint = wanted === "file" ? "name another file, or replace it with --force" : "name another folder";
    throw new FileError(name, "exists already and is not overwritten", hint);
  }
  await access(dirname(path), constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new FileError(name, "cannot be written: its folder does not exist or takes no files", null, { cause: error });
  });
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "path" in error;
}
