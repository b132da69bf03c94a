/** Checks of the server and the database: version, settings, room for connections. */
import type { DatabaseCheck } from "./check.js";
import { finding } from "./checks-tables.js";

const OLDEST_VERSION = 15;
/** Of the connections that there may be at once. */
const CROWDED = 0.9;
/** Milliseconds: what a load of some thousand rows needs on a slow machine. */
const SHORT_TIMEOUT_MS = 10_000;

interface Facts {
  readonly version: string;
  readonly versionNumber: number;
  readonly encoding: string;
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly autovacuum: boolean;
  /** Names as SQL writes them. */
  readonly database: string;
  readonly role: string;
}

const facts: DatabaseCheck = {
  stage: "server",
  ids: ["server.version", "server.encoding", "server.read-only", "server.autovacuum"],
  async run({ client }) {
    const { rows } = await client.query<Facts>(
      `SELECT current_setting('server_version') AS version,
              current_setting('server_version_num')::int AS "versionNumber",
              current_setting('server_encoding') AS encoding,
              pg_is_in_recovery() AS "isStandby",
              current_setting('default_transaction_read_only')::boolean AS "isReadOnly",
              current_setting('autovacuum')::boolean AS autovacuum,
              quote_ident(current_database()) AS database, quote_ident(session_user) AS role`,
    );
    return rows.flatMap((server) => [
      ...(server.versionNumber < OLDEST_VERSION * 10_000 ? [tooOld(server)] : []),
      ...(server.encoding === "UTF8" ? [] : [notUtf8(server)]),
      ...(server.isStandby ? [standby()] : server.isReadOnly ? [readOnly(server)] : []),
      ...(server.autovacuum ? [] : [noAutovacuum()]),
    ]);
  },
};

const tooOld = ({ version }: Facts) =>
  finding(
    "server.version",
    "error",
    `the server is PostgreSQL ${version}; migrations and commands need ${OLDEST_VERSION} or later`,
    `upgrade the server (pg_upgrade, or the dashboard of its provider) to PostgreSQL ${OLDEST_VERSION} to 18`,
  );

const notUtf8 = ({ encoding, database }: Facts) =>
  finding(
    "server.encoding",
    "error",
    `the database stores text as ${encoding}, which has no room for the words of most languages`,
    `CREATE DATABASE new_name ENCODING 'UTF8' TEMPLATE template0; then load a pg_dump of ${database} into it`,
  );

const standby = () =>
  finding(
    "server.read-only",
    "error",
    "the server is a standby (a read replica): it takes no writes",
    "set DATABASE_URL to the address of the primary",
  );

const readOnly = ({ database, role }: Facts) =>
  finding(
    "server.read-only",
    "error",
    "transactions are read-only by default (default_transaction_read_only), as providers set it when a disk is nearly full",
    `once its reason is gone: BEGIN READ WRITE; ALTER DATABASE ${database} RESET default_transaction_read_only; ALTER ROLE ${role} RESET default_transaction_read_only; COMMIT`,
  );

const noAutovacuum = () =>
  finding(
    "server.autovacuum",
    "warning",
    "autovacuum is off: tables grow with every update, and queries are planned with stale statistics",
    "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()",
  );

interface Limit {
  readonly what: string;
  readonly used: number;
  readonly most: number;
}

const connections: DatabaseCheck = {
  stage: "server",
  ids: ["server.connections"],
  async run({ client }) {
    // Counters of the statistics, which every role may read; pg_stat_activity hides the others.
    const { rows } = await client.query<Limit>(
      `WITH server AS (SELECT sum(numbackends)::int AS used FROM pg_stat_database),
            limits AS (
              SELECT 'the server' AS what, used,
                     current_setting('max_connections')::int
                       - current_setting('superuser_reserved_connections')::int
                       - coalesce(current_setting('reserved_connections', true)::int, 0) AS most
                FROM server
              UNION ALL
              SELECT 'the database ' || quote_ident(d.datname), s.numbackends, d.datconnlimit
                FROM pg_database AS d JOIN pg_stat_database AS s ON s.datid = d.oid
               WHERE d.datname = current_database() AND d.datconnlimit >= 0
            )
       SELECT what, used, most FROM limits WHERE used >= most * $1::float8 ORDER BY most LIMIT 1`,
      [CROWDED],
    );
    return rows.map(({ what, used, most }) =>
      finding(
        "server.connections",
        "warning",
        `${used} of the ${most} connections that ${what} allows are in use; the next clients may be refused`,
        "put a pooler before the server, or lower connection_limit in the URL of every client",
      ),
    );
  },
};

interface Timeout {
  readonly name: string;
  readonly ms: number;
  readonly fix: string;
}

const timeouts: DatabaseCheck = {
  stage: "server",
  ids: ["server.timeout-short"],
  async run({ client }) {
    const { rows } = await client.query<Timeout>(
      // What a session starts with: the doctor's own transaction has limits of its own.
      `SELECT name, reset_val::int AS ms,
              format('ALTER ROLE %I IN DATABASE %I SET %I = %L', session_user, current_database(), name, '2min') AS fix
         FROM pg_settings
        WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')
          AND reset_val::int > 0 AND reset_val::int < $1
        ORDER BY name`,
      [SHORT_TIMEOUT_MS],
    );
    return rows.map(({ name, ms, fix }) =>
      finding(
        "server.timeout-short",
        "warning",
        `${name} is ${ms / 1000} s for this role: a migration or a load that takes longer is cancelled and rolled back`,
        fix,
      ),
    );
  },
};

export const serverChecks: readonly DatabaseCheck[] = [facts, connections, timeouts];
