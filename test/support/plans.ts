/** How the server would run the statements that the code under test has sent. */
import type { PoolClient } from "pg";
import type { Connection } from "../../src/db/pool.js";
import type { TestDatabase } from "./database.js";

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** @returns the statements with parameters that connections opened from now on send, as they come */
export function recordStatements({ pool }: Connection): Statement[] {
  const statements: Statement[] = [];
  pool.on("connect", (client: PoolClient) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const record = (text: unknown, values?: unknown): unknown => {
      if (typeof text === "string" && Array.isArray(values)) {
        statements.push({ text, values });
      }
      return query(text, values);
    };
    Object.assign(client, { query: record });
  });
  return statements;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** @returns the tables that statements read from end to end, and the indexes they use */
export async function explain(
  db: TestDatabase,
  statements: readonly Statement[],
): Promise<{ scanned: string[]; indexes: Set<string> }> {
  const nodes: PlanNode[] = [];
  for (const { text, values } of statements) {
    const [row] = await db.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(`EXPLAIN (FORMAT JSON) ${text}`, values);
    nodes.push(...(row === undefined ? [] : flatten(row["QUERY PLAN"][0].Plan)));
  }
  const scans = nodes.filter((node) => node["Node Type"] === "Seq Scan");
  return {
    scanned: scans.map((node) => node["Relation Name"] ?? ""),
    indexes: new Set(nodes.flatMap((node) => node["Index Name"] ?? [])),
  };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
