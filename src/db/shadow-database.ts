/** A database to try migrations in: made for it and dropped again, or lent. Nothing of ours stays in either. */
import { randomBytes } from "node:crypto";
import pg, { type PoolClient } from "pg";
import { PoolerModeError } from "../errors/connection.js";
import { ShadowDatabaseError } from "../errors/migrations.js";
import { createPool, onConnection } from "./pool.js";
import { requireSession } from "./pooler.js";
import { describeTarget, type Target } from "./target.js";

/** @returns such as `vocabdb_shadow_9f86d081884c7d65`: a name that needs no quotes */
function shadowName(): string {
  return `vocabdb_shadow_${randomBytes(8).toString("hex")}`;
}

/**
 * @param server any database of the server, as a role that may create others
 * @throws {ShadowDatabaseError}
 */
export async function withShadowDatabase<T>(
  server: Target,
  work: (shadow: Target) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const database = shadowName();
  return withClient(server, async (client) => {
    // Not stopped half-way by a signal: a moment later it can be dropped.
    await client.query(`CREATE DATABASE ${database} TEMPLATE template0`).catch((error: unknown) => {
      throw error instanceof pg.DatabaseError ? notMade(server, error) : error;
    });
    const shadow = { ...server, database, schema: "public" };
    return cleaned(
      async () => {
        signal?.throwIfAborted();
        await withClient(shadow, async () => {}).catch((error: unknown) => {
          throw error instanceof pg.DatabaseError ? notReached(server, error) : error;
        });
        return work(shadow);
      },
      () => client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
      (cause) =>
        new ShadowDatabaseError(`the shadow database ${database} could not be dropped`, `DROP DATABASE ${database};`, {
          cause,
        }),
    );
  });
}

/**
 * Works in a schema of its own in the database that is lent, under a lock that keeps a second one out.
 *
 * @param lent has to be empty: nobody lends the database they need, except by mistake
 * @throws {ShadowDatabaseError}
 */
export async function withLentDatabase<T>(lent: Target, work: (shadow: Target) => Promise<T>): Promise<T> {
  const schema = shadowName();
  return withClient(lent, async (client, pool) => {
    await refuseUnlessAlone(client, pool, lent);
    await refuseUnlessEmpty(client, lent);
    await dropLeftovers(client);
    const before = await extensions(client);
    return cleaned(
      async () => {
        await client.query(`CREATE SCHEMA ${schema}`);
        return work({ ...lent, schema });
      },
      async () => {
        await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
        for (const name of (await extensions(client)).filter((extension) => !before.includes(extension))) {
          await client.query(`DROP EXTENSION ${pg.escapeIdentifier(name)}`);
        }
      },
      (cause) =>
        new ShadowDatabaseError(
          `the schema ${schema} could not be dropped from ${describeTarget(lent)}`,
          `DROP SCHEMA ${schema} CASCADE;`,
          { cause },
        ),
    );
  });
}

async function withClient<T>(target: Target, work: (client: PoolClient, pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = createPool(target, { max: 1, idleTimeoutMillis: 0 });
  try {
    return await onConnection(pool, (client) => work(client, pool));
  } finally {
    await pool.end();
  }
}

/** What the work ended with is told before what the cleaning did. */
async function cleaned<T>(
  work: () => Promise<T>,
  clean: () => Promise<unknown>,
  failure: (cause: unknown) => Error,
): Promise<T> {
  const result = await work().catch(async (error: unknown) => {
    await clean().catch(() => {});
    throw error;
  });
  await clean().catch((error: unknown) => {
    throw failure(error);
  });
  return result;
}

const LENDING =
  "lend an empty database: --shadow-url postgresql://USER:PASSWORD@HOST:5432/DATABASE, or SHADOW_DATABASE_URL in .env";

function notMade(server: Target, cause: pg.DatabaseError): ShadowDatabaseError {
  const grant = cause.code === "42501" ? `ALTER ROLE ${pg.escapeIdentifier(server.user)} CREATEDB; or ` : "";
  return new ShadowDatabaseError(
    `a shadow database could not be made on ${describeTarget(server)}: ${cause.message}`,
    `${grant}${LENDING}`,
    { cause },
  );
}

function notReached(server: Target, cause: pg.DatabaseError): ShadowDatabaseError {
  return new ShadowDatabaseError(
    `a shadow database was made through ${describeTarget(server)}, but cannot be reached there: ${cause.message}`,
    `set DIRECT_URL to the server's own address, if this is a pooler's; or ${LENDING}`,
    { cause },
  );
}

/** One number for all who are lent a database. */
const LOCK = 1_986_356_067;

async function refuseUnlessAlone(client: PoolClient, pool: pg.Pool, lent: Target): Promise<void> {
  try {
    await requireSession(client, pool, lent);
  } catch (error) {
    if (error instanceof PoolerModeError) {
      throw new ShadowDatabaseError(error.message, error.hint?.replace("DIRECT_URL", "SHADOW_DATABASE_URL"), {
        cause: error,
      });
    }
    throw error;
  }
  const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS locked`);
  if (!rows[0]?.locked) {
    throw new ShadowDatabaseError(
      `the shadow database ${describeTarget(lent)} is in use by another \`vocabdb migrate create\``,
      "run the command again when that one is done, or lend it another database",
    );
  }
}

const NAMED = 3;

async function refuseUnlessEmpty(client: PoolClient, lent: Target): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT o.name FROM (
       SELECT 'pg_class'::regclass AS catalog, oid, relnamespace AS namespace, relname AS name
         FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, proname FROM pg_proc
        UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, typname FROM pg_type WHERE typtype IN ('e', 'd', 'r')
     ) AS o
      WHERE o.namespace = to_regnamespace(quote_ident($1))
        AND NOT EXISTS (SELECT FROM pg_depend AS e
                         WHERE e.classid = o.catalog AND e.objid = o.oid AND e.deptype = 'e')
      ORDER BY 1`,
    [lent.schema],
  );
  if (rows.length > 0) {
    const names = rows.slice(0, NAMED).map(({ name }) => name);
    const more = rows.length > NAMED ? ` and ${rows.length - NAMED} more` : "";
    throw new ShadowDatabaseError(
      `the shadow database ${describeTarget(lent)} is not empty, so it may be in use for something else: its schema ${lent.schema} holds ${names.join(", ")}${more}`,
      "name a database that holds nothing: CREATE DATABASE vocabdb_shadow;",
    );
  }
}

/** Of runs that were killed: whoever runs now holds the lock. */
async function dropLeftovers(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^vocabdb_shadow_[0-9a-f]{16}$'",
  );
  for (const { name } of rows) {
    await client.query(`DROP SCHEMA ${pg.escapeIdentifier(name)} CASCADE`);
  }
}

async function extensions(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("SELECT extname AS name FROM pg_extension");
  return rows.map(({ name }) => name);
}
