import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { readRecords } from "../../../src/core/load/read.js";
import type { RecordBlock } from "../../../src/core/load/records.js";
import { RejectFile } from "../../../src/core/load/reject-file.js";
import type { Format } from "../../../src/core/load/source.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { temporaryFolder } from "../../support/cli.js";

const NOTE = { column: "term", code: "INVALID_CELL", reason: "term is empty" };
const NOTED = "_line,_column,_code,_reason";

interface Input {
  readonly content: string | Buffer;
  readonly name?: string;
  readonly format?: Format;
  readonly note?: typeof NOTE;
}

function blocks({ content, name = "words.csv", format = "csv" }: Input): AsyncGenerator<RecordBlock> {
  const source = { name, format, path: null, bytes: null, open: () => Readable.from([Buffer.from(content)]) };
  return readRecords(source, { shape: WORDS, given: new Set(["language", "term", "definition"]), map: {} });
}

/** Rejects every record of the input. */
async function rejectAll(file: RejectFile, input: Input): Promise<void> {
  for await (const block of blocks(input)) {
    file.expect(block);
    for (const record of block.records) {
      file.add(input.name ?? "words.csv", block, record, input.note ?? NOTE);
    }
  }
}

/** Every file of a folder after every record of the inputs was rejected, by name. */
async function rejected(
  inputs: readonly Input[],
  { name = "rejects.csv", nameFiles = false }: { readonly name?: string; readonly nameFiles?: boolean } = {},
): Promise<Record<string, Buffer>> {
  const folder = temporaryFolder();
  const file = new RejectFile(name, join(folder, name), nameFiles);
  for (const input of inputs) {
    await rejectAll(file, input);
  }
  file.finish();
  return Object.fromEntries(readdirSync(folder).map((entry) => [entry, readFileSync(join(folder, entry))]));
}

/** What a single input leaves in `rejects.csv`. */
async function rejectsOf(content: string | Buffer, format?: Format): Promise<string> {
  const files = await rejected([{ content, ...(format && { format }) }]);
  expect(Object.keys(files)).toEqual(["rejects.csv"]);
  return files["rejects.csv"]?.toString("latin1") ?? "";
}

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

function rejectFile(folder: string, name = "rejects.csv"): { file: RejectFile; path: string } {
  const path = join(folder, name);
  return { path, file: new RejectFile(name, path, false) };
}

