/** Schemas that are not what the migrations make: found, and mended by what the finding says. */
import { describe, expect } from "vitest";
import { CONSTRAINTS, INDEXES, TRIGGERS } from "../../src/core/doctor/checks-expected.js";
import { stages } from "../../src/core/doctor/stages.js";
import { readMigrations } from "../../src/core/migration-files.js";
import { deployMigrations } from "../../src/core/migrations.js";
import type { FindingId } from "../../src/finding.js";
import { it, type TestDatabase, withClient } from "../support/database.js";
import { examined, expectMended, findingIn, runFix, type Setup } from "./examined.js";

/** Waits for input: what the migrations make is compared with what is there by `migrate status`. */
const WITHOUT_SETUP: readonly FindingId[] = ["schema.drift"];

const names = readMigrations().map(({ name }) => name);
const [first = "", last = ""] = [names[0], names.at(-1)];
const NATURAL_KEY = "vocabulary_words_language_term_reading_sense_key";
const SAME_WORDS =
  "INSERT INTO vocabulary_words (language, term, definition) VALUES ('zh', '好', 'good'), ('zh', '好', 'fine');";

const migrate = (db: TestDatabase): Promise<unknown> => deployMigrations(db.target);

/** Statements that fail on the way, each as one of its own. */
async function attempt(db: TestDatabase, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) {
    await db.query(statement).catch(() => {});
  }
}

