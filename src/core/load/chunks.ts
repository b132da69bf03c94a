/** The bytes of a source, unpacked. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { FileError } from "../../errors/usage.js";
import { encodingHint, looksLikeUtf16 } from "./encoding.js";
import { fileError, type Source } from "./source.js";

const CHUNK_SIZE = 64 * 1024;
const GZIP = [0x1f, 0x8b];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const BOM = [0xef, 0xbb, 0xbf];

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of the file, as it is on disk, have been read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * @returns the text's bytes, without a byte order mark
 * @throws {FileError} when it cannot be read, or is plainly no text in UTF-8
 */
export async function* readChunks(source: Source, options: ReadOptions): AsyncGenerator<Buffer> {
  try {
    options.signal?.throwIfAborted();
    const text = unpacked(source, options);
    try {
      const first = await atLeast(text, ZIP.length);
      refuseForeign(source.name, first);
      yield startsWith(first, BOM) ? first.subarray(BOM.length) : first;
      for await (const chunk of text) {
        options.signal?.throwIfAborted();
        yield chunk;
      }
    } finally {
      await text.return(undefined);
    }
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : fileError(source.name, error);
  }
}

async function* unpacked(source: Source, { signal, onBytes }: ReadOptions): AsyncGenerator<Buffer> {
  const stream = source.open();
  // Reading stops at once, also in the middle of a wait for a slow pipe.
  const stop = (): unknown => stream.destroy(new Error("stopped"));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const file = counted(stream, onBytes);
    const first = await atLeast(file, ZIP.length);
    if (startsWith(first, GZIP)) {
      yield* gunzipped(source.name, first, file, () => stream.destroy());
    } else {
      yield first;
      yield* file;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    stream.destroy();
  }
}

async function* counted(stream: Readable, onBytes: ReadOptions["onBytes"]): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    bytes += buffer.length;
    onBytes?.(bytes);
    yield buffer;
  }
}

/** A slow pipe may begin with a single byte. */
async function atLeast(chunks: AsyncGenerator<Buffer>, size: number): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < size) {
    const { value, done } = await chunks.next();
    if (done) {
      break;
    }
    start = start.length === 0 ? value : Buffer.concat([start, value]);
  }
  return start;
}

/** @param close ends the wait of `rest` for more; from Node 22 on, what feeds the unpacking does not end before that */
async function* gunzipped(
  name: string,
  first: Buffer,
  rest: AsyncGenerator<Buffer>,
  close: () => void,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_SIZE });
  const packed = async function* () {
    yield first;
    yield* rest;
  };
  const feeding = pipeline(Readable.from(packed(), { objectMode: false }), gunzip).catch((error: unknown) => error);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw code.startsWith("Z_")
      ? new FileError(
          name,
          code === "Z_BUF_ERROR" ? "ends in the middle: the .gz is cut off" : "is damaged: not a whole .gz",
          "check it with: gzip -t FILE",
          { cause: error },
        )
      : error;
  } finally {
    close();
    gunzip.destroy();
    await feeding;
  }
}

function refuseForeign(name: string, chunk: Buffer): void {
  if (startsWith(chunk, ZIP)) {
    throw new FileError(
      name,
      "is a ZIP archive or an Excel workbook, not text",
      "unpack it, or save the sheet as CSV (UTF-8)",
    );
  }
  if (looksLikeUtf16(chunk)) {
    throw new FileError(`${name}:1:1`, "is not UTF-8", encodingHint(chunk));
  }
}

function startsWith(chunk: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => chunk[index] === byte);
}
