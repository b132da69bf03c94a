/** The environment mark: a word in the database itself that says what it is for. */
import type { ClientBase } from "pg";

/** @returns such as `production`; null when the database is not marked, or older than marks are */
export async function readMark(client: ClientBase): Promise<string | null> {
  const { rows: tables } = await client.query<{ exists: boolean }>(
    "SELECT to_regclass('database_mark') IS NOT NULL AS exists",
  );
  if (!tables[0]?.exists) {
    return null;
  }
  const { rows } = await client.query<{ environment: string }>("SELECT environment FROM database_mark");
  return rows[0]?.environment ?? null;
}
