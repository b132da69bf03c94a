/** The migrations, run once more in a schema of their own that is gone when the transaction ends. */
import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import { readExtensions, readSchema, type SchemaObject } from "../../db/catalog.js";
import { withConnection } from "../../db/pool.js";
import { actsAlone, controlsTransaction, isConcurrent, runScript, ScriptError } from "../../db/sql-script.js";
import { type Statement, statementsIn, wordOf } from "../../db/sql-tokens.js";
import type { Target } from "../../db/target.js";
import { inTransaction } from "../../db/transaction.js";
import type { Migration } from "../migration-files.js";

/** Why the migrations cannot be replayed, or the schema not be read. */
export class ReplayImpossible extends Error {}

export interface Replayed {
  /** What the migrations make, as if it stood in the schema of the target. */
  readonly wanted: readonly SchemaObject[];
  readonly had: readonly SchemaObject[];
  /** Runs SQL where the migrations were replayed. @returns what stands there then */
  readonly remake: (sql: string) => Promise<readonly SchemaObject[]>;
  /** The schema of the target, quoted where it has to be. */
  readonly schema: string;
  /** Still in the transaction, with the schema of the target searched. */
  readonly client: ClientBase;
}

/**
 * On a connection of its own.
 *
 * @throws {ReplayImpossible}
 */
export function withReplay<T>(
  target: Target,
  migrations: readonly Migration[],
  work: (replayed: Replayed) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return withConnection({ ...target, poolMax: 1 }, (connection) =>
    inTransaction(connection, { dryRun: true, signal }, async (client) =>
      work(await replay(client, target.schema, migrations)),
    ),
  );
}

/**
 * Nothing is committed, and of the given schema only catalogs are read: the application notices nothing.
 *
 * @param client in a transaction that will be rolled back
 * @throws {ReplayImpossible}
 */
export async function replay(
  client: ClientBase,
  schemaName: string,
  migrations: readonly Migration[],
): Promise<Replayed> {
  for (const migration of migrations) {
    refuseUnlessReplayable(migration, schemaName);
  }
  const shadow = `vocabdb_shadow_${randomBytes(8).toString("hex")}`;
  const { rows } = await client.query<{ schema: string }>("SELECT quote_ident($1) AS schema", [schemaName]);
  const schema = rows[0]?.schema ?? "";
  const extensions = new Set((await readExtensions(client)).map(({ name }) => name));
  await makeShadow(client, shadow, schema);
  for (const migration of migrations) {
    await rerun(client, migration);
  }
  const readShadow = async (): Promise<SchemaObject[]> => {
    // What is found in the target's schema is told without its name on both sides: extensions may be there.
    await client.query(`SET LOCAL search_path TO ${shadow}, ${schema}`);
    // An extension that is there again was missing.
    const made = (await readExtensions(client)).filter(({ name }) => !extensions.has(name));
    const objects = JSON.stringify([...made, ...(await readSchema(client, shadow))]);
    await client.query(`SET LOCAL search_path TO ${schema}`);
    return JSON.parse(objects.replaceAll(shadow, JSON.stringify(schema).slice(1, -1)));
  };
  const remake = async (sql: string): Promise<SchemaObject[]> => {
    await client.query(`SET LOCAL search_path TO ${shadow}, ${schema}; SAVEPOINT remake`);
    // What cannot be made anew by itself stays as it is.
    await client.query(sql).catch(() => client.query("ROLLBACK TO SAVEPOINT remake"));
    return readShadow();
  };
  const wanted = await readShadow();
  const had = await readSchema(client, schemaName).catch((error: unknown) => {
    throw isOf(error, [LOCK_NOT_AVAILABLE]) ? impossible("a table is locked", error) : error;
  });
  return { wanted, had, remake, schema, client };
}

async function rerun(client: ClientBase, { name, sql }: Migration): Promise<void> {
  await runScript(client, withoutConcurrently(sql)).catch((error: unknown) => {
    throw error instanceof ScriptError ? impossible(`the migration ${name} does not run again`, error.cause) : error;
  });
}

async function makeShadow(client: ClientBase, shadow: string, schema: string): Promise<void> {
  try {
    // Whatever a migration should come to wait for: it must not queue others behind it.
    await client.query(`SET LOCAL lock_timeout = '1s'; CREATE SCHEMA ${shadow}; SET LOCAL search_path TO ${shadow}`);
    // Migrations change Prisma's table as well, which is not made by one.
    const record = `${schema}._prisma_migrations`;
    const { rows } = await client.query<{ exists: boolean }>("SELECT to_regclass($1) IS NOT NULL AS exists", [record]);
    if (rows[0]?.exists) {
      await client.query(`CREATE TABLE _prisma_migrations (LIKE ${record} INCLUDING ALL)`);
    }
  } catch (error) {
    throw isOf(error, REFUSALS) ? impossible("no schema to compare with can be made", error) : error;
  }
}

const LOCK_NOT_AVAILABLE = "55P03";
/** No privilege, no writes here, or Prisma's table is in use. */
const REFUSALS = ["42501", "25006", LOCK_NOT_AVAILABLE];

function isOf(error: unknown, sqlStates: readonly string[]): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof Error && typeof code === "string" && sqlStates.includes(code);
}

function impossible(what: string, cause: Error): ReplayImpossible {
  return new ReplayImpossible(`${what}: ${cause.message}`, { cause });
}

/** Of what leaves the transaction, or reaches beyond the schema, nothing could be taken back. */
function refuseUnlessReplayable({ name, sql }: Migration, schema: string): void {
  const statements = statementsIn(sql);
  const breaker = statements.find((each) => controlsTransaction(each) || (actsAlone(each) && !isConcurrent(each)));
  if (breaker !== undefined) {
    throw new ReplayImpossible(`the migration ${name} ends a transaction, or cannot run in one (line ${breaker.line})`);
  }
  const elsewhere = statements.find((each) => leavesSearchPath(each) || namesSchema(each, schema));
  if (elsewhere !== undefined) {
    throw new ReplayImpossible(
      `the migration ${name} names the schema it works in, and would not keep to another (line ${elsewhere.line})`,
    );
  }
}

function leavesSearchPath({ tokens }: Statement): boolean {
  const words = tokens.map(wordOf);
  return (
    words.includes("set_config") ||
    (["set", "reset"].includes(words[0] ?? "") && ["search_path", "schema", "all"].some((name) => words.includes(name)))
  );
}

/** Statements may stand in literals as well: those of a DO block, for one. */
function namesSchema({ tokens }: Statement, schema: string): boolean {
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  return tokens.some(({ kind, text }, index) =>
    kind === "literal"
      ? text.includes(`${schema}.`) || text.includes(`${quoted}.`)
      : (text === schema || text === quoted) && tokens[index + 1]?.text === ".",
  );
}

/** There is no other way in a transaction, and in a table without rows no difference. */
function withoutConcurrently(sql: string): string {
  const words = statementsIn(sql)
    .filter(isConcurrent)
    .flatMap(({ tokens }) => tokens.filter((token) => wordOf(token) === "concurrently"));
  return words.reduceRight(
    (script, { text, offset }) => script.slice(0, offset) + script.slice(offset + text.length),
    sql,
  );
}
