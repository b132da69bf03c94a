/** Deleting a word takes exactly one, and learning only when that is confirmed. */
import { describe, expect } from "vitest";
import { deleteWord } from "../../src/core/word-delete.js";
import { withConnection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { allRows, failureOf, waitingFor, withDriver } from "../support/seeding.js";
import { addLearners, addWords, history, softDelete } from "../support/words.js";

async function terms(db: TestDatabase): Promise<unknown[]> {
  return (await db.query("SELECT term FROM vocabulary_words ORDER BY term")).map(({ term }) => term);
}

describe("a word that nobody learns", () => {
  it("is deleted, once, and the history says so", async ({ connection, db }) => {
    const [id] = await addWords(db, { term: "Haus" }, { term: "Baum" });
    const actor = { commandLine: null, operator: null, reason: "wrong entry" };
    expect(await deleteWord(connection, { word: "Haus" }, { actor })).toMatchObject({
      ...{ word: { id, language: "de", term: "Haus" }, changed: true, progressDeleted: 0 },
    });
    expect(await terms(db)).toEqual(["Baum"]);
    const failure = { code: "WORD_NOT_FOUND", exitCode: 4 };
    await expect(deleteWord(connection, { word: "Haus" })).rejects.toMatchObject(failure);
    expect(await history(db)).toEqual([
      {
        ...{ action: "word delete", subjects: [], reason: "wrong entry" },
        changes: { vocabulary_words: { deleted: 1 } },
      },
    ]);
  });

  it("needs no confirmation, and goes by its id too", async ({ connection, db }) => {
    const [id = ""] = await addWords(db, { term: "Haus" });
    await deleteWord(connection, { word: id });
    expect(await terms(db)).toEqual([]);
  });

  it("is deleted once when 8 try at the same time", async ({ connection, db }) => {
    await addWords(db, { term: "Haus" });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => deleteWord(connection, { word: "Haus" })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject(
        outcome.status === "rejected" ? { reason: { code: "WORD_NOT_FOUND" } } : { value: { changed: true } },
      );
    }
    expect(await history(db)).toHaveLength(1);
  });
});

describe("words that are written alike", () => {
  it("are told apart, or none is deleted", async ({ connection, db }) => {
    await addWords(
      db,
      { language: "zh", term: "地", reading: "dì" },
      { language: "zh", term: "地", reading: "de" },
      { language: "ja", term: "地" },
    );
    const before = await allRows(db);
    await expect(deleteWord(connection, { word: "地" })).rejects.toMatchObject({
      ...{ code: "WORD_AMBIGUOUS", exitCode: 5, word: "地" },
      candidates: [
        ["ja", "地", "", ""],
        ["zh", "地", "de", ""],
        ["zh", "地", "dì", ""],
      ],
      message: '"地" may be any of 3 words: ja 地; zh 地 de; zh 地 dì',
    });
    await expect(deleteWord(connection, { word: "地", language: "zh" })).rejects.toMatchObject({ exitCode: 5 });
    expect(await allRows(db)).toEqual(before);
    await deleteWord(connection, { word: "地", language: "zh", reading: "de" });
    await deleteWord(connection, { word: "地", reading: "" });
    expect(await db.query("SELECT language, reading FROM vocabulary_words")).toEqual([
      { language: "zh", reading: "dì" },
    ]);
  });
});

