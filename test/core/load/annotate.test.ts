/** Rejected records as they go to a file of rejects: the original bytes, and notes. */
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import type { Format } from "../../../src/core/load/source.js";
import { WORDS } from "../../../src/core/load/word-shape.js";

type Content = string | Buffer;

function blocksOf(content: Content, format: Format = "csv") {
  const open = () => Readable.from([Buffer.from(content)]);
  const given = new Set(["language", "definition"]);
  return readRecords({ ...{ name: "words", path: null, bytes: null }, format, open }, { shape: WORDS, given, map: {} });
}

const NOTES = ["_line", 'say "a, b"'];

async function read(content: Content) {
  const cells: (readonly (string | undefined)[])[] = [];
  const annotated: Buffer[] = [];
  let header: Buffer = Buffer.alloc(0);
  for await (const block of blocksOf(content)) {
    header = block.annotatedHeader?.(NOTES) ?? header;
    cells.push(...block.records.map((record) => record.cells));
    annotated.push(...block.records.map((record) => block.annotate(record, NOTES)));
  }
  return { cells, annotated, header };
}

describe("a record of a CSV file", () => {
  const notes = ',_line,"say ""a, b"""\n';

  it.each([
    ["\n", '"a ""b"" ,c",水'],
    ["\r\n", '"a\r\nb\r\n", '],
    ["\r\n", ' x , "y" '],
    ["\n", '"mixed\r\nand\n\rlines",'],
    ["\r", '"a\rb",c'],
    ["\n", "1,2,3,4"],
    ["\n", '1,"open'],
    ["\n", 'str"ay,1'],
    ["\n", "nul\0,1"],
  ])("has the bytes that it has in the file (before %j): %j", async (lineEnd, record) => {
    const { annotated } = await read(`term,level${lineEnd}first,1${lineEnd}${record}${lineEnd}`);
    expect(annotated.map(String)).toEqual([`first,1${notes}`, `${record}${notes}`]);
    expect((await read(`term,level${lineEnd}${record}`)).annotated.map(String)).toEqual([`${record}${notes}`]);
  });

  it("has them also where they are no text, and where others are not", async () => {
    const lines = [Buffer.from([0x74, 0xfc, 0x2c, 0xcb, 0xae, 0xff, 0xfe, 0x00]), Buffer.from('"слово\r\n",水')];
    const content = Buffer.concat([
      Buffer.from("term,词\r\n"),
      ...lines.flatMap((line) => [line, Buffer.from("\r\n")]),
    ]);
    const { annotated, header } = await read(content);
    expect(annotated).toEqual(lines.map((line) => Buffer.concat([line, Buffer.from(notes)])));
    expect(header.toString()).toBe(`term,词${notes}`);
  });

  it("has them whatever they are", async () => {
    const token = fc.constantFrom(
      ...['"', '"', ",", "\n", "\r\n", "\r", "a", "水", "\0"].map((text) => Buffer.from(text)),
      ...[Buffer.from([0xfc]), Buffer.from([0xe6, 0xb0])],
    );
    const withoutLineEnds = (bytes: Buffer): string =>
      bytes
        .toString("hex")
        .replace(/(..)/g, "$1 ")
        .replace(/0[ad] /g, "");
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 20 }), async (tokens) => {
        const body = Buffer.concat(tokens);
        const all: Buffer[] = [];
        for await (const block of blocksOf(
          Buffer.concat([Buffer.from("term,definition,reading,sense,level,example\n"), body]),
        )) {
          all.push(...block.records.map((record) => block.annotate(record, [])));
        }
        // Only line ends between records are not theirs.
        expect(withoutLineEnds(Buffer.concat(all))).toBe(withoutLineEnds(body));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["\ufeffterm,level\r\n1,2\r\n", `term,level${notes}`],
    ['\n\n" term ","a\r\nb"\r\n1,2\r\n', `" term ","a\r\nb"${notes}`],
    ["term;level\n1;2\n", 'term;level;_line;"say ""a, b"""\n'],
    ["term\tlevel\r1\t2", 'term\tlevel\t_line\t"say ""a, b"""\n'],
  ])("comes under the header as it stands in the file: %j", async (content, header) => {
    expect((await read(content)).header.toString()).toBe(header);
  });

  it("has notes in quotes where the file's own delimiter needs them", async () => {
    const written: string[] = [];
    for await (const { records, annotate } of blocksOf("term;level\n1;2\n")) {
      written.push(...records.map((record) => annotate(record, ["a;b", "c,d", "e\nf", ""]).toString()));
    }
    expect(written).toEqual(['1;2;"a;b";c,d;"e\nf";\n']);
  });

  it("can be read again, with the columns of notes left alone", async () => {
    const first = await read('term,level\r\n"a\r\nb",1\r\n');
    const again = await read(Buffer.concat([first.header, ...first.annotated]));
    expect(again.cells).toEqual([["a\nb", "1", ...NOTES]]);
  });
});

describe("a record of an NDJSON file", () => {
  const annotate = async (line: Content): Promise<Buffer> => {
    const bytes = Buffer.concat([Buffer.from('{"term":"1"}\r\n'), Buffer.from(line), Buffer.from("\r\n")]);
    for await (const { records, annotate } of blocksOf(bytes, "ndjson")) {
      return annotate(records[1] as (typeof records)[number], ["2", "level", "CODE", 'say "a"']);
    }
    throw new Error("no block");
  };
  const notes = '"_line":"2","_column":"level","_code":"CODE","_reason":"say \\"a\\""';

  it.each([
    ['{"term":"a"}', `{"term":"a",${notes}}\n`],
    ["{}", `{${notes}}\n`],
    ["{ } ", `{ ${notes}}\n`],
    ['{"term":"}{"}', `{"term":"}{",${notes}}\n`],
    [' { "term": {"a":{}}, "x":1.0 } ', ` { "term": {"a":{}}, "x":1.0 ,${notes}}\n`],
    ['{"term":"水\\u0000𠀀"}', `{"term":"水\\u0000𠀀",${notes}}\n`],
  ])("keeps its bytes and gets more members: %s", async (line, expected) => {
    expect((await annotate(line)).toString()).toBe(expected);
  });

  it.each(["oops", '{"term":"a"', "[1]", '"水"', '{"term":"\0"}'])(
    "that is no object is a member of one: %j",
    async (line) => {
      const text = (await annotate(line)).toString();
      expect(text).toMatch(/^\{[^\n]+\}\n$/);
      expect(JSON.parse(text)).toEqual({ ...JSON.parse(`{${notes}}`), _record: line });
    },
  );

  it("that is no text keeps its bytes as base64", async () => {
    const line = Buffer.from('{"term":"t\xfcr"}', "latin1");
    const { _recordBase64, ...rest } = JSON.parse((await annotate(line)).toString());
    expect(Buffer.from(_recordBase64, "base64")).toEqual(line);
    expect(rest).toEqual(JSON.parse(`{${notes}}`));
  });

  it("needs no header", async () => {
    const { value: block } = await blocksOf('{"term":"1"}\n', "ndjson").next();
    expect(block?.annotatedHeader).toBeNull();
  });
});
