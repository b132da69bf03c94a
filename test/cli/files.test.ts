/** Where there is no room for what a command writes, and names that would forge what it says. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { folderWith, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";

/** Runs a command that can make no file larger than so many blocks of 512 bytes. */
const withRoomFor = (blocks: number): readonly string[] => ["sh", "-c", `ulimit -f ${blocks}; exec "$@"`, "sh"];

describe("without room", () => {
  it.for(["words.csv", "words.csv.gz"])("an export leaves no half of %s, and what was there", async (name, { db }) => {
    await db.query(`INSERT INTO vocabulary_words (language, term, definition)
      SELECT 'de', n::text, md5(n::text) FROM generate_series(1, 20000) AS n`);
    const cwd = folderWith({ [name]: "precious" });
    const args = ["word", "export", "-o", name, "--force", "--json"];
    const { exitCode, stderr } = await vocabdb(args, { url: db.url, cwd, within: withRoomFor(2) });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({
      ...{ code: "FILE_UNUSABLE", message: expect.stringContaining(`${name}: cannot be written`) },
    });
    expect(readdirSync(cwd)).toEqual([name]);
    expect(readFileSync(join(cwd, name), "utf8")).toBe("precious");
  });

  it("rejects leave no half file either", async ({ db }) => {
    const cwd = folderWith({ "words.csv": `language,term,definition\n${"de,,x\n".repeat(5_000)}` });
    const args = ["seed", "-f", "words.csv", "--rejects", "bad.csv", "--json"];
    const { stderr } = await vocabdb(args, { url: db.url, cwd, within: withRoomFor(2) });
    expect(JSON.parse(stderr).error).toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readdirSync(cwd)).toEqual(["words.csv"]);
  });

  it("a migration that cannot be written is none", async ({ db }) => {
    const cwd = folderWith({ "schema.prisma": "", "migrations/20260101000000_init/migration.sql": "SELECT 1;" });
    const args = ["migrate", "create", "more", "--empty", "--dir", ".", "--json"];
    const { stderr } = await vocabdb(args, { url: db.url, cwd, within: withRoomFor(0) });
    expect(JSON.parse(stderr).error).toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readdirSync(join(cwd, "migrations"))).toEqual(["20260101000000_init"]);
  });

  it.for(["word export", "word list --json", "--help", "--version"])(
    "standard output that is cut short by it is a failure: %s",
    async (line, { db }) => {
      await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Haus', 'house')");
      const within = ["sh", "-c", 'exec "$@" >/dev/full', "sh"];
      const { exitCode, stderr } = await vocabdb(line.split(" "), { url: db.url, within });
      expect(exitCode).toBe(2);
      expect(stderr).toContain("standard output: cannot be written (ENOSPC)");
    },
  );
});

it("the name of a file forges no line, also with --verbose", async ({ db }) => {
  const name = "a\u001b[2J\nhint:  rm -rf /.csv";
  const { exitCode, stderr } = await vocabdb(["seed", "--file", name, "--verbose"], { url: db.url });
  expect(exitCode).toBe(2);
  expect(stderr).not.toMatch(/\u001b|^hint: {2}rm/m);
  expect(stderr).toContain("a\\u{1b}[2J\\u{a}hint:  rm -rf /.csv: no such file");
});
