/** Inside the database, once the login has worked: pooler, a write that is taken back, and the checks. */
import type { PoolClient } from "pg";
import { translateError } from "../../db/errors.js";
import type { Connection } from "../../db/pool.js";
import { type PoolerKind, probePooler, sessionHint } from "../../db/pooler.js";
import type { Limit } from "../../db/probe/socket.js";
import { describeTarget } from "../../db/target.js";
import { inTransaction } from "../../db/transaction.js";
import { MigrationsPendingError } from "../../errors/migrations.js";
import type { Finding, FindingId } from "../../finding.js";
import type { DatabaseCheck, DatabaseFinding } from "./check.js";
import { findingOf, isLost } from "./finding-of.js";
import type { Seen } from "./look.js";

/** Milliseconds: for locks that others hold, and for one statement. */
const LOCK_MS = 2_000;

export async function examinePooler(connection: Connection, hasDirectUrl: boolean): Promise<Seen<PoolerKind>> {
  const { target } = connection;
  const value = await probePooler(connection.pool);
  const findings: Finding[] = [];
  if (value === "transaction" && !hasDirectUrl) {
    findings.push({
      ...{ id: "pool.transaction-mode", level: "warning" },
      message:
        "a pooler in transaction mode stands before the database: every command works through it but `vocabdb migrate`, which needs a session of its own",
      fix: `set DIRECT_URL beside DATABASE_URL: ${sessionHint(target, "DIRECT_URL")}`,
    });
  }
  if (value === "statement") {
    // As every command meets it.
    const refusal = new Error("transaction blocks not allowed in statement pooling mode");
    findings.push(findingOf(Object.assign(refusal, { code: "08P01" }), target, "pool.statement-mode"));
  }
  const looked: FindingId[] = ["pool.transaction-mode", "pool.statement-mode"];
  return { value, detail: poolerText(value), findings, looked };
}

/** A row goes in and is taken back: privileges, replicas, read-only settings and full disks show only then. */
export async function examineWrite(connection: Connection, limit: Limit): Promise<Seen<null>> {
  const { target } = connection;
  try {
    const detail = await inTransaction(connection, { dryRun: true, signal: limit.signal }, async (client) => {
      await bound(client, limit.timeoutMs);
      return writeSomething(client, target.schema);
    });
    return { value: null, detail: `${detail}, rolled back`, findings: [] };
  } catch (error) {
    limit.signal.throwIfAborted();
    if (isLost(error, target)) {
      throw error;
    }
    if (translateError(error, target) instanceof MigrationsPendingError) {
      return { value: null, detail: "the tables are older than this version", findings: [], looked: [] };
    }
    return { value: null, detail: "refused", findings: [findingOf(error, target, "server.write-failed")], looked: [] };
  }
}

async function writeSomething(client: PoolClient, schema: string): Promise<string> {
  const { rows } = await client.query<{ schema: boolean; words: boolean }>(
    `SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS schema,
            to_regclass('vocabulary_words') IS NOT NULL AS words`,
    [schema],
  );
  const there = rows[0];
  if (there?.words) {
    await client.query(
      `INSERT INTO vocabulary_words (language, term, reading, sense, definition)
       VALUES ('und', 'vocabdb db doctor', '', '', 'rolled back')`,
    );
    return "a row in vocabulary_words";
  }
  if (there?.schema) {
    await client.query("CREATE TABLE vocabdb_doctor (id integer)");
    return `a table in the schema ${schema}`;
  }
  const { rows: quoted } = await client.query<{ name: string }>("SELECT quote_ident($1) AS name", [schema]);
  await client.query(`CREATE SCHEMA ${quoted[0]?.name}`);
  return `the schema ${schema}`;
}

/** @returns the ids that were looked for: none where the tables are not there, or too old */
export async function runCheck(
  check: DatabaseCheck,
  connection: Connection,
  limit: Limit,
  scanMs: number,
): Promise<{ readonly findings: readonly DatabaseFinding[]; readonly looked: readonly FindingId[] }> {
  const { target } = connection;
  try {
    const kind = check.isRehearsal ? { dryRun: true } : { readOnly: true };
    const findings = await inTransaction(connection, { ...kind, signal: limit.signal }, async (client) => {
      await bound(client, limit.timeoutMs);
      return check.run({ target, client, scanMs });
    });
    return { findings, looked: check.ids };
  } catch (error) {
    limit.signal.throwIfAborted();
    if (isLost(error, target)) {
      throw error;
    }
    if (translateError(error, target) instanceof MigrationsPendingError) {
      return { findings: [], looked: [] };
    }
    const { message, fix } = findingOf(error, target, "doctor.check-failed");
    const failed: DatabaseFinding = {
      ...{ id: "doctor.check-failed", level: "warning", fix, repair: null },
      message: `could not look for ${check.ids.join(", ")}: ${message}`,
    };
    return { findings: [failed], looked: [] };
  }
}

/** The server ends what this side no longer waits for. */
async function bound(client: PoolClient, timeoutMs: number): Promise<void> {
  await client.query(
    `SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}; SET LOCAL lock_timeout = ${Math.min(LOCK_MS, Math.ceil(timeoutMs))}`,
  );
}

/** Whether migrations can go where DIRECT_URL leads, and that it is the same database. */
export async function examineDirectUrl(direct: Connection, main: Connection | null): Promise<Seen<null>> {
  const pooler = await probePooler(direct.pool);
  const findings: Finding[] = [];
  if (pooler === "transaction") {
    findings.push({
      ...{ id: "pool.direct-url-transaction", level: "error" },
      message: "it leads through a pooler in transaction mode, and migrations need a session of their own",
      fix: sessionHint(direct.target, "DIRECT_URL"),
    });
  }
  const [here, there] = [await identityOf(direct), main === null ? null : await identityOf(main)];
  if (there !== null && here !== there) {
    findings.push({
      ...{ id: "url.different-databases", level: "error" },
      message: `it leads to another database than DATABASE_URL: \`vocabdb migrate\` would change ${describeTarget(direct.target)}, and every other command work on ${describeTarget(main?.target ?? direct.target)}`,
      fix: "set both to the same project and database, or unset DIRECT_URL",
    });
  }
  const looked: FindingId[] = [
    "pool.direct-url-transaction",
    ...(there === null ? [] : (["url.different-databases"] as const)),
  ];
  return { value: null, detail: poolerText(pooler), findings, looked };
}

function poolerText(kind: PoolerKind): string {
  return kind === "direct" ? "none" : `a pooler in ${kind} mode`;
}

/** Name and number of the database, and the number that its cluster got when it was made; replicas have the same. */
async function identityOf(connection: Connection): Promise<string> {
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const { rows } = await client.query<{ identity: string }>(
      `SELECT concat_ws(' ', datname, oid,
                CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                THEN (SELECT system_identifier FROM pg_catalog.pg_control_system()) END) AS identity
       FROM pg_catalog.pg_database WHERE datname = current_database()`,
    );
    return rows[0]?.identity ?? "";
  });
}
