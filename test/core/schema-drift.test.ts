/** Drift: whatever psql or a table editor changes about the schema is seen, and the SQL that is given takes it back. */
import { describe, expect } from "vitest";
import { findDrift } from "../../src/core/drift/drift.js";
import { type Migration, readMigrations } from "../../src/core/migration-files.js";
import { migrationStatus } from "../../src/core/migration-status.js";
import { deployMigrations } from "../../src/core/migrations.js";
import type { Target } from "../../src/db/target.js";
import { Secret } from "../../src/secret.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { withRole } from "../support/roles.js";

const SHIPPED = readMigrations();
const NONE = { differences: [], drift: null, driftSkipped: null };

/**
 * Makes each change, compares what is found, runs the SQL as psql would, and looks again.
 *
 * @param changes with `change kind name` of the differences that are found after it
 */
async function seenAndTakenBack(
  { target, query }: Pick<TestDatabase, "target" | "query">,
  changes: Readonly<Record<string, readonly string[]>>,
  migrations: readonly Migration[] = SHIPPED,
): Promise<void> {
  for (const [change, expected] of Object.entries(changes)) {
    await query(change);
    const { differences, drift } = await findDrift(target, migrations);
    expect(
      differences.map(({ change: how, kind, name }) => `${how} ${kind} ${name}`),
      change,
    ).toEqual(expected);
    await query(drift ?? "");
    expect(await findDrift(target, migrations), change).toEqual(NONE);
  }
}

function migrated(sql: string, name = "20270101000000_trial"): Migration {
  return { name, sql };
}

describe("a fresh database has none", () => {
  it("as `migrate status` tells", async ({ db }) => {
    expect(await migrationStatus(db.target)).toMatchObject({ state: "up-to-date", ...NONE });
  });

  it.for(["vocab", 'Odd "schema"; --\'\n', "vocabdb_shadow"])("in the schema %j", async (schema, { emptyDb }) => {
    await emptyDb.query(`CREATE SCHEMA ${JSON.stringify(schema).replaceAll("\\n", "\n").replaceAll('\\"', '""')}`);
    const target = { ...emptyDb.target, schema };
    await deployMigrations(target);
    expect(await findDrift(target, SHIPPED)).toEqual(NONE);
    const inSchema = (sql: string) =>
      withClient(emptyDb.direct, async (client) => {
        await client.query("SELECT set_config('search_path', quote_ident($1), false)", [schema]);
        return (await client.query(sql)).rows;
      });
    await inSchema("ALTER TABLE users DISABLE ROW LEVEL SECURITY; DROP TABLE progress");
    const { drift } = await findDrift(target, SHIPPED);
    // In a session that searches elsewhere.
    await emptyDb.query(drift ?? "");
    expect(await findDrift(target, SHIPPED)).toEqual(NONE);
  });

  it("wherever its extension is, and whatever stands in other schemas", async ({ emptyDb }) => {
    await emptyDb.query("CREATE SCHEMA extensions; CREATE SCHEMA app; CREATE TABLE app.users (id int)");
    await deployMigrations(emptyDb.target);
    expect(
      await emptyDb.query("SELECT extnamespace::regnamespace::text AS at FROM pg_extension WHERE extname = 'pg_trgm'"),
    ).toEqual([{ at: "extensions" }]);
    expect(await findDrift(emptyDb.target, SHIPPED)).toEqual(NONE);
    await emptyDb.query("CREATE EXTENSION citext; ALTER EXTENSION pg_trgm SET SCHEMA app");
    expect(await findDrift(emptyDb.target, SHIPPED)).toEqual(NONE);
  });

  it("after its constraints were dumped and restored", async ({ db }) => {
    // As pg_dump writes them; some read otherwise afterwards.
    const read = () =>
      db.query<{ table: string; name: string; sql: string }>(
        `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS sql
           FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace ORDER BY 1, 2`,
      );
    const before = await read();
    const statements = before.map(
      ({ table, name, sql }) => `ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${sql};`,
    );
    await db.query(statements.join("\n"));
    expect(await read()).not.toEqual(before);
    expect(await findDrift(db.target, SHIPPED)).toEqual(NONE);
  });

  it("for what an operator tunes: storage, statistics, grants, comments, owners", async ({ db }) => {
    await db.query(`ALTER TABLE progress SET (fillfactor = 80); ALTER TABLE users ALTER COLUMN email SET STATISTICS 500;
      GRANT SELECT ON users TO PUBLIC; COMMENT ON TABLE users IS 'people'; ALTER TABLE users CLUSTER ON users_email_key;
      ALTER TABLE users OWNER TO pg_database_owner; ANALYZE`);
    expect(await findDrift(db.target, SHIPPED)).toEqual(NONE);
  });
});

