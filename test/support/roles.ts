/** Database roles that exist for one test, or one file of tests. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import { aroundAll } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { type TestDatabase, withAdmin, withClient } from "./database.js";

export interface Role {
  readonly name: string;
  readonly password: string;
  /** The test's database as this role, password included. */
  readonly url: string;
  /** Runs statements in the test's database, signed in as this role. */
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>;
}

/** @param attributes such as `BYPASSRLS`, or `IN ROLE postgres`; it may do everything to every table, but owns none */
export async function withRole<T>(db: TestDatabase, attributes: string, work: (role: Role) => Promise<T>): Promise<T> {
  return withLogin(db, attributes, async (role) => {
    await db.query(
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.name}; GRANT ALL ON SCHEMA public TO ${role.name}`,
    );
    return work(role);
  });
}

/** @param attributes what it may do comes from them alone */
export async function withLogin<T>(db: TestDatabase, attributes: string, work: (role: Role) => Promise<T>): Promise<T> {
  const name = `vocabdb_role_${randomBytes(6).toString("hex")}`;
  const password = `marker-${randomBytes(6).toString("hex")}`;
  await withAdmin((admin) => admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' ${attributes}`));
  try {
    return await work({
      ...{ name, password, url: db.url.replace(/\/\/[^@]*@/, `//${name}:${password}@`) },
      query: (sql, values) =>
        withClient({ ...db.direct, user: name, password }, async (client) => (await client.query(sql, values)).rows),
    });
  } finally {
    await db.query(`DROP OWNED BY ${name}`);
    await withAdmin((admin) => admin.query(`DROP ROLE ${name}`));
  }
}

/**
 * Roles belong to the whole server, and files run side by side: whoever needs the same names waits for the other.
 *
 * @param setup statements that make them, where no test does
 */
export function reserveRoles(names: readonly string[], setup = ""): void {
  aroundAll(async (runTests) => {
    await withAdmin(async (admin) => {
      await admin.query("SELECT pg_advisory_lock(hashtext($1))", [names.join()]);
      await admin.query(setup);
      try {
        await runTests();
      } finally {
        await admin.query(`DROP ROLE IF EXISTS ${names.join(", ")}`);
      }
    });
  });
}

/** Those of Supabase's API, not signed in and signed in. */
export function reserveApiRoles(): void {
  reserveRoles(["anon", "authenticated"], "CREATE ROLE anon; CREATE ROLE authenticated");
}

/** Those that prisma/roles.sql makes. */
export const GROUPS = ["vocabdb_owner", "vocabdb_writer", "vocabdb_reader"];
export const ROLES_SCRIPT = readFileSync(join(packageRoot, "prisma", "roles.sql"), "utf8");
