/** What the role that is connected may do. */
import type { ClientBase } from "pg";

/**
 * Whether a statement may name the column. What `vocabdb_reader` may not read (prisma/roles.sql) has to be left out
 * of the statement: it is refused as a whole, not where the value would stand.
 *
 * @param client with vocabdb's schema in its search path
 */
export async function mayRead(client: ClientBase, table: string, column: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>("SELECT has_column_privilege($1, $2, 'SELECT') AS may", [
    table,
    column,
  ]);
  return rows[0]?.may === true;
}