describe("is seen and taken back", () => {
  it("in columns", ({ db }) =>
    seenAndTakenBack(db, {
      "ALTER TABLE users DROP COLUMN display_name CASCADE": [
        "missing column users.display_name",
        "missing constraint users.users_display_name_trimmed",
        "missing index users.users_search_idx",
      ],
      "ALTER TABLE progress ALTER COLUMN study_count TYPE bigint": ["changed column progress.study_count"],
      "ALTER TABLE vocabulary_words ALTER COLUMN sense TYPE varchar(100)": [
        "changed column vocabulary_words.sense",
        "changed constraint vocabulary_words.vocabulary_words_sense",
      ],
      'ALTER TABLE audit_log ALTER COLUMN operator TYPE text COLLATE "C"': ["changed column audit_log.operator"],
      "ALTER TABLE progress ALTER COLUMN confidence SET DEFAULT 1": ["changed column progress.confidence"],
      "ALTER TABLE users ALTER COLUMN id DROP DEFAULT": ["changed column users.id"],
      "ALTER TABLE users ALTER COLUMN display_name SET DEFAULT 'x'": ["changed column users.display_name"],
      "ALTER TABLE users ALTER COLUMN created_at DROP NOT NULL": ["changed column users.created_at"],
      "ALTER TABLE audit_log ALTER COLUMN operator SET NOT NULL": ["changed column audit_log.operator"],
      "ALTER TABLE progress ALTER COLUMN correct_count DROP DEFAULT, ALTER COLUMN correct_count ADD GENERATED ALWAYS AS IDENTITY":
        ["changed column progress.correct_count"],
    }));

  it("in generated columns, with what is built on them", ({ db }) =>
    seenAndTakenBack(db, {
      "ALTER TABLE users DROP COLUMN live_id CASCADE": [
        "missing column users.live_id",
        "missing constraint sessions.sessions_live_user_id_fkey",
        "missing index users.users_live_id_key",
      ],
      [`ALTER TABLE users DROP COLUMN live_id CASCADE; ALTER TABLE users ADD COLUMN live_id uuid GENERATED ALWAYS AS (id) STORED;
        CREATE UNIQUE INDEX users_live_id_key ON users (live_id);
        ALTER TABLE sessions ADD CONSTRAINT sessions_live_user_id_fkey FOREIGN KEY (live_user_id) REFERENCES users (live_id)
        DEFERRABLE INITIALLY DEFERRED`]: ["changed column users.live_id"],
      [`ALTER TABLE sessions DROP COLUMN live_user_id; ALTER TABLE sessions ALTER COLUMN revoked_at TYPE timestamptz(6);
        ALTER TABLE sessions ADD COLUMN live_user_id uuid GENERATED ALWAYS AS (CASE WHEN revoked_at IS NULL THEN user_id END) STORED`]:
        [
          "changed column sessions.revoked_at",
          "missing constraint sessions.sessions_live_user_id_fkey",
          "missing index sessions.sessions_live_user_id_idx",
        ],
    }));

  it("in indexes", ({ db }) =>
    seenAndTakenBack(db, {
      "DROP INDEX progress_word_id_idx": ["missing index progress.progress_word_id_idx"],
      "DROP INDEX users_search_idx; CREATE INDEX users_search_idx ON users (email)": [
        "changed index users.users_search_idx",
      ],
      "CREATE INDEX extra ON users (lower(display_name))": ["extra index users.extra"],
      "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_email_key'::regclass": [
        "changed index users.users_email_key",
      ],
    }));

  it("in constraints", ({ db }) =>
    seenAndTakenBack(db, {
      "ALTER TABLE progress DROP CONSTRAINT progress_confidence": ["missing constraint progress.progress_confidence"],
      "ALTER TABLE progress DROP CONSTRAINT progress_counts, ADD CONSTRAINT progress_counts CHECK (study_count >= 0)": [
        "changed constraint progress.progress_counts",
      ],
      "ALTER TABLE progress DROP CONSTRAINT progress_counts, ADD CONSTRAINT progress_counts CHECK (0 <= correct_count AND correct_count <= study_count) NOT VALID":
        ["changed constraint progress.progress_counts"],
      "ALTER TABLE users ADD CONSTRAINT short CHECK (length(email) < 9) NOT VALID": ["extra constraint users.short"],
      "ALTER TABLE progress DROP CONSTRAINT progress_user_id_fkey": [
        "missing constraint progress.progress_user_id_fkey",
      ],
      "ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users":
        ["changed constraint sessions.sessions_user_id_fkey"],
      "ALTER TABLE vocabulary_words DROP CONSTRAINT vocabulary_words_pkey CASCADE": [
        "missing constraint progress.progress_word_id_fkey",
        "missing constraint vocabulary_words.vocabulary_words_pkey",
      ],
    }));

  it("in triggers and rules", ({ db }) =>
    seenAndTakenBack(db, {
      "DROP TRIGGER users_set_updated_at ON users": ["missing trigger users.users_set_updated_at"],
      "ALTER TABLE users DISABLE TRIGGER users_refuse_delete_of_live": [
        "changed trigger users.users_refuse_delete_of_live",
      ],
      // Keys are kept by triggers as well.
      "ALTER TABLE progress DISABLE TRIGGER ALL": [
        "changed table progress",
        "changed trigger progress.progress_set_updated_at",
      ],
      "CREATE TRIGGER extra BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION set_updated_at()": [
        "extra trigger users.extra",
      ],
      "CREATE RULE silent AS ON DELETE TO progress DO INSTEAD NOTHING": ["extra rule progress.silent"],
    }));

  it("in functions", ({ db }) =>
    seenAndTakenBack(db, {
      "CREATE OR REPLACE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'":
        ["changed function refuse_change_of_audit_log()"],
      "DROP FUNCTION uuid_v7() CASCADE": [
        "changed column audit_log.id",
        "changed column sessions.id",
        "changed column users.id",
        "changed column vocabulary_words.id",
        "missing function uuid_v7()",
      ],
      "DROP FUNCTION search_key(text) CASCADE": [
        "missing function search_key(text)",
        "missing function search_reading(text)",
        "missing function search_text(text,text)",
        "missing index vocabulary_words.vocabulary_words_reading_key_idx",
        "missing index vocabulary_words.vocabulary_words_search_idx",
        "missing index vocabulary_words.vocabulary_words_term_key_idx",
      ],
    }));

  it("in row level security", ({ db }) =>
    seenAndTakenBack(db, {
      "ALTER TABLE users DISABLE ROW LEVEL SECURITY": ["changed table users"],
      "ALTER TABLE users FORCE ROW LEVEL SECURITY": ["changed table users"],
      "ALTER TABLE _prisma_migrations DISABLE ROW LEVEL SECURITY": ["changed table _prisma_migrations"],
      "CREATE POLICY everybody ON users FOR SELECT USING (true)": ["extra policy users.everybody"],
    }));

  it("in tables and extensions", ({ db }) =>
    seenAndTakenBack(db, {
      "DROP TABLE database_mark": ["missing table database_mark"],
      "DROP TABLE progress; DROP TABLE users CASCADE": [
        "missing constraint sessions.sessions_live_user_id_fkey",
        "missing constraint sessions.sessions_user_id_fkey",
        "missing table progress",
        "missing table users",
      ],
      "ALTER TABLE audit_log SET UNLOGGED": ["changed table audit_log"],
      "DROP EXTENSION pg_trgm CASCADE": [
        "missing extension pg_trgm",
        "missing index users.users_search_idx",
        "missing index vocabulary_words.vocabulary_words_search_idx",
      ],
    }));

  it("in what migrations to come may make", async ({ emptyDb }) => {
    const migration = migrated(`CREATE TYPE mood AS ENUM ('glad', 'sad');
      CREATE DOMAIN grade AS int DEFAULT 1 CHECK (VALUE > 0);
      CREATE SEQUENCE numbers INCREMENT BY 2;
      CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, EXCLUDE USING btree (n WITH =));
      CREATE FUNCTION half(a) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1.n / 2;
      CREATE TABLE b (moody mood NOT NULL, graded grade);
      ALTER TABLE b ADD COLUMN more text NOT NULL DEFAULT current_schema(), ADD CONSTRAINT later CHECK (more <> '') NOT VALID;
      CREATE VIEW glad WITH (security_invoker = true) AS SELECT a.id, half(a) FROM a;
      CREATE MATERIALIZED VIEW kept AS SELECT moody FROM b;
      CREATE POLICY own ON b AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (more = '') WITH CHECK (true);
      ALTER TABLE b ENABLE ROW LEVEL SECURITY;
      CREATE FUNCTION here() RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT';
      CREATE PROCEDURE nothing() LANGUAGE sql AS '';`);
    await deployMigrations(emptyDb.target, { migrations: [migration] });
    await seenAndTakenBack(
      emptyDb,
      {
        "DROP VIEW glad; CREATE VIEW glad AS SELECT 1 AS one": ["changed view glad"],
        "DROP MATERIALIZED VIEW kept": ["missing view kept"],
        "ALTER SEQUENCE numbers INCREMENT BY 3": ["changed sequence numbers"],
        "DROP SEQUENCE numbers; DROP PROCEDURE nothing()": ["missing function nothing()", "missing sequence numbers"],
        "DROP FUNCTION here(); CREATE FUNCTION here() RETURNS int LANGUAGE sql AS 'SELECT 1'": [
          "changed function here()",
        ],
        "DROP POLICY own ON b": ["missing policy b.own"],
        "DROP TYPE mood CASCADE; DROP DOMAIN grade CASCADE": [
          "missing column b.moody",
          "missing column b.graded",
          "missing type grade",
          "missing type mood",
          "missing view kept",
        ],
        "DROP TABLE a, b CASCADE": [
          "missing function half(a)",
          "missing sequence a_n_seq",
          "missing table a",
          "missing table b",
          "missing view glad",
          "missing view kept",
        ],
      },
      [migration],
    );
    // Validating what was not is no drift.
    await emptyDb.query("ALTER TABLE b VALIDATE CONSTRAINT later");
    expect(await findDrift(emptyDb.target, [migration])).toEqual(NONE);
  });
});

