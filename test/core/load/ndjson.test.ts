import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNdjson } from "../../../src/core/load/ndjson-reader.js";
import { readRecords } from "../../../src/core/load/read.js";
import { MAX_RECORD_BYTES } from "../../../src/core/load/records.js";
import { Rejects } from "../../../src/core/load/rejects.js";
import { rowReader } from "../../../src/core/load/rows.js";
import { fieldsOf } from "../../../src/core/load/shape.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { formatReject } from "../../../src/errors/loading.js";
import { FileError } from "../../../src/errors/usage.js";

const FIELDS = fieldsOf(WORDS).map(({ name }) => name);
const OPTIONS = { shape: WORDS, given: new Set(["language", "definition"]), map: {} };

interface Options {
  readonly map?: Readonly<Record<string, string>>;
  readonly given?: ReadonlySet<string>;
  /** Bytes of each chunk. */
  readonly size?: number;
}

type Content = string | Buffer;

/** A record as the fields that it says something about, or as the reason why it cannot be read. */
type Read = Readonly<Record<string, unknown>>;

function chunksOf(content: Content, size = Number.POSITIVE_INFINITY): Buffer[] {
  const bytes = Buffer.from(content);
  const count = Math.ceil(bytes.length / Math.min(size, bytes.length));
  return Array.from({ length: count || 0 }, (_, n) => bytes.subarray(n * size || 0, (n + 1) * size));
}

function blocksOf(content: Content, { size, ...options }: Options = {}) {
  return readNdjson("words.ndjson", Readable.from(chunksOf(content, size)), { ...OPTIONS, ...options });
}

async function read(content: Content, options?: Options): Promise<Read[]> {
  const all: Read[] = [];
  for await (const block of blocksOf(content, options)) {
    for (const { line, cells, problem } of block.records) {
      const fields = FIELDS.flatMap((name, index) => (cells[index] === undefined ? [] : [[name, cells[index]]]));
      all.push(problem === null ? { line, ...Object.fromEntries(fields) } : { line, ...problem });
    }
  }
  return all;
}

/** A first line that is fine, and then what is asked about. */
async function second(line: Content, options?: Options): Promise<Read | undefined> {
  const [, found] = await read(Buffer.concat([Buffer.from('{"term":"1"}\n'), Buffer.from(line)]), options);
  return found;
}

