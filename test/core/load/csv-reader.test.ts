import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import { Rejects } from "../../../src/core/load/rejects.js";
import { rowReader } from "../../../src/core/load/rows.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { formatReject } from "../../../src/errors/loading.js";

interface Options {
  readonly delimiter?: string;
  readonly map?: Readonly<Record<string, string>>;
}

type Content = string | Buffer;

function blocksOf(content: Content, options: Options = {}) {
  const open = () => Readable.from([Buffer.from(content)]);
  const source = { ...{ name: "words.csv", path: null, bytes: null }, format: "csv", open } as const;
  return readRecords(source, { shape: WORDS, given: new Set(["language", "definition"]), map: {}, ...options });
}

/** The records of a file that are fine, and what is said of the others. */
async function read(content: Content, options?: Options) {
  const rejects = new Rejects({ records: 0 }, Number.POSITIVE_INFINITY, null);
  const cells: (readonly (string | undefined)[])[] = [];
  const hints: (string | undefined)[] = [];
  let headers: readonly string[] = [];
  for await (const block of blocksOf(content, options)) {
    headers = block.layout.headers;
    const rowOf = rowReader(WORDS, block.layout, { language: "zh", definition: "x" });
    for (const record of block.records) {
      const row = rowOf(record);
      if ("absent" in row) {
        cells.push(record.cells);
      } else {
        rejects.add("words.csv", block, record, row);
        hints.push(row[0]?.hint);
      }
    }
  }
  return { headers, cells, rejected: rejects.first.map(formatReject), codes: rejects.first, hints };
}

async function rejected(content: Content, options?: Options): Promise<string[]> {
  return (await read(content, options)).rejected;
}

describe("the delimiter", () => {
  it.each([
    [",", "term,reading,level\n水,shuǐ;x,1\n"],
    [";", "term;reading;level\n水;shuǐ,x;1\n"],
    ["\t", "term\treading\tlevel\n水\tshuǐ,x;\t1\n"],
  ])("is found in the header: %j", async (delimiter, content) => {
    const { headers, cells } = await read(content);
    expect(headers).toEqual(["term", "reading", "level"]);
    expect(cells).toEqual([content.split("\n")[1]?.split(delimiter)]);
  });

  it("is found in the first line that says anything", async () => {
    expect((await read("\r\n\nterm;level\n水;1\n")).cells).toEqual([["水", "1"]]);
    expect((await read("\ufeff\n\nterm\tlevel\n水\t1\n")).cells).toEqual([["水", "1"]]);
  });

  it("is not looked for in quotes", async () => {
    const { headers, cells } = await read('"term";"a, b, c, d";"say ""x, y"""\n1;2;3\n');
    expect(headers).toEqual(["term", "a, b, c, d", 'say "x, y"']);
    expect(cells).toEqual([["1", "2", "3"]]);
    expect((await read('"a;b;c",term\n1,2\n')).headers).toEqual(["a;b;c", "term"]);
    expect((await read('term,"a\tb\tc"\n1,2\n')).headers).toEqual(["term", "a\tb\tc"]);
  });

  it("is found also where a header cell has several lines", async () => {
    expect((await read('"level\n(HSK)";term\n1;2\n')).headers).toEqual(["level\n(HSK)", "term"]);
  });

  it("is a comma where there is only one column", async () => {
    expect((await read("term\n水;1\n")).cells).toEqual([["水;1"]]);
  });

  it("that makes the most columns is the one", async () => {
    expect((await read("term;level, as of 2021;category\n1;2;3\n")).headers).toEqual([
      ...["term", "level, as of 2021", "category"],
    ]);
  });

  it("may be said, and then nothing else is one", async () => {
    expect(await read('term|a,b|"c|d"\n1,2|3;4|"5|6"\n', { delimiter: "|" })).toMatchObject({
      ...{ headers: ["term", "a,b", "c|d"], cells: [["1,2", "3;4", "5|6"]] },
    });
    expect((await read("term;a,b,c\n1;2,3\n", { delimiter: ";" })).headers).toEqual(["term", "a,b,c"]);
    await expect(read("term,a\n1,2\n", { delimiter: ";" })).rejects.toMatchObject({
      message: expect.stringContaining('(the headers are: "term,a")'),
    });
  });
});

