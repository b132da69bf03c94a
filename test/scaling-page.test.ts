/** docs/scaling.md: progress in partitions, and what makes it possible to distribute it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { packageRoot } from "../src/package-root.js";
import { temporaryFolder } from "./support/cli.js";
import { it, type TestDatabase } from "./support/database.js";
import { builtCommand, runInProcess } from "./support/in-process.js";

const page = readFileSync(join(packageRoot, "docs", "scaling.md"), "utf8");
const [partitioning = ""] = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = ""]) => sql);

/** @returns what `vocabdb` prints; it has to succeed. */
async function operatorOf(db: TestDatabase): Promise<(command: string, input?: string) => Promise<string>> {
  const command = await builtCommand();
  const cwd = temporaryFolder();
  return async (line, input = "") => {
    const env = { HOME: cwd, DATABASE_URL: db.url };
    const { exitCode, stdout, stderr } = await runInProcess(command, line.split(" "), { cwd, env, input });
    expect(exitCode, `${line}: ${stdout}${stderr}`).toBe(0);
    return stdout;
  };
}

describe("progress in partitions", () => {
  it("is the same to every command", async ({ db, database }) => {
    const vocabdb = await operatorOf(db);
    await vocabdb("seed --demo");
    const asked = ["progress export --all --output -", "progress list ada@example.com", "progress report --json"];
    const before = await Promise.all(asked.map((line) => vocabdb(line)));
    await db.query(partitioning);

    expect(await Promise.all(asked.map((line) => vocabdb(line)))).toEqual(before);
    const { total } = JSON.parse(await vocabdb("progress import --file - --json", before[0]));
    expect(total).toMatchObject({ inserted: 0, updated: 0, unchanged: 197 });
    expect(JSON.parse(await vocabdb("migrate status --check --json"))).toMatchObject({ state: "up-to-date" });
    await vocabdb("db doctor --only schema,data,exposure --fail-on warning");

    const { userId, wordId } = await database.prisma.progress.findFirstOrThrow({ where: { studyCount: { gt: 0 } } });
    const key = { userId_wordId: { userId, wordId } };
    const update = { studyCount: { increment: 1 } };
    const again = await database.prisma.progress.upsert({ where: key, update, create: { userId, wordId } });
    expect(again.updatedAt.getTime()).toBeGreaterThan(again.createdAt.getTime());

    await vocabdb("progress reset lucia@example.com --confirm lucia@example.com");
    await vocabdb("user delete kenji@example.com");
    await vocabdb("user purge kenji@example.com --confirm kenji@example.com");
    expect(await db.query("SELECT count(*)::integer AS rows FROM progress")).toEqual([{ rows: 75 }]);
    const { wordId: id } = await database.prisma.progress.findFirstOrThrow();
    await expect(database.prisma.vocabularyWord.delete({ where: { id } })).rejects.toThrow(/foreign key/);
  });
});

describe("progress by user", () => {
  it("is what every unique key of it allows", async ({ db }) => {
    const keys = await db.query<{ columns: string[] }>(
      `SELECT array(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey)) AS columns
         FROM pg_index WHERE indrelid = 'progress'::regclass AND indisunique`,
    );
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter(({ columns }) => !columns.includes("user_id"))).toEqual([]);
    expect(await db.query("SELECT conname FROM pg_constraint WHERE confrelid = 'progress'::regclass")).toEqual([]);
  });

  it("is written by no UPDATE … FROM", () => {
    const sources = readdirSync(join(packageRoot, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.startsWith("generated"))
      .map((path) => readFileSync(join(packageRoot, "src", path), "utf8"));
    const updates = sources.flatMap((text) => text.match(/\bUPDATE (?!SET)[a-z$][^`"]*/g) ?? []);
    expect(updates.length).toBeGreaterThan(5);
    const joined = updates.filter((sql) => /^(?:(?!SELECT).)*\bFROM\b/s.test(sql));
    expect(joined).toHaveLength(2);
    // Of temporary tables, which are where the statement is.
    expect(joined.filter((sql) => !/^UPDATE (?:pg_temp\.|\$\{rows\})/.test(sql))).toEqual([]);
  });
});
