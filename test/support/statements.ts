/** What is really sent to the server, and how it is carried out there. */
import type { PoolClient } from "pg";
import { type Connection, withConnection } from "../../src/db/pool.js";
import { type TestDatabase, withClient } from "./database.js";

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** @returns the statements that `work` sent, in their order */
export async function statementsOf(
  db: TestDatabase,
  work: (connection: Connection) => Promise<unknown>,
): Promise<Statement[]> {
  const statements: Statement[] = [];
  await withConnection(db.target, async (connection) => {
    connection.pool.on("connect", (client: PoolClient) => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      Object.assign(client, {
        query: (statement: string | { readonly text: string }, ...rest: unknown[]) => {
          const text = typeof statement === "string" ? statement : statement.text;
          statements.push({ text, values: Array.isArray(rest[0]) ? rest[0] : [] });
          return query(statement, ...rest);
        },
      });
    });
    await work(connection);
  });
  return statements;
}

/** @returns the plan of each query, COPY included, that `work` sent; with its values, as it was sent */
export async function plansOf(
  db: TestDatabase,
  work: (connection: Connection) => Promise<unknown>,
): Promise<readonly string[]> {
  const statements = await statementsOf(db, work);
  const { host, port, user, database, password } = db.target;
  return withClient({ host, port, user, database, password: password?.reveal() }, async (client) => {
    const plans: string[] = [];
    await client.query("BEGIN");
    for (const { text, values } of statements) {
      const query = /^\s*COPY \((.*)\) TO STDOUT/s.exec(text)?.[1] ?? text;
      if (query.includes("set_config(") || query.startsWith("SET LOCAL")) {
        await client.query(query, values);
      } else if (/^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b/.test(query)) {
        const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN (COSTS OFF) ${query}`, values);
        plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      }
    }
    await client.query("ROLLBACK");
    return plans;
  });
}
