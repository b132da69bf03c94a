/** The one place that opens connections to PostgreSQL for everything but schema migrations. */
import type { Socket } from "node:net";
import pg from "pg";
import type { Target } from "./target.js";
import { tlsOptions } from "./tls.js";
import { Watchdog } from "./watchdog.js";

/** An open pool and what it is connected to. Nothing has been sent yet: connections open on first use. */
export interface Connection {
  readonly target: Target;
  readonly pool: pg.Pool;
  /** Ends every connection; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Times are converted, by Prisma's adapter and in SQL, as if the session were in UTC and dates in ISO form,
 * whatever the server, database or role is set to.
 *
 * Sent when a connection opens. What is set that way is the client's own: PgBouncer keeps it per client, others
 * forget it ({@link isUtcSession} tells), and none of them refuses what every Java client sends. A SET would
 * stay on a connection that a pooler lends to somebody else next.
 */
const STARTUP_PARAMETERS = { TimeZone: "UTC", DateStyle: "ISO" } as const;

/** The same until the transaction ends. Holds wherever it runs, whatever others left set there. */
export const TRANSACTION_SETUP = "SET LOCAL TIME ZONE 'UTC'; SET LOCAL DateStyle = 'ISO'";

/** The same for a session that is known to be ours alone. */
export const SESSION_SETUP = "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'";

/** What differs from the shared pool where a connection has a purpose of its own. */
export interface PoolOverrides extends Pick<pg.PoolConfig, "max" | "idleTimeoutMillis" | "onConnect"> {
  /** Begins sessions with the settings that the server gives to clients which say nothing. */
  readonly plainSession?: boolean;
  /** For those who limit by themselves how long an answer may take. */
  readonly unwatched?: boolean;
}

/** A pool that connects as everything here does. Nothing is sent before its first use. */
export function createPool(
  target: Target,
  { plainSession = false, unwatched = target.connectTimeoutMs === 0, ...overrides }: PoolOverrides = {},
): pg.Pool {
  const startup = plainSession ? {} : STARTUP_PARAMETERS;
  const watchdog = unwatched ? null : new Watchdog(target);
  const pool = new LazyTlsPool(target, { ...poolConfig(target, startup, watchdog), ...overrides });
  // An idle connection that the server ends would otherwise end the process: the pool replaces it, and
  // a query that needed it reports the failure itself.
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}

/** The bracket around one connection of a pool. */
export async function onConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, done: () => void) => void;

/** What the driver has to know about TLS may depend on the server, which is asked by the first that connects. */
class LazyTlsPool extends pg.Pool {
  readonly #target: Target;
  #tls: Promise<void> | null = null;

  constructor(target: Target, config: pg.PoolConfig) {
    super(config);
    this.#target = target;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    this.#tls ??= this.#learnTls();
    if (callback === undefined) {
      return this.#tls.then(() => super.connect());
    }
    this.#tls.then(
      () => super.connect(callback),
      (error: Error) => callback(error, undefined, ignore),
    );
    return undefined;
  }

  async #learnTls(): Promise<void> {
    try {
      Object.assign(this.options, { ssl: await tlsOptions(this.#target) });
    } catch (error) {
      // The next one asks again.
      this.#tls = null;
      throw error;
    }
  }
}

/** What the server, or the pooler before it, has told about the session's settings. */
const REPORTED = Symbol("reported settings");

/** Whether the session of a connected client was opened as asked for; behind a pooler it may not have been. */
export function isUtcSession(client: pg.ClientBase): boolean {
  const { TimeZone, DateStyle } = (client as { [REPORTED]?: Record<string, string> })[REPORTED] ?? {};
  return TimeZone === STARTUP_PARAMETERS.TimeZone && DateStyle?.startsWith(STARTUP_PARAMETERS.DateStyle) === true;
}

function poolConfig(
  target: Target,
  startup: Readonly<Record<string, string>>,
  watchdog: Watchdog | null,
): pg.PoolConfig {
  const { password } = target;
  // The pool's timeout covers waiting for a free connection and opening one; the client's only the latter.
  class TimedClient extends pg.Client {
    readonly [REPORTED]: Record<string, string> = {};

    constructor(config?: pg.ClientConfig) {
      super({
        ...config,
        connectionTimeoutMillis: target.connectTimeoutMs,
        // A function, so that no inspected client shows it. Without one the driver asks ~/.pgpass.
        ...(password !== null && { password: () => password.reveal() }),
      });
      // The pool forgets a client whose login failed on this side, but leaves its socket open: it would keep
      // the process alive, and hold up a DROP DATABASE, until the server's authentication_timeout.
      const { connection } = this as unknown as { connection: NodeJS.EventEmitter & { readonly stream: Socket } };
      connection.once("error", () => connection.stream.destroy());
      connection.on("parameterStatus", ({ parameterName, parameterValue }: Record<string, string>) => {
        this[REPORTED][String(parameterName)] = String(parameterValue);
      });
    }

    /** The driver's own method, which its types leave out. */
    getStartupConf(): object {
      const { getStartupConf } = pg.Client.prototype as unknown as { getStartupConf(): object };
      return { ...getStartupConf.call(this), ...startup };
    }
  }
  class WatchedClient extends TimedClient {
    constructor(config?: pg.ClientConfig) {
      super(config);
      this.once("connect", () => watchdog?.watch(this, () => new TimedClient(config)));
    }
  }
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    application_name: target.applicationName,
    ...(target.options !== null && { options: target.options }),
    max: target.poolMax,
    connectionTimeoutMillis: target.poolTimeoutMs,
    idleTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    // Routers forget idle connections; without probes the next query would hang until TCP gives up.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client: WatchedClient,
  };
}

export function openConnection(target: Target, overrides: PoolOverrides = {}): Connection {
  const pool = createPool(target, overrides);
  let closing: Promise<void> | null = null;
  return {
    target,
    pool,
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
}

/** The bracket: opens a pool for `work` and closes it, whatever happens. */
export async function withConnection<T>(target: Target, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = openConnection(target);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

function ignore(): void {}
