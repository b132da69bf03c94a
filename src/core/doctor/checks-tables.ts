/** What checks share: the tables of ours that are there, and questions that may have to read a whole table. */
import type { ClientBase } from "pg";
import type { FindingId, FindingLevel } from "../../finding.js";
import type { CheckContext, DatabaseFinding } from "./check.js";
import { MIGRATIONS_TABLE, TABLES } from "./checks-expected.js";

export interface OwnTable {
  readonly name: string;
  /** With its schema, as SQL writes it. */
  readonly sql: string;
  readonly owner: string;
  /** Whether the role may do what only the owner may. */
  readonly isOwner: boolean;
  /** But for the hashes, which no check needs. */
  readonly mayRead: boolean;
  readonly rowSecurity: boolean;
  /** Row level security keeps every row from this role: the table looks empty to it. */
  readonly isHidden: boolean;
}

/** Asked of the catalogs by name, so that no missing table, schema or privilege is an error. */
export async function ownTables({ client, target }: CheckContext): Promise<readonly OwnTable[]> {
  const { rows } = await client.query<OwnTable>(
    `SELECT c.relname AS name, format('%I.%I', n.nspname, c.relname) AS sql, pg_get_userbyid(c.relowner) AS owner,
            pg_has_role(c.relowner, 'USAGE') AS "isOwner", c.relrowsecurity AS "rowSecurity",
            has_schema_privilege(n.oid, 'USAGE') AND NOT EXISTS (
              SELECT FROM pg_attribute AS a
               WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.attname NOT IN ('password_hash', 'token_hash')
                 AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
            ) AS "mayRead",
            row_security_active(c.oid) AND NOT EXISTS (
              SELECT FROM pg_policy AS p, unnest(p.polroles) AS role
               WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                 AND (role = 0 OR pg_has_role(role, 'USAGE'))
            ) AS "isHidden"
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY($2) AND c.relkind IN ('r', 'p')
      ORDER BY array_position($2, c.relname::text)`,
    [target.schema, [...TABLES, MIGRATIONS_TABLE]],
  );
  return rows;
}

/** Cancelled by the limit of time, or for a lock that somebody else holds. */
const CUT_OFF = ["57014", "55P03"];

/**
 * Work whose statements may have to read a whole table, or to wait for one.
 *
 * @returns null when the server could not answer in time
 */
export async function inTime<T>({ client, scanMs }: CheckContext, work: () => Promise<T>): Promise<T | null> {
  try {
    return await attempt(client, `SET LOCAL statement_timeout = ${Math.ceil(scanMs)}`, work);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (CUT_OFF.some((each) => each === code)) {
      return null;
    }
    throw error;
  }
}

/** Does something in a savepoint and takes it back, settings included; the transaction outlives its failure. */
export async function attempt<T>(client: ClientBase, setup: string, work: () => Promise<T>): Promise<T> {
  const takeBack = () => client.query("ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt");
  await client.query(`SAVEPOINT attempt; ${setup}`);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Where the connection is lost, this fails as well; what is told is the first failure.
    await takeBack().catch(() => {});
    throw error;
  }
  await takeBack();
  return result;
}

/** @param more such as the repair; none by default */
export function finding(
  id: FindingId,
  level: FindingLevel,
  message: string,
  fix: string | null,
  more: Partial<DatabaseFinding> = {},
): DatabaseFinding {
  return { id, level, message, fix, repair: null, ...more };
}

/** `3 users` where one is `1 user`; counting stops at a limit. */
export function quantity(count: number, noun: string, plural = `${noun}s`): string {
  return `${count > COUNT_LIMIT ? `more than ${COUNT_LIMIT}` : count} ${count === 1 ? noun : plural}`;
}

/** More than that is not counted: the rest of a table is not read for a number nobody needs exactly. */
export const COUNT_LIMIT = 1_000;
