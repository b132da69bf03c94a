/** Progress as a file that means the same in every database. */
import { Writable } from "node:stream";
import { describe, expect } from "vitest";
import { exportProgress, type ProgressExportOptions } from "../../src/core/progress-export.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { addUsers, type Learned, learn, markDeleted } from "../support/learning.js";

const ADA = "ada@example.org";
const BOB = "b-o@example.org";
const EVE = "=eve@example.org";
const HEADER =
  "email,language,term,reading,sense,study_count,correct_count,confidence,last_studied_at,next_review_at\n";

async function exported(
  connection: Connection,
  options: Partial<ProgressExportOptions> = {},
): Promise<{ text: string; rows: number }> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const rows = await exportProgress(connection, sink, { email: null, format: "csv", ...options });
  expect(sink.writableEnded).toBe(false);
  return { text: Buffer.concat(chunks).toString(), rows };
}

function jsonOf(text: string): unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const HAUS: Learned = {
  ...{ term: "Haus", language: "de", sense: "building", studied: 3, correct: 2, confidence: 0.1 + 0.2 },
  ...{ last: "2026-05-01T01:02:03.004Z", due: "2026-06-30T23:59:59.999Z" },
};
const TERRIBLE: Learned = { term: '"a", b\nc\\N', reading: "=1+1", due: "2026-06-30T00:00:00Z" };

describe("CSV", () => {
  it("has a header, the key of user and word, and exact values", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, [HAUS, { term: "好", reading: "hǎo", due: "2026-06-30T00:00:00Z" }]);
    expect(await exported(connection)).toEqual({
      rows: 2,
      text: `${HEADER}${ADA},de,Haus,"",building,3,2,0.30000000000000004,2026-05-01T01:02:03.004Z,2026-06-30T23:59:59.999Z
${ADA},zh,好,hǎo,"",0,0,0,,2026-06-30T00:00:00.000Z
`,
    });
  });

  it("is the header alone where there is nothing", async ({ connection }) => {
    expect(await exported(connection)).toEqual({ text: HEADER, rows: 0 });
  });

  it("quotes what would break a line or a cell, and leaves formulas as they are unless asked", async ({
    connection,
    db,
  }) => {
    await addUsers(db, EVE);
    await learn(db, EVE, [TERRIBLE, { term: "-1", reading: "@x", sense: "+" }]);
    const plain = (await exported(connection)).text;
    expect(plain).toContain(`${EVE},zh,"""a"", b\nc\\N",=1+1,"",0,0,0,,2026-06-30T00:00:00.000Z\n`);
    expect(plain).toContain(`${EVE},zh,-1,@x,+,0,0,0,,2030-01-01T00:00:00.000Z\n`);
    const escaped = (await exported(connection, { escapeFormulas: true })).text;
    expect(escaped).toContain(`'${EVE},zh,"""a"", b\nc\\N",'=1+1,"",0,`);
    expect(escaped).toContain(`'${EVE},zh,'-1,'@x,'+,0,`);
  });
});

describe("NDJSON", () => {
  it("has the same in camelCase, null where nothing is known", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await learn(db, ADA, [HAUS, TERRIBLE]);
    const { text, rows } = await exported(connection, { format: "ndjson" });
    expect(rows).toBe(2);
    expect(jsonOf(text)).toStrictEqual([
      {
        ...{ email: ADA, language: "de", term: "Haus", reading: "", sense: "building" },
        ...{ studyCount: 3, correctCount: 2, confidence: 0.30000000000000004 },
        ...{ lastStudiedAt: "2026-05-01T01:02:03.004Z", nextReviewAt: "2026-06-30T23:59:59.999Z" },
      },
      {
        ...{ email: ADA, language: "zh", term: TERRIBLE.term, reading: "=1+1", sense: "" },
        ...{ studyCount: 0, correctCount: 0, confidence: 0 },
        ...{ lastStudiedAt: null, nextReviewAt: "2026-06-30T00:00:00.000Z" },
      },
    ]);
  });

  it("is empty where there is nothing", async ({ connection }) => {
    expect(await exported(connection, { format: "ndjson" })).toEqual({ text: "", rows: 0 });
  });
});