it("an index whose function was another for a while is built again", async ({ db }) => {
  await db.query(`CREATE OR REPLACE FUNCTION search_key(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN 'wrong';
    INSERT INTO vocabulary_words (language, term, definition) VALUES ('en', 'Tree', 'plant')`);
  const { drift } = await findDrift(db.target, SHIPPED);
  await db.query(drift ?? "");
  expect(drift?.match(/^REINDEX .*$/gm)).toEqual([
    "REINDEX INDEX vocabulary_words_reading_key_idx;",
    "REINDEX INDEX vocabulary_words_search_idx;",
    "REINDEX INDEX vocabulary_words_term_key_idx;",
  ]);
  const found = await withClient(db.direct, async (client) => {
    await client.query("SET enable_seqscan = off");
    return client.query(`SELECT term FROM vocabulary_words WHERE search_key(term) COLLATE "C" = 'tree'`);
  });
  expect(found.rows).toEqual([{ term: "Tree" }]);
});

describe("the SQL removes nothing that holds something", () => {
  it("tables, columns, views, functions, types and sequences are left to a person", async ({ db }) => {
    const odd = "note\nDROP TABLE orders; --";
    await db.query(`CREATE TABLE orders (id int); INSERT INTO orders VALUES (1);
      ALTER TABLE users ADD COLUMN "${odd}" text; INSERT INTO users (email) VALUES ('ada@example.org');
      CREATE VIEW names AS SELECT email FROM users; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN 1;
      CREATE TYPE mood AS ENUM (); CREATE SEQUENCE numbers`);
    const { drift, differences } = await findDrift(db.target, SHIPPED);
    expect(differences.map(({ change, kind }) => `${change} ${kind}`)).toEqual([
      ...["extra column", "extra function", "extra sequence", "extra table", "extra type", "extra view"],
    ]);
    const statements = drift?.split("\n").filter((line) => !line.startsWith("-- "));
    expect(statements).toEqual(["BEGIN;", "SET LOCAL search_path TO public;", "COMMIT;"]);
    await db.query(drift ?? "");
    expect(await db.query("SELECT id, email FROM orders, names")).toEqual([{ id: 1, email: "ada@example.org" }]);
    // What the comments say works, for whoever wants it.
    await db.query(`ALTER TABLE users DROP COLUMN "${odd}", ADD COLUMN note text`);
    const plain = await findDrift(db.target, SHIPPED);
    await db.query((plain.drift ?? "").replace(/^-- (?!the )/gm, ""));
    expect(await findDrift(db.target, SHIPPED)).toEqual(NONE);
  });

  it("a column whose values are lost, or would be, is told so", async ({ db }) => {
    await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
    await db.query("ALTER TABLE users ALTER COLUMN live_id DROP EXPRESSION");
    const computed = await findDrift(db.target, SHIPPED);
    expect(computed.drift).toContain("-- ALTER TABLE users DROP COLUMN live_id;");
    await db.query("ALTER TABLE vocabulary_words DROP COLUMN definition");
    const lost = await findDrift(db.target, SHIPPED);
    expect(lost.drift).toContain("-- the values of vocabulary_words.definition are lost");
  });
});

