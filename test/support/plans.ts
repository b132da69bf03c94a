/** What is really sent to the server, and how it is carried out there. */
import type { PoolClient } from "pg";
import { type Connection, withConnection } from "../../src/db/pool.js";
import { type TestDatabase, withClient } from "./database.js";

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** @returns the statements that connections opened from now on send, as they come */
export function recordStatements({ pool }: Connection): Statement[] {
  const statements: Statement[] = [];
  pool.on("connect", (client: PoolClient) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    Object.assign(client, {
      query: (statement: string | { readonly text: string }, ...rest: unknown[]) => {
        const text = typeof statement === "string" ? statement : statement.text;
        statements.push({ text, values: Array.isArray(rest[0]) ? rest[0] : [] });
        return query(statement, ...rest);
      },
    });
  });
  return statements;
}

/** @returns the statements that `work` sent, in their order */
export async function statementsOf(
  db: TestDatabase,
  work: (connection: Connection) => Promise<unknown>,
): Promise<Statement[]> {
  return withConnection(db.target, async (connection) => {
    const statements = recordStatements(connection);
    await work(connection);
    return statements;
  });
}

/** @returns the plan of each query, COPY included, that `work` sent; with its values, as it was sent */
export async function plansOf(
  db: TestDatabase,
  work: (connection: Connection) => Promise<unknown>,
): Promise<readonly string[]> {
  return explain(db, await statementsOf(db, work), "COSTS OFF", (rows) => rows.join("\n"));
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** @returns the tables that statements read from end to end, and the indexes they use */
export async function accessesOf(
  db: TestDatabase,
  statements: readonly Statement[],
): Promise<{ readonly scanned: string[]; readonly indexes: Set<string> }> {
  const plans = await explain<PlanNode[]>(db, statements, "FORMAT JSON", ([document]) =>
    flatten((document as unknown as readonly [{ readonly Plan: PlanNode }])[0].Plan),
  );
  const nodes = plans.flat();
  const scans = nodes.filter((node) => node["Node Type"] === "Seq Scan");
  return {
    scanned: scans.map((node) => node["Relation Name"] ?? ""),
    indexes: new Set(nodes.flatMap((node) => node["Index Name"] ?? [])),
  };
}

/** Under the settings that the statements themselves have made, and in a transaction that is rolled back. */
async function explain<T>(
  db: TestDatabase,
  statements: readonly Statement[],
  options: string,
  read: (rows: readonly string[]) => T,
): Promise<T[]> {
  const { host, port, user, database, password } = db.target;
  return withClient({ host, port, user, database, password: password?.reveal() }, async (client) => {
    const plans: T[] = [];
    await client.query("BEGIN");
    for (const { text, values } of statements) {
      const query = /^\s*COPY \((.*)\) TO STDOUT/s.exec(text)?.[1] ?? text;
      if (query.includes("set_config(") || query.startsWith("SET LOCAL")) {
        await client.query(query, values);
      } else if (/^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b/.test(query)) {
        const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN (${options}) ${query}`, values);
        plans.push(read(rows.map((row) => row["QUERY PLAN"])));
      }
    }
    await client.query("ROLLBACK");
    return plans;
  });
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