const setups: readonly Setup[] = [
  {
    name: "nothing there",
    broken: "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    ...{ id: "schema.not-migrated", level: "error", message: "has none of vocabdb's tables", fix: /^vocabdb migrate$/ },
    mended: migrate,
  },
  {
    name: "tables without a record of migrations",
    broken: "ALTER TABLE _prisma_migrations RENAME TO kept",
    ...{ id: "schema.not-migrated", level: "error", message: "has tables of vocabdb, but no record of migrations" },
    fix: new RegExp(`^vocabdb migrate resolve --applied ${first}`),
    mended: "ALTER TABLE kept RENAME TO _prisma_migrations",
  },
  {
    name: "an older version",
    broken: `DROP TABLE database_mark; DELETE FROM _prisma_migrations WHERE migration_name = '${last}'`,
    ...{ id: "schema.pending", level: "error", fix: /^vocabdb migrate$/ },
    message: `1 of the migrations of this version is not applied: ${last}`,
    mended: migrate,
  },
  {
    name: "a migration that failed",
    broken: `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${last}'`,
    ...{ id: "schema.failed", level: "error", message: `the migration ${last} failed` },
    fix: new RegExp(`^vocabdb migrate resolve --rolled-back ${last}, then vocabdb migrate$`),
    mended: "UPDATE _prisma_migrations SET finished_at = now()",
  },
  {
    name: "a migration whose file was another",
    broken: `UPDATE _prisma_migrations SET checksum = repeat('0', 64) WHERE migration_name = '${first}'`,
    ...{ id: "schema.edited", level: "warning", message: `the file of the migration ${first} has changed` },
    fix: /vocabdb migrate status/,
    mended: `DELETE FROM _prisma_migrations WHERE migration_name = '${first}'`,
  },
  {
    name: "a migration of somebody else",
    broken: `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
             VALUES ('x', 'x', now(), '20300101000000_theirs', now(), 1)`,
    ...{ id: "schema.unknown", level: "error", message: "the migration 20300101000000_theirs was applied by another" },
    fix: /\?schema=vocabdb/,
    mended: "DELETE FROM _prisma_migrations WHERE id = 'x'",
  },
  {
    name: "tables in another schema only",
    broken: 'ALTER SCHEMA public RENAME TO "Learning 2"; CREATE SCHEMA public',
    ...{ id: "schema.elsewhere", level: "error", message: "are not in the schema public but in Learning 2" },
    fix: /^add \?schema=Learning%202 to the URL$/,
    mended: 'DROP SCHEMA public; ALTER SCHEMA "Learning 2" RENAME TO public',
  },
  {
    name: "tables in two schemas",
    broken: "CREATE SCHEMA copy CREATE TABLE vocabulary_words () CREATE TABLE progress ()",
    ...{ id: "schema.elsewhere", level: "warning", message: "are in the schema public and in copy too" },
    fix: /\?schema=copy to the other/,
    mended: "DROP SCHEMA copy CASCADE",
  },
  {
    name: "clients that look elsewhere",
    broken: ({ target, query }) => query(`ALTER DATABASE ${target.database} SET search_path = pg_catalog`),
    ...{ id: "schema.search-path", level: "info", message: "work in the schema pg_catalog" },
    fix: /^ALTER ROLE \S+ IN DATABASE \S+ SET search_path = public$/,
  },
  {
    name: "clients that look into another copy",
    broken: ({ target, query }) =>
      query(`CREATE SCHEMA copy CREATE TABLE vocabulary_words () CREATE TABLE progress ();
             ALTER DATABASE ${target.database} SET search_path = copy`),
    ...{ id: "schema.search-path", level: "warning", message: "work in the schema copy" },
    fix: /SET search_path = public$/,
  },
  {
    name: "clients that find no schema",
    broken: ({ target, query }) => query(`ALTER DATABASE ${target.database} SET search_path = nowhere`),
    ...{ id: "schema.search-path", level: "info", message: "work in no schema that exists" },
    fix: /SET search_path = public$/,
  },
  {
    name: "a table",
    broken: "ALTER TABLE audit_log RENAME TO lost",
    ...{ id: "schema.table-missing", level: "error", message: "the table audit_log is missing" },
    fix: /from a backup/,
    mended: "ALTER TABLE lost RENAME TO audit_log",
  },
  {
    name: "an index for speed",
    broken: "DROP INDEX progress_word_id_idx",
    ...{ id: "schema.index-missing", level: "warning" },
    message: "the index progress_word_id_idx of progress is missing: queries that need it read the whole table",
    fix: /^CREATE INDEX CONCURRENTLY progress_word_id_idx ON public\.progress /,
  },
  {
    name: "an index that is a rule",
    broken: "DROP INDEX users_email_key",
    ...{ id: "schema.index-missing", level: "error" },
    message: "the index users_email_key of users is missing: data that breaks the rules",
    fix: /^CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON public\.users /,
  },
  {
    name: "an index of that name on something else",
    broken: "DROP INDEX users_email_key; CREATE INDEX users_email_key ON users (email)",
    ...{ id: "schema.index-missing", level: "error", message: "users_email_key of users is not the one" },
    fix: /^DROP INDEX public\.users_email_key; CREATE UNIQUE INDEX/,
  },
  {
    name: "a constraint that says less",
    broken: "ALTER TABLE progress DROP CONSTRAINT progress_counts, ADD CONSTRAINT progress_counts CHECK (true)",
    ...{ id: "schema.constraint-missing", level: "error", message: "progress_counts of progress is not the one" },
    fix: /^ALTER TABLE public\.progress DROP CONSTRAINT progress_counts, ADD CONSTRAINT progress_counts CHECK/,
  },
  {
    name: "a trigger that fires at other times",
    broken: `CREATE OR REPLACE TRIGGER users_set_updated_at BEFORE INSERT ON users
               FOR EACH ROW EXECUTE FUNCTION set_updated_at()`,
    ...{ id: "schema.trigger-missing", level: "error", message: "users_set_updated_at of users is not the one" },
    fix: /^CREATE OR REPLACE TRIGGER users_set_updated_at BEFORE UPDATE ON public\.users/,
  },
  {
    name: "an index of ours whose building failed",
    broken: (db) =>
      attempt(
        db,
        `DROP INDEX ${NATURAL_KEY}`,
        SAME_WORDS,
        `CREATE UNIQUE INDEX CONCURRENTLY ${NATURAL_KEY} ON vocabulary_words (language, term, reading, sense)`,
      ),
    ...{
      id: "schema.index-invalid",
      level: "error",
      message: `the index ${NATURAL_KEY} of vocabulary_words is invalid`,
    },
    fix: new RegExp(`^REINDEX INDEX CONCURRENTLY public\\.${NATURAL_KEY}$`),
    mended: async (db) => {
      await db.query("DELETE FROM vocabulary_words WHERE definition = 'fine'");
      await db.query(`REINDEX INDEX CONCURRENTLY ${NATURAL_KEY}`);
    },
  },
  {
    name: "an index of somebody else whose building failed",
    broken: (db) =>
      attempt(
        db,
        SAME_WORDS.replace("'好', 'fine'", "'坏', 'bad'"),
        'CREATE UNIQUE INDEX CONCURRENTLY "One of each" ON vocabulary_words (language)',
      ),
    ...{ id: "schema.index-invalid", level: "error", message: "the index One of each of vocabulary_words is invalid" },
    fix: /^DROP INDEX CONCURRENTLY public\."One of each"$/,
  },
  {
    name: "an index twice",
    broken: 'CREATE INDEX again ON vocabulary_words (search_key(term) COLLATE "C", language)',
    ...{ id: "schema.index-duplicate", level: "info", message: "the index again of vocabulary_words has what another" },
    fix: /^DROP INDEX CONCURRENTLY public\.again$/,
  },
  {
    name: "a constraint that was never validated",
    broken: `ALTER TABLE progress DROP CONSTRAINT progress_counts,
      ADD CONSTRAINT progress_counts CHECK (0 <= correct_count AND correct_count <= study_count) NOT VALID`,
    ...{
      id: "schema.constraint-not-valid",
      level: "warning",
      message: "progress_counts of progress holds for new rows",
    },
    fix: /^ALTER TABLE public\.progress VALIDATE CONSTRAINT progress_counts$/,
  },
  {
    name: "a trigger that is disabled",
    broken: "ALTER TABLE users DISABLE TRIGGER users_refuse_delete_of_live",
    ...{
      id: "schema.trigger-disabled",
      level: "error",
      message: "trigger users_refuse_delete_of_live of users is disabl",
    },
    fix: /^ALTER TABLE public\.users ENABLE TRIGGER users_refuse_delete_of_live$/,
  },
  {
    name: "foreign keys that are disabled",
    broken: "ALTER TABLE sessions DISABLE TRIGGER ALL",
    ...{
      id: "schema.trigger-disabled",
      level: "error",
      message: "triggers behind foreign keys of sessions are disabled",
    },
    fix: /^ALTER TABLE public\.sessions ENABLE TRIGGER ALL$/,
  },
];

