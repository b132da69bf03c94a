/** The package as a backend uses it: the built library, imported by a process of its own, and its types. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { consumer } from "./support/consumer.js";
import { it } from "./support/database.js";

const execute = promisify(execFile);

async function runScript(script: string, url: string): Promise<unknown> {
  const folder = consumer({ "main.js": script });
  const { stdout } = await execute(process.execPath, ["main.js"], {
    cwd: folder,
    env: { PATH: process.env.PATH, DATABASE_URL: url, HOME: folder },
  });
  return JSON.parse(stdout);
}

describe("openDatabase", () => {
  it("gives Prisma and the pool on one set of connections, and the process ends by itself", async ({ db }) => {
    const result = await runScript(
      `import { createUser, deleteUser, openDatabase, withDeleted } from "vocabdb";
       const database = await openDatabase();
       await createUser(database, { email: "ada@example.org" });
       await createUser(database, { email: "bob@example.org" });
       await deleteUser(database, "bob@example.org");
       const { prisma, pool } = database;
       const zone = await pool.query("SHOW timezone");
       console.log(JSON.stringify({
         live: (await prisma.user.findMany({ orderBy: { email: "asc" } })).map((user) => user.email),
         all: await prisma.user.count({ where: withDeleted }),
         zone: zone.rows[0].TimeZone,
       }));
       await database.close();
       await database.close();`,
      db.url,
    );
    expect(result).toEqual({ live: ["ada@example.org"], all: 2, zone: "UTC" });
  });

  it("a process that forgets to close still ends", async ({ db }) => {
    const script = `import { openDatabase } from "vocabdb";
       const { prisma } = await openDatabase();
       console.log(JSON.stringify(await prisma.user.count()));`;
    expect(await runScript(script, db.url)).toBe(0);
  });

  it("survives the server ending its idle connections", async ({ db }) => {
    const result = await runScript(
      `import { openDatabase } from "vocabdb";
       const { prisma, pool, close } = await openDatabase();
       await prisma.user.count();
       const { default: pg } = await import(${JSON.stringify(createRequire(import.meta.url).resolve("pg"))});
       const other = new pg.Client({ connectionString: process.env.DATABASE_URL });
       await other.connect();
       await other.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
       await other.end();
       await new Promise((resolve) => setTimeout(resolve, 300));
       console.log(JSON.stringify(await prisma.user.count()));
       await close();`,
      db.url,
    );
    expect(result).toBe(0);
  });

  it("throws the package's own errors, with Prisma's as the cause", async ({ db }) => {
    const result = await runScript(
      `import { EmailTakenError, VocabdbError, createUser, openDatabase } from "vocabdb";
       const database = await openDatabase();
       const input = { email: "ada@example.org" };
       await createUser(database, input);
       const taken = await createUser(database, input).catch((error) => error);
       const constraint = await database.prisma.user.create({ data: input }).catch((error) => error);
       const gone = await openDatabase({ url: "postgresql://a:b@127.0.0.1:1/c" });
       const refused = await gone.prisma.user.count().catch((error) => error);
       console.log(JSON.stringify({
         taken: [taken instanceof EmailTakenError, taken.code, taken.message],
         constraint: [constraint instanceof VocabdbError, constraint.code, constraint.cause?.code],
         refused: [refused instanceof VocabdbError, refused.code],
       }));
       await gone.close();
       await database.close();`,
      db.url,
    );
    expect(result).toEqual({
      taken: [true, "EMAIL_TAKEN", "a user with the email ada@example.org exists already"],
      constraint: [true, "EMAIL_TAKEN", "P2002"],
      refused: [true, "DATABASE_UNREACHABLE"],
    });
  });

  it("throws them from beginning and ending a transaction too, and leaves alone what its work throws", async ({
    db,
  }) => {
    await db.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                      AS 'BEGIN RAISE EXCEPTION ''not this one'' USING ERRCODE = ''40001''; END'`);
    await db.query(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
                      FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const result = await runScript(
      `import { openDatabase } from "vocabdb";
       const database = await openDatabase();
       const gone = await openDatabase({ url: "postgresql://a:b@127.0.0.1:1/c" });
       const codeOf = (promise) => promise.then(() => null, ({ constructor, code }) => [constructor.name, code]);
       console.log(JSON.stringify({
         begin: await codeOf(gone.prisma.$transaction((transaction) => transaction.user.count())),
         batch: await codeOf(gone.prisma.$transaction([gone.prisma.user.count()])),
         commit: await codeOf(database.prisma.$transaction((transaction) =>
           transaction.user.create({ data: { email: "ada@example.org" } }))),
         work: await codeOf(database.prisma.$transaction(() =>
           Promise.reject(Object.assign(new RangeError("another service"), { code: "ECONNREFUSED" })))),
       }));
       await gone.close();
       await database.close();`,
      db.url,
    );
    expect(result).toEqual({
      begin: ["ConnectionError", "DATABASE_UNREACHABLE"],
      batch: ["ConnectionError", "DATABASE_UNREACHABLE"],
      commit: ["ConcurrentChangeError", "CONCURRENT_CHANGE"],
      work: ["RangeError", "ECONNREFUSED"],
    });
  });
});

describe("types", () => {
  const compile = async (source: string): Promise<string> => {
    const folder = consumer({
      "main.ts": source,
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          strict: true,
          module: "NodeNext",
          target: "ES2023",
          noEmit: true,
          skipLibCheck: false,
          types: [],
        },
        files: ["main.ts"],
      }),
    });
    const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
    return execute(process.execPath, [tsc, "-p", folder]).then(
      () => "",
      (error: { stdout: string }) => error.stdout,
    );
  };

  it("of the library are complete and strict", async () => {
    const output = await compile(`
      import { openDatabase, type User } from "vocabdb";
      const { prisma, pool, close } = await openDatabase({ url: "postgresql://a@b/c" });
      const words = await prisma.vocabularyWord.findMany({ where: { language: "zh" }, select: { term: true } });
      const first: string | undefined = words[0]?.term;
      const user: User | null = await prisma.user.findUnique({ where: { email: "a@b.c" } });
      await pool.query("SELECT 1");
      await close();
      export { first, user };`);
    expect(output).toBe("");
  });

  it("refuse what does not exist", async () => {
    const output = await compile(`
      import { openDatabase } from "vocabdb";
      const { prisma } = await openDatabase();
      await prisma.user.findMany({ where: { nickname: "x" } });`);
    expect(output).toContain("nickname");
  });
});
