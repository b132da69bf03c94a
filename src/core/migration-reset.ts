/** Starts a database over: drops what the migrations make, and applies them again. */
import type { ClientBase } from "pg";
import { blockerRemedies, blockerText } from "../blocker.js";
import { type ObjectKind, referenceTo, type SchemaObject } from "../db/catalog.js";
import { translateError } from "../db/errors.js";
import { inLockTries, LockNotHadError, type LockOptions } from "../db/lock-tries.js";
import { withConnection } from "../db/pool.js";
import { PRISMA_LOCK } from "../db/schema-engine.js";
import { runScript } from "../db/sql-script.js";
import { describeTarget, type Target } from "../db/target.js";
import { inTransaction } from "../db/transaction.js";
import { PermissionError } from "../errors/connection.js";
import { ResetRefusedError, SchemaNotEmptyError } from "../errors/migrations.js";
import { ConsentMissingError, MarkedDatabaseError } from "../errors/usage.js";
import { shellWord } from "../shell.js";
import { type Actor, type Changes, recordChange } from "./audit.js";
import { ReplayImpossible, withReplay } from "./drift/replay.js";
import { keywordOf } from "./drift/statements.js";
import { readMark } from "./mark.js";
import { readMigrations } from "./migration-files.js";
import { deployMigrations } from "./migrations.js";

export interface ResetOptions extends LockOptions {
  /** The name of the database. A dry run needs none. */
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly actor?: Actor;
}

export interface ResetObject {
  readonly kind: ObjectKind;
  /** Quoted where SQL needs it. */
  readonly name: string;
  /** How many go with a table; null for what holds none. */
  readonly rows: number | null;
}

export interface ResetResult {
  readonly database: string;
  readonly schema: string;
  readonly dropped: readonly ResetObject[];
  /** What else stands in the schema, and stays. */
  readonly left: readonly Omit<ResetObject, "rows">[];
  /** Names, in the order they were applied. */
  readonly applied: readonly string[];
}

/**
 * Other schemas, extensions, and what the migrations do not make stay as they are.
 *
 * @throws {MarkedDatabaseError} on a database that `db mark` has named; no option overrides that
 * @throws {ConsentMissingError} when `confirm` is not the database's name
 * @throws {ResetRefusedError} when something that would stay depends on what would go, or somebody uses it
 */
export async function resetDatabase(target: Target, options: ResetOptions = {}): Promise<ResetResult> {
  const { dryRun = false, signal, actor } = options;
  const migrations = readMigrations();
  try {
    const plan = await planReset(target, options);
    if (dryRun) {
      return resultOf(
        target,
        plan,
        plan.rows,
        migrations.map(({ name }) => name),
      );
    }
    const rows = await drop(target, plan, options);
    const { applied } = await deployMigrations(target, { migrations, signal });
    // Where it could have been recorded before is gone.
    await withConnection({ ...target, poolMax: 1 }, (connection) =>
      inTransaction(connection, {}, (client) =>
        recordChange(client, { action: "migrate reset", changes: changesOf(rows) }, actor),
      ),
    );
    return resultOf(target, plan, rows, applied);
  } catch (error) {
    if (!(error instanceof ReplayImpossible)) {
      throw translateError(error, target);
    }
    const cause = translateError(error.cause, target);
    throw cause instanceof PermissionError
      ? cause
      : new ResetRefusedError(
          `what the migrations have made in ${describeTarget(target)} cannot be told from the rest: ${error.message}`,
          null,
          { cause: error },
        );
  }
}

/** Rows by table, quoted. */
type Rows = ReadonlyMap<string, number>;

interface Plan {
  readonly ours: readonly SchemaObject[];
  readonly left: readonly SchemaObject[];
  readonly hasRecord: boolean;
  readonly rows: Rows;
}

/** What stands in a schema by itself; everything else goes with its table. */
const STANDING: readonly ObjectKind[] = ["table", "view", "function", "type", "sequence"];
const RECORD = "_prisma_migrations";

async function planReset(target: Target, { confirm, dryRun = false, signal }: ResetOptions): Promise<Plan> {
  return withReplay(
    target,
    readMigrations(),
    async ({ wanted, had, client }) => {
      if (!dryRun) {
        await refuseMarked(client, target);
      }
      const made = new Set(wanted.map(referenceTo));
      const standing = STANDING.flatMap((kind) =>
        had.filter((object) => object.kind === kind && object.name !== RECORD),
      );
      const ours = standing.filter((object) => made.has(referenceTo(object)));
      const left = standing.filter((object) => !made.has(referenceTo(object)));
      const hasRecord = had.some(({ kind, name }) => kind === "table" && name === RECORD);
      if (!hasRecord && left.some(({ kind }) => kind !== "function")) {
        // Nothing could be applied beside them.
        throw new SchemaNotEmptyError(target.schema, readMigrations()[0]?.name ?? "");
      }
      const rows = await countRows(client, ours);
      if (!dryRun && confirm !== target.database) {
        throw consentMissing(target, rows, confirm);
      }
      return { ours, left, hasRecord, rows };
    },
    signal,
  );
}

