/** Every command that writes, each with a database that gives it something to do. */
import { readMigrations } from "../../src/core/migration-files.js";
import { ExitCode } from "../../src/errors/base.js";
import type { TestDatabase } from "../support/database.js";
import { migrateFirst } from "../support/migrating.js";
import { addPeople } from "../support/people.js";
import { HEADER, LONG_TEXT, manyLines, SHORT_HEADER } from "../support/seeding.js";
import { ADA, addSessions, sessionId } from "../support/sessions.js";

export interface WritingCommand {
  /** As in the reference, and what makes it another case of the same command. */
  readonly name: string;
  readonly args: (database: string) => readonly string[];
  readonly input?: string;
  /** In the folder where it runs. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the database is before `prepare`. Default: migrated. */
  readonly begins?: "empty";
  readonly prepare?: (db: TestDatabase) => Promise<unknown>;
  /** Its answer. Default: 0. */
  readonly done?: ExitCode;
  /** Its answer on a database where it was done already. Default: the same. */
  readonly again?: ExitCode;
  /** It says what is left to do: that is its result, with 3 or 7, also when the server does not let it. */
  readonly reports?: true;
  /** Where its work is several transactions, which are they; each of them is done or not. */
  readonly steps?: string;
  /** One of the steps that fails keeps the next ones from nothing. */
  readonly anyOrder?: true;
  /** It was told how long it may take, whatever happens. */
  readonly deadlineMs?: number;
  /** What is done anew by each run, so that only the first one's traces are compared. */
  readonly repeats?: true;
}

const SECOND = readMigrations()[1]?.name ?? "";
const PASSWORD = "correct horse battery staple";

const people = (db: TestDatabase) =>
  addPeople(
    db,
    { email: ADA, words: 40, sessions: 3 },
    { email: "bob@example.org", displayName: "Bob", words: 5, sessions: 1 },
    { email: "gone@example.org", deletedAt: "2026-01-01Z", words: 20, sessions: 2 },
  );

