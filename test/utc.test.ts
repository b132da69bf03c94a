/**
 * Every timestamp is UTC: with the database's own zone in India and the process in New York, times written
 * and read through vocabdb are the same instants that a plain driver connection sees.
 */
import { describe, expect } from "vitest";
import { showProgress } from "../src/core/progress.js";
import { withPrisma } from "../src/db/database.js";
import { withConnection } from "../src/db/pool.js";
import { vocabdb } from "./support/cli.js";
import { it, type TestDatabase } from "./support/database.js";

const NEW_YORK = { TZ: "America/New_York" };

async function inIndia(db: TestDatabase): Promise<void> {
  await db.query(`ALTER DATABASE ${db.target.database} SET timezone TO 'Asia/Kolkata'`);
  await db.query(`ALTER DATABASE ${db.target.database} SET datestyle TO 'SQL, DMY'`);
  const [row] = await db.query<{ timezone: string }>("SELECT current_setting('TimeZone') AS timezone");
  expect(row?.timezone).toBe("Asia/Kolkata");
}

/** The instant as the server counts it, free of any session's zone. */
async function epoch(db: TestDatabase, expression: string, from: string): Promise<number> {
  const [row] = await db.query<{ ms: number }>(
    `SELECT (extract(epoch FROM ${expression}) * 1000)::float8 AS ms FROM ${from}`,
  );
  return row?.ms ?? Number.NaN;
}

describe("with the database in Asia/Kolkata and the process in America/New_York", () => {
  it("commands write the instant and print it in UTC", async ({ db }) => {
    await inIndia(db);
    const before = Date.now();
    const created = await vocabdb(["user", "create", "ada@example.org", "--json"], { url: db.url, env: NEW_YORK });
    await vocabdb(["user", "delete", "ada@example.org"], { url: db.url, env: NEW_YORK });
    const after = Date.now();
    for (const column of ["created_at", "updated_at", "deleted_at"]) {
      const stored = await epoch(db, column, "users");
      expect(stored, column).toBeGreaterThanOrEqual(before - 5_000);
      expect(stored, column).toBeLessThanOrEqual(after + 5_000);
    }
    const { createdAt } = created.json().user;
    expect(Date.parse(createdAt)).toBe(await epoch(db, "created_at", "users"));

    const text = await vocabdb(["user", "show", "ada@example.org", "--deleted"], { url: db.url, env: NEW_YORK });
    expect(text.stdout).toContain(`created   ${createdAt.slice(0, 19).replace("T", " ")}Z`);
  });

  it("Prisma stores and finds exactly what it was given", async ({ db }) => {
    await inIndia(db);
    const instant = new Date("2026-03-01T12:00:00.123Z");
    await withConnection(db.target, (connection) =>
      withPrisma(connection, async ({ prisma }) => {
        await prisma.user.create({ data: { email: "ada@example.org", createdAt: instant } });
        expect(await epoch(db, "created_at", "users")).toBe(instant.getTime());
        expect(await prisma.user.findFirst({ where: { createdAt: instant } })).toMatchObject({ createdAt: instant });
        // What another client wrote is read as the same instant, too.
        await db.query("UPDATE users SET created_at = '2026-07-01 05:30:00+05:30'");
        expect((await prisma.user.findFirstOrThrow()).createdAt).toEqual(new Date("2026-07-01T00:00:00Z"));
        const [row] = await prisma.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
        expect(Math.abs((row?.now.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      }),
    );
  });

  it("days of the forecast are days in UTC", async ({ db }) => {
    await inIndia(db);
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query(
      "INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'a', 'x'), ('de', 'b', 'x')",
    );
    await db.query(`INSERT INTO progress (user_id, word_id, next_review_at)
      SELECT u.id, w.id, CASE w.term WHEN 'a' THEN '2026-03-01 23:59:59.999Z'::timestamptz ELSE '2026-03-02 00:00Z' END
        FROM users u, vocabulary_words w`);
    const now = new Date("2026-03-01T20:00:00Z");
    const { forecast } = await withConnection(db.target, (connection) =>
      showProgress(connection, "ada@example.org", { now }),
    );
    expect(forecast.slice(0, 3)).toEqual([
      { date: "2026-03-01", due: 1 },
      { date: "2026-03-02", due: 1 },
      { date: "2026-03-03", due: 0 },
    ]);
  });

  it("seeding and migrating leave instants, not local times", async ({ emptyDb }) => {
    await inIndia(emptyDb);
    const options = { url: emptyDb.url, env: NEW_YORK };
    expect((await vocabdb(["migrate"], options)).exitCode).toBe(0);
    expect((await vocabdb(["seed", "--demo"], options)).exitCode).toBe(0);
    for (const [column, table] of [
      ["min(finished_at)", "_prisma_migrations"],
      ["min(created_at)", "vocabulary_words"],
      ["max(created_at)", "sessions"],
    ] as const) {
      expect(Math.abs((await epoch(emptyDb, column, table)) - Date.now()), table).toBeLessThan(60_000);
    }
  });
});
