/** The rules that live in the database itself, tried as any other client would: with plain SQL. */
import { describe, expect } from "vitest";
import { readDatamodel } from "../../src/core/migration-files.js";
import { withSchemaEngine } from "../../src/db/schema-engine.js";
import { it, type TestDatabase, withAdmin, withClient } from "../support/database.js";

const TABLES = ["users", "sessions", "vocabulary_words", "progress", "audit_log", "database_mark"];

/** SQLSTATE and constraint that a statement fails with; null when it succeeds. */
async function refusal(db: TestDatabase, sql: string, values: unknown[] = []) {
  try {
    await db.query(sql, values);
    return null;
  } catch (error) {
    const { code, constraint } = error as { code: string; constraint?: string };
    return { code, constraint };
  }
}

const CHECK = "23514";

/** What Prisma Migrate would change to bring the database to schema.prisma. */
function differenceTo(db: TestDatabase) {
  const files = [{ path: "schema.prisma", content: readDatamodel() }];
  return withSchemaEngine(db.target, readDatamodel(), async ({ engine }) =>
    (await engine()).diff({
      from: { tag: "schemaDatasource", files, configDir: "." },
      to: { tag: "schemaDatamodel", files },
      ...{ script: true, exitCode: true, filters: { externalTables: [], externalEnums: [] } },
    }),
  );
}

it("the migrations and schema.prisma lead to the same schema", async ({ db }) => {
  expect(await differenceTo(db)).toEqual({ exitCode: 0, stdout: "-- This is an empty migration.\n" });
});

it("the comparison above does see a difference", async ({ db }) => {
  await db.query("ALTER TABLE users ADD COLUMN stray text");
  const { exitCode, stdout } = await differenceTo(db);
  expect(exitCode).toBe(2);
  expect(stdout).toContain('DROP COLUMN "stray"');
});

describe("emails", () => {
  const insert = "INSERT INTO users (email) VALUES ($1)";

  it("are unique", async ({ db }) => {
    expect(await refusal(db, insert, ["ada@example.org"])).toBeNull();
    expect(await refusal(db, insert, ["ada@example.org"])).toEqual({ code: "23505", constraint: "users_email_key" });
  });

  it.for([
    "Ada@example.org",
    " ada@example.org",
    "ada@example.org ",
    "ada@example.org\n",
    "ada",
    "ada@localhost",
    "ada@@example.org",
    "a b@example.org",
    ".ada@example.org",
    "ada.@example.org",
    "ada@-example.org",
    "ada@exa_mple.org",
    "ada@example.1",
    "ädä@example.org",
    "ada@exämple.org",
    "ada@example.org\u202e",
  ])("%j is refused", async (email, { db }) => {
    expect(await refusal(db, insert, [email])).toEqual({ code: CHECK, constraint: "users_email_shape" });
  });

  it("are bounded in length", async ({ db }) => {
    expect(await refusal(db, insert, [`${"a".repeat(64)}@example.org`])).toBeNull();
    expect(await refusal(db, insert, [`${"a".repeat(65)}@example.org`])).toMatchObject({ code: CHECK });
    const domain = `${"d".repeat(60)}.`.repeat(4);
    expect(await refusal(db, insert, [`${"a".repeat(20)}@${domain}org`])).toMatchObject({ code: CHECK });
  });
});

