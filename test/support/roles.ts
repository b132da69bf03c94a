/** Database roles that exist for one test. */
import { randomBytes } from "node:crypto";
import type pg from "pg";
import { type TestDatabase, withAdmin, withClient } from "./database.js";

export interface Role {
  readonly name: string;
  readonly password: string;
  /** Runs statements in the test's database, signed in as this role. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
}

/** @param attributes such as `BYPASSRLS`, or `IN ROLE postgres`; it may do everything to every table, but owns none */
export async function withRole<T>(db: TestDatabase, attributes: string, work: (role: Role) => Promise<T>): Promise<T> {
  const name = `vocabdb_role_${randomBytes(6).toString("hex")}`;
  const password = `marker-${randomBytes(6).toString("hex")}`;
  await withAdmin((admin) => admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' ${attributes}`));
  try {
    await db.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${name}; GRANT ALL ON SCHEMA public TO ${name}`);
    return await work({
      ...{ name, password },
      query: (sql, values) =>
        withClient({ ...db.direct, user: name, password }, async (client) => (await client.query(sql, values)).rows),
    });
  } finally {
    await db.query(`DROP OWNED BY ${name}`);
    await withAdmin((admin) => admin.query(`DROP ROLE ${name}`));
  }
}
