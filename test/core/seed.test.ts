/** Seeding: files become words, all of them or none, and a second time nothing at all. */
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect } from "vitest";
import { SHIPPED_WORDS } from "../../src/core/seed.js";
import { temporaryFolder } from "../support/cli.js";
import { it } from "../support/database.js";
import {
  allRows,
  counts,
  csv,
  definitions,
  expectNothingLeft,
  HEADER,
  manyLines,
  SHORT_HEADER,
  seed,
  words,
} from "../support/seeding.js";

const FULL = "de,Haus,haʊs,,house,noun,A1,home,Das Haus ist groß.";

describe("a second run", () => {
  it("with the words that ship writes nothing", async ({ connection, db }) => {
    const first = await seed(connection, [SHIPPED_WORDS]);
    const { rows } = first.total;
    expect(rows).toBeGreaterThanOrEqual(500);
    expect(counts(first)).toEqual({ rows, inserted: rows });
    const before = await allRows(db);
    expect(before.vocabulary_words).toHaveLength(rows);
    const second = await seed(connection, [SHIPPED_WORDS]);
    expect(counts(second)).toEqual({ rows, unchanged: rows });
    expect(await allRows(db)).toEqual(before);
    // Not locked either: that would show in xmax.
    expect(await db.query("SELECT FROM vocabulary_words WHERE xmax <> '0'")).toHaveLength(0);
  });

  it("with some changes writes those rows only", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2", "de,c,3")]);
    const before = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,c,3", "de,b,changed", "de,a,1", "de,d,4")]);
    expect(counts(result)).toEqual({ rows: 4, inserted: 1, updated: 1, unchanged: 2 });
    expect(await definitions(db)).toEqual({ a: "1", b: "changed", c: "3", d: "4" });
    const after = await allRows(db);
    const untouched = before.vocabulary_words?.filter(({ term }) => term !== "b");
    expect(untouched).toHaveLength(2);
    expect(after.vocabulary_words).toEqual(expect.arrayContaining(untouched ?? []));
    expect(await db.query("SELECT term FROM vocabulary_words WHERE xmax <> '0' AND term <> 'b'")).toEqual([]);
  });

  it("changes a word under its id, and its progress stays", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "zh,地,dì,,earth,noun,HSK1,nature,", "zh,地,de,,(particle),,HSK1,,")]);
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users u, vocabulary_words w");
    const ids = await db.query("SELECT id, reading, created_at FROM vocabulary_words ORDER BY reading");
    const { progress } = await allRows(db);
    const result = await seed(connection, [csv(HEADER, "zh,地,dì,,ground,noun,HSK2,nature,地上有水。")]);
    expect(counts(result)).toEqual({ rows: 1, updated: 1 });
    expect(await db.query("SELECT id, reading, created_at FROM vocabulary_words ORDER BY reading")).toEqual(ids);
    expect((await allRows(db)).progress).toEqual(progress);
    expect(await words(db)).toMatchObject([
      { reading: "de", definition: "(particle)", level: "HSK1" },
      { reading: "dì", definition: "ground", level: "HSK2", category: "nature", example: "地上有水。" },
    ]);
  });

  it("moves updated_at of what it changed, and of nothing else", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    await db.query("ALTER TABLE vocabulary_words DISABLE TRIGGER USER");
    await db.query("UPDATE vocabulary_words SET updated_at = '2020-01-01Z'");
    await db.query("ALTER TABLE vocabulary_words ENABLE TRIGGER USER");
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,changed")]);
    expect(await db.query("SELECT term FROM vocabulary_words WHERE updated_at > '2020-01-01Z'")).toEqual([
      { term: "b" },
    ]);
  });

  it("leaves words alone that the file no longer has", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,1", "de,b,2")]);
    expect(counts(await seed(connection, [csv(SHORT_HEADER, "de,b,2")]))).toEqual({ rows: 1, unchanged: 1 });
    expect(await definitions(db)).toEqual({ a: "1", b: "2" });
  });
});

