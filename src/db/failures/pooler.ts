/**
 * What poolers say for themselves. Their texts tell, not their codes: PgBouncer sends 08P01 for nearly
 * everything, Supavisor XX000 with a name of its own in brackets, which older versions left out.
 */
import { ConnectionLostError, DatabaseMissingError } from "../../errors/connection.js";
import { shownUrlWithTls } from "../shown-url.js";
import { isSupabasePooler, namesProject, SESSION_POOLER, withoutProject } from "../supabase.js";
import { missingDatabase, passwordHint } from "./login.js";
import { type Rule, words } from "./rule.js";

const PGBOUNCER = ["08P01"];
const FEWER = "lower connection_limit in the URL (or VOCABDB_POOL_MAX) of every client";

const SUPAVISOR_RULES: readonly Rule[] = [
  {
    finding: "auth.pooler-user",
    says: /\(ENOIDENTIFIER\)|\(EINVALIDUSERINFO\)|no tenant identifier|Tenant or user not found|tenant\/user .* not found|\(ETENANTNOTFOUND\)/i,
    when: ({ target }) => !namesProject(target),
    explain: ({ where, target }) => {
      const { reason, fix } = withoutProject(target);
      return [`${where} cannot tell the project: ${reason}`, fix];
    },
  },
  {
    finding: "auth.pooler-tenant",
    says: /Tenant or user not found|tenant\/user .* not found|\(ETENANTNOTFOUND\)/i,
    explain: ({ where, target }) => [
      `${where} knows no project or user ${target.user}: the host is that of another region, or the project is paused or gone; the password is not at fault`,
      `${SESSION_POOLER}, and replace only the password; N and the region in aws-N-REGION cannot be guessed. A paused project: restore it and wait some minutes`,
    ],
  },
  {
    finding: "auth.allow-list",
    says: /\(EADDRNOTALLOWED\)|not in tenant allow_list/i,
    explain: ({ where, message }) => [
      `${where} lets nobody in from the address of this machine${addressIn(message)}`,
      "in the Supabase dashboard: Database → Settings → Network Restrictions → add the address",
    ],
  },
  {
    finding: "auth.circuit-breaker",
    says: /\(ECIRCUITBREAKER\).*authentication|too many authentication (?:failures|errors)/i,
    explain: ({ where }) => [
      `${where} lets nobody in for some minutes, because there were too many wrong passwords`,
      "stop every client with the old password, correct it, and wait ten minutes before the next try",
    ],
  },
  {
    finding: "auth.banned",
    says: /\(EBANNED\)|tenant is banned/i,
    explain: (failure) => [
      `${failure.where} does not serve this project: ${words(failure)}`,
      "ask Supabase's support, or see the notices in the dashboard",
    ],
  },
  {
    finding: "pool.session-clients",
    says: /\(EMAX(?:CONN|CLIENT)SESSION\)|max clients reached.*session mode/i,
    explain: ({ where, message }) => [
      `${where} is a session pooler, and all ${poolSizeIn(message)}of its connections are taken`,
      `${FEWER}, for example to 2; or use port 6543 (transaction mode); or raise it in the Supabase dashboard: Database → Settings → Connection pooling → Pool Size`,
    ],
  },
  {
    finding: "pool.client-limit",
    says: /\(EMAX(?:CONN|CLIENTCONN|PROXYCONN)\)|max (?:client|proxy) connections reached/i,
    explain: (failure) => [
      `the pooler takes no more clients (${failure.where}): ${words(failure)}`,
      `${FEWER}, and end the clients that are not needed`,
    ],
  },
  {
    finding: "pool.checkout-timeout",
    says: /\(ECHECKOUTTIMEOUT\)|unable to check out connection from the pool/i,
    explain: ({ where }) => [
      `the pooler had no connection of the database free in time (${where})`,
      "end what runs long in the database (SELECT pid, state, query FROM pg_stat_activity), try again later, or raise the pool size",
    ],
  },
  {
    finding: "pool.backend-down",
    says: /\((?:ECIRCUITBREAKER|EAUTHQUERY|ECHECKOUTFAILED|EPOOLTERMINATING|EDBHANDLEREXITED)\)(?!.*user not found)/i,
    explain: (failure) => [
      `the pooler is up, but does not reach its database (${failure.where}): ${words(failure)}`,
      "see in the Supabase dashboard that the project is up (restoring one takes minutes), then try again",
    ],
  },
  {
    finding: "pool.session-state",
    says: /\((?:ESESSIONLEAK|ESETNOTALLOWED)\)|not allowed in transaction mode/i,
    explain: (failure) => [
      `the transaction pooler refuses what outlives a transaction (${failure.where}): ${words(failure)}`,
      isSupabasePooler(failure.target)
        ? "use the session pooler: the same URL with port 5432 in place of 6543"
        : "use a session pooler or the database itself",
    ],
  },
];

