/** Prisma's adapter for its schema engine, with what migrations need mended, and scripts sent our way. */
import { PrismaPg } from "@prisma/adapter-pg";
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
  type SqlResultSet,
} from "@prisma/driver-adapter-utils";
import pg from "pg";
import { commit } from "./commit.js";
import { inLockTries, inQuietWait, type LockOptions } from "./lock-tries.js";
import { onConnection } from "./pool.js";
import { fitsTransaction, isConcurrentScript, isPassing, runScript, ScriptError } from "./sql-script.js";
import type { Target } from "./target.js";
import type { Cancellation } from "./transaction.js";
import type { Wire } from "./wire.js";

/** How the engine records that a migration begins, and that it is over. */
const RECORDS_BEGIN = /^INSERT INTO \S*"_prisma_migrations"(?!.*"finished_at")/;
const RECORDS_END = /^UPDATE \S*"_prisma_migrations" SET "finished_at"/;

/** Prisma's adapter, with what mended that migrations need. */
export class EngineAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName: string;
  lastFailure: ScriptError | null = null;
  /** Whether the record says that the last migration began. */
  isRecorded = false;
  /** Records that the migration begins whose script comes next. */
  #recordBegin: (() => Promise<unknown>) | null = null;
  /** Whether a transaction is open that ends with the record of the migration's end. */
  #isOpen = false;
  readonly #prisma: PrismaPg;

  constructor(
    readonly pool: pg.Pool,
    readonly target: Target,
    readonly wire: Wire,
    readonly options: LockOptions,
    readonly cancellation: Cancellation,
  ) {
    this.#prisma = new PrismaPg(pool, { schema: target.schema });
    this.adapterName = this.#prisma.adapterName;
  }

  async connect(): Promise<SqlDriverAdapter> {
    const adapter = await this.#prisma.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    // The adapter refuses results of type "char"; the engine expects a single character there, not text.
    adapter.queryRaw = async (query) => {
      const result = await this.#recorded(query, () => queryRaw(query));
      for (const column of this.wire.charColumns) {
        result.columnTypes[column] = ColumnTypeEnum.Character;
      }
      return result;
    };
    adapter.executeScript = (script) => this.#executeScript(script);
    return adapter;
  }

  connectToShadowDb(): Promise<SqlDriverAdapter> {
    // Prisma's own would connect to the main database wherever the pool was made from a URL.
    return Promise.reject(new Error("no shadow database is used here"));
  }

  /** A migration and the record of it are one transaction, so that nothing can come between them. */
  async #recorded({ sql }: SqlQuery, execute: () => Promise<SqlResultSet>): Promise<SqlResultSet> {
    if (RECORDS_BEGIN.test(sql)) {
      this.#recordBegin = execute;
      return { columnNames: [], columnTypes: [], rows: [] };
    }
    const result = await execute();
    if (this.#isOpen && RECORDS_END.test(sql)) {
      this.#isOpen = false;
      await onConnection(this.pool, (client) => commit(client, this.target)).catch((error: Error) => {
        this.wire.lost = error;
        throw error;
      });
    }
    return result;
  }

  /** Prisma's adapter splits scripts at every semicolon, which breaks functions, strings and comments. */
  async #executeScript(script: string): Promise<void> {
    const recordBegin = this.#recordBegin;
    this.#recordBegin = null;
    // One that would end a transaction, or cannot run in one, is recorded before and after.
    const isWhole = recordBegin !== null && fitsTransaction(script);
    try {
      if (!isWhole) {
        await recordBegin?.();
      }
      await this.#runScript(script, isWhole ? recordBegin : null);
      this.#isOpen = isWhole;
    } catch (error) {
      // The engine goes on to record the failure, which no late request may cancel.
      await this.cancellation.delivered();
      if (!(error instanceof ScriptError)) {
        throw error;
      }
      this.isRecorded = !isWhole || !isPassing(error, this.options.signal?.aborted === true);
      if (isWhole && this.isRecorded) {
        await recordBegin();
      }
      this.lastFailure = error;
      const { code, severity, message, detail, column, hint } = error.cause;
      throw new DriverAdapterError({
        ...{ kind: "postgres", code: code ?? "", severity: severity ?? "ERROR", message },
        ...{ detail, column, hint },
      });
    }
  }

  /** @param recordBegin to begin a transaction with, which is left open */
  async #runScript(script: string, recordBegin: (() => Promise<unknown>) | null): Promise<void> {
    const { target, options, pool } = this;
    const waiting = isConcurrentScript(script) ? inQuietWait : inLockTries;
    try {
      await waiting(target, options, async (begin) => {
        if (recordBegin !== null) {
          // The pool has one connection, and this is it until the engine has recorded the end.
          await pool.query("BEGIN");
          await recordBegin();
        }
        await onConnection(pool, async (client) => {
          try {
            await this.#beforeScript(script, () => begin(client, "session"));
            await runScript(client, script);
            if (recordBegin !== null) {
              await checkConstraints(client, script);
            }
          } catch (error) {
            // One that began a transaction by itself has left it open.
            await client.query("ROLLBACK").catch(() => {});
            throw error;
          }
        });
      });
    } finally {
      await pool.query("RESET lock_timeout").catch(() => {});
    }
  }

  /** The engine takes the script for begun by now. What keeps it from that leaves nothing of it. */
  async #beforeScript(script: string, work: () => Promise<void>): Promise<void> {
    try {
      this.options.signal?.throwIfAborted();
      await work();
    } catch (error) {
      throw error instanceof Error ? new ScriptError(script, null, true, error) : error;
    }
  }
}

/** Those that are deferred, whose failure is the script's and not that of the record. */
async function checkConstraints(client: pg.ClientBase, script: string): Promise<void> {
  await client.query("SET CONSTRAINTS ALL IMMEDIATE").catch((error: unknown) => {
    throw error instanceof pg.DatabaseError ? new ScriptError(script, null, true, error) : error;
  });
}
