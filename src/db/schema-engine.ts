/**
 * Prisma Migrate's own engine, in WebAssembly, over a connection of ours. It needs no download, writes
 * the same `_prisma_migrations` as Prisma's command line, and shares target, TLS and errors with
 * everything else.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SchemaEngine } from "@prisma/schema-engine-wasm/schema_engine_bg";
import pg from "pg";
import { VocabdbError } from "../errors/base.js";
import { commit } from "./commit.js";
import type { EngineAdapterFactory } from "./engine-adapter.js";
import { translateError } from "./errors.js";
import type { LockOptions } from "./lock-tries.js";
import { advisoryLockHolders } from "./lock-watch.js";
import { createPool, onConnection, SESSION_SETUP } from "./pool.js";
import { requireSession } from "./pooler.js";
import type { ScriptError } from "./sql-script.js";
import type { Target } from "./target.js";
import { type Cancellation, cancelOnAbort } from "./transaction.js";
import { Wire } from "./wire.js";

export interface SchemaEngineSession {
  /** Starts it at the first call, which takes longer than all that it is asked most of the time. */
  engine(): Promise<SchemaEngine>;
  /** Takes Prisma's advisory lock, however long another deploy holds it. The engine gives up after 10 s. */
  waitForLock(): Promise<void>;
  /** The last script that the server refused, null while there is none. */
  lastFailure(): ScriptError | null;
  /** Whether the database's record says that its migration began. */
  isFailureRecorded(): boolean;
  /** What the engine does in one transaction. */
  inOneTransaction(work: () => Promise<unknown>): Promise<void>;
  /** The engine's own connection, while the engine is idle. */
  onConnection<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
}

interface Started {
  readonly factory: EngineAdapterFactory;
  readonly engine: SchemaEngine;
}

/**
 * Opens one connection for the engine and closes it with the bracket. The engine takes Prisma's advisory
 * lock for the session and never releases it: only the end of its connection lets the next one go on.
 *
 * @param datamodel the content of schema.prisma
 */
export async function withSchemaEngine<T>(
  target: Target,
  datamodel: string,
  work: (session: SchemaEngineSession) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const wire = new Wire();
  let cancellation: Cancellation | null = null;
  const held: { started: Started | null } = { started: null };
  const pool = createPool(target, {
    max: 1,
    // The lock has to be on the connection that the scripts run on, from the first to the last.
    idleTimeoutMillis: 0,
    onConnect: async (client) => {
      if (wire.lost !== null) {
        throw wire.lost;
      }
      wire.watch(client);
      await requireSession(client, pool, target);
      await client.query(`${SESSION_SETUP}; SET search_path TO ${pg.escapeIdentifier(target.schema)}`);
    },
  });
  try {
    // The engine hides why a connection fails, so the first one is opened here.
    const client = await pool.connect();
    cancellation = cancelOnAbort(client, target, options.signal);
    client.release();
    const cancelling = cancellation;
    const start = async (): Promise<Started> => {
      const [{ EngineAdapterFactory }, { startSchemaEngine }] = await Promise.all([
        import("./engine-adapter.js"),
        import("./schema-engine-start.js"),
      ]);
      const factory = new EngineAdapterFactory(pool, target, wire, options, cancelling);
      return { factory, engine: await startSchemaEngine(datamodel, factory) };
    };
    return await work({
      engine: async () => {
        held.started ??= await start();
        return held.started.engine;
      },
      waitForLock: () => waitForLock(pool, options),
      lastFailure: () => held.started?.factory.lastFailure ?? null,
      isFailureRecorded: () => held.started?.factory.isRecorded === true,
      inOneTransaction: (work) => inOneTransaction(pool, target, work),
      onConnection: (work) => onConnection(pool, work),
    });
  } catch (error) {
    if (options.signal?.aborted || error instanceof VocabdbError) {
      throw error;
    }
    throw wire.lost ?? (translateError(error, target) instanceof VocabdbError ? error : (wire.refused ?? error));
  } finally {
    held.started?.engine.free();
    cancellation?.stop();
    await pool.end();
  }
}

/** The number that Prisma Migrate locks, the same in every version of it. */
export const PRISMA_LOCK = 72_707_369;
const LOCK_POLL_MS = 250;
/** Most deploys are over by then. */
const TELL_AFTER_MS = 1_000;

/**
 * Asks again and again: a statement that waits on the server keeps its snapshot, for whose end a CREATE
 * INDEX CONCURRENTLY of the deploy that has the lock would wait in turn.
 */
async function waitForLock(pool: pg.Pool, { signal, onWait }: LockOptions): Promise<void> {
  const tellAt = performance.now() + TELL_AFTER_MS;
  let told = onWait === undefined;
  for (;;) {
    signal?.throwIfAborted();
    const { rows } = await pool.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${PRISMA_LOCK}) AS locked`);
    if (rows[0]?.locked) {
      return;
    }
    if (!told && performance.now() > tellAt) {
      const blockers = await advisoryLockHolders(pool, PRISMA_LOCK);
      told = blockers.length > 0;
      if (told) {
        onWait?.({ on: "deploy", blockers });
      }
    }
    await sleep(LOCK_POLL_MS);
  }
}

/** The pool has one connection, so that what begins on it is what the engine goes on with. */
async function inOneTransaction(pool: pg.Pool, target: Target, work: () => Promise<unknown>): Promise<void> {
  await pool.query("BEGIN");
  try {
    await work();
    await onConnection(pool, (client) => commit(client, target));
  } catch (error) {
    await pool.query("ROLLBACK").catch(() => {});
    throw error;
  }
}
