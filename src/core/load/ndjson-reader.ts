/** A file of one JSON object per line as records. */
import { isUtf8 } from "node:buffer";
import { BadHeaderError } from "../../errors/loading.js";
import { type LayoutOptions, NOTE_COLUMNS, plain, resolveLayout } from "./layout.js";
import type { Layout, Problem, RecordBlock, TextRecord } from "./records.js";
import { type Field, fieldsOf } from "./shape.js";
import type { Source } from "./source.js";
import { inBlocks, type TextBlock } from "./text-blocks.js";

const CR = 13;
/** Bounded, as every line may bring names of its own. */
const MAX_REMEMBERED_NAMES = 1_000;

/**
 * @param file for messages
 * @throws {BadHeaderError} when the first object lacks a required field, or there is none and has to be
 */
export async function* readNdjson(
  file: string,
  chunks: AsyncIterable<Buffer>,
  options: LayoutOptions & Pick<Source, "mayBeEmpty">,
): AsyncGenerator<RecordBlock> {
  const fields = fieldsOf(options.shape);
  const fieldOf = fieldFinder(options);
  const layout: Layout = {
    position: fields.map((_, index) => index),
    headers: fields.map(({ name }) => name),
    unused: [],
  };
  const seen = { any: false };
  const blocks = inBlocks(file, chunks, "lf", (block, firstLine, final) => {
    const records: TextRecord[] = [];
    let line = firstLine;
    let start = 0;
    while (start < block.text.length) {
      const lf = block.text.indexOf("\n", start);
      if (lf === -1 && !final) {
        break;
      }
      const stop = lf === -1 ? block.text.length : lf;
      const end = block.text.charCodeAt(stop - 1) === CR ? stop - 1 : stop;
      if (block.text.slice(start, end).trim() !== "") {
        if (!seen.any) {
          checkFirst(file, line, block.decoded(start, end), options);
          seen.any = true;
        }
        const { cells, problem } = readObject(block, start, end, fields.length, fieldOf);
        records.push({ line, start, end, cells, problem });
      }
      start = stop + 1;
      line += 1;
    }
    return { result: ndjsonBlock(block, records, layout), consumed: Math.min(start, block.text.length), line };
  });
  yield* blocks;
  if (!seen.any && !options.mayBeEmpty) {
    throw new BadHeaderError(
      file,
      [],
      "the file is empty",
      `it needs one JSON object per ${options.shape.noun} and line`,
    );
  }
}

/** As with the header of a CSV file: better one sentence than a million rejects. */
function checkFirst(file: string, line: number, text: string, options: LayoutOptions): void {
  const object = parseObject(text);
  if (object !== null) {
    resolveLayout(file, Object.keys(object), options, line);
  }
}

function fieldFinder({ shape, map }: LayoutOptions): (name: string) => number {
  const fields = fieldsOf(shape);
  const known = new Map<string, number>();
  const find = (name: string): number => {
    const mapped = fields.findIndex(
      (field) => map[field.name] !== undefined && plain(map[field.name] ?? "") === plain(name),
    );
    const isFree = (field: Field): boolean => map[field.name] === undefined;
    return mapped === -1 ? fields.findIndex((field) => isFree(field) && field.aliases.includes(plain(name))) : mapped;
  };
  return (name) => {
    const found = known.get(name) ?? find(name);
    if (known.size < MAX_REMEMBERED_NAMES) {
      known.set(name, found);
    }
    return found;
  };
}

interface ObjectCells {
  readonly cells: readonly (string | undefined)[];
  readonly problem: Problem | null;
}

function readObject(
  block: TextBlock,
  start: number,
  end: number,
  width: number,
  fieldOf: (name: string) => number,
): ObjectCells {
  const cells = new Array<string | undefined>(width).fill(undefined);
  const refused = (code: string, reason: string, cell: number | null = null): ObjectCells => ({
    cells,
    problem: { code, reason, cell, offset: cell === null ? 0 : null },
  });
  const decoded = block.isClean ? null : block.clean([block.text.slice(start, end)]);
  if (decoded !== null && decoded.problem !== null) {
    return { cells, problem: { ...decoded.problem, cell: null, offset: 0 } };
  }
  const object = parseObject(decoded?.cells[0] ?? block.text.slice(start, end));
  if (object === null) {
    return refused("BROKEN_JSON", "is not a JSON object");
  }
  for (const [name, value] of Object.entries(object)) {
    const cell = fieldOf(name);
    if (cell === -1) {
      continue;
    }
    if (cells[cell] !== undefined) {
      return refused("INVALID_CELL", `is said twice, the second time as ${JSON.stringify(name)}`, cell);
    }
    if (typeof value === "object" && value !== null) {
      return refused("INVALID_CELL", "is a list or an object where a text is expected", cell);
    }
    const text = value === null ? "" : String(value);
    if (text.includes("\0")) {
      return refused("NUL", "holds a NUL character", cell);
    }
    if (/\p{Surrogate}/u.test(text)) {
      return refused("INVALID_CELL", "holds half a character (an unpaired surrogate)", cell);
    }
    cells[cell] = text;
  }
  return { cells, problem: null };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function ndjsonBlock(block: TextBlock, records: readonly TextRecord[], layout: Layout): RecordBlock {
  return {
    ...{ records, layout, isPlain: false, annotatedHeader: null },
    textBefore: ({ start }, offset) => block.decoded(start, start + offset),
    offsetOf: () => 0,
    annotate: ({ start, end }, notes) => annotateObject(block.bytesOf(start, end), notes),
  };
}

/** The object keeps its bytes and gets more members; what is no object becomes one member of a new one. */
function annotateObject(bytes: Buffer, notes: readonly string[]): Buffer {
  const members = JSON.stringify(Object.fromEntries(notes.map((note, index) => [NOTE_COLUMNS[index] ?? "", note])));
  const text = bytes.toString("latin1");
  const closing = text.lastIndexOf("}");
  if (parseObject(text) === null || !isUtf8(bytes)) {
    const record = isUtf8(bytes) ? { _record: bytes.toString() } : { _recordBase64: bytes.toString("base64") };
    return Buffer.from(`${members.slice(0, -1)},${JSON.stringify(record).slice(1)}\n`);
  }
  const comma = /\{\s*$/.test(text.slice(0, closing)) ? "" : ",";
  return Buffer.concat([bytes.subarray(0, closing), Buffer.from(`${comma}${members.slice(1)}\n`)]);
}
