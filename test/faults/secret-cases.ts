/** How each command is run, and how each failure comes about, to look for passwords in what they leave behind. */
import { USER_PASSWORD } from "./secret-rows.js";

export interface Case {
  readonly args: readonly string[];
  /** Statements that make the database what it has to be; it begins migrated, with a few rows. */
  readonly setup?: readonly string[];
  readonly input?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of the channel that the run would have, with the password in it. */
  readonly env?: (url: URL) => Readonly<Record<string, string>>;
  /** It knows no --json. */
  readonly textOnly?: boolean;
  /** Statements of another session that stay uncommitted meanwhile. */
  readonly meanwhile?: string;
  /** Ended with this signal when its output shows this, or else when it waits for a lock. */
  readonly until?: { readonly shows?: RegExp; readonly signal: NodeJS.Signals };
}

const ADA = "ada@example.org";
const BOB = "bob@example.org";
const WORDS = "language,term,definition\nde,Baum,tree\n";
const withPassword = { input: `${USER_PASSWORD}\n` };
const LAST_MIGRATION = "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%api_roles'";
const UNFINISHED = "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%api_roles'";

/** By command; those of the embedded server, which need one, are tried in a test of their own. */
export const COMMANDS: Readonly<Record<string, readonly Case[]>> = {
  "db status": [{ args: [] }],
  "db doctor": [{ args: [] }, { args: ["--fix", "--yes"], setup: ["ALTER TABLE users DISABLE ROW LEVEL SECURITY"] }],
  "db wait": [{ args: [] }],
  "db shell": [{ args: ["--", "-c", "SELECT pg_sleep(0.2)"], textOnly: true }],
  "db studio": [{ args: ["--no-open"], until: { shows: /http:\/\//, signal: "SIGTERM" } }],
  completion: [{ args: ["zsh"] }],
  "db mark": [{ args: ["production"] }],
  "migrate deploy": [{ args: [], setup: [LAST_MIGRATION] }],
  "migrate status": [{ args: [], setup: ["ALTER TABLE users ADD extra text"] }],
  "migrate plan": [{ args: [], setup: [LAST_MIGRATION] }],
  "migrate create": [{ args: ["nothing_new", "--dry-run"] }],
  "migrate resolve": [{ args: ["--applied", "20261125120000_api_roles"], setup: [UNFINISHED] }],
  "migrate reset": [{ args: ["--confirm", "DATABASE"] }],
  seed: [{ args: ["--file", "words.csv"], files: { "words.csv": WORDS } }, { args: ["--demo"] }],
  "user create": [{ args: ["eve@example.org", "--password-stdin"], ...withPassword }],
  "user list": [{ args: ["--all"] }],
  "user show": [{ args: [ADA] }],
  "user update": [{ args: [ADA, "--password-stdin"], ...withPassword }],
  "user delete": [{ args: [ADA, "--reason", "asked to"] }],
  "user restore": [{ args: [BOB] }],
  "user purge": [{ args: [BOB, "--confirm", BOB] }],
  "user export": [{ args: [ADA, "-o", "ada.json"] }, { args: [ADA, "--format", "csv", "-o", "ada"] }],
  "user import": [{ args: ["-f", "users.csv"], files: { "users.csv": "email,name\neve@example.org,Eve\n" } }],
  "session list": [{ args: [] }],
  "session revoke": [{ args: ["--user", ADA] }],
  "session prune": [{ args: ["--older-than", "1m"] }],
  "word list": [{ args: [] }],
  "word show": [{ args: ["Haus"] }],
  "word search": [{ args: ["haus"] }],
  "word export": [{ args: ["-o", "words.csv"] }],
  "word delete": [{ args: ["Haus", "--confirm", "Haus"] }],
  "word stats": [{ args: [] }],
  "progress show": [{ args: [ADA] }],
  "progress list": [{ args: [ADA] }],
  "progress report": [{ args: ["-o", "report.csv"] }],
  "progress export": [{ args: ["--all", "-o", "progress.ndjson"] }],
  "progress import": [
    {
      args: ["-f", "p.csv"],
      files: { "p.csv": `email,language,term,reading,study_count,correct_count\n${ADA},zh,地,de,1,1\n` },
    },
  ],
  "progress reset": [{ args: [ADA, "--confirm", ADA] }],
  history: [{ args: [] }],
  schema: [{ args: ["user", "create"] }],
  help: [{ args: ["csv"] }],
};

export const EMBEDDED_COMMANDS = ["db start", "db stop", "db url", "db destroy"];

const seedOf = (text: string, ...args: string[]): Case => ({
  args: ["seed", "--file", "words.csv", ...args],
  files: { "words.csv": text },
});
const creating = ["user", "create", "eve@example.org", "--password-stdin"];
const onInsert = (body: string): readonly string[] => [
  `CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ${body}; RETURN NEW; END$$`,
  "CREATE TRIGGER spoil BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION spoil()",
];
const changed = (change: (url: URL) => void) => (url: URL) => {
  change(url);
  return { DATABASE_URL: url.href };
};

/** By the codes of docs/errors.md. */
export const FAILURES: Readonly<Record<string, Case>> = {
  USAGE: { args: ["user", "list", "--limit", "none"] },
  CONSENT_MISSING: { args: ["migrate", "reset"] },
  CONFIG_INVALID: { args: ["user", "list"], env: ({ href }) => ({ DATABASE_URL: href, VOCABDB_POOL_MAX: href }) },
  DATABASE_URL_INVALID: {
    args: ["user", "list"],
    // Nothing of it is encoded.
    env: ({ host, password }) => ({ DATABASE_URL: `postgresql://app:${decodeURIComponent(password)}@${host}/x` }),
  },
  NO_DATABASE: { args: ["user", "list"], env: ({ href }) => ({ POSTGRES_URL: href, DB_URL: href }) },
  FILE_UNUSABLE: { args: ["seed", "--file", "missing.csv"] },
  DEMO_REFUSED: { args: ["seed", "--demo"], env: changed((url) => Object.assign(url, { hostname: "192.0.2.1" })) },
  DATABASE_MARKED: {
    args: ["migrate", "reset", "--confirm", "DATABASE"],
    setup: ["INSERT INTO database_mark (environment) VALUES ('production')"],
  },
  EMBEDDED_NOT_CREATED: { args: ["db", "stop"] },
  EMBEDDED_START_FAILED: {
    args: ["db", "start", "--port", "PORT"],
  },
  PROGRAM_MISSING: {
    args: ["db", "shell"],
    textOnly: true,
    env: ({ href }) => ({ DATABASE_URL: href, PATH: "/nowhere" }),
  },
  PROGRAM_FAILED: { args: ["db", "shell"], textOnly: true, files: { psql: "#!/nowhere\n" } },
  DATABASE_UNREACHABLE: { args: ["user", "list"], env: changed((url) => Object.assign(url, { port: "1" })) },
  CONNECTION_LOST: {
    args: creating,
    setup: onInsert("PERFORM pg_terminate_backend(pg_backend_pid())"),
    ...withPassword,
  },
  AUTHENTICATION_FAILED: { args: ["user", "list"], env: changed((url) => Object.assign(url, { username: "nobody" })) },
  DATABASE_NOT_FOUND: { args: ["user", "list"], env: changed((url) => Object.assign(url, { pathname: "/nowhere" })) },
  TLS_FAILED: { args: ["user", "list"], env: ({ href }) => ({ DATABASE_URL: `${href}?sslmode=verify-full` }) },
  PERMISSION_DENIED: {
    args: creating,
    setup: onInsert("SET TRANSACTION READ ONLY; CREATE TABLE t ()"),
    ...withPassword,
  },
  MIGRATIONS_PENDING: { args: ["user", "list"], setup: ["DROP TABLE users CASCADE"] },
  // Its table is still there.
  MIGRATION_FAILED: { args: ["migrate"], setup: [LAST_MIGRATION.replace("api_roles", "database_mark")] },
  MIGRATION_UNFINISHED: {
    args: ["migrate"],
    setup: [UNFINISHED],
  },
  MIGRATIONS_DIVERGED: {
    args: ["migrate"],
    setup: [
      "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ('x', 'x', now(), '20990101000000_theirs', 1)",
    ],
  },
  SHADOW_DATABASE: {
    args: ["migrate", "create", "x", "--dry-run"],
    env: ({ href }) => ({ DATABASE_URL: href, SHADOW_DATABASE_URL: href }),
  },
  RESET_REFUSED: {
    args: ["migrate", "reset", "--confirm", "DATABASE"],
    setup: ["CREATE SCHEMA theirs", "CREATE VIEW theirs.emails AS SELECT email FROM users"],
  },
  SCHEMA_NOT_EMPTY: { args: ["migrate"], setup: ["DROP TABLE _prisma_migrations"] },
  USER_NOT_FOUND: { args: ["user", "show", "eve@example.org"] },
  USER_DELETED: { args: ["user", "show", BOB] },
  EMAIL_TAKEN: { args: ["user", "create", ADA, "--password-stdin"], ...withPassword },
  USER_NOT_DELETED: { args: ["user", "purge", ADA, "--confirm", ADA] },
  SESSION_NOT_FOUND: { args: ["session", "revoke", "01900000-0000-7000-8000-000000000001"] },
  WORD_NOT_FOUND: { args: ["word", "show", "nothing"] },
  WORD_AMBIGUOUS: { args: ["word", "delete", "地"] },
  WORD_IN_USE: { args: ["word", "delete", "Haus"] },
  CONSTRAINT_VIOLATED: {
    args: creating,
    setup: ["ALTER TABLE users ADD team text; UPDATE users SET team = 'x'; ALTER TABLE users ALTER team SET NOT NULL"],
    ...withPassword,
  },
  CONCURRENT_CHANGE: {
    args: creating,
    setup: onInsert("RAISE EXCEPTION 'again' USING ERRCODE = '40001'"),
    ...withPassword,
  },
  BAD_HEADER: seedOf("a,b\n1,2\n"),
  ROWS_REJECTED: seedOf("language,term,definition\nde,,\n", "--rejects", "bad.csv"),
  DUPLICATE_ROWS: seedOf(`${WORDS}de,Baum,shrub\n`),
  ROWS_IN_USE: seedOf(WORDS, "--prune", "--confirm", "DATABASE"),
  INTERRUPTED: {
    args: ["seed"],
    meanwhile: "LOCK TABLE vocabulary_words",
    until: { signal: "SIGINT" },
  },
};

/** Codes that nothing on one machine, with one server, brings about in a second; their messages are made like the others'. */
export const NOT_PROVOKED = [
  ...["EMBEDDED_UNSUPPORTED", "POOL_TIMEOUT", "POOLER_MODE", "MIGRATION_RISKY", "MIGRATION_BLOCKED", "INTERNAL"],
  // Of the library: on the command line it is USAGE.
  "EMAIL_INVALID",
  ...["COMMIT_UNKNOWN", "NODE_TOO_OLD"],
];