describe("the header", () => {
  it("is trimmed, quoted or not", async () => {
    expect((await read('" term ", level ,\u00a0reading\n1,2,3\n')).headers).toEqual(["term", "level", "reading"]);
  });

  it.each(["", "\ufeff", "\n\r\n\r"])("is missing in a file without any record: %j", async (content) => {
    await expect(read(content)).rejects.toMatchObject({
      ...{ code: "BAD_HEADER", exitCode: 6, message: "words.csv:1:1: the file is empty" },
      hint: "it needs a header and one line per word",
    });
  });

  it("may be all there is", async () => {
    for (const content of ["term,level", "term,level\n", "term,level\r\n\r\n"]) {
      expect(await read(content)).toMatchObject({ headers: ["term", "level"], cells: [], rejected: [] });
    }
  });

  it.each([
    ['term,x"b\n1,2\n', "words.csv:1:7: a quote stands inside a cell"],
    ['\n\n"term"x,b\n1,2\n', "words.csv:3:7: text follows the closing quote"],
    ['"term,b\n1,2\n', "words.csv:1:1: a quoted cell is never closed"],
  ])("with broken quotes is none: %j", async (content, message) => {
    await expect(read(content)).rejects.toMatchObject({
      ...{ code: "BAD_HEADER", message: expect.stringContaining(message) },
      hint: "the first line has to be a CSV header",
    });
  });

  it("in another encoding is told with its line and how to convert the file", async () => {
    await expect(read(Buffer.from("\nterm,K\xf6rper\n1,2\n", "latin1"))).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", message: "words.csv:2:1: the header is not UTF-8" },
      hint: expect.stringMatching(/looks like Latin-1 .*iconv -f WINDOWS-1252 -t UTF-8/),
    });
  });

  it("keeps its letters when records after it are in another encoding", async () => {
    const content = Buffer.concat([Buffer.from("词,level\n"), Buffer.from("t\xfcr,1\n", "latin1")]);
    expect((await read(content, { map: { term: "词" } })).headers).toEqual(["词", "level"]);
  });
});

describe("a record", () => {
  it.each([
    ["term,level\n1,2\n3\n", "words.csv:3:1: has 1 cell where the header has 2"],
    ["term,level,category\n\n1,2\n", "words.csv:3:1: has 2 cells where the header has 3"],
    [
      "term,level\n1,2,3\n",
      "words.csv:2:1: has 3 cells where the header has 2; a cell with a comma in it needs quotes",
    ],
    ["term;level\n1;2;3\n", /has 3 cells .* a cell with a semicolon in it needs quotes$/],
    ["term\tlevel\n1\t2\t3\n", /has 3 cells .* a cell with a tab in it needs quotes$/],
  ])("needs as many cells as the header: %j", async (content, reject) => {
    const { rejected: found, codes } = await read(content);
    expect(found).toEqual([expect.stringMatching(reject)]);
    expect(codes).toMatchObject([{ code: "RAGGED_ROW", field: null }]);
  });

  it("that is ragged costs no other", async () => {
    const { cells, rejected: found } = await read("term,level\n1,2\n3\n\n4,5,6\n7,8\n");
    expect(cells).toEqual([
      ["1", "2"],
      ["7", "8"],
    ]);
    expect(found.map((line) => line.split(":").slice(0, 3).join(":"))).toEqual(["words.csv:3:1", "words.csv:5:1"]);
  });

  it("with broken quotes has line and column, and costs no other", async () => {
    const { cells, rejected: found, codes } = await read('term,level\n1,"2\n3,x"y\n水,"x"y\n5,6\n');
    expect(found).toEqual([
      expect.stringMatching(/^words\.csv:2:\d+: /),
      "words.csv:3:4: a quote stands inside a cell that does not begin with one; put the whole cell in quotes",
      'words.csv:4:6: text follows the closing quote of a cell; a quote inside a quoted cell is written ""',
    ]);
    expect(codes.map(({ code }) => code)).toEqual(["BROKEN_QUOTES", "BROKEN_QUOTES", "BROKEN_QUOTES"]);
    expect(cells).toEqual([["5", "6"]]);
  });

  it("left open by a quote has the column of that quote", async () => {
    expect(await rejected('term,level\n水,"2\n3,4\n')).toEqual(["words.csv:2:3: a quoted cell is never closed"]);
  });

  it("has its faults at their own line and column, counted in characters", async () => {
    const long = "x".repeat(101);
    expect(await rejected(`term,sense,level\n𠀀水,"""é""",${long}\n`)).toEqual([
      `words.csv:2:12 level: is longer than 100 characters`,
    ]);
    expect(await rejected(`term,sense,level\n1,"a\n\nb","${long}"\n2,3,${long}\n`)).toEqual([
      ...["words.csv:4:4 level: is longer than 100 characters", "words.csv:5:5 level: is longer than 100 characters"],
    ]);
    expect(await rejected(`term,sense,level\r\n1,"a\r\n",${long}\r\n`)).toEqual([
      "words.csv:3:3 level: is longer than 100 characters",
    ]);
  });
});

