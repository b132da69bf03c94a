/** Small files that are read as a whole. */
import { FileError } from "../../errors/usage.js";
import { readChunks } from "./chunks.js";
import { encodingHint } from "./encoding.js";
import type { Source } from "./source.js";

/** What is longer is something else. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws {FileError} when the file cannot be read, is not UTF-8, or is no small file */
export async function readText(source: Source, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readChunks(source, { signal })) {
    length += chunk.length;
    if (length > MAX_BYTES) {
      throw new FileError(source.name, `is larger than ${MAX_BYTES / 2 ** 20} MiB`, "check that it is the right file");
    }
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FileError(source.name, "is not UTF-8", encodingHint(bytes), { cause: error });
  }
}
