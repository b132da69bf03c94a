import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvCell, csvCellOffset, type ScanOptions, scanCsv } from "../../../src/core/load/csv.js";
import { MAX_RECORD_BYTES } from "../../../src/core/load/records.js";

function scan(text: string, options: Partial<ScanOptions> = {}) {
  return scanCsv(text, { delimiter: ",", line: 1, final: true, ...options });
}

/** Each record as `line: cells`, or with the column and the cell that broke it. */
function records(text: string, options?: Partial<ScanOptions>): string[] {
  return scan(text, options).records.map(({ line, cells, problem }) =>
    problem === null
      ? `${line}: ${cells.join(" | ")}`
      : `${line}:${(problem.offset ?? Number.NaN) + 1} cell ${(problem.cell ?? Number.NaN) + 1} broken`,
  );
}

function withoutColumns(text: string): string[] {
  return records(text).map((record) => record.replace(/^(\d+):\S+ cell .* broken$/, "$1 broken"));
}

function problems(text: string) {
  return scan(text).records.flatMap(({ problem }) => (problem === null ? [] : [problem]));
}

describe("records", () => {
  it("have the line they start on, whatever the cells before them hold", () => {
    expect(records('a,b\n"x\ny\n\nz",1\nc,2\n"p\n","q\nr"\nd,3\n')).toEqual([
      ...["1: a | b", "2: x\ny\n\nz | 1", "6: c | 2", "7: p\n | q\nr", "10: d | 3"],
    ]);
  });

  it("count lines from where the text begins in the file", () => {
    expect(scan('a\n"b\nc"\n', { line: 40 })).toMatchObject({ records: [{ line: 40 }, { line: 41 }], line: 43 });
  });

  it.each([
    ["no line end after the last", "a,b\n1,2"],
    ["no line end after a closing quote", 'a,b\n1,"2"'],
    ["Windows line ends", "a,b\r\n1,2\r\n"],
    ["old Macintosh line ends", "a,b\r1,2\r"],
    ["old Macintosh line ends and none after the last", "a,b\r1,2"],
    ["quotes around everything", '"a","b"\n"1","2"\n'],
    ["quotes and Windows line ends", '"a","b"\r\n"1","2"\r\n'],
    ["quotes and old Macintosh line ends", '"a","b"\r"1","2"\r'],
  ])("are the same with %s", (_, text) => {
    expect(records(text)).toEqual(["1: a | b", "2: 1 | 2"]);
  });

  it("may end their lines in different ways", () => {
    expect(records('a\r\nb\nc\rd\n\r\ne\r"f"\r\n"g"\nh')).toEqual([
      ...["1: a", "2: b", "3: c", "4: d", "6: e", "7: f", "8: g", "9: h"],
    ]);
  });

  it.each(["\n", "\r\n", "\r"])("are the same words with %j within cells, and on the same lines", (lineEnd) => {
    expect(records(["a,b", '"x', "", 'y","z', '"', "c,2", ""].join(lineEnd))).toEqual([
      ...["1: a | b", "2: x\n\ny | z\n", "6: c | 2"],
    ]);
  });

  it("are not made of empty lines, which count all the same", () => {
    expect(records("\n\na\n\n\r\n\n1\n\n")).toEqual(["3: a", "7: 1"]);
    expect(records("\r\r\na\r\r1")).toEqual(["3: a", "5: 1"]);
    expect(records("")).toEqual([]);
    expect(records("\n\n")).toEqual([]);
  });

  it("are made of lines that hold so little as a space, a delimiter or quotes", () => {
    expect(scan(' \n,\n""\n').records.map(({ cells }) => cells)).toEqual([[" "], ["", ""], [""]]);
  });

  it("keep quotes, delimiters, spaces and empty cells as they are meant", () => {
    expect(scan('"say ""hi""","a, b", c ,,"","""",""","""\n').records.map(({ cells }) => cells)).toEqual([
      ['say "hi"', "a, b", " c ", "", "", '"', '","'],
    ]);
  });

  it.each([";", "\t", "|"])("have cells parted by %j, and nothing else, when that is the delimiter", (delimiter) => {
    const text = `a,b${delimiter}"x${delimiter}y"${delimiter}\n${delimiter}c`;
    expect(scan(text, { delimiter }).records.map(({ cells }) => cells)).toEqual([
      ["a,b", `x${delimiter}y`, ""],
      ["", "c"],
    ]);
  });

  it("say where they stand, their line ends left out", () => {
    const text = 'a,b\r\n\r\n"x\r\ny",1\r\nc,"d"\nbro"ken\r\nlast';
    expect(scan(text).records.map(({ start, end }) => text.slice(start, end))).toEqual([
      ...["a,b", '"x\r\ny",1', 'c,"d"', 'bro"ken', "last"],
    ]);
  });

  it("of several lines are told, as their cells hold line ends", () => {
    expect(scan('a,"b"\n"c",d\n').isMultiline).toBe(false);
    expect(scan('a,"b\n"\n').isMultiline).toBe(true);
    expect(scan('a,"b\r"\n').isMultiline).toBe(true);
  });
});

