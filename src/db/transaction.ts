/** The bracket around every statement that does not go through Prisma. */
import net from "node:net";
import pg, { type PoolClient } from "pg";
import { CommitUnknownError } from "../errors/connection.js";
import { commit } from "./commit.js";
import { type Connection, TRANSACTION_SETUP } from "./pool.js";
import type { Target } from "./target.js";

export interface TransactionOptions {
  readonly readOnly?: boolean;
  /** Does all the work and then rolls it back. */
  readonly dryRun?: boolean;
  /** When aborted, the running statement is cancelled on the server and the transaction rolled back. */
  readonly signal?: AbortSignal | undefined;
}

/** How long a cancelled statement may take to stop before its connection is cut. */
const CANCEL_GRACE_MS = 2_000;

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws.
 *
 * The search path and the time zone are set for the transaction only. Behind a pooler in transaction
 * mode a session is somebody else's a moment later, and what was set on it would leak to them.
 */
export async function inTransaction<T>(
  connection: Connection,
  options: TransactionOptions,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted();
  const client = await connection.pool.connect();
  const cancellation = cancelOnAbort(client, connection.target, options.signal);
  let broken = false;
  try {
    await client.query(
      `BEGIN${options.readOnly ? " ISOLATION LEVEL REPEATABLE READ READ ONLY" : ""};` +
        ` SET LOCAL search_path TO ${pg.escapeIdentifier(connection.target.schema)}; ${TRANSACTION_SETUP}`,
    );
    const result = await work(client);
    options.signal?.throwIfAborted();
    await (options.dryRun || options.readOnly ? client.query("ROLLBACK") : commit(client, connection.target));
    return result;
  } catch (error) {
    await cancellation.delivered();
    broken = !(await client.query("ROLLBACK").then(
      () => true,
      () => false,
    ));
    throw options.signal?.aborted && !(error instanceof CommitUnknownError) ? options.signal.reason : error;
  } finally {
    cancellation.stop();
    // One that was sent as the transaction ended must not meet the connection's next user.
    client.release(broken || options.signal?.aborted === true);
  }
}

/** Runs a piece of work in the transaction that it belongs to. */
export type InBatch = <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>;

/**
 * Runs work that goes in batches, each in a transaction of its own: what is done when it stops stays done. A dry
 * run is one transaction for all of them, rolled back in the end.
 */
export function inBatches<T>(
  connection: Connection,
  { dryRun, signal }: Pick<TransactionOptions, "dryRun" | "signal">,
  work: (inBatch: InBatch) => Promise<T>,
): Promise<T> {
  return dryRun
    ? inTransaction(connection, { dryRun, signal }, (client) => work((batch) => batch(client)))
    : work((batch) => inTransaction(connection, { signal }, batch));
}

export interface Cancellation {
  /**
   * Once no request to cancel is on its way any more: it stops whatever it finds, and that must be neither
   * the next statement nor that of whoever a pooler lends the connection to next.
   */
  delivered(): Promise<void>;
  /** Listens to the signal no longer. */
  stop(): void;
}

/**
 * Has the server cancel what it runs for `client` when the signal comes; the end of the connection alone
 * would let a statement run on.
 */
export function cancelOnAbort(client: pg.ClientBase, target: Target, signal: AbortSignal | undefined): Cancellation {
  let sent = Promise.resolve();
  let cut: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    sent = sendCancelRequest(client, target);
    cut = setTimeout(() => backend(client).connection?.stream.destroy(), CANCEL_GRACE_MS);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  return {
    delivered: () => sent,
    stop: () => {
      signal?.removeEventListener("abort", cancel);
      clearTimeout(cut);
    },
  };
}

/** What the driver keeps from the server's BackendKeyData message, and its socket. */
interface Backend {
  readonly processID?: number | null;
  readonly secretKey?: number | null;
  readonly connection?: { readonly stream: net.Socket };
}

function backend(client: pg.ClientBase): Backend {
  return client as unknown as Backend;
}

/**
 * PostgreSQL's CancelRequest: a message on a connection of its own. Poolers pass it on, which a query
 * calling pg_cancel_backend would not survive.
 *
 * @returns resolves when it is done, as far as can be told: it is answered by the end of the connection only
 */
function sendCancelRequest(client: pg.ClientBase, target: Target): Promise<void> {
  const { processID, secretKey } = backend(client);
  if (processID == null || secretKey == null) {
    return Promise.resolve();
  }
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80877102, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  const socket = target.host.startsWith("/")
    ? net.connect(`${target.host}/.s.PGSQL.${target.port}`)
    : net.connect(target.port, target.host);
  return new Promise((resolve) => {
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.setTimeout(CANCEL_GRACE_MS, () => socket.destroy());
    // As libpq does: the server closes the connection when it has done what it was asked.
    socket.resume().write(message);
  });
}
