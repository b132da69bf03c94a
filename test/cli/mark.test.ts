/** The environment mark, and what every command that cannot be undone makes of it. */
import { describe, expect } from "vitest";
import { type CliResult, folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";
import { withServer } from "../support/server.js";

const TABLES = ["users", "sessions", "vocabulary_words", "progress", "audit_log", "database_mark"];

async function rowsOf(db: TestDatabase): Promise<Record<string, unknown[]>> {
  const rows = await Promise.all(TABLES.map((table) => db.query(`SELECT * FROM ${table} ORDER BY 1, 2`)));
  return Object.fromEntries(TABLES.map((table, index) => [table, rows[index] ?? []]));
}

function errorOf({ stderr }: CliResult): { code: string; message: string; hint: string } {
  return JSON.parse(stderr).error;
}

describe("db mark", () => {
  it("is kept in the database, shown, and part of the history", async ({ db }) => {
    const mark = (...args: string[]): Promise<CliResult> => vocabdb(["db", "mark", ...args, "--json"], { url: db.url });
    expect((await mark()).json()).toEqual({ mark: null, previous: null, changed: false, dryRun: false });
    expect((await mark("production", "--dry-run")).json()).toMatchObject({ mark: "production", changed: true });
    expect(await db.query("SELECT environment FROM database_mark")).toEqual([]);

    expect((await mark("production", "--reason", "go-live")).json()).toEqual({
      ...{ mark: "production", previous: null, changed: true, dryRun: false },
    });
    expect(await db.query("SELECT environment FROM database_mark")).toEqual([{ environment: "production" }]);
    expect((await mark("production")).json()).toMatchObject({ mark: "production", changed: false });
    expect((await vocabdb(["db", "mark"], { url: db.url })).stdout).toBe("marked production\n");
    expect(await db.query("SELECT action, reason, changes FROM audit_log")).toEqual([
      { action: "db mark", reason: "go-live", changes: { database_mark: { inserted: 1 } } },
    ]);
  });

  it("goes, or becomes another one, only with the name of the database", async ({ db }) => {
    const { database } = db.target;
    await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
    for (const args of [["staging"], ["--clear"]]) {
      for (const consent of [[], ["--yes"], ["--confirm", "production"]]) {
        const refused = await vocabdb(["db", "mark", ...args, ...consent, "--json"], { url: db.url });
        expect(refused.exitCode).toBe(2);
        expect(errorOf(refused)).toMatchObject({
          code: "CONSENT_MISSING",
          message: expect.stringContaining("is marked production"),
          hint: `vocabdb db mark ${args} --confirm ${database}`,
        });
      }
    }
    const staging = await vocabdb(["db", "mark", "staging", "--confirm", database], { url: db.url });
    expect(staging).toMatchObject({ exitCode: 0, stdout: "is now marked staging\n" });
    const cleared = await vocabdb(["db", "mark", "--clear", "--confirm", database], { url: db.url });
    expect(cleared).toMatchObject({ exitCode: 0, stdout: "is now not marked\n" });
    expect(await db.query("SELECT FROM database_mark")).toEqual([]);
  });

  it("of two at once only the first needs no confirmation", async ({ db }) => {
    const both = await Promise.all(
      ["production", "staging"].map((word) => vocabdb(["db", "mark", word, "--json"], { url: db.url })),
    );
    expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
    expect(await db.query("SELECT FROM database_mark")).toHaveLength(1);
  });

  it.for([
    [["Production"], /must be a word such as production/],
    [["on prod"], /must be a word such as production/],
    [["production", "--clear"], /either a mark or --clear/],
  ] as const)("%j is no mark", async ([args, message], { db }) => {
    const { exitCode, stderr } = await vocabdb(["db", "mark", ...args], { url: db.url });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
  });

  it("has no place in a database without tables", async ({ emptyDb }) => {
    expect((await vocabdb(["db", "mark", "--json"], { url: emptyDb.url })).json()).toMatchObject({ mark: null });
    const refused = await vocabdb(["db", "mark", "production", "--json"], { url: emptyDb.url });
    expect(refused.exitCode).toBe(3);
    expect(errorOf(refused).code).toBe("MIGRATIONS_PENDING");
  });
});

/** A user who learns, one who is deleted and whose sessions have ended, and a word that only the latter has progress on. */
async function fill(db: TestDatabase): Promise<void> {
  await addPeople(
    db,
    { email: "ada@example.org", words: 2 },
    { email: "gone@example.org", words: 3, sessions: 2, deletedAt: "2026-01-01T00:00:00Z" },
  );
  await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Rest', 'rest')");
  await db.query(
    "UPDATE sessions SET created_at = '2026-01-01Z', expires_at = '2026-01-02Z', revoked_at = '2026-01-01Z'",
  );
  await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
}

describe("on a marked database", () => {
  it.for([
    [["user", "purge", "gone@example.org"], ["gone@example.org"], "users"],
    [["user", "purge", "--deleted-before", "2026-06-01"], ["purge"], "users"],
    [["word", "delete", "Rest"], [], "vocabulary_words"],
    [["word", "delete", "Wort 1"], ["Wort 1"], "vocabulary_words"],
    [["progress", "reset", "ada@example.org"], ["ada@example.org"], "progress"],
    [["session", "prune"], [], "sessions"],
  ] as const)("%j wants the name of the database as well", async ([command, confirmations, table], { db }) => {
    await fill(db);
    const { database } = db.target;
    const before = await rowsOf(db);
    const words = [...command, ...confirmations.flatMap((name) => ["--confirm", name])];
    const marked = ["--confirm", database];

    const refused = await vocabdb([...words, "--yes", "--json"], { url: db.url });
    expect(refused.exitCode).toBe(2);
    expect(errorOf(refused)).toMatchObject({
      code: "CONSENT_MISSING",
      message: expect.stringMatching(`/${database} .* is marked production`),
      hint: expect.stringMatching(` --confirm ${database}$`),
    });
    const rehearsed = await vocabdb([...words, "--dry-run"], { url: db.url });
    expect(rehearsed.exitCode).toBe(0);
    if (confirmations.length > 0) {
      // What the command wants confirmed anyway is not confirmed by that name.
      const halfway = await vocabdb([...command, ...marked, "--json"], { url: db.url });
      expect(halfway.exitCode).not.toBe(0);
    }
    expect(await rowsOf(db)).toEqual(before);

    const done = await vocabdb([...words, ...marked], { url: db.url });
    expect(done).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("[production]\n") });
    expect((await rowsOf(db))[table]?.length).toBeLessThan(before[table]?.length ?? 0);
  });

  it("seed --prune wants it too, and is told of the mark; a mere seed is not held up", async ({ db }) => {
    await fill(db);
    const cwd = folderWith({ "words.csv": "language,term,definition\nde,Wort 1,word 1\nde,neu,new\n" });
    const seed = ["seed", "--file", "words.csv", "--json"];
    const plain = await vocabdb(seed, { url: db.url, cwd });
    expect(plain.json().total).toMatchObject({ inserted: 1, pruned: 0 });

    const prune = [...seed, "--prune", "--prune-keep-used"];
    expect((await vocabdb([...prune, "--yes"], { url: db.url, cwd })).exitCode).toBe(2);
    const pruned = await vocabdb([...prune, "--confirm", db.target.database], { url: db.url, cwd });
    expect(pruned.json().total).toMatchObject({ pruned: 1 });
    expect(pruned.stderr).toContain("[production]");
  });

  it("seed --demo is refused, whatever is confirmed", async ({ db }) => {
    await fill(db);
    const before = await rowsOf(db);
    const refused = await vocabdb(["seed", "--demo", "--yes", "--json"], { url: db.url });
    expect(refused.exitCode).toBe(2);
    expect(errorOf(refused)).toMatchObject({
      code: "DATABASE_MARKED",
      message: expect.stringContaining("seed --demo"),
    });
    expect(await rowsOf(db)).toEqual(before);
  });

  it("db destroy is refused, though the server was stopped", async () => {
    await withServer({}, async ({ home }) => {
      const db = (...args: string[]): Promise<CliResult> => vocabdb(args, { env: { VOCABDB_HOME: home } });
      await db("migrate");
      await db("db", "mark", "production");
      await db("db", "stop");

      const destroy = ["db", "destroy", "--confirm", "vocabdb", "--yes"];
      const refused = await db(...destroy, "--json");
      expect(refused.exitCode).toBe(2);
      expect(errorOf(refused)).toMatchObject({
        code: "DATABASE_MARKED",
        message: expect.stringContaining("db destroy"),
      });
      expect((await db("db", "status", "--json")).json()).toMatchObject({ state: "stopped" });

      await db("db", "mark", "--clear", "--confirm", "vocabdb");
      expect(await db(...destroy)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("removed") });
    });
  });
});