const PGBOUNCER_RULES: readonly Rule[] = [
  {
    finding: "auth.pooler-backend-password",
    codes: PGBOUNCER,
    says: /password authentication failed for user|wrong password type/,
    explain: (failure) => [
      `the pooler's own password for its database is wrong, not yours (${failure.where}): ${words(failure)}`,
      "correct it where the pooler has it (PgBouncer: auth_file, or user= and password= in [databases]), then RELOAD it",
    ],
  },
  {
    finding: "auth.password",
    codes: PGBOUNCER,
    says: /(?:SASL|password|PAM|LDAP|"trust") authentication failed|login rejected/,
    explain: ({ where, target }) => [
      `${where} refused the password, or the pooler there does not know the user`,
      passwordHint(target),
    ],
  },
  {
    finding: "auth.no-role",
    codes: PGBOUNCER,
    says: /no such user/,
    explain: ({ where, target }) => [
      `the pooler at ${where} knows no user ${target.user}`,
      "check the user in the URL, or add it to the pooler's auth_file",
    ],
  },
  {
    finding: "db.missing",
    codes: PGBOUNCER,
    says: /no such database/,
    error: DatabaseMissingError,
    explain: ({ address, target }) => [
      `the pooler at ${address} knows no database ${target.database}`,
      `check the name at the end of the URL, or add it to [databases] in pgbouncer.ini: ${target.database} = host=HOST`,
    ],
  },
  {
    finding: "db.missing",
    codes: PGBOUNCER,
    says: /database ".*" does not exist/,
    error: DatabaseMissingError,
    explain: missingDatabase,
  },
  {
    finding: "db.not-accepting",
    codes: PGBOUNCER,
    says: /database ".*" is disabled|database (?:does not|not) allow/,
    explain: ({ where }) => [`the pooler has closed this database (${where})`, "in its console: ENABLE DATABASE"],
  },
  {
    finding: "pool.client-limit",
    says: /no more connections allowed|max_(?:client|user_client|db_client)_conn/,
    explain: ({ where }) => [
      `the pooler takes no more clients (${where})`,
      `${FEWER}, or raise max_client_conn in pgbouncer.ini`,
    ],
  },
  {
    finding: "pool.wait-timeout",
    says: /^query_wait_timeout$/,
    explain: ({ where }) => [
      `the pooler had no connection of the database free in time (${where}, query_wait_timeout)`,
      "its database may be down, or pool_size in pgbouncer.ini too small for what runs; its console tells: SHOW POOLS",
    ],
  },
  {
    finding: "pool.backend-down",
    says: /client_login_timeout|server_login_retry|server login (?:has been failing|failed)|server conn crashed|connect failed|DNS lookup failed/,
    explain: (failure) => [
      `the pooler is up, but does not reach its database (${failure.where}): ${words(failure)}`,
      "see that the database runs, and that the pooler names its host, port and user rightly; its log tells",
    ],
  },
  {
    finding: "pool.startup-parameter",
    says: /unsupported startup parameter/i,
    explain: (failure) => [
      `the pooler takes no such parameter (${failure.where}): ${words(failure)}`,
      "remove options from the URL, and PGOPTIONS from the environment; in their place: ALTER ROLE … SET …, or ignore_startup_parameters = options in pgbouncer.ini",
    ],
  },
  {
    finding: "pool.statement-mode",
    says: /not allowed in statement pooling mode/,
    explain: ({ where }) => [
      `the pooler at ${where} is in statement mode, in which there are no transactions`,
      "vocabdb needs transactions: set pool_mode = transaction (or session) in pgbouncer.ini, or set DATABASE_URL to the database itself",
    ],
  },
  {
    finding: "server.shutting-down",
    codes: PGBOUNCER,
    says: /shutting down|database removed|database configuration changed/,
    error: ConnectionLostError,
    explain: (failure) => [
      `the pooler ended the connection to ${failure.where} (${words(failure)}); what was not committed has been rolled back`,
      "run the command again",
    ],
  },
  {
    finding: "server.idle-timeout",
    codes: PGBOUNCER,
    says: /idle.*timeout|query_timeout|transaction.*timeout/,
    error: ConnectionLostError,
    explain: (failure) => [
      `the pooler ended the connection to ${failure.where} (${words(failure)}); what was not committed has been rolled back`,
      "raise that setting in pgbouncer.ini, or run the command again",
    ],
  },
];

export const POOLER_RULES: readonly Rule[] = [
  ...SUPAVISOR_RULES,
  ...PGBOUNCER_RULES,
  {
    finding: "tls.required",
    says: /\(ESSLREQUIRED\)|^SSL required$|SSL connection is required|connection is insecure/i,
    explain: ({ where, target }) => [
      `${where} lets nobody in without TLS, and the URL says sslmode=${target.tls.mode}`,
      `use ${shownUrlWithTls(target, "require")}`,
    ],
  },
  {
    finding: "pool.prepared-statement",
    codes: ["42P05", "26000", "08P01", "XX000"],
    says: /prepared statement|\(EPREPARED/,
    explain: (failure) => [
      `a transaction pooler mixed up the named statements of its clients (${failure.where}): ${words(failure)}`,
      "vocabdb names none: another client does, on connections they share; in PgBouncer 1.21 or newer set max_prepared_statements = 200, on Supabase use port 5432, and run the command again",
    ],
  },
];

/** The address that Supavisor tells, as Elixir prints it: `{203, 0, 113, 7}`. */
function addressIn(message: string): string {
  const parts = /\{(\d+(?:, \d+){3})\}/.exec(message)?.[1];
  return parts === undefined ? "" : ` (${parts.replaceAll(", ", ".")})`;
}

function poolSizeIn(message: string): string {
  const size = /pool_size: (\d+)/.exec(message)?.[1];
  return size === undefined ? "" : `${size} `;
}
