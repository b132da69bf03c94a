/** Input that can be read only once, kept in a file while it is read the first time. */
import { closeSync, createReadStream, openSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline, type Readable, Transform } from "node:stream";
import type { Source } from "./source.js";

/** Gives `work` sources that can all be opened again. The copies are readable by their owner alone, and gone after it. */
export async function withSpool<T>(
  sources: readonly Source[],
  work: (sources: readonly Source[]) => Promise<T>,
): Promise<T> {
  // Pipes do not know their size; what knows it is a file.
  if (sources.every(({ bytes }) => bytes !== null)) {
    return work(sources);
  }
  const folder = await mkdtemp(join(tmpdir(), "vocabdb-spool-"));
  try {
    return await work(
      sources.map((source, index) => (source.bytes === null ? spooled(source, join(folder, `${index}`)) : source)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function spooled(source: Source, copy: string): Source {
  const state = { wasRead: false };
  return {
    ...source,
    open: () => {
      if (state.wasRead) {
        return createReadStream(copy);
      }
      state.wasRead = true;
      return copying(source.open(), copy);
    },
  };
}

/** What is handed on is in the file by then. */
function copying(input: Readable, copy: string): Readable {
  const file = openSync(copy, "wx", 0o600);
  const output = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      writeFileSync(file, chunk);
      done(null, chunk);
    },
    destroy(error, done) {
      closeSync(file);
      done(error);
    },
  });
  // Whoever ends first ends the other; the error, if any, is met by the reader.
  return pipeline(input, output, () => {});
}