describe("the same progress", () => {
  const confidences = [0, 1, 0.1, 1 / 3, 2 ** -53, 1e-7, 0.30000000000000004, 0.8, 1 - 2 ** -53, Number.MIN_VALUE];

  it("has confidences that read back equal, however the database shows numbers", async ({ connection, db }) => {
    await db.query(`ALTER DATABASE ${db.target.database} SET extra_float_digits = -15`);
    await addUsers(db, ADA);
    await learn(
      db,
      ADA,
      confidences.map((confidence, n) => ({ term: String(n), confidence })),
    );
    const csv = (await exported(connection)).text.trimEnd().split("\n").slice(1);
    expect(csv.map((line) => Number(line.split(",")[7]))).toEqual(confidences);
    expect(csv[2]).toContain(",0.1,");
    const ndjson = (await exported(connection, { format: "ndjson" })).text;
    expect(jsonOf(ndjson)).toEqual(confidences.map((confidence) => expect.objectContaining({ confidence })));
  });

  /** In another order, with other ids, another collation and zone. */
  async function fill(db: TestDatabase, people: readonly string[], reversed: boolean): Promise<void> {
    const words = ["a-b", "ab", "a b", "B", "é", "Ä", "z", "地"].flatMap((term) => [
      { term, reading: "dì", studied: 1, due: "2026-06-30T22:00:00Z" },
      { term, reading: "de", sense: "x", confidence: 0.7, last: "2026-03-29T01:30:00Z" },
      { term, language: "de", last: "2026-10-25T01:30:00.5Z" },
    ]);
    await addUsers(db, ...(reversed ? people.toReversed() : people));
    for (const email of people) {
      await learn(db, email, reversed ? words.toReversed() : words);
    }
  }

  const PEOPLE = [ADA, BOB, "bo@example.org", "b.o@example.org", EVE];

  it.for(["csv", "ndjson"] as const)(
    "is the same bytes in every database, as %s",
    async (format, { connection, db }) => {
      await fill(db, PEOPLE, false);
      const first = await exported(connection, { format });
      expect(first.rows).toBe(PEOPLE.length * 24);

      await db.query("UPDATE users SET deleted_at = now(); DELETE FROM users; DELETE FROM vocabulary_words");
      await db.query(`ALTER DATABASE ${db.target.database} SET TimeZone = 'Asia/Kolkata'`);
      await db.query(`ALTER DATABASE ${db.target.database} SET DateStyle = 'German'`);
      await db.query('ALTER TABLE users ALTER COLUMN email TYPE text COLLATE "und-x-icu"');
      await db.query('ALTER TABLE vocabulary_words ALTER COLUMN term TYPE text COLLATE "und-x-icu"');
      await fill(db, PEOPLE, true);
      expect(await exported(connection, { format })).toEqual(first);
    },
  );

  it("is ordered by bytes: email, then the word's natural key", async ({ connection, db }) => {
    await fill(db, PEOPLE, false);
    const keys = jsonOf((await exported(connection, { format: "ndjson" })).text).map((row) => {
      const { email, language, term, reading, sense } = row as Record<string, string>;
      return [email, language, term, reading, sense].join("\0");
    });
    expect(keys).toEqual(keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });
});

describe("who is in it", () => {
  it("one user, or all who are live, or deleted ones too", async ({ connection, db }) => {
    await addUsers(db, ADA, BOB);
    await learn(db, ADA, [HAUS]);
    await learn(db, BOB, [HAUS]);
    await markDeleted(db, BOB);
    const emails = async (options: Partial<ProgressExportOptions>) => {
      const lines = (await exported(connection, options)).text.trimEnd().split("\n").slice(1);
      return lines.map((line) => line.split(",")[0]);
    };
    expect(await emails({})).toEqual([ADA]);
    expect(await emails({ deleted: true })).toEqual([ADA, BOB]);
    expect(await emails({ email: ADA })).toEqual([ADA]);
    expect(await emails({ email: BOB, deleted: true })).toEqual([BOB]);
    await expect(exported(connection, { email: BOB })).rejects.toMatchObject({ code: "USER_DELETED" });
    await expect(exported(connection, { email: EVE })).rejects.toMatchObject({ code: "USER_NOT_FOUND" });
  });

  it("is as of one moment, whatever is studied meanwhile", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await db.query(`INSERT INTO vocabulary_words (language, term, definition)
      SELECT 'de', 'Wort ' || n, repeat('x', 100) FROM generate_series(1, 3000) AS n`);
    await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w");
    const texts: string[] = [];
    let studied: Promise<unknown> | undefined;
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        texts.push(chunk.toString());
        studied ??= db.query("UPDATE progress SET study_count = 7");
        studied.then(() => done(), done);
      },
    });
    const rows = await exportProgress(connection, slow, { email: ADA, format: "csv" });
    expect(rows).toBe(3000);
    const lines = texts.join("").trimEnd().split("\n").slice(1);
    expect(new Set(lines.map((line) => line.split(",")[5]))).toEqual(new Set(["0"]));
  });
});

it("an export that is interrupted stops on the server as well", async ({ connection, db }) => {
  await addUsers(db, ADA);
  await db.query(`INSERT INTO vocabulary_words (language, term, definition)
    SELECT 'de', 'Wort ' || n, 'word' FROM generate_series(1, 3000) AS n`);
  await db.query("INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w");
  const abort = new AbortController();
  const reason = new Error("enough");
  const stuck = new Writable({ highWaterMark: 1, write: () => abort.abort(reason) });
  const failure = exportProgress(connection, stuck, { email: ADA, format: "csv", signal: abort.signal });
  await expect(failure).rejects.toBe(reason);
  const running = () =>
    db.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'",
    );
  await expect.poll(async () => (await running()).length, { timeout: 20_000 }).toBe(0);
});