async function refuseMarked(client: ClientBase, target: Target): Promise<void> {
  const mark = await readMark(client);
  if (mark !== null) {
    throw new MarkedDatabaseError("migrate reset", describeTarget(target), mark);
  }
}

function consentMissing(target: Target, rows: Rows, confirm: string | undefined): ConsentMissingError {
  const held = [...rows].filter(([, number]) => number > 0).map(([table, number]) => `${table}: ${number}`);
  const losses = held.length === 0 ? "which hold no rows" : `with all their rows (${held.join(", ")})`;
  const what = `this drops every table of vocabdb in ${describeTarget(target)}, ${losses}, for good`;
  return new ConsentMissingError(
    confirm === undefined ? what : `${what}, and --confirm names ${JSON.stringify(confirm)} instead of the database`,
    `vocabdb migrate reset --confirm ${shellWord(target.database)} (what would go: vocabdb migrate reset --dry-run)`,
    { what, name: target.database },
  );
}

/** @returns what went with the tables */
async function drop(target: Target, plan: Plan, options: ResetOptions): Promise<Rows> {
  try {
    return await withConnection({ ...target, poolMax: 1 }, (connection) =>
      inLockTries(target, options, (begin) =>
        inTransaction(connection, { signal: options.signal }, async (client) => {
          await begin(client, "transaction");
          return dropIn(client, target, plan);
        }),
      ),
    );
  } catch (error) {
    throw refusalOf(error, target) ?? error;
  }
}

async function dropIn(client: ClientBase, target: Target, { ours, hasRecord }: Plan): Promise<Rows> {
  const names = (keyword: string): string =>
    ours
      .filter((object) => keywordOf(object) === keyword)
      .map(({ name }) => name)
      .join(", ");
  // No deploy meanwhile, and nobody who reads or writes what is about to go.
  await runScript(client, `SELECT pg_advisory_xact_lock(${PRISMA_LOCK})`);
  if (names("TABLE") !== "") {
    await runScript(client, `LOCK TABLE ${names("TABLE")} IN ACCESS EXCLUSIVE MODE`);
  }
  await refuseMarked(client, target);
  const rows = await countRows(client, ours);
  // What depends on each other goes in one statement. Sequences of columns go with their tables.
  for (const keyword of DROP_ORDER.filter((each) => names(each) !== "")) {
    await client.query(`DROP ${keyword} IF EXISTS ${names(keyword)}`);
  }
  if (hasRecord) {
    // Emptied and not dropped: beside other tables, the engine takes the schema for vocabdb's by it.
    await client.query(`DELETE FROM ${RECORD}`);
  }
  return rows;
}

const DROP_ORDER = ["MATERIALIZED VIEW", "VIEW", "TABLE", "ROUTINE", "TYPE", "SEQUENCE"];

function refusalOf(error: unknown, target: Target): ResetRefusedError | null {
  const where = describeTarget(target);
  if (error instanceof LockNotHadError) {
    const { blockers, waitedMs } = error;
    const remedies =
      blockers.length === 0 ? ["see who is at work: SELECT * FROM pg_stat_activity"] : blockerRemedies(blockers);
    return new ResetRefusedError(
      `the tables in ${where} were in use for ${(waitedMs / 1000).toFixed(1)} s, and nothing was dropped${blockers.map((blocker) => `\n  ${blockerText(blocker)}`).join("")}`,
      `${remedies.join("; ")}; then run this command again`,
      { cause: error.cause },
    );
  }
  const { code, detail } = error as { code?: unknown; detail?: unknown };
  return code === "2BP01"
    ? new ResetRefusedError(
        `something that is not vocabdb's depends on what would be dropped from ${where}, and nothing was:\n${String(detail)}`,
        "drop it first, if it may go too",
        { cause: error },
      )
    : null;
}

async function countRows(client: ClientBase, objects: readonly SchemaObject[]): Promise<Rows> {
  const rows = new Map<string, number>();
  for (const { name } of objects.filter(({ kind }) => kind === "table")) {
    const counted = await client.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${name}`);
    rows.set(name, counted.rows[0]?.rows ?? 0);
  }
  return rows;
}

function changesOf(rows: Rows): Changes {
  return Object.fromEntries([...rows].map(([table, deleted]) => [table, { deleted }]));
}

function resultOf(
  { database, schema }: Target,
  { ours, left }: Plan,
  rows: Rows,
  applied: readonly string[],
): ResetResult {
  const dropped = ours.map(({ kind, name }) => ({
    ...{ kind, name },
    rows: kind === "table" ? (rows.get(name) ?? 0) : null,
  }));
  return { database, schema, dropped, left: left.map(({ kind, name }) => ({ kind, name })), applied };
}