describe("broken quotes", () => {
  it("have a line, a column, a cell and a reason", () => {
    expect(problems('1,2\n3,x"y\n5,6\n')).toEqual([
      {
        ...{ code: "BROKEN_QUOTES", cell: 1, offset: 3 },
        reason: "a quote stands inside a cell that does not begin with one; put the whole cell in quotes",
      },
    ]);
    expect(problems('ab,"x"y,2\n')).toEqual([
      {
        ...{ code: "BROKEN_QUOTES", cell: 1, offset: 6 },
        reason: 'text follows the closing quote of a cell; a quote inside a quoted cell is written ""',
      },
    ]);
    expect(problems('1,"x\n3,4\n5,6\n')).toEqual([
      { code: "BROKEN_QUOTES", reason: "a quoted cell is never closed", cell: 1, offset: 2 },
    ]);
  });

  it("cost one record each, not those around it", () => {
    expect(records('a,b\n1,x"y\n3,4\n5,x"y"z\n7,x"\n9,0\n')).toEqual([
      ...["1: a | b", "2:4 cell 2 broken", "3: 3 | 4", "4:4 cell 2 broken", "5:4 cell 2 broken", "6: 9 | 0"],
    ]);
    expect(records('a,b\n"x"y,4\n5,6\n')).toEqual(["1: a | b", "2:4 cell 1 broken", "3: 5 | 6"]);
    expect(records('a,b\n1,"x\n3,4\n5,6\n')).toEqual(["1: a | b", "2:3 cell 2 broken", "3: 3 | 4", "4: 5 | 6"]);
  });

  it("cost one record when an open one meets the quotes of a later one", () => {
    expect(withoutColumns('1,"x\n3,4\n5,"six"\n7,8\n')).toEqual(["1 broken", "2: 3 | 4", "3: 5 | six", "4: 7 | 8"]);
  });

  it("are told once in a record, where it begins to be wrong", () => {
    expect(records('1,"x"y"z"w\n"p" ,"q"r\n')).toEqual(["1:6 cell 2 broken", "2:4 cell 1 broken"]);
  });

  it.each(["\n", "\r\n", "\r"])("in a later line end the record with its first line all the same (%j)", (lineEnd) => {
    const text = ['"x', 'y","z"w', "1,2"].join(lineEnd);
    expect(withoutColumns(text)).toEqual(["1 broken", "2 broken", "3: 1 | 2"]);
  });

  it.each(['1,"x\n3,4\n5,"six"\n', '"x\ny","z"w\n', '"\n" '])(
    "have a column within the line that they cost: %j",
    (text) => {
      const [first] = scan(text).records;
      expect(first).toMatchObject({ line: 1, start: 0, end: text.indexOf("\n"), problem: { code: "BROKEN_QUOTES" } });
      expect(first?.problem?.offset).toBeLessThan(text.indexOf("\n"));
    },
  );

  it("at the end of the text are no wait for more", () => {
    expect(records('1,2\n"')).toEqual(["1: 1 | 2", "2:1 cell 1 broken"]);
    expect(records('1,"2""')).toEqual(["1:3 cell 2 broken"]);
  });
});

describe("an open quote", () => {
  it("leaves its record to be read with what follows", () => {
    const text = 'a,b\n1,"x\ny\n';
    expect(scan(text, { final: false })).toMatchObject({ records: [{ line: 1 }], consumed: 4, line: 2 });
    expect(records(`${text.slice(4)}z",2\n`, { line: 2 })).toEqual(["2: 1 | x\ny\nz | 2"]);
  });

  it("waits for no more than a record may be long", () => {
    const rest = `${"y".repeat(99)}\n`;
    const short = `"x,1\n${rest.repeat(Math.floor(MAX_RECORD_BYTES / rest.length) - 1)}`;
    expect(scan(short, { final: false })).toMatchObject({ records: [], consumed: 0, line: 1 });
    const long = short + rest.repeat(2);
    const { records: found, consumed, line } = scan(long, { final: false });
    expect(found.slice(0, 2)).toMatchObject([
      { line: 1, start: 0, end: 4, problem: { reason: "a quoted cell is never closed" } },
      { line: 2, problem: null },
    ]);
    expect({ records: found.length, consumed, line }).toEqual({
      ...{ records: long.split("\n").length - 1, consumed: long.length, line: long.split("\n").length },
    });
  });
});