describe("a word with progress", () => {
  async function fill(db: TestDatabase): Promise<void> {
    const [house = "", tree = ""] = await addWords(db, { term: "Haus" }, { term: "Baum" });
    await addLearners(db, house, "ada@example.org", "bob@example.org");
    await addLearners(db, tree, "ada@example.org");
    await softDelete(db, "bob@example.org");
  }

  it.for([undefined, "", "haus", "Baum", "Haus "])(
    "stays when the confirmation is %j",
    async (confirmation, { connection, db }) => {
      await fill(db);
      const before = await allRows(db);
      await expect(
        deleteWord(connection, { word: "Haus" }, { confirmed: [confirmation ?? []].flat() }),
      ).rejects.toMatchObject({
        ...{ code: "WORD_IN_USE", exitCode: 5, key: ["de", "Haus", "", ""], users: 2 },
        hint: expect.stringContaining("--confirm Haus"),
      });
      expect(await allRows(db)).toEqual(before);
      expect(await history(db)).toEqual([]);
    },
  );

  it("goes with the progress of all users, deleted ones too, when its term confirms", async ({ connection, db }) => {
    await fill(db);
    const deletion = await deleteWord(connection, { word: "Haus" }, { confirmed: ["Haus"] });
    expect(deletion).toMatchObject({ changed: true, progressDeleted: 2 });
    expect(await terms(db)).toEqual(["Baum"]);
    expect(await db.query("SELECT FROM progress")).toHaveLength(1);
    expect(await history(db)).toMatchObject([
      { changes: { vocabulary_words: { deleted: 1 }, progress: { deleted: 2 } }, subjects: [] },
    ]);
  });

  it("as a dry run tells the truth and changes nothing", async ({ connection, db }) => {
    await fill(db);
    const before = await allRows(db);
    const options = { confirmed: ["Haus"], dryRun: true };
    expect(await deleteWord(connection, { word: "Haus" }, options)).toMatchObject({ progressDeleted: 2 });
    await expect(deleteWord(connection, { word: "Haus" }, { dryRun: true })).rejects.toMatchObject({ exitCode: 5 });
    expect(await allRows(db)).toEqual(before);
    expect(await history(db)).toEqual([]);
  });

  it("is confirmed in either Unicode form", async ({ connection, db }) => {
    const [id = ""] = await addWords(db, { term: "café" });
    await addLearners(db, id, "ada@example.org");
    await deleteWord(connection, { word: "café" }, { confirmed: ["cafe\u0301"] });
    expect(await terms(db)).toEqual([]);
  });

  it("names a hostile term so that it can be typed, and forges nothing", async ({ connection, db }) => {
    const term = "a\nb'$(x)\u001b[2J";
    const [id = ""] = await addWords(db, { term });
    await addLearners(db, id, "ada@example.org");
    const failure = await failureOf(deleteWord(connection, { word: id }));
    expect(failure).toMatchObject({ hint: expect.stringMatching(/--confirm \$'a\\x0ab\\'\$\(x\)\\x1b\[2J'$/) });
  });
});

describe("a word that is studied for the first time meanwhile", () => {
  const STUDY = "INSERT INTO progress (user_id, word_id) SELECT u.id, w.id FROM users AS u, vocabulary_words AS w";

  it("stays, once that study is committed", async ({ connection, db }) => {
    await addWords(db, { term: "Haus" });
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await withDriver(db, async (client) => {
      await client.query(`BEGIN; ${STUDY}`);
      const failure = failureOf(deleteWord(connection, { word: "Haus" }));
      await waitingFor(db, "locktype = 'transactionid'");
      await client.query("COMMIT");
      expect(await failure).toMatchObject({ code: "WORD_IN_USE", users: 1 });
    });
    expect(await db.query("SELECT FROM progress")).toHaveLength(1);
  });

  it("leaves no progress without a word, when the deletion was first", async ({ db }) => {
    await addWords(db, { term: "Haus" });
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    // Holds the deletion back at its last statement, when the word is locked.
    await db.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
      CREATE TRIGGER pause BEFORE INSERT ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION pause()`);
    await withDriver(db, async (client) => {
      await client.query("SELECT pg_advisory_lock(1)");
      const deletion = withConnection(db.target, (connection) => deleteWord(connection, { word: "Haus" }));
      deletion.catch(() => {});
      await waitingFor(db, "locktype = 'advisory' AND objid = 1");
      const study = failureOf(db.query(STUDY));
      await waitingFor(db, "locktype = 'transactionid'");
      await client.query("SELECT pg_advisory_unlock(1)");
      expect(await deletion).toMatchObject({ progressDeleted: 0 });
      expect(await study).toMatchObject({ code: "23503" });
    });
    expect(await terms(db)).toEqual([]);
  });
});
