/** What a database is and how it fares, from its catalogs and statistics: no table is read. */
import type { PoolClient } from "pg";
import { type EncryptionInUse, encryptionOf } from "../db/encryption.js";
import { translateError } from "../db/errors.js";
import { type Connection, withConnection } from "../db/pool.js";
import { type PoolerKind, probePooler } from "../db/pooler.js";
import { describeTarget, type Target } from "../db/target.js";
import { inTransaction } from "../db/transaction.js";
import { readMark } from "./mark.js";
import { type MigrationRecord, readMigrationRecord } from "./migration-record.js";

export interface TableStatus {
  readonly name: string;
  /** As of its last analysis; null before the first one. */
  readonly rows: number | null;
  /** Without its indexes; null, as `indexBytes`, while somebody has locked it. */
  readonly sizeBytes: number | null;
  readonly indexBytes: number | null;
}

export interface DatabaseStatus {
  readonly target: string;
  /** Such as `18.4`. */
  readonly version: string;
  /** Median of a few round trips. */
  readonly latencyMs: number;
  readonly sizeBytes: number;
  readonly tables: readonly TableStatus[];
  readonly migrations: MigrationRecord;
  readonly connections: {
    /** Most that one process of ours opens. */
    readonly poolMax: number;
    /** Most that the server accepts. */
    readonly max: number;
    readonly used: number;
    /** Those that hold the most. */
    readonly byApplication: readonly { readonly application: string; readonly used: number }[];
  };
  readonly pooler: PoolerKind;
  readonly role: string;
  /** That sessions begin with; vocabdb itself sets UTC. */
  readonly timeZone: string;
  readonly mark: string | null;
  readonly tls: EncryptionInUse | null;
}

/** What belongs to vocabdb: a schema may hold thousands of tables of others. */
export const TABLES = [
  "users",
  "sessions",
  "vocabulary_words",
  "progress",
  "audit_log",
  "database_mark",
  "_prisma_migrations",
];
const PINGS = 5;

/** @throws {ConnectionError} and its kin */
export async function databaseStatus(target: Target): Promise<DatabaseStatus> {
  try {
    return await withConnection(target, statusOf);
  } catch (error) {
    throw translateError(error, target);
  }
}

async function statusOf(connection: Connection): Promise<DatabaseStatus> {
  const { target } = connection;
  const inside = await inTransaction(connection, { readOnly: true }, async (client) => ({
    ...(await readFacts(client)),
    latencyMs: await latencyOf(client),
    migrations: await readMigrationRecord(client),
    mark: await readMark(client),
    tls: encryptionOf(client),
  }));
  const { version, sizeBytes, tables, role, timeZone, max, applications } = inside;
  return {
    ...{ target: describeTarget(target), version, latencyMs: inside.latencyMs, sizeBytes, tables },
    migrations: inside.migrations,
    connections: {
      ...{ poolMax: target.poolMax, max },
      used: applications.reduce((sum, { used }) => sum + used, 0),
      byApplication: applications.slice(0, 10),
    },
    pooler: await probePooler(connection.pool),
    ...{ role, timeZone, mark: inside.mark, tls: inside.tls },
  };
}

interface Facts extends Pick<DatabaseStatus, "version" | "sizeBytes" | "tables" | "role" | "timeZone"> {
  readonly max: number;
  readonly applications: readonly { readonly application: string; readonly used: number }[];
}

/**
 * What differs per session is not asked for in the session's words: its time zone is ours, not the server's. Of
 * sessions of other roles an ordinary role sees whose they are, but may not see what they are. Asking for the size of
 * a table that a migration has locked would wait for it, at the very moment at which somebody wants to know.
 */
async function readFacts(client: PoolClient): Promise<Facts> {
  const { rows } = await client.query<Facts>(
    `SELECT current_setting('server_version') AS version,
            pg_database_size(current_database())::float8 AS "sizeBytes",
            current_user::text AS role,
            (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') AS "timeZone",
            current_setting('max_connections')::integer AS max,
            (SELECT COALESCE(json_agg(t ORDER BY t."sizeBytes" + t."indexBytes" DESC NULLS FIRST, t.name), '[]')
               FROM (SELECT relname AS name, CASE WHEN reltuples >= 0 THEN reltuples::float8 END AS rows,
                            CASE WHEN NOT locked THEN pg_table_size(oid)::float8 END AS "sizeBytes",
                            CASE WHEN NOT locked THEN pg_indexes_size(oid)::float8 END AS "indexBytes"
                       FROM pg_class AS c
                      CROSS JOIN LATERAL (
                        SELECT EXISTS (SELECT FROM pg_locks
                                        WHERE mode = 'AccessExclusiveLock'
                                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                                          AND (relation = c.oid OR relation IN (
                                                SELECT indexrelid FROM pg_index WHERE indrelid = c.oid))) AS locked) AS l
                      WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p')
                        AND relname = ANY ($1)) AS t) AS tables,
            (SELECT COALESCE(json_agg(a ORDER BY a.used DESC, a.application), '[]')
               FROM (SELECT COALESCE(application_name, '') AS application, count(*)::integer AS used
                       FROM pg_stat_activity
                      WHERE datid IS NOT NULL AND usesysid IS NOT NULL
                        AND COALESCE(backend_type, 'client backend') = 'client backend'
                      GROUP BY 1) AS a) AS applications`,
    [TABLES],
  );
  const [facts] = rows;
  if (facts === undefined) {
    throw new Error("a query without FROM returned no row");
  }
  return facts;
}

async function latencyOf(client: PoolClient): Promise<number> {
  const times: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) {
    const start = performance.now();
    await client.query("SELECT");
    times.push(performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
  return Math.round(median * 100) / 100;
}
