/** Lists of the browser version that call their words by numbers: which words those are. */
import { describe, expect } from "vitest";
import { it, type TestDatabase } from "../support/database.js";
import { ADA, addUsers, addWords, jsonFile, loadStored, progress, stored } from "../support/importing.js";
import { counts, failureOf } from "../support/seeding.js";

async function prepare(db: TestDatabase): Promise<void> {
  await addUsers(db, ADA);
  await addWords(db, "zh 你好 nǐhǎo", "zh 谢谢 xièxie", "zh 地 dì", "zh 地 de", "zh 人 rén", "ja 人 ひと", "de Haus");
}

describe("numbers", () => {
  it("stand for the words of a file, by all parts of the key", async ({ connection, db }) => {
    await prepare(db);
    const words = [
      "No,Term,Pinyin,Language,English",
      "1,你好,nǐhǎo,zh,hello",
      "2,地,de,,",
      "03,人,,ja,person",
      "4,谢谢,,,",
    ];
    const result = await loadStored(connection, stored({ "HSK 1": { 1: true, 2: true, "03": true, 4: false } }), {
      words,
    });
    expect(counts(result)).toEqual({ rows: 3, inserted: 3 });
    expect(Object.keys(await progress(db))).toEqual([`${ADA} ja 人 ひと`, `${ADA} zh 你好 nǐhǎo`, `${ADA} zh 地 de`]);
  });

  it("are those of the list, told by id or name, before those that all lists share", async ({ connection, db }) => {
    await prepare(db);
    const words = ["list,no,term", "id-0,1,Haus", "Grüße,1,你好", ",1,谢谢", ",2,谢谢", "7,1,Haus"];
    const lists = [
      { id: "id-0", listName: "whatever", progress: { 1: true } },
      { listName: " Gru\u0308ße ", progress: { 1: true } },
      { id: "other", progress: { 2: true } },
    ];
    expect(counts(await loadStored(connection, jsonFile(JSON.stringify({ lists })), { words }))).toEqual({
      rows: 3,
      inserted: 3,
    });
    expect(Object.keys(await progress(db))).toEqual([
      ...[`${ADA} de Haus`, `${ADA} zh 你好 nǐhǎo`, `${ADA} zh 谢谢 xièxie`],
    ]);
    const numeric = jsonFile(JSON.stringify({ lists: [{ id: 7, progress: { 1: true } }] }));
    expect(counts(await loadStored(connection, numeric, { words }))).toEqual({ rows: 1, unchanged: 1 });
  });

  it("that the file does not have are words, and then unknown", async ({ connection, db }) => {
    await prepare(db);
    const words = ["no,term", "1,Haus"];
    const result = await loadStored(connection, stored({ a: { 1: true, 12: true, 你好: true } }), {
      words,
      maxRejects: { records: 1 },
    });
    expect(counts(result)).toEqual({ rows: 3, inserted: 2, rejected: 1 });
    expect(result.rejects).toMatchObject([{ code: "UNKNOWN_WORD", reason: "is no word of this database: 12" }]);
  });

  it.for([
    [
      "without a term",
      ["no,english", "1,hello"],
      { code: "BAD_HEADER", message: expect.stringContaining("no column for term") },
    ],
    [
      "without numbers",
      ["term", "Haus"],
      { code: "BAD_HEADER", message: expect.stringContaining("no column for number") },
    ],
    [
      "with an empty term",
      ["no,term", "1,Haus", "2,"],
      { code: "ROWS_REJECTED", rejects: [{ line: 3, column: 3, field: "term" }] },
    ],
    [
      "with an empty number",
      ["no,term", ",Haus"],
      { code: "ROWS_REJECTED", rejects: [{ line: 2, column: 1, field: "no" }] },
    ],
    [
      "with a bad tag",
      ["no,term,language", "1,Haus,German"],
      { code: "ROWS_REJECTED", rejects: [{ line: 2, column: 8 }] },
    ],
    [
      "with a cell too many",
      ["no,term", "1,Haus,x"],
      { code: "ROWS_REJECTED", rejects: [{ line: 2, code: "RAGGED_ROW" }] },
    ],
    [
      "with one number for two words",
      ["no,term,reading", "1,地,dì", "2,Haus,", "1,地,dì", "1,地,de"],
      {
        ...{ code: "ROWS_REJECTED", total: 1, hint: expect.stringContaining("a column named list") },
        rejects: [{ line: 5, column: 1, field: "number", code: "DUPLICATE_ROWS", reason: "stands for 地 dì already" }],
      },
    ],
    ["that is empty", [], { code: "BAD_HEADER" }],
  ] as const)("of a file %s are refused", async ([, words, failure], { connection, db }) => {
    await prepare(db);
    expect(await failureOf(loadStored(connection, stored({ a: { 1: true } }), { words }))).toMatchObject(failure);
    expect(await progress(db)).toEqual({});
  });

  it("are not found by hostile names of lists", async ({ connection, db }) => {
    await prepare(db);
    const words = ["list,no,term", '"x"",""1",1,Haus'];
    const lists = ["__proto__", "constructor", 'x","1'].map((id) => ({ id, progress: { 1: id.startsWith("x") } }));
    expect(counts(await loadStored(connection, jsonFile(JSON.stringify({ lists })), { words }))).toEqual({
      rows: 1,
      inserted: 1,
    });
  });
});
