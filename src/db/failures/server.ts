/** What PostgreSQL says once it runs, or does not quite: slots, timeouts, rights, restarts, full disks. */
import { ConnectionLostError, PermissionError } from "../../errors/connection.js";
import { quoted } from "./fixes.js";
import { type Explanation, type Failure, type Rule, words } from "./rule.js";

/** Which one that is depends on the command. New tables are granted to it by running the script again. */
const RIGHT_ROLE =
  "connect as the owner of the tables, or as a role that may do it, as prisma/roles.sql makes them (docs/security.md; run it again after migrations)";
const MIGRATING_ROLE = "connect as the owner of the tables (docs/security.md)";

const AGAIN = "try again in a moment; vocabdb db wait waits for it";

export const SERVER_RULES: readonly Rule[] = [
  {
    finding: "pool.role-limit",
    codes: ["53300"],
    says: /too many connections for role/,
    explain: ({ where, target }) => [
      `the role ${target.user} has all the connections it may have at ${where}`,
      `end some of them, or as a superuser: ALTER ROLE ${quoted(target.user)} CONNECTION LIMIT -1;`,
    ],
  },
  {
    finding: "pool.database-limit",
    codes: ["53300"],
    says: /too many connections for database/,
    explain: ({ where, target }) => [
      `the database has all the connections it may have (${where})`,
      `end some of them, or as its owner: ALTER DATABASE ${quoted(target.database)} CONNECTION LIMIT -1;`,
    ],
  },
  {
    finding: "pool.slots",
    codes: ["53300"],
    explain: (failure) => [
      `${failure.where} has no connection to spare: ${words(failure)}`,
      "lower connection_limit in the URL of every client, or use a pooler; who holds them: SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2",
    ],
  },
  {
    finding: "server.statement-timeout",
    codes: ["57014"],
    says: /statement timeout/,
    explain: (failure) => gaveUp(failure, "statement_timeout"),
  },
  {
    finding: "server.cancelled",
    codes: ["57014"],
    explain: (failure) => [
      `${failure.where} gave up: ${words(failure)}; what was not committed has been rolled back`,
      "somebody or something cancelled the statement; run the command again",
    ],
  },
  {
    finding: "server.lock-timeout",
    codes: ["55P03"],
    explain: (failure) => gaveUp(failure, "lock_timeout"),
  },
  {
    finding: "server.transaction-timeout",
    codes: ["25P04"],
    error: ConnectionLostError,
    explain: ended,
  },
  {
    finding: "server.idle-timeout",
    codes: ["57P05", "25P03"],
    error: ConnectionLostError,
    explain: ended,
  },
  {
    finding: "server.terminated",
    codes: ["57P01"],
    error: ConnectionLostError,
    explain: ended,
  },
  {
    finding: "server.crashed",
    codes: ["57P02"],
    error: ConnectionLostError,
    explain: ended,
  },
  {
    finding: "db.dropped",
    codes: ["57P04"],
    error: ConnectionLostError,
    explain: ended,
  },
  {
    finding: "server.shutting-down",
    codes: ["57P03"],
    says: /shutting down/,
    explain: ({ where }) => [`${where} is shutting down`, AGAIN],
  },
  {
    finding: "server.recovering",
    codes: ["57P03"],
    says: /recovery mode|hot standby|consistent recovery/i,
    explain: (failure) => [`${failure.where} is recovering: ${words(failure)}`, AGAIN],
  },
  {
    finding: "server.starting",
    codes: ["57P03"],
    explain: (failure) => [`${failure.where} is starting or stopping: ${words(failure)}`, AGAIN],
  },
  {
    finding: "server.read-only",
    codes: ["25006"],
    error: PermissionError,
    explain: (failure) => [
      `${failure.where} takes no writes: ${words(failure)}`,
      "the URL leads to a read replica or a read-only session; use the address of the primary (on Supabase a full disk makes the database read-only as well)",
    ],
  },
  {
    finding: "server.disk-full",
    codes: ["53100"],
    explain: ({ where }) => [`the disk of ${where} is full; nothing was written`, "free space on the server"],
  },
  {
    finding: "server.out-of-memory",
    codes: ["53200"],
    explain: (failure) => [
      `${failure.where} has no memory left: ${words(failure)}; nothing was written`,
      "lower its max_connections or work_mem, or give it more memory",
    ],
  },
  {
    finding: "server.corrupted",
    codes: ["XX001", "XX002"],
    explain: (failure) => [
      `${failure.where} found its own files damaged: ${words(failure)}`,
      "stop writing to it and restore a backup; until then write nothing",
    ],
  },
  {
    finding: "server.plan-changed",
    codes: ["0A000"],
    says: /cached plan must not change result type/,
    explain: ({ where }) => [
      `the tables of ${where} were changed while this connection was open; nothing was written`,
      "run the command again",
    ],
  },
  {
    finding: "db.row-security",
    codes: ["42501"],
    says: /row-level security/,
    error: PermissionError,
    explain: (failure) => [
      notAllowed(failure),
      `${RIGHT_ROLE}; or as a superuser: ALTER ROLE ${quoted(failure.target.user)} BYPASSRLS;`,
    ],
  },
  {
    finding: "db.schema-privilege",
    codes: ["42501"],
    says: /permission denied for schema/,
    error: PermissionError,
    explain: (failure) => [
      notAllowed(failure),
      `${MIGRATING_ROLE}; or as the owner of the schema: GRANT USAGE, CREATE ON SCHEMA ${quoted(failure.target.schema)} TO ${quoted(failure.target.user)};`,
    ],
  },
  {
    finding: "db.database-privilege",
    codes: ["42501"],
    says: /permission denied for database/,
    error: PermissionError,
    explain: (failure) => [
      notAllowed(failure),
      `${MIGRATING_ROLE}; or as the owner of the database: GRANT CREATE ON DATABASE ${quoted(failure.target.database)} TO ${quoted(failure.target.user)};`,
    ],
  },
  {
    finding: "db.no-createdb",
    codes: ["42501"],
    says: /permission denied to create database/,
    error: PermissionError,
    explain: (failure) => [notAllowed(failure), `as a superuser: ALTER ROLE ${quoted(failure.target.user)} CREATEDB;`],
  },
  {
    finding: "db.privilege",
    codes: ["42501"],
    error: PermissionError,
    explain: (failure) => [notAllowed(failure), RIGHT_ROLE],
  },
];

/** What nothing else knows, but is about the connection by its class. */
export const UNKNOWN_SERVER_RULE: Rule = {
  finding: "server.refused",
  when: ({ sqlState }) => /^(?:08|28|53|57P|58|XX)/.test(sqlState ?? ""),
  explain: (failure) => [`${failure.where} refused the connection: ${words(failure)}`, "vocabdb db doctor"],
};

function gaveUp(failure: Failure, setting: string): Explanation {
  return [
    `${failure.where} gave up: ${words(failure)}; what was not committed has been rolled back`,
    `try again when the database is less busy, or raise the limit: ALTER ROLE ${quoted(failure.target.user)} SET ${setting} = '5min'`,
  ];
}

function ended(failure: Failure): Explanation {
  return [
    `the connection to ${failure.where} was lost (${words(failure)}); what was not committed has been rolled back`,
    "see that the server is up, then run the command again",
  ];
}

function notAllowed(failure: Failure): string {
  return `the role ${failure.target.user} may not do this: ${words(failure)}`;
}