describe("status", () => {
  it("is drifted when the migrations alone are as they should be", async ({ db }) => {
    await db.query("DROP INDEX users_email_key");
    expect(await migrationStatus(db.target)).toMatchObject({
      ...{ state: "drifted", driftSkipped: null, pending: [] },
      differences: [{ kind: "index", name: "users.users_email_key", change: "missing" }],
      drift:
        "BEGIN;\nSET LOCAL search_path TO public;\nCREATE UNIQUE INDEX users_email_key ON users USING btree (email);\nCOMMIT;",
    });
    const pending = [...SHIPPED, migrated("CREATE TABLE later ();")];
    expect(await migrationStatus(db.target, pending)).toMatchObject({
      ...{ state: "pending", drift: expect.stringContaining("users_email_key") },
    });
  });

  it("compares with what was applied, not with what is pending", async ({ emptyDb }) => {
    await deployMigrations(emptyDb.target, { migrations: SHIPPED.slice(0, 1) });
    expect(await migrationStatus(emptyDb.target)).toMatchObject({ state: "pending", ...NONE });
  });

  it("builds what was built concurrently", async ({ emptyDb }) => {
    const migrations = [
      migrated("CREATE TABLE a (n int);", "1_a"),
      migrated("-- for lists\nCREATE UNIQUE INDEX CONCURRENTLY a_n ON a (n);", "2_n"),
    ];
    await deployMigrations(emptyDb.target, { migrations });
    await seenAndTakenBack(emptyDb, { "DROP INDEX a_n": ["missing index a.a_n"] }, migrations);
  });
});

