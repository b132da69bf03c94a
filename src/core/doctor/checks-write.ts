/** The one check that writes: what no catalog tells, a row that goes in and is rolled back shows. */
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { attempt, finding, ownTables, sqlStateOf } from "./checks-tables.js";

/** Every command that changes something writes to its table and to the history. */
const PROBES: readonly { readonly table: string; readonly columns: string; readonly values: string }[] = [
  {
    table: "vocabulary_words",
    columns: "(language, term, sense, definition)",
    values: "('und', 'vocabdb', 'doctor', 'probe')",
  },
  { table: "audit_log", columns: "(action, changes)", values: "('db doctor', '{}')" },
];

const write: DatabaseCheck = {
  stage: "server",
  ids: ["write.refused"],
  writes: true,
  async run(context) {
    const tables = await ownTables(context);
    for (const { table, columns, values } of PROBES) {
      const found = tables.find(({ name }) => name === table);
      if (found !== undefined) {
        const refusal = await tryStatement(context, `INSERT INTO ${found.sql} ${columns} VALUES ${values}`);
        if (refusal !== null) {
          return [await refused(context, found.sql, refusal)];
        }
      }
    }
    return [];
  },
};

async function tryStatement({ client, scanMs = 1_500 }: CheckContext, statement: string): Promise<Error | null> {
  try {
    await attempt(client, `SET LOCAL lock_timeout = ${scanMs}`, () => client.query(statement));
    return null;
  } catch (error) {
    if (error instanceof Error && sqlStateOf(error) !== null) {
      return error;
    }
    throw error;
  }
}

async function refused({ client }: CheckContext, table: string, error: Error): Promise<DatabaseFinding> {
  const sqlState = sqlStateOf(error);
  const { rows } = await client.query<{ role: string }>("SELECT quote_ident(current_user) AS role");
  const role = rows[0]?.role ?? "";
  const isBusy = sqlState === "55P03" || sqlState === "57014";
  return finding(
    "write.refused",
    isBusy ? "warning" : "error",
    `a row written to ${table} (and rolled back) was refused: ${error.message} (SQLSTATE ${sqlState})`,
    fixOf(sqlState, error.message, table, role),
  );
}

function fixOf(sqlState: string | null, message: string, table: string, role: string): string {
  switch (sqlState) {
    case "42501":
      return message.includes("row-level security")
        ? `ALTER ROLE ${role} BYPASSRLS`
        : `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`;
    case "25006":
      return "use the address of the primary, or see the finding server.read-only";
    case "53100":
      return "free space on the server's disk, or enlarge it";
    case "55P03":
    case "57014":
      return "another session holds a lock on the table: SELECT pid, state, query FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE mode LIKE '%ExclusiveLock')";
    default:
      return "vocabdb migrate status";
  }
}

export const writeChecks: readonly DatabaseCheck[] = [write];