const failSecond = async (db: TestDatabase) => {
  await migrateFirst(db);
  await db.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at)
     VALUES (gen_random_uuid(), 'x', $1, 'it failed', now())`,
    [SECOND],
  );
};

const wordsFile = (definition: string) =>
  [SHORT_HEADER, ...manyLines(300, (n) => `de,w${n},${definition}`), ""].join("\n");
const seeded = (db: TestDatabase) =>
  db.query(`INSERT INTO vocabulary_words (language, term, definition)
            SELECT 'de', 'w' || n, CASE WHEN n % 3 = 0 THEN 'other' ELSE 'new' END FROM generate_series(100, 400) AS n`);

/** Big enough to go straight into the empty table, with its indexes built afterwards. */
const bigFile = [HEADER, ...manyLines(2_200, (n) => `de,w${n},,,d${n},,,,${LONG_TEXT}`), ""].join("\n");

export const COMMANDS: readonly WritingCommand[] = [
  {
    name: "migrate (empty)",
    args: () => ["migrate"],
    begins: "empty",
    steps: "each migration",
  },
  {
    name: "migrate (older)",
    args: () => ["migrate"],
    begins: "empty",
    prepare: migrateFirst,
    steps: "each migration",
  },
  {
    name: "migrate reset",
    args: (database) => ["migrate", "reset", "--confirm", database],
    prepare: people,
    steps: "dropping, each migration, the history",
    repeats: true,
  },
  {
    name: "migrate resolve --rolled-back",
    args: () => ["migrate", "resolve", "--rolled-back", SECOND],
    begins: "empty",
    prepare: failSecond,
  },
  {
    name: "migrate resolve --applied",
    args: () => ["migrate", "resolve", "--applied", SECOND],
    begins: "empty",
    prepare: failSecond,
    again: ExitCode.usage,
  },
  {
    name: "seed (small)",
    args: () => ["seed", "--file", "words.csv"],
    files: { "words.csv": wordsFile("new") },
  },
  {
    name: "seed (8 MiB)",
    args: () => ["seed", "--file", "words.csv"],
    files: { "words.csv": bigFile },
  },
  {
    name: "seed (upsert)",
    args: () => ["seed", "--file", "words.csv"],
    files: { "words.csv": wordsFile("new") },
    prepare: seeded,
  },
  {
    name: "seed --prune",
    args: (database) => ["seed", "--file", "words.csv", "--prune", "--confirm", database],
    files: { "words.csv": wordsFile("new") },
    prepare: seeded,
  },
  {
    name: "seed --rejects",
    args: () => ["seed", "--file", "words.csv", "--max-rejects", "5", "--rejects", "rejects.csv"],
    files: { "words.csv": `${wordsFile("new")}de,,no term\nxx-invalid-tag,w,bad language\n` },
    prepare: seeded,
    done: ExitCode.badData,
  },
  {
    name: "seed --demo",
    args: () => ["seed", "--demo"],
  },
  {
    name: "user create",
    args: () => ["user", "create", "new@example.org", "--password-stdin", "--if-not-exists"],
    input: PASSWORD,
  },
  {
    name: "user update",
    args: () => ["user", "update", ADA, "--name", "Ada", "--clear-password"],
    prepare: async (db) => {
      await people(db);
      await db.query("UPDATE users SET password_hash = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g'");
    },
  },
  { name: "user delete", args: () => ["user", "delete", ADA], prepare: people },
  { name: "user restore", args: () => ["user", "restore", "gone@example.org"], prepare: people },
  {
    name: "user purge",
    args: () => ["user", "purge", "gone@example.org", "--confirm", "gone@example.org"],
    prepare: people,
  },
  {
    name: "user purge --deleted-before",
    args: () => ["user", "purge", "--deleted-before", "2026-02-01", "--confirm", "purge"],
    prepare: (db) =>
      addPeople(
        db,
        ...manyLines(250, (n) => `gone${n}@example.org`).map((email) => ({
          ...{ email, deletedAt: "2026-01-01Z", words: 2, sessions: 1 },
        })),
      ),
    steps: "batches of 100 users",
  },
  {
    name: "user import",
    args: () => ["user", "import", "--file", "users.csv"],
    files: {
      "users.csv": ["email,display_name", ...manyLines(200, (n) => `u${n}@example.org,U ${n}`), `${ADA},Ada`, ""].join(
        "\n",
      ),
    },
    prepare: people,
  },
  {
    name: "session revoke",
    args: () => ["session", "revoke", sessionId(1), sessionId(2)],
    prepare: async (db) => {
      await people(db);
      await addSessions(db, { n: 1 }, { n: 2 }, { n: 3 });
    },
  },
  { name: "session revoke --user", args: () => ["session", "revoke", "--user", ADA], prepare: people },
  {
    name: "session prune",
    args: () => ["session", "prune"],
    prepare: async (db) => {
      await people(db);
      await db.query(`INSERT INTO sessions (user_id, token_hash, created_at, expires_at)
                      SELECT id, encode(sha256(n::text::bytea), 'hex'), '2026-01-01Z', '2026-02-01Z'
                        FROM users, generate_series(1, 2500) AS n WHERE email = '${ADA}'`);
    },
    steps: "batches of 1,000 sessions",
  },
  {
    name: "word delete",
    args: () => ["word", "delete", "Wort 1", "--confirm", "Wort 1"],
    prepare: people,
    again: ExitCode.notFound,
  },
  {
    name: "progress import",
    args: () => ["progress", "import", "--file", "progress.csv", "--on-conflict", "best"],
    files: {
      "progress.csv": [
        "email,language,term,study_count,correct_count,confidence,last_studied_at,next_review_at",
        ...manyLines(40, (n) => `${ADA},de,Wort ${n + 1},5,4,0.9,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z`),
        ...manyLines(40, (n) => `bob@example.org,de,Wort ${n + 1},1,1,0.2,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z`),
        "",
      ].join("\n"),
    },
    prepare: people,
  },
  { name: "progress reset", args: () => ["progress", "reset", ADA, "--confirm", ADA], prepare: people },
  { name: "db mark", args: () => ["db", "mark", "staging"] },
  {
    name: "db doctor --fix",
    args: () => [
      "db",
      "doctor",
      "--fix",
      "--yes",
      "--only",
      "exposure.rls-off,data.deleted-user-session",
      "--timeout",
      "1m",
    ],
    prepare: async (db) => {
      await people(db);
      await db.query(`
        ALTER TABLE sessions DISABLE ROW LEVEL SECURITY;
        SET session_replication_role = replica;
        UPDATE sessions SET revoked_at = NULL`);
    },
    steps: "each finding",
    anyOrder: true,
    reports: true,
    deadlineMs: 60_000,
  },
];

/** Commands that change something else than a database, or nothing by themselves. */
export const NOT_TRIED: Readonly<Record<string, string>> = {
  "db shell": "writes what is typed into psql",
  "db studio": "writes what is done in Prisma Studio",
  "db destroy": "stops the embedded server first, and removes its files",
  "migrate create": "writes a file, and to a shadow database of its own",
};