describe("columns and defaults", () => {
  it("what a file has no column for stays in the database", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, FULL)]);
    const before = await allRows(db);
    const same = csv("language,term,reading,definition", "de,Haus,haʊs,house");
    expect(counts(await seed(connection, [same]))).toEqual({ rows: 1, unchanged: 1 });
    expect(await allRows(db)).toEqual(before);
    await seed(connection, [csv("language,term,reading,definition", "de,Haus,haʊs,building")]);
    expect(await words(db)).toMatchObject([
      { definition: "building", pos: "noun", level: "A1", category: "home", example: "Das Haus ist groß." },
    ]);
  });

  it("what an object does not say stays, and its null clears", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, FULL, "de,Baum,,,tree,noun,A1,nature,")]);
    const objects = [
      { language: "de", term: "Haus", reading: "haʊs", definition: "house", level: null },
      { language: "de", term: "Baum", definition: "tree", category: "plants" },
    ];
    const stdin = Readable.from(objects.map((object) => `${JSON.stringify(object)}\n`));
    expect(counts(await seed(connection, ["-"], { stdin, format: "ndjson" }))).toEqual({ rows: 2, updated: 2 });
    expect(await words(db)).toMatchObject([
      { term: "Baum", pos: "noun", level: "A1", category: "plants", example: null },
      { term: "Haus", pos: "noun", level: null, category: "home", example: "Das Haus ist groß." },
    ]);
  });

  it("an empty cell clears what the database holds", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, FULL)]);
    const result = await seed(connection, [csv("language,term,reading,definition,level", "de,Haus,haʊs,house,")]);
    expect(counts(result)).toEqual({ rows: 1, updated: 1 });
    expect(await words(db)).toMatchObject([{ level: null, pos: "noun", category: "home" }]);
  });

  it("defaults fill what a record does not say, and nothing else", async ({ connection, db }) => {
    const file = csv("language,term,definition,level", "de,a,1,B2", ",b,2,", "fr,c,3,  ");
    await seed(connection, [file], { defaults: { language: "es", level: "A1", category: "basics" } });
    expect(await words(db)).toMatchObject([
      { language: "de", term: "a", level: "B2", category: "basics" },
      { language: "es", term: "b", level: "A1", category: "basics" },
      { language: "fr", term: "c", level: "A1", category: "basics" },
    ]);
  });

  it("defaults stand in for columns that the file lacks, also over what the database holds", async ({
    connection,
    db,
  }) => {
    await seed(connection, [csv(HEADER, "zh,你好,nǐ hǎo,,hello,,HSK6,greetings,")]);
    const file = csv("Chinese,Pinyin,English", "你好,nǐ hǎo,hello");
    await seed(connection, [file], { defaults: { language: "zh", level: "HSK1" } });
    expect(await words(db)).toMatchObject([
      { language: "zh", term: "你好", reading: "nǐ hǎo", definition: "hello", level: "HSK1", category: "greetings" },
    ]);
  });

  it("a file without a language is refused unless there is a default", async ({ connection, db }) => {
    const failure = { code: "BAD_HEADER", exitCode: 6, message: expect.stringContaining("no column for language") };
    await expect(seed(connection, [csv("term,definition", "a,1")])).rejects.toMatchObject(failure);
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });

  it("that nothing is read from are named", async ({ connection }) => {
    const result = await seed(connection, [csv(`${SHORT_HEADER},notes,_reason`, "de,a,1,x,y"), csv(SHORT_HEADER)]);
    expect(result.files.map(({ unusedColumns }) => unusedColumns)).toEqual([["notes"], []]);
  });
});

describe("characters", () => {
  it("that are decomposed, and spaces around, meet the same word", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "fr,caf\u00e9,k\u00e0,,coffee,,,,")]);
    const before = await allRows(db);
    const again = csv(HEADER, "FR,  cafe\u0301  ,ka\u0300\u3000,\u00a0, coffee\t,,,,");
    expect(counts(await seed(connection, [again]))).toEqual({ rows: 1, unchanged: 1 });
    expect(await allRows(db)).toEqual(before);
  });

  it.for([
    ["quotes and white space", 'tab\there, "quotes"\nsecond line\n\nfourth'],
    ["what COPY gives a meaning", "\\N"],
    ["the end of COPY", "\\."],
    ["the end of COPY in a line of its own", "before\n\\.\nafter"],
    ["escapes of COPY", "\\n \\t \\\\ \\x41 \\101 \\"],
    ["what lies beyond 16 bits", "𠀀 👩‍🚀 \u{10ffff}"],
    ["what no keyboard has", "\u0001\u001b[31m\u007f\u0085\u2028\u200b\ufeff\ufffd!"],
    ["the other direction", "שָׁלוֹם مرحبا"],
  ] as const)("arrive as they were written: %s", async ([, definition], { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, `de,x,"${definition.replaceAll('"', '""')}"`)]);
    expect(await definitions(db)).toEqual({ x: definition });
  });

  it("as many as are allowed are stored", async ({ connection, db }) => {
    const [term, sense, text] = ["𠀀".repeat(255), "𠀀".repeat(100), "𠀀".repeat(4000)];
    await seed(connection, [csv(HEADER, `zh,${term},${term},${sense},${text},${sense},${sense},${sense},${text}`)]);
    expect(await words(db)).toEqual([
      {
        ...{ language: "zh", term, reading: term, sense, definition: text },
        ...{ pos: sense, level: sense, category: sense, example: text },
      },
    ]);
  });
});