describe("says why when it cannot be found out", () => {
  const skipped = (reason: RegExp) => ({ drift: null, differences: [], driftSkipped: expect.stringMatching(reason) });

  it("because of a role that may make no schema", async ({ db }) => {
    await withRole(db, "BYPASSRLS", async ({ name, password }) => {
      const target: Target = { ...db.target, user: name, password: new Secret(password) };
      expect(await migrationStatus(target)).toMatchObject({
        ...{ state: "up-to-date", ...skipped(/permission denied for database/) },
      });
    });
  });

  it("because of the history", async ({ db }) => {
    const edited = SHIPPED.map(({ name, sql }) => ({ name, sql: `${sql}\n` }));
    expect(await migrationStatus(db.target, edited)).toMatchObject(skipped(/histories differ/));
    await db.query("UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = $1", [SHIPPED[2]?.name]);
    expect(await migrationStatus(db.target)).toMatchObject(skipped(/failed and is not resolved/));
  });

  it.for([
    ["CREATE TABLE a (); COMMIT; CREATE TABLE b ();", /ends a transaction, or cannot run in one \(line 1\)/],
    ["CREATE TABLE public.a ();", /names the schema it works in.* \(line 1\)/],
    ["SET search_path TO public;\nCREATE TABLE a ();", /names the schema it works in/],
    ['CREATE TABLE a (); INSERT INTO "public".a DEFAULT VALUES', /names the schema it works in/],
    ["CREATE TABLE a ();\nDO $$ BEGIN PERFORM 1 FROM public.a; END $$", /names the schema it works in.* \(line 2\)/],
    ["CREATE SCHEMA only_once;", /does not run again: schema "only_once" already exists/],
  ] as const)("because of the migration %s", async ([sql, reason], { emptyDb }) => {
    const migration = migrated(sql);
    await deployMigrations(emptyDb.target, { migrations: [migration] });
    expect(await findDrift(emptyDb.target, [migration])).toEqual(skipped(reason));
  });

  it("because of a table that is locked, without waiting long", async ({ db }) => {
    await withClient(db.direct, async (other) => {
      await other.query("BEGIN; LOCK TABLE _prisma_migrations");
      const started = performance.now();
      expect(await findDrift(db.target, SHIPPED)).toEqual(skipped(/lock timeout/));
      expect(performance.now() - started).toBeLessThan(5_000);
    });
  });
});

it("leaves nothing behind and stands in nobody's way", async ({ db }) => {
  await withClient(db.direct, async (application) => {
    // What an application holds for as long as its transaction lasts.
    await application.query(
      "BEGIN; INSERT INTO users (email) VALUES ('ada@example.org'); LOCK TABLE progress IN SHARE MODE",
    );
    expect(await findDrift(db.target, SHIPPED)).toEqual(NONE);
    await application.query("COMMIT");
  });
  expect(await db.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'vocabdb%'")).toEqual([]);
});
