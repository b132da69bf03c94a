/**
 * The first load. Rows go straight into the empty table, and its secondary indexes are built when all are
 * there: that takes less than half the time of keeping them up to date row by row. The lock that this needs
 * shuts others out of a table in which there is nothing yet.
 */
import type { PoolClient } from "pg";
import { tryLockTable } from "../../db/table-lock.js";
import type { Shape } from "./shape.js";

/** CREATE INDEX statements, as the server writes them. */
export type DroppedIndexes = readonly string[];

/**
 * Locks the table and takes its secondary indexes away.
 *
 * @returns null, with nothing done, when there are rows in it, when others are using it, or when the role
 *   does not own it
 */
export async function openEmptyTable(client: PoolClient, shape: Shape): Promise<DroppedIndexes | null> {
  if (!(await isEmptyAndOurs(client, shape))) {
    return null;
  }
  const unlock = await tryLockTable(client, shape.table);
  // Somebody may have been faster.
  if (unlock === null || !(await isEmptyAndOurs(client, shape))) {
    await unlock?.();
    return null;
  }
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index AS i
      WHERE i.indrelid = $1::regclass
        AND i.indisvalid AND NOT i.indisprimary
        -- What CREATE INDEX does not say would be lost: such an index stays.
        AND NOT i.indisreplident AND NOT i.indisclustered AND obj_description(i.indexrelid, 'pg_class') IS NULL
        AND (SELECT reltablespace = 0 FROM pg_class WHERE oid = i.indexrelid)
        AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0)
        AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
      ORDER BY 1`,
    [shape.table],
  );
  for (const { name } of rows) {
    await client.query(`DROP INDEX ${name}`);
  }
  return rows.map(({ definition }) => definition);
}

export async function rebuildIndexes(client: PoolClient, indexes: DroppedIndexes): Promise<void> {
  for (const definition of indexes) {
    await client.query(definition);
  }
}

async function isEmptyAndOurs(client: PoolClient, { table }: Shape): Promise<boolean> {
  const { rows } = await client.query<{ ok: boolean }>(
    `SELECT pg_has_role(relowner, 'USAGE') AND has_schema_privilege(relnamespace, 'CREATE')
            AND relkind = 'r' AND NOT row_security_active(oid)
            AND NOT EXISTS (SELECT FROM ${table}) AS ok
       FROM pg_class WHERE oid = $1::regclass`,
    [table],
  );
  return rows[0]?.ok === true;
}