describe("records", () => {
  it("stand there as they were, each with its notes, under the header they came with", async () => {
    expect(await rejectsOf("term,definition\n,water\nHaus,\n")).toBe(
      `term,definition,${NOTED}\n,water,2,term,INVALID_CELL,term is empty\nHaus,,3,term,INVALID_CELL,term is empty\n`,
    );
  });

  it.each([
    ["quotes, needed or not", '"a","b ""c"""'],
    ["spaces", "  a ,\tb "],
    ["too few cells", "a"],
    ["too many cells", "a,b,c,,"],
    ["broken quotes", 'a,b"c'],
    ["line ends within a cell", '"a\r\n\nb\rc",d'],
    ["a NUL", "a\0,b"],
    ["decomposed and compatibility characters", "e\u0301\ufb01,\u212b"],
    ["characters beyond the BMP", "𠀀,👩‍👧"],
  ])("keep %s", async (_, record) => {
    expect(await rejectsOf(`term,definition\n${record}\n`)).toBe(
      latin1(`term,definition,${NOTED}\n${record},2,term,INVALID_CELL,term is empty\n`),
    );
  });

  it("keep bytes that are not UTF-8, also in a file where others are", async () => {
    const content = Buffer.concat([
      Buffer.from("term,Übersetzung,x\n"),
      Buffer.from("t\xfcr,door\n", "latin1"),
      Buffer.from("дверь,door,x,y\n"),
      Buffer.from([0xff, 0x2c, 0xc0, 0xaf, 0x0a]),
    ]);
    const notes = (line: number) => `,${line},term,INVALID_CELL,term is empty\n`;
    const expected = [latin1(`term,Übersetzung,x,${NOTED}\n`), `t\xfcr,door${notes(2)}`];
    expect(await rejectsOf(content)).toBe(
      [...expected, latin1(`дверь,door,x,y${notes(3)}`), `\xff,\xc0\xaf${notes(4)}`].join(""),
    );
  });

  it.each(["\r\n", "\r"])("lose nothing but the line end they had: %j", async (end) => {
    expect(await rejectsOf(["term,definition", "a,b,c", ""].join(end))).toBe(
      `term,definition,${NOTED}\na,b,c,2,term,INVALID_CELL,term is empty\n`,
    );
  });

  it.each([";", "\t"])("get their notes behind the delimiter of their file: %j", async (delimiter) => {
    const join = (...cells: string[]) => `${cells.join(delimiter)}\n`;
    const note = { column: "a;b", code: "X", reason: 'is "so,\tso"' };
    const files = await rejected([{ content: join("term", "definition") + join("a", "b"), note }]);
    const [column, reason] = [delimiter === ";" ? '"a;b"' : "a;b", '"is ""so,\tso"""'];
    expect(files["rejects.csv"]?.toString()).toBe(
      join("term", "definition", ...NOTED.split(",")) + join("a", "b", "2", column, "X", reason),
    );
  });

  it("that are JSON stay objects, and what is none can be found in one", async () => {
    const lines = ['{"term": "ü" , "x": {"a":"}"}}', "{}", "  { } ", '{"term":', "[1]", '{"term":"t\xfcr"}'];
    const content = Buffer.concat(lines.map((line, n) => Buffer.from(`${line}\n`, n === 5 ? "latin1" : "utf8")));
    const written = Buffer.from(await rejectsOf(content, "ndjson"), "latin1").toString();
    const note = (n: number) => `"_line":"${n + 1}","_column":"term","_code":"INVALID_CELL","_reason":"term is empty"`;
    expect(written.split("\n")).toEqual([
      `{"term": "ü" , "x": {"a":"}"},${note(0)}}`,
      `{${note(1)}}`,
      `  { ${note(2)}}`,
      `{${note(3)},"_record":"{\\"term\\":"}`,
      `{${note(4)},"_record":"[1]"}`,
      `{${note(5)},"_recordBase64":"${Buffer.from(lines[5] ?? "", "latin1").toString("base64")}"}`,
      "",
    ]);
  });

  it("may be more than fit into memory at once, and keep their order", async () => {
    const count = 20_000;
    const lines = Array.from({ length: count }, (_, n) => `wort${n},слово,x`);
    const files = await rejected([{ content: `term,definition\n${lines.join("\n")}\n` }]);
    const expected = lines.map((line, n) => `${line},${n + 2},term,INVALID_CELL,term is empty\n`);
    expect(files["rejects.csv"]?.toString()).toBe(`term,definition,${NOTED}\n${expected.join("")}`);
  });

  it("are read again as what they were, whatever the notes say", async () => {
    const text = fc.string({ unit: fc.constantFrom(...'a,;"\n ü'), maxLength: 6 }).map((cell) => `x${cell}`);
    const cell = (value: string) => `"${value.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), text, async (rows, reason) => {
        const content = ["term,definition", ...rows.map((row) => row.map(cell).join(","))].join("\n");
        const files = await rejected([{ content, note: { ...NOTE, reason } }]);
        const again: unknown[] = [];
        for await (const block of blocks({ content: files["rejects.csv"] ?? "" })) {
          expect(block.layout.unused).toEqual([]);
          again.push(...block.records.map(({ cells: [term, definition, , , , note] }) => [term, definition, note]));
        }
        expect(again).toEqual(rows.map((row) => [...row, reason]));
      }),
      { numRuns: 200 },
    );
  });
});

describe("headers", () => {
  it("that differ have a file each, those that are the same share one", async () => {
    const files = await rejected([
      { content: "term,definition\na,b\n" },
      { content: "Wort,definition,level\nc,d,e\n" },
      { content: "term,definition\r\nf,g\r\n" },
      { content: "term;definition\nh;i\n" },
    ]);
    expect(
      Object.entries(files).map(([name, bytes]) => `${name}: ${bytes.toString().replace(/,2,.*$/gm, "")}`),
    ).toEqual([
      `rejects-2.csv: Wort,definition,level,${NOTED}\nc,d,e\n`,
      `rejects-3.csv: term;definition;_line;_column;_code;_reason\nh;i;2;term;INVALID_CELL;term is empty\n`,
      `rejects.csv: term,definition,${NOTED}\na,b\nf,g\n`,
    ]);
  });

  it.each([
    ["rejects", "rejects-2"],
    ["my.rejects.tsv", "my.rejects-2.tsv"],
    [".rejects", ".rejects-2"],
  ])("are numbered before the extension: %s, %s", async (name, second) => {
    const inputs = [{ content: "term\na,b\n" }, { content: "word\nc,d\n" }];
    expect(Object.keys(await rejected(inputs, { name })).sort()).toEqual([name, second].sort());
  });

  it("and records say which file they are from when there are several", async () => {
    const inputs = [
      { content: "term,definition\na,b\n", name: "one.csv" },
      { content: "term,definition\n\nc,d\n", name: 'data/two, "old".csv' },
      { content: '{"term":"e"}\n', name: "three.ndjson", format: "ndjson" as const },
    ];
    const files = await rejected(inputs, { nameFiles: true });
    expect(files["rejects.csv"]?.toString()).toBe(
      [
        `term,definition,${NOTED},_file\n`,
        "a,b,2,term,INVALID_CELL,term is empty,one.csv\n",
        'c,d,3,term,INVALID_CELL,term is empty,"data/two, ""old"".csv"\n',
      ].join(""),
    );
    expect(JSON.parse(files["rejects-2.csv"]?.toString() ?? "")).toMatchObject({ term: "e", _file: "three.ndjson" });
  });

  it("are all there is when nothing was rejected", async () => {
    const headerOnly = async (content: string, format: Format = "csv") => {
      const { file, path } = rejectFile(temporaryFolder());
      for await (const block of blocks({ content, format })) {
        file.expect(block);
      }
      for await (const block of blocks({ content: "other,header\na,b\n" })) {
        file.expect(block);
      }
      file.finish();
      return readFileSync(path, "utf8");
    };
    expect(await headerOnly("Wort;Bedeutung\na;b\n")).toBe("Wort;Bedeutung;_line;_column;_code;_reason\n");
    expect(await headerOnly('{"term":"a"}\n', "ndjson")).toBe("");
  });
});

describe("only the owner may read it", () => {
  it.each([0o000, 0o022, 0o077])("with the umask %o", async (umask) => {
    const before = process.umask(umask);
    onTestFinished(() => {
      process.umask(before);
    });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "rejects.csv"), `term,${NOTED}\n`, { mode: 0o666 });
    const { file } = rejectFile(folder);
    const modes = () =>
      readdirSync(folder).map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);
    await rejectAll(file, { content: "term,definition\na,b\n" });
    await rejectAll(file, { content: "word,definition\na,b\n" });
    // Also while they are being written.
    expect(modes().filter((mode) => mode.includes("tmp") && mode.endsWith(" 600"))).toHaveLength(2);
    file.finish();
    expect(modes().sort()).toEqual(["rejects-2.csv 600", "rejects.csv 600"]);
  });
});
