/** Prisma's adapter for its schema engine, with what migrations need mended, and scripts sent our way. */
import { PrismaPg } from "@prisma/adapter-pg";
import {
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import type pg from "pg";
import { inLockTries, inQuietWait, type LockOptions } from "./lock-tries.js";
import { onConnection } from "./pool.js";
import { isConcurrentScript, runScript, ScriptError } from "./sql-script.js";
import type { Target } from "./target.js";
import type { Cancellation } from "./transaction.js";
import type { Wire } from "./wire.js";

/** Prisma's adapter, with two things mended that migrations need. */
export class EngineAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName: string;
  lastFailure: ScriptError | null = null;
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
      const result = await queryRaw(query);
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

  /** Prisma's adapter splits scripts at every semicolon, which breaks functions, strings and comments. */
  async #executeScript(script: string): Promise<void> {
    try {
      await onConnection(this.pool, (client) => this.#runScript(client, script));
    } catch (error) {
      // The engine goes on to record the failure, which no late request may cancel.
      await this.cancellation.delivered();
      if (!(error instanceof ScriptError)) {
        throw error;
      }
      this.lastFailure = error;
      const { code, severity, message, detail, column, hint } = error.cause;
      throw new DriverAdapterError({
        ...{ kind: "postgres", code: code ?? "", severity: severity ?? "ERROR", message },
        ...{ detail, column, hint },
      });
    }
  }

  async #runScript(client: pg.ClientBase, script: string): Promise<void> {
    const { target, options } = this;
    const waiting = isConcurrentScript(script) ? inQuietWait : inLockTries;
    try {
      await waiting(target, options, async (begin) => {
        await this.#beforeScript(script, () => begin(client, "session"));
        await runScript(client, script).catch(async (error: unknown) => {
          // One that began a transaction by itself has left it open.
          await client.query("ROLLBACK").catch(() => {});
          throw error;
        });
      });
    } finally {
      await client.query("RESET lock_timeout").catch(() => {});
    }
  }

  /** The engine has recorded by now that the script began. What keeps it from doing so leaves nothing of it. */
  async #beforeScript(script: string, work: () => Promise<void>): Promise<void> {
    try {
      this.options.signal?.throwIfAborted();
      await work();
    } catch (error) {
      throw error instanceof Error ? new ScriptError(script, null, true, error) : error;
    }
  }
}
