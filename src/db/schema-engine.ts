/**
 * Prisma Migrate's own engine, in WebAssembly, over a connection of ours. It needs no download, writes
 * the same `_prisma_migrations` as Prisma's command line, and shares target, TLS and errors with
 * everything else.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PrismaPg } from "@prisma/adapter-pg";
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import * as bindings from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";
import { createPool, SESSION_SETUP } from "./pool.js";
import { requireSession } from "./pooler.js";
import { runScript, ScriptError } from "./sql-script.js";
import type { Target } from "./target.js";
import { cancelOnAbort } from "./transaction.js";

export interface SchemaEngineSession {
  readonly engine: bindings.SchemaEngine;
  /** Takes Prisma's advisory lock, however long another deploy holds it. The engine gives up after 10 s. */
  waitForLock(): Promise<void>;
  /** The last script that the server refused, null while there is none. */
  lastFailure(): ScriptError | null;
}

/**
 * Opens one connection for the engine and closes it with the bracket. The engine takes Prisma's advisory
 * lock for the session and never releases it: only the end of its connection lets the next one go on.
 *
 * @param datamodel the content of schema.prisma
 * @param signal when aborted, the script that runs is cancelled on the server
 */
export async function withSchemaEngine<T>(
  target: Target,
  datamodel: string,
  work: (session: SchemaEngineSession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  loadEngine();
  const wire = new Wire();
  let stopWatching = (): void => {};
  const pool = createPool(target, {
    max: 1,
    // The lock has to be on the connection that the scripts run on, from the first to the last.
    idleTimeoutMillis: 0,
    onConnect: async (client) => {
      wire.watch(client);
      await requireSession(client, pool, target);
      await client.query(`${SESSION_SETUP}; SET search_path TO ${pg.escapeIdentifier(target.schema)}`);
    },
  });
  try {
    // The engine hides why a connection fails, so the first one is opened here.
    const client = await pool.connect();
    stopWatching = cancelOnAbort(client, target, signal);
    client.release();
    const factory = new EngineAdapterFactory(pool, target.schema, wire);
    const engine = await bindings.SchemaEngine.new(
      { datamodels: [["schema.prisma", datamodel]] },
      () => {},
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    try {
      return await work({
        engine,
        waitForLock: () => waitForLock(pool, signal),
        lastFailure: () => factory.lastFailure,
      });
    } finally {
      engine.free();
    }
  } finally {
    stopWatching();
    await pool.end();
  }
}

/** The number that Prisma Migrate locks, the same in every version of it. */
export const PRISMA_LOCK = 72_707_369;
const LOCK_POLL_MS = 250;

/**
 * Asks again and again: a statement that waits on the server keeps its snapshot, for whose end a CREATE
 * INDEX CONCURRENTLY of the deploy that has the lock would wait in turn.
 */
async function waitForLock(pool: pg.Pool, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await pool.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${PRISMA_LOCK}) AS locked`);
    if (rows[0]?.locked) {
      return;
    }
    await sleep(LOCK_POLL_MS);
  }
}

/** Type id of `"char"`, the single byte of the catalogs; not to be confused with char(n). */
const CHAR_OID = 18;

/** What has to be seen of the protocol itself. One connection and one statement at a time, so a field will do. */
class Wire {
  /** Columns of the last result whose type was `"char"`; they are passed on as text. */
  charColumns: number[] = [];

  watch(client: pg.ClientBase): void {
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.prependListener("rowDescription", (message: { fields: { dataTypeID: number }[] }) => {
      this.charColumns = [];
      for (const [index, field] of message.fields.entries()) {
        if (field.dataTypeID === CHAR_OID) {
          field.dataTypeID = pg.types.builtins.TEXT;
          this.charColumns.push(index);
        }
      }
    });
  }
}

/** Prisma's adapter, with two things mended that migrations need. */
class EngineAdapterFactory implements SqlMigrationAwareDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName: string;
  lastFailure: ScriptError | null = null;
  readonly #prisma: PrismaPg;
  readonly #pool: pg.Pool;
  readonly #wire: Wire;

  constructor(pool: pg.Pool, schema: string, wire: Wire) {
    this.#pool = pool;
    this.#prisma = new PrismaPg(pool, { schema });
    this.#wire = wire;
    this.adapterName = this.#prisma.adapterName;
  }

  async connect(): Promise<SqlDriverAdapter> {
    const adapter = await this.#prisma.connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    // The adapter refuses results of type "char"; the engine expects a single character there, not text.
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const column of this.#wire.charColumns) {
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
    const client = await this.#pool.connect();
    try {
      await runScript(client, script);
    } catch (error) {
      if (!(error instanceof ScriptError)) {
        throw error;
      }
      this.lastFailure = error;
      const { code, severity, message, detail, column, hint } = error.cause;
      throw new DriverAdapterError({
        ...{ kind: "postgres", code: code ?? "", severity: severity ?? "ERROR", message },
        ...{ detail, column, hint },
      });
    } finally {
      client.release();
    }
  }
}

let loaded = false;

/** The package's own entry imports the .wasm file as a module, which Node 20 cannot. */
function loadEngine(): void {
  if (loaded) {
    return;
  }
  const glue = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const module = new WebAssembly.Module(readFileSync(join(dirname(glue), "schema_engine_bg.wasm")));
  const instance = new WebAssembly.Instance(module, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  // The engine calls this when it panics. Thrown from here the message survives; the engine would trap without one.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message(message: string): never {
        throw new Error(`Prisma's schema engine panicked: ${message}`);
      },
    },
  });
  loaded = true;
}