describe("records", () => {
  it("are the objects, with the lines that they stand on", async () => {
    expect(await read('{"term":"a"}\n\n  \n{"term":"b"}\n{"term":"c"}\n')).toEqual([
      { line: 1, term: "a" },
      { line: 4, term: "b" },
      { line: 5, term: "c" },
    ]);
  });

  it.each([
    ["no line end after the last", '{"term":"a"}\n{"term":"b"}'],
    ["Windows line ends", '{"term":"a"}\r\n{"term":"b"}\r\n'],
    ["Windows line ends, but none after the last", '{"term":"a"}\r\n{"term":"b"}'],
    ["spaces around them", ' {"term":"a"} \n\t{ "term" : "b" }\t\n'],
    ["empty lines after them", '{"term":"a"}\n{"term":"b"}\n\n\r\n'],
  ])("are the same with %s", async (_, content) => {
    const expected = [
      { line: 1, term: "a" },
      { line: 2, term: "b" },
    ];
    expect(await read(content)).toEqual(expected);
    expect(await read(content, { size: 1 })).toEqual(expected);
  });

  it("are told as those of a source of this format, whose byte order mark is no part of them", async () => {
    const open = () => Readable.from([Buffer.from('\ufeff{"term":"a"}\n')]);
    const blocks = readRecords({ name: "words", path: null, format: "ndjson", bytes: null, open }, OPTIONS);
    const { value } = await blocks.next();
    expect(value?.records).toMatchObject([{ line: 1, cells: expect.arrayContaining(["a"]), problem: null }]);
  });

  it("do not depend on where any bytes are cut into chunks", async () => {
    const token = fc.constantFrom(
      ...['{"term":"水"}', '{"term":"\\u6c34𠀀","level":1}', "{", "}", '"', "\n", "\n", "\r\n", "\r", " ", "é", "\0"],
    );
    const bytes = fc.oneof(
      { weight: 9, arbitrary: token.map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: fc.constantFrom(Buffer.from([0xfc]), Buffer.from([0xe6, 0xb0])) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 20 }), fc.integer({ min: 1, max: 12 }), async (parts, size) => {
        const content = Buffer.concat([Buffer.from('{"term":"first"}\n'), ...parts]);
        expect(await read(content, { size })).toEqual(await read(content));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("values", () => {
  it("that are missing leave the field alone, and null says that there is nothing", async () => {
    expect(await second('{"term":"a","level":null,"reading":""}')).toEqual({
      line: 2,
      term: "a",
      level: "",
      reading: "",
    });
    expect(await second("{}")).toEqual({ line: 2 });
  });

  it("may be numbers and booleans", async () => {
    expect(await second('{"term":42,"level":1.5,"category":true,"sense":false,"example":-0.25}')).toEqual({
      ...{ line: 2, term: "42", level: "1.5", category: "true", sense: "false", example: "-0.25" },
    });
  });

  it("are what JSON says that they are", async () => {
    expect(await second('{"term":"\\u6c34\\n\\t\\"\\\\ \\ud840\\udc00","example":"a\u2028b"}')).toEqual({
      ...{ line: 2, term: '水\n\t"\\ 𠀀', example: "a\u2028b" },
    });
  });

  it.each(["[]", '["a"]', "{}", '{"text":"a"}'])("cannot be lists or objects: %s", async (value) => {
    expect(await second(`{"term":"a","level":${value}}`)).toEqual({
      ...{ line: 2, code: "INVALID_CELL", cell: FIELDS.indexOf("level"), offset: null },
      reason: "is a list or an object where a text is expected",
    });
  });

  it("that no field is read from may be anything", async () => {
    const others = '"id":[1,{"a":null}],"note":"\\ud800\\u0000","__proto__":{"level":"x"},"constructor":1,"_line":"7"';
    expect(await second(`{${others},"term":"a"}`)).toEqual({ line: 2, term: "a" });
  });

  it.each(["\\ud800", "\\udc00", "a\\udc00\\ud800", "\\ud83d "])("cannot hold half a character: %s", async (text) => {
    expect(await second(`{"term":"a","level":"${text}"}`)).toEqual({
      ...{ line: 2, code: "INVALID_CELL", cell: FIELDS.indexOf("level"), offset: null },
      reason: "holds half a character (an unpaired surrogate)",
    });
  });

  it("cannot hold U+0000, escaped or not", async () => {
    expect(await second('{"term":"a\\u0000"}')).toEqual({
      ...{ line: 2, code: "NUL", reason: "holds a NUL character", cell: FIELDS.indexOf("term"), offset: null },
    });
    expect(await second('{"term":"a\0"}')).toMatchObject({ line: 2, code: "NUL", reason: "holds a NUL character" });
  });
});

describe("names", () => {
  it("are understood as headers are", async () => {
    expect(await second('{"Word":"a","Part-of Speech":"noun","HSK_level":"1","Pinyin":"b"}')).toEqual({
      ...{ line: 2, term: "a", partOfSpeech: "noun", level: "1", reading: "b" },
    });
  });

  it("may differ from object to object", async () => {
    expect(await read('{"term":"a"}\n{"word":"b"}\n{"HANZI":"c"}\n')).toMatchObject([
      ...[{ term: "a" }, { term: "b" }, { term: "c" }],
    ]);
  });

  it("of one meaning cannot come twice in an object", async () => {
    expect(await second('{"term":"a","word":"b"}')).toEqual({
      ...{ line: 2, code: "INVALID_CELL", cell: FIELDS.indexOf("term"), offset: null },
      reason: 'is said twice, the second time as "word"',
    });
    expect(await second('{"term":"a","level":null,"HSK":1}')).toMatchObject({ code: "INVALID_CELL" });
  });

  it.each(["id", "词", "chinese word"])("may be mapped (%s), and then others do not mean the field", async (name) => {
    const content = `{"${name}":"a","term":"x"}\n{"term":"y","${name}":"b"}\n`;
    expect(await read(content, { map: { term: name } })).toEqual([
      { line: 1, term: "a" },
      { line: 2, term: "b" },
    ]);
  });

  it("that are mapped mean nothing else", async () => {
    expect(await read('{"word":"a","level":"1"}\n', { map: { level: "word", term: "level" } })).toEqual([
      { line: 1, level: "a", term: "1" },
    ]);
  });

  it("that are mapped need not be written as --map has them, as in a CSV file", async () => {
    expect(await read('{"Chinese Word":"a"}\n', { map: { term: "chinese_word" } })).toEqual([{ line: 1, term: "a" }]);
  });

  it("that are mapped are found also when a later record is in another encoding", async () => {
    const content = Buffer.concat([Buffer.from('{"词":"a"}\n{"词":"'), Buffer.from([0xfc]), Buffer.from('"}\n')]);
    expect(await read(content, { map: { term: "词" } })).toMatchObject([{ term: "a" }, { code: "INVALID_UTF8" }]);
  });

  it("remembered by the thousand change nothing", async () => {
    const many = Array.from({ length: 3_000 }, (_, n) => `{"x${n}":1,"term":"${n}"}\n`).join("");
    const all = await read(`${many}{"Gloss":"z","term":"last"}\n`);
    expect(all.at(-1)).toEqual({ line: 3_001, definition: "z", term: "last" });
  });
});

describe("a file", () => {
  it.each(["", "\n", "\r\n \n"])("is empty without any object: %j", async (content) => {
    await expect(read(content)).rejects.toMatchObject({
      ...{ code: "BAD_HEADER", message: "words.ndjson:1:1: the file is empty" },
      hint: "it needs one JSON object per word and line",
    });
  });

  it("whose first object lacks a required field is refused as a whole", async () => {
    await expect(read('{"Vocab":"a"}\n{"term":"b"}\n')).rejects.toMatchObject({
      ...{ code: "BAD_HEADER", message: expect.stringContaining('no column for term (the headers are: "Vocab")') },
      hint: "say which header means what, for example: --map term=Vocab",
    });
    await expect(read('{"term":"a","definition":"b"}\n', { given: new Set() })).rejects.toThrow(
      "no column for language",
    );
    await expect(read('{"term":"a","word":"b"}\n')).rejects.toThrow('"term" and "word" both mean term');
  });

  it("of which a line is longer than 1 MiB is refused, with the line", async () => {
    const long = `{"term":"${"x".repeat(2 * MAX_RECORD_BYTES)}"}\n`;
    await expect(read(`{"term":"a"}\n\n${long}`, { size: 64 * 1024 })).rejects.toThrow(FileError);
    await expect(read(`{"term":"a"}\n\n${long}`, { size: 64 * 1024 })).rejects.toThrow("words.ndjson:3:1: the line is");
  });

  it("of which a line is longer than 1 MiB is refused, whatever spaces it holds", async () => {
    const long = `{"term":${" \r".repeat(2 * MAX_RECORD_BYTES)}"x"}\n`;
    await expect(read(`{"term":"a"}\n${long}`, { size: 64 * 1024 })).rejects.toThrow("words.ndjson:2:1: the line is");
  });
});

describe("what is no record", () => {
  it.each(['{"term":"a"', "a,b", "[]", '["term"]', '"term"', "1", "null", "{'term':'a'}", '{"term":"a"}{"term":"b"}'])(
    "costs no other: %s",
    async (line) => {
      expect(await read(`{"term":"a"}\n${line}\n{"term":"c"}`)).toEqual([
        { line: 1, term: "a" },
        { line: 2, code: "BROKEN_JSON", reason: "is not a JSON object", cell: null, offset: 0 },
        { line: 3, term: "c" },
      ]);
    },
  );

  it("may be first", async () => {
    expect(await read('oops\n{"term":"b"}\n')).toMatchObject([{ code: "BROKEN_JSON" }, { term: "b" }]);
  });

  it.each([
    ['{"term":"b","hsk":[1]}', "words.ndjson:3:1 level: is a list or an object where a text is expected"],
    ['{"term":"b","hsk":"\\u0000"}', "words.ndjson:3:1 level: holds a NUL character"],
    ['{"term":"b","hsk":"\\ud800"}', "words.ndjson:3:1 level: holds half a character (an unpaired surrogate)"],
    ['{"term":"b","hsk":1,"level":2}', 'words.ndjson:3:1 level: is said twice, the second time as "level"'],
    ['{"term":" ","hsk":1}', "words.ndjson:3:1 term: is empty"],
    ["oops", "words.ndjson:3:1: is not a JSON object"],
  ])("is told with line, column and field: %s", async (line, message) => {
    const rejects = new Rejects({ records: 0 }, 10, null);
    for await (const block of blocksOf(`{"term":"a"}\n\n${line}\n`)) {
      const rowOf = rowReader(WORDS, block.layout, { language: "zh", definition: "x" });
      for (const record of block.records) {
        const row = rowOf(record);
        if (!("absent" in row)) {
          rejects.add("words.ndjson", block, record, row);
        }
      }
    }
    expect(rejects.first.map(formatReject)).toEqual([message]);
  });
});

describe("bytes that are not UTF-8", () => {
  const content = Buffer.concat([
    Buffer.from('{"term":"水"}\n{"term":"t'),
    Buffer.from([0xfc]),
    Buffer.from('r"}\n{"term":"犬"}\n'),
  ]);

  it("reject their record, and no other", async () => {
    expect(await read(content)).toMatchObject([
      { line: 1, term: "水" },
      { line: 2, code: "INVALID_UTF8", reason: "is not UTF-8" },
      { line: 3, term: "犬" },
    ]);
  });

  it("come with a hint of what they are", async () => {
    expect((await read(content))[1]?.hint).toMatch(/looks like Latin-1/);
  });
});