describe("a cell", () => {
  it.each([
    ["a,b,c", [0, 2, 4]],
    ['"a,b",c,"d"', [0, 6, 8]],
    ['"a ""b,"" c",,"x\ny",z', [0, 13, 14, 20]],
    ['"",""""', [0, 3]],
  ] as const)("of %j is found where it begins", (text, offsets) => {
    expect(offsets.map((_, cell) => csvCellOffset(text, ",", cell))).toEqual(offsets);
    const swapped = text.replaceAll(",", ";");
    expect(offsets.map((_, cell) => csvCellOffset(swapped, ";", cell))).toEqual(offsets);
  });

  it("is written in quotes only where it needs them", () => {
    const texts = ["plain", "", " a ", "a,b", "a;b", 'say "hi"', "a\nb", "a\rb"];
    expect(texts.map((text) => csvCell(text, ","))).toEqual([
      ...["plain", "", " a ", '"a,b"', "a;b", '"say ""hi"""', '"a\nb"', '"a\rb"'],
    ]);
    expect(["a;b", "a,b"].map((text) => csvCell(text, ";"))).toEqual(['"a;b"', "a,b"]);
  });

  it("is read as it was written, and found where it was put", () => {
    const cell = fc.string({ unit: fc.constantFrom('"', ",", ";", "\n", "a", "é", "𠀀", " "), maxLength: 6 });
    const cells = fc.array(cell, { minLength: 1, maxLength: 5 }).filter((all) => all.length > 1 || all[0] !== "");
    fc.assert(
      fc.property(cells, fc.constantFrom(",", ";"), (written, delimiter) => {
        const parts = written.map((text) => csvCell(text, delimiter));
        const text = parts.join(delimiter);
        expect(scan(`${text}\n`, { delimiter }).records).toEqual([
          { line: 1, start: 0, end: text.length, cells: written, problem: null },
        ]);
        expect(parts.map((_, index) => csvCellOffset(text, delimiter, index))).toEqual(
          parts.map((_, index) => parts.slice(0, index).join("").length + index),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("any text", () => {
  const texts = (lineEnds: readonly string[]) =>
    fc
      .array(fc.constantFrom('"', '"', '""', ",", ",", ...lineEnds, "a", "b", " "), { maxLength: 30 })
      .map((tokens) => tokens.join(""));

  it("that csv-parse accepts has the records that csv-parse finds", () => {
    let accepted = 0;
    fc.assert(
      fc.property(texts(["\n", "\n"]), (text) => {
        let theirs: string[][];
        try {
          theirs = parse(text, {
            ...{ relax_column_count: true, skip_empty_lines: true, bom: true, record_delimiter: "\n" },
          });
        } catch {
          return;
        }
        accepted += 1;
        const ours = scan(text).records;
        expect(ours.filter(({ problem }) => problem !== null)).toEqual([]);
        expect(ours.map(({ cells }) => cells)).toEqual(theirs);
      }),
      { numRuns: 10_000 },
    );
    // Otherwise the comparison above says nothing.
    expect(accepted).toBeGreaterThan(1_000);
  });

  it("is used up to its end, and each of its lines is told once", () => {
    fc.assert(
      fc.property(texts(["\n", "\r\n", "\r"]), (text) => {
        const { records: found, consumed, line } = scan(text);
        expect(consumed).toBe(text.length);
        const ends = text.match(/\r\n|\r|\n/g)?.length ?? 0;
        expect(line).toBe(ends + (text === "" || /[\r\n]$/.test(text) ? 1 : 2));
        let at = 0;
        for (const record of found) {
          // Between records there is nothing but line ends.
          expect(text.slice(at, record.start)).toMatch(/^[\r\n]*$/);
          expect(record.line).toBe(1 + (text.slice(0, record.start).match(/\r\n|\r|\n/g)?.length ?? 0));
          at = record.end;
        }
        expect(text.slice(at)).toMatch(/^[\r\n]*$/);
      }),
      { numRuns: 5_000 },
    );
  });

  it("with other line ends has the same records", () => {
    fc.assert(
      fc.property(texts(["\n"]), fc.constantFrom("\r\n", "\r"), (text, lineEnd) => {
        const plain = ({ line, cells, problem }: (typeof found)[number]) => [line, cells, problem?.reason];
        const found = scan(text).records;
        expect(scan(text.replaceAll("\n", lineEnd)).records.map(plain)).toEqual(found.map(plain));
      }),
      { numRuns: 3_000 },
    );
  });

  it("has the same records when the rest of it comes later", () => {
    fc.assert(
      fc.property(texts(["\n", "\r\n", "\r"]), fc.nat(30), (text, most) => {
        // Text is handed over in whole lines; a CR is the end of one only if it is known what follows.
        const ends = [...text.matchAll(/\r\n|\r(?=.)|\n/gs)].map((match) => match.index + match[0].length);
        const first = text.slice(0, ends.filter((end) => end <= most).at(-1) ?? 0);
        const begun = scan(first, { final: false });
        const rest = text.slice(begun.consumed);
        const continued = scan(rest, { line: begun.line });
        const plain = ({ line, cells, problem }: (typeof begun.records)[number]) => ({ line, cells, problem });
        expect([...begun.records, ...continued.records].map(plain)).toEqual(scan(text).records.map(plain));
      }),
      { numRuns: 5_000 },
    );
  });
});