describe("users", () => {
  it("cannot be removed while live, by nobody", async ({ db }) => {
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    expect(await refusal(db, "DELETE FROM users")).toEqual({ code: "23001", constraint: "users_soft_delete_first" });
    await db.query("UPDATE users SET deleted_at = now()");
    expect(await refusal(db, "DELETE FROM users")).toBeNull();
  });

  it("hold no password but as an argon2id hash", async ({ db }) => {
    const insert = "INSERT INTO users (email, password_hash) VALUES ('ada@example.org', $1)";
    expect(await refusal(db, insert, ["secret"])).toMatchObject({ code: CHECK });
    expect(await refusal(db, insert, ["$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"])).toBeNull();
  });

  it("get a UUID of version 7 that begins with the time", async ({ db }) => {
    const [row] = await db.query<{ id: string }>("INSERT INTO users (email) VALUES ('a@example.org') RETURNING id");
    expect(row?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt((row?.id ?? "").replaceAll("-", "").slice(0, 12), 16);
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
  });
});

describe("sessions", () => {
  const insert = `INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
                  SELECT id, $1, $2, $3 FROM users`;
  const hash = "ab".repeat(32);

  it("expire after they were created, and hold hashes only", async ({ db }) => {
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    const [t1, t2] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
    expect(await refusal(db, insert, [hash, t2, t1])).toMatchObject({ constraint: "sessions_expire_after_creation" });
    expect(await refusal(db, insert, [hash, t1, t1])).toMatchObject({ constraint: "sessions_expire_after_creation" });
    expect(await refusal(db, insert, ["token", t1, t2])).toMatchObject({ constraint: "sessions_token_hash_sha256" });
    expect(await refusal(db, insert, [hash, t1, t2])).toBeNull();
    expect(await refusal(db, insert, [hash, t1, t2])).toMatchObject({ code: "23505" });
  });
});

describe("words", () => {
  const insert = "INSERT INTO vocabulary_words (language, term, reading, definition) VALUES ($1, $2, $3, 'x')";

  it("are unique by their natural key", async ({ db }) => {
    expect(await refusal(db, insert, ["zh", "地", "dì"])).toBeNull();
    expect(await refusal(db, insert, ["zh", "地", "de"])).toBeNull();
    expect(await refusal(db, insert, ["zh", "地", "dì"])).toMatchObject({ code: "23505" });
  });

  it("need a language and a term, trimmed and composed", async ({ db }) => {
    expect(await refusal(db, insert, ["", "x", ""])).toMatchObject({ constraint: "vocabulary_words_language_tag" });
    expect(await refusal(db, insert, ["z!", "x", ""])).toMatchObject({ constraint: "vocabulary_words_language_tag" });
    expect(await refusal(db, insert, ["zh", "", ""])).toMatchObject({ constraint: "vocabulary_words_term" });
    expect(await refusal(db, insert, ["zh", " x", ""])).toMatchObject({ constraint: "vocabulary_words_term" });
    expect(await refusal(db, insert, ["zh", "x", "di\u0300"])).toMatchObject({
      constraint: "vocabulary_words_reading",
    });
  });

  it("fit their unique index at their greatest length", async ({ db }) => {
    const wide = "𠀀".repeat(255);
    const values = ["zh", wide, wide, "𠀀".repeat(100)];
    const long =
      "INSERT INTO vocabulary_words (language, term, reading, sense, definition) VALUES ($1, $2, $3, $4, 'x')";
    expect(await refusal(db, long, values)).toBeNull();
    expect(await refusal(db, long, ["zh", `${wide}x`, "", ""])).toMatchObject({ constraint: "vocabulary_words_term" });
  });
});

describe("progress", () => {
  async function userAndWord(db: TestDatabase): Promise<void> {
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Haus', 'house')");
  }
  const insert = `INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence)
                  SELECT u.id, w.id, $1, $2, $3 FROM users u, vocabulary_words w`;

  it("keeps its numbers in bounds", async ({ db }) => {
    await userAndWord(db);
    expect(await refusal(db, insert, [1, 2, 0.5])).toMatchObject({ constraint: "progress_counts" });
    expect(await refusal(db, insert, [1, -1, 0.5])).toMatchObject({ constraint: "progress_counts" });
    expect(await refusal(db, insert, [1, 1, 1.01])).toMatchObject({ constraint: "progress_confidence" });
    expect(await refusal(db, insert, [1, 1, -0.01])).toMatchObject({ constraint: "progress_confidence" });
    expect(await refusal(db, insert, [1, 1, Number.NaN])).toMatchObject({ constraint: "progress_confidence" });
    expect(await refusal(db, insert, [1, 1, 1])).toBeNull();
  });

  it("is one row per user and word, keeps the word, and goes with the user", async ({ db }) => {
    await userAndWord(db);
    expect(await refusal(db, insert, [1, 1, 1])).toBeNull();
    expect(await refusal(db, insert, [2, 1, 1])).toEqual({ code: "23505", constraint: "progress_pkey" });
    // PostgreSQL 18 answers RESTRICT with a SQLSTATE of its own.
    expect((await refusal(db, "DELETE FROM vocabulary_words"))?.code).toMatch(/^(23503|23001)$/);
    await db.query("UPDATE users SET deleted_at = now()");
    await db.query("DELETE FROM users");
    expect(await db.query("SELECT FROM progress")).toHaveLength(0);
  });
});

it("updated_at follows every update, whoever makes it", async ({ db }) => {
  await db.query("INSERT INTO users (email, updated_at) VALUES ('ada@example.org', '2020-01-01Z')");
  await db.query(
    "INSERT INTO vocabulary_words (language, term, definition, updated_at) VALUES ('de', 'a', 'b', '2020-01-01Z')",
  );
  await db.query(
    "INSERT INTO progress (user_id, word_id, updated_at) SELECT u.id, w.id, '2020-01-01Z' FROM users u, vocabulary_words w",
  );
  await db.query("UPDATE users SET display_name = 'Ada'");
  await db.query("UPDATE vocabulary_words SET definition = 'c'");
  await db.query("UPDATE progress SET study_count = 1");
  for (const table of ["users", "vocabulary_words", "progress"]) {
    const [row] = await db.query<{ age: number }>(
      `SELECT extract(epoch FROM now() - updated_at)::float8 AS age FROM ${table}`,
    );
    expect(Math.abs(row?.age ?? Number.NaN), table).toBeLessThan(60);
  }
});

it("every time is timestamptz(3)", async ({ db }) => {
  const columns = await db.query<{ name: string; type: string }>(
    `
    SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relname = ANY ($1) AND a.attname LIKE '%\\_at' AND a.attnum > 0`,
    [TABLES],
  );
  expect(columns).toHaveLength(15);
  expect(new Set(columns.map((column) => column.type))).toEqual(new Set(["timestamp(3) with time zone"]));
});

it("row level security hides everything from roles that were granted everything", async ({ db }) => {
  const role = `anon_${db.target.database}`;
  const { host, port, database } = db.target;
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  await withAdmin((admin) => admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'anon'`));
  try {
    await db.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
    await db.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    await withClient({ host, port, database, user: role, password: "anon" }, async (client) => {
      for (const table of [...TABLES, "_prisma_migrations"]) {
        expect((await client.query(`SELECT FROM ${table}`)).rowCount, table).toBe(0);
      }
      await expect(client.query("INSERT INTO users (email) VALUES ('eve@example.org')")).rejects.toMatchObject({
        code: "42501",
      });
      expect((await client.query("UPDATE users SET display_name = 'Eve'")).rowCount).toBe(0);
    });
  } finally {
    await db.query(`DROP OWNED BY ${role}`);
    await withAdmin((admin) => admin.query(`DROP ROLE ${role}`));
  }
});