describe("a cell with NUL", () => {
  it("rejects its record, and no other", async () => {
    const { cells, rejected: found, codes } = await read('term,level\n1,2\n水,"a\0"\n3,4\n');
    expect(found).toEqual(["words.csv:3:3 level: holds a NUL character"]);
    expect(codes).toMatchObject([{ code: "NUL", field: "level" }]);
    expect(cells).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });
});

describe("bytes that are not UTF-8", () => {
  const mixed = (...parts: readonly (string | readonly number[])[]): Buffer =>
    Buffer.concat(parts.map((part) => Buffer.from(part as string)));

  it.each([
    ["Latin-1", [0x74, 0xfc, 0x72], "Latin-1 (Windows-1252)", "WINDOWS-1252"],
    ["GBK", [0xc4, 0xe3, 0xba, 0xc3], "GBK", "GB18030"],
    ["Shift JIS", [0x83, 0x65, 0x83, 0x58, 0x83, 0x67], "Shift JIS", "SHIFT_JIS"],
  ])("reject their record with a hint of what they are (%s), and no other", async (_, bytes, title, name) => {
    const content = mixed("term,reading\n水,shuǐ\n犬,", bytes, '\nслово,"p\ný"\n');
    const { cells, rejected: found, codes, hints } = await read(content);
    expect(cells).toEqual([
      ["水", "shuǐ"],
      ["слово", "p\ný"],
    ]);
    expect(found).toEqual([expect.stringMatching(/^words\.csv:3:\d reading: is not UTF-8$/)]);
    expect(codes).toMatchObject([{ code: "INVALID_UTF8", field: "reading" }]);
    expect(hints).toEqual([
      `it looks like ${title}; convert the file first: iconv -f ${name} -t UTF-8 in.csv > out.csv`,
    ]);
  });

  it.each([
    ["a character cut off at the end", [0xe4, 0xbd]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["an overlong form", [0xc0, 0xaf]],
    ["more than Unicode has", [0xf4, 0x90, 0x80, 0x80]],
    ["a character that a line end cuts", [0xe4, 0x0d, 0x0a, 0xbd, 0xa0]],
  ])("may be %s", async (_, bytes) => {
    const found = await rejected(mixed("term\nа\n", bytes));
    expect(found).not.toEqual([]);
    expect(found.filter((line) => !line.endsWith("term: is not UTF-8"))).toEqual([]);
  });

  it("are not the replacement character itself", async () => {
    expect((await read("term\n\ufffd\n")).cells).toEqual([["\ufffd"]]);
  });

  it("change nothing of the columns of other records", async () => {
    const records = `水,"二",${"x".repeat(101)}\n水水,"b"c,\n`;
    const expected = await rejected(`term,reading,level\n${records}`);
    expect(expected).toEqual([expect.stringContaining(":2:7 level: is longer"), expect.stringContaining(":3:7: text")]);
    expect((await rejected(mixed(`term,reading,level\n${records}x,`, [0xfc], ",1\n"))).slice(0, 2)).toEqual(expected);
  });

  it("do not hide that the row is ragged elsewhere", async () => {
    expect(await rejected(mixed("term,level\n水\n1,", [0xfc], "\n"))).toEqual([
      ...["words.csv:2:1: has 1 cell where the header has 2", "words.csv:3:3 level: is not UTF-8"],
    ]);
  });
});

describe("a block", () => {
  it.each([
    ["term,level\n1,2\n", true],
    ['term,level\n"1","a, b"\n', true],
    ['term,level\n1,"2\n3"\n', false],
    ["term,level\n1,a\\b\n", false],
    ["term,level\n1,a\tb\n", false],
  ])("of %j is plain: %s", async (content, isPlain) => {
    const plain: boolean[] = [];
    for await (const block of blocksOf(content)) {
      plain.push(...block.records.map(() => block.isPlain));
    }
    expect(plain).toEqual([isPlain]);
  });
});