describe("words that the database has already", () => {
  it.for(["update", "keep"] as const)("with onConflict %s", async (onConflict, { connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,a,old", "de,b,same")]);
    const before = await allRows(db);
    const result = await seed(connection, [csv(SHORT_HEADER, "de,a,new", "de,b,same", "de,c,3")], { onConflict });
    const kept = { rows: 3, inserted: 1, unchanged: 2 };
    expect(counts(result)).toEqual(onConflict === "keep" ? kept : { ...kept, updated: 1, unchanged: 1 });
    expect(await definitions(db)).toEqual({ a: onConflict === "keep" ? "old" : "new", b: "same", c: "3" });
    const { vocabulary_words: after = [] } = await allRows(db);
    const untouched = before.vocabulary_words?.filter(({ term }) => onConflict === "keep" || term === "b") ?? [];
    expect(after).toEqual(expect.arrayContaining(untouched));
  });
});

describe("several files", () => {
  it("are counted one by one and together", async ({ connection, db }) => {
    await seed(connection, [csv(SHORT_HEADER, "de,old,1", "de,old2,1")]);
    const files = [
      csv(SHORT_HEADER, "de,a,1", "de,b,2"),
      csv(SHORT_HEADER, "de,old,1", "de,c,3"),
      csv(SHORT_HEADER),
      csv(SHORT_HEADER, "de,old2,2", "de,a,1"),
    ];
    const result = await seed(connection, files);
    const none = {
      ...{ rows: 0, inserted: 0, updated: 0, unchanged: 0, duplicates: 0, rejected: 0, pruned: 0 },
      ...{ unusedColumns: [], durationMs: expect.any(Number) },
    };
    expect(result.files).toStrictEqual([
      { ...none, file: files[0], rows: 2, inserted: 2 },
      { ...none, file: files[1], rows: 2, inserted: 1, unchanged: 1 },
      { ...none, file: files[2] },
      { ...none, file: files[3], rows: 2, updated: 1, duplicates: 1 },
    ]);
    expect(result.total).toStrictEqual({
      ...{ rows: 6, inserted: 3, updated: 1, unchanged: 1, duplicates: 1, rejected: 0, pruned: 0 },
    });
    expect(await definitions(db)).toEqual({ a: "1", b: "2", c: "3", old: "1", old2: "2" });
  });

  it("each keep what they have no column for", async ({ connection, db }) => {
    await seed(connection, [csv(HEADER, "de,a,,,1,noun,A1,,", "de,b,,,2,noun,A1,,")]);
    await seed(connection, [csv(SHORT_HEADER, "de,a,one"), csv("language,term,definition,level", "de,b,two,")]);
    expect(await words(db)).toMatchObject([
      { term: "a", definition: "one", pos: "noun", level: "A1" },
      { term: "b", definition: "two", pos: "noun", level: null },
    ]);
  });

  it("of which one is named twice are read once", async ({ connection }) => {
    const file = csv(SHORT_HEADER, "de,a,1");
    expect(counts(await seed(connection, [file, file]))).toEqual({ rows: 1, inserted: 1 });
  });

  it("are all kept out when one cannot be read", async ({ connection, db }) => {
    const missing = join(temporaryFolder(), "missing.csv");
    await expect(seed(connection, [csv(SHORT_HEADER, "de,a,1"), missing])).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, path: missing },
    });
    expect(await words(db)).toEqual([]);
    await expectNothingLeft(db);
  });
});

it("tells what it is doing, and how far it has come", async ({ connection }) => {
  const files = [csv(SHORT_HEADER, ...manyLines(5_000)), csv(SHORT_HEADER, "de,a,1")];
  const told: { phase: string; file: string | null; rows: number; bytes: number; totalBytes: number | null }[] = [];
  await seed(connection, files, { onProgress: (progress) => told.push(progress) });
  expect([...new Set(told.map(({ phase }) => phase))]).toEqual(["waiting", "reading", "comparing", "writing"]);
  const reading = told.filter(({ phase }) => phase === "reading");
  expect([...new Set(reading.map(({ file }) => file))]).toEqual(files);
  expect(reading.map(({ rows }) => rows)).toEqual(reading.map(({ rows }) => rows).toSorted((a, b) => a - b));
  const total = reading[0]?.totalBytes;
  expect(reading.at(-1)).toMatchObject({ rows: 5_001, bytes: total });
});
