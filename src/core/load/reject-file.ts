/** Where rejected records go: as they were, with a note each, to be repaired and fed back. */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { FileError } from "../../errors/usage.js";
import { temporaryBeside } from "../output.js";
import { scanCsv } from "./csv.js";
import { detectDelimiter } from "./csv-reader.js";
import { NOTE_COLUMNS } from "./layout.js";
import { type Layout, MAX_RECORD_BYTES, type RecordBlock, type TextRecord } from "./records.js";
import { fileError } from "./source.js";

const FLUSH_AT = 64 * 1024;
const WITHOUT_FILE = NOTE_COLUMNS.slice(0, -1);

interface Part {
  readonly path: string;
  readonly temporary: string;
  readonly descriptor: number;
  pending: Buffer[];
  size: number;
}

/**
 * Files whose headers differ cannot share one: the second kind goes to `rejects-2.csv`, and so on. All
 * appear at the end and at once, so that nobody reads half of one; a failure before leaves what was there.
 */
export class RejectFile {
  readonly #parts = new Map<string, Part>();
  /** Found once for all records of a file, of which there may be millions. */
  readonly #partOf = new WeakMap<Layout, Part>();
  #firstHeader: Buffer | null = null;
  #isOver = false;

  /**
   * @param name as the user named it
   * @param nameFiles whether the notes also say which file a record is from
   * @throws {FileError} where a file is that no reject file was
   */
  constructor(
    readonly name: string,
    readonly path: string,
    readonly nameFiles: boolean,
  ) {
    requireFolder(name, dirname(path));
    refuseOther(path);
  }

  /** The header of every file that is read, so that a run without rejects leaves one too. */
  expect(block: RecordBlock): void {
    this.#firstHeader ??= this.#headerOf(block);
  }

  add(
    file: string,
    block: RecordBlock,
    record: TextRecord,
    note: { column: string; code: string; reason: string },
  ): void {
    // A reader that is ahead of the failure may still find some.
    if (this.#isOver) {
      return;
    }
    const part = this.#partOf.get(block.layout) ?? this.#findPart(block);
    const notes = [String(record.line), note.column, note.code, note.reason, ...(this.nameFiles ? [file] : [])];
    const line = block.annotate(record, notes);
    part.pending.push(line);
    part.size += line.length;
    if (part.size >= FLUSH_AT) {
      flush(part);
    }
  }

  /** Puts what was collected where it was asked for. */
  finish(): void {
    if (this.#parts.size === 0) {
      this.#open("", this.#firstHeader ?? Buffer.alloc(0));
    }
    for (const part of this.#parts.values()) {
      flush(part);
    }
    for (const [key, part] of this.#parts) {
      // The load took its time, in which somebody else may have put a file there.
      refuseOther(part.path);
      closeSync(part.descriptor);
      this.#parts.delete(key);
      renameSync(part.temporary, part.path);
    }
  }

  /** Leaves nothing behind; does nothing after `finish`. */
  discard(): void {
    this.#isOver = true;
    for (const { descriptor, temporary } of this.#parts.values()) {
      closeSync(descriptor);
      rmSync(temporary, { force: true });
    }
    this.#parts.clear();
  }

  #findPart(block: RecordBlock): Part {
    const header = this.#headerOf(block);
    const key = header.toString("latin1");
    const part = this.#parts.get(key) ?? this.#open(key, header);
    this.#partOf.set(block.layout, part);
    return part;
  }

  /** Empty for formats that have none. */
  #headerOf(block: RecordBlock): Buffer {
    return block.annotatedHeader?.(this.#columns()) ?? Buffer.alloc(0);
  }

  #columns(): readonly string[] {
    return this.nameFiles ? NOTE_COLUMNS : WITHOUT_FILE;
  }

  #open(key: string, header: Buffer): Part {
    const extension = extname(this.path);
    const number = this.#parts.size + 1;
    const name = `${basename(this.path, extension)}${number === 1 ? "" : `-${number}`}${extension}`;
    const path = join(dirname(this.path), name);
    refuseOther(path);
    const temporary = temporaryBeside(path);
    try {
      const descriptor = openSync(temporary, "wx", 0o600);
      const part = { path, temporary, descriptor, pending: header.length > 0 ? [header] : [], size: header.length };
      this.#parts.set(key, part);
      return part;
    } catch (error) {
      throw fileError(path, error);
    }
  }
}

function flush(part: Part): void {
  const bytes = Buffer.concat(part.pending);
  try {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(part.descriptor, bytes, at);
    }
  } catch (error) {
    throw fileError(part.path, error);
  }
  part.pending = [];
  part.size = 0;
}

/** Better known before a long load than after it. */
function requireFolder(name: string, folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new FileError(name, "cannot be written: its folder does not exist or takes no files", `check ${folder}`, {
      cause: error,
    });
  }
}

/** A typing error must not cost a file of words. */
function refuseOther(path: string): void {
  let start: string;
  try {
    const info = lstatSync(path);
    if (info.isDirectory()) {
      throw new FileError(path, "is a directory, not a file");
    }
    if (!info.isFile()) {
      throw new FileError(path, "is not a file that could be replaced", "name another file for --rejects");
    }
    start = startOf(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return;
    }
    throw fileError(path, error);
  }
  if (start !== "" && !isRejects(start)) {
    throw new FileError(
      path,
      "exists and is no file of rejects; it is not overwritten",
      "name another file for --rejects",
    );
  }
}

function startOf(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(MAX_RECORD_BYTES + FLUSH_AT);
    return buffer.toString("utf8", 0, readSync(descriptor, buffer));
  } finally {
    closeSync(descriptor);
  }
}

function isRejects(start: string): boolean {
  const [firstLine = ""] = start.split("\n", 1);
  if (firstLine.startsWith("{")) {
    return firstLine.includes('"_line":') && firstLine.includes('"_reason":');
  }
  const [header] = scanCsv(start, { delimiter: detectDelimiter(start), line: 1, final: true }).records;
  const names = header?.cells.filter((cell) => cell !== "_file") ?? [];
  return names.slice(-WITHOUT_FILE.length).join() === WITHOUT_FILE.join();
}