describe("found and mended", () => {
  it.for(setups)("$name", async (setup, { db }) => {
    await expectMended(db, setup);
  });
});

it("a schema of one's own, and what clients that do not know of it do", async ({ emptyDb }) => {
  await deployMigrations({ ...emptyDb.target, schema: "vocab" });
  const url = `${emptyDb.url}&schema=vocab`;
  const report = await examined(url, ["schema", "data", "exposure"]);
  expect(report.findings.map(({ id }) => id)).toEqual(["schema.search-path"]);
  const found = { id: "schema.search-path", level: "info", message: "in the schema public", fix: /= vocab$/ } as const;
  await runFix(emptyDb, findingIn(report, found));
  expect((await examined(url, ["schema"])).findings).toEqual([]);
});

describe("everything that migrations make beyond tables", () => {
  const parts = [
    ...INDEXES.map((sql) => ({ kind: "index", name: /INDEX (\w+)/.exec(sql)?.[1] ?? "", table: "" })),
    ...Object.entries(CONSTRAINTS).flatMap(([table, all]) =>
      Object.keys(all)
        .filter((name) => !name.endsWith("_pkey"))
        .map((name) => ({ kind: "constraint", name, table })),
    ),
    ...TRIGGERS.map((sql) => ({
      kind: "trigger",
      name: /TRIGGER (\w+)/.exec(sql)?.[1] ?? "",
      table: / ON (\w+)/.exec(sql)?.[1] ?? "",
    })),
  ];

  it("is what the doctor expects, by name", async ({ db }) => {
    const there = await db.query<{ kind: string; name: string; table: string }>(
      `SELECT 'index' AS kind, i.relname AS name, '' AS table
         FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE i.relnamespace = 'public'::regnamespace AND x.indrelid <> '_prisma_migrations'::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND contype = 'p')
       UNION ALL SELECT 'constraint', conname, conrelid::regclass::text FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'u', 'x')
       UNION ALL SELECT 'trigger', tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal`,
    );
    const sorted = (all: readonly { kind: string; name: string; table: string }[]): string[] =>
      all.map(({ kind, name, table }) => `${kind} ${name} ${table}`).sort();
    expect(sorted(there)).toEqual(sorted(parts));
  });

  it.for([["public"], ["Other $1 schema"]])(
    "is missed one by one in %s, and made again by the fixes",
    async ([schema = ""], { db }) => {
      const url = `${db.url}&schema=${encodeURIComponent(schema)}`;
      const inSchema = { ...db, url, query: (sql: string) => db.query(`SET search_path = "${schema}"; ${sql}`) };
      if (schema !== "public") {
        await db.query(`ALTER SCHEMA public RENAME TO "${schema}"; CREATE SCHEMA public;
        CREATE EXTENSION IF NOT EXISTS pg_trgm; ALTER EXTENSION pg_trgm SET SCHEMA public`);
      }
      for (const { kind, name, table } of [...parts].reverse()) {
        const on = kind === "constraint" ? `ALTER TABLE ${table} DROP CONSTRAINT` : `DROP ${kind}`;
        await inSchema.query(
          kind === "index" ? `DROP INDEX ${name}` : `${on} ${name}${kind === "trigger" ? ` ON ${table}` : ""}`,
        );
      }
      const { findings } = await examined(url, ["schema"]);
      const missing = findings.filter(({ id }) => id.endsWith("-missing"));
      expect(missing.map(({ id, message }) => `${id.slice(7, -8)} ${message.split(" ")[2]}`).sort()).toEqual(
        parts.map(({ kind, name }) => `${kind} ${name}`).sort(),
      );
      // Run as psql would, in a session that looks into no schema of ours.
      for (const finding of missing) {
        await runFix(db, finding);
      }
      const after = await examined(url, ["schema"]);
      expect(after.findings.filter(({ id }) => id !== "schema.search-path")).toEqual([]);
    },
  );
});

it("an index that is being built is not taken for a ruin", async ({ db }) => {
  // Its building waits for this transaction, which could still see rows that the index does not hold yet.
  await withClient(db.direct, async (client) => {
    await client.query("BEGIN; INSERT INTO vocabulary_words (language, term, definition) VALUES ('zh', '好', 'good')");
    const building = db.query("CREATE INDEX CONCURRENTLY words_definition ON vocabulary_words (definition)");
    await expect.poll(() => db.query("SELECT FROM pg_stat_progress_create_index")).toHaveLength(1);
    expect((await examined(db.url, ["schema.index-invalid"])).findings).toEqual([]);
    await client.query("ROLLBACK");
    await building;
  });
});

it("every finding of the stage has its set-up here", () => {
  const made = new Set<FindingId>([...setups.map(({ id }) => id), ...WITHOUT_SETUP]);
  expect([...made].sort()).toEqual([...stages.schema].sort());
});
