/**
 * Tells a server that works for long from one that has stopped answering. TCP does not: the connection to a process
 * that is stopped stays open for ever, and what was sent through a router that has forgotten it is repeated for
 * a quarter of an hour.
 */
import type { Socket } from "node:net";
import type pg from "pg";
import { ConnectionError } from "../errors/connection.js";
import type { FindingId } from "../finding.js";
import { translateError } from "./errors.js";
import { STOPPED_ANSWERING } from "./failures/client.js";
import type { Target } from "./target.js";

/** How many times in a row it has to look bad. */
const TRIES = 3;
/** Who says again and again that it works is asked as rarely as every so many limits. */
const LONGEST_PAUSE = 8;

/** Nobody answers, or only a pooler that has nobody behind it. Whatever else fails is an answer, or our own fault. */
const SILENCE: readonly (FindingId | null)[] = [
  ...["net.timeout", "net.unreachable", "net.ipv6-only", "net.dns-not-found", "net.dns-unavailable"],
  "pool.backend-down",
] as const;

/** The port tells that a session is ours: an address may lead to several servers, which number their own processes. */
const SESSIONS = `
  SELECT pid, client_port AS port, state LIKE 'idle%' AS idle, wait_event = 'ClientRead' AS reading
    FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user`;

interface Session {
  readonly pid: number;
  readonly port: number | null;
  readonly idle: boolean | null;
  /** Waits for more from us. */
  readonly reading: boolean | null;
}

/** What the driver's types leave out. */
interface Internals {
  readonly processID: number | null;
  /** False from the first byte of a statement to the last of its answer. */
  readonly readyForQuery: boolean;
  readonly _ending: boolean;
  readonly connection: { readonly stream: Socket };
}

/** One for all connections of a pool: they ask together. */
export class Watchdog {
  readonly #target: Target;
  readonly #limitMs: number;
  #answer: Promise<readonly Session[] | null> | null = null;

  /** @param target its connectTimeoutMs is how long nothing may come or go before the server is asked */
  constructor(target: Target) {
    this.#target = target;
    this.#limitMs = target.connectTimeoutMs;
  }

  /**
   * Fails what waits for an answer when the server gives none to others either, or says that it waits for us.
   *
   * @param client is connected
   * @param another makes a client for the same server, which is not watched
   */
  watch(client: pg.Client, another: () => pg.Client): void {
    const internals = client as unknown as Internals;
    const { stream } = internals.connection;
    let [traffic, failures, pauseMs, asking] = [-1, 0, this.#limitMs, false];
    const look = async (): Promise<void> => {
      const startedAt = performance.now();
      if (trafficOf(stream) !== traffic) {
        [traffic, failures, pauseMs] = [trafficOf(stream), 0, this.#limitMs];
      }
      const sessions = await this.#ask(another);
      const isQuiet = !internals.readyForQuery && trafficOf(stream) === traffic;
      failures = isQuiet && (sessions === null || isLost(internals, sessions)) ? failures + 1 : 0;
      if (failures === TRIES) {
        stream.destroy(new Error(STOPPED_ANSWERING));
        return;
      }
      pauseMs = failures > 0 || !isQuiet ? this.#limitMs : Math.min(2 * pauseMs, LONGEST_PAUSE * this.#limitMs);
      stream.setTimeout(Math.max(1, pauseMs - (performance.now() - startedAt)));
    };
    // Node's own timer for sockets, which everything that comes or goes sets back; it keeps no process alive.
    stream.setTimeout(this.#limitMs).on("timeout", () => {
      if (internals._ending) {
        // It does not even take leave.
        stream.destroy();
      } else if (!internals.readyForQuery && !asking) {
        asking = true;
        void look().finally(() => {
          asking = false;
        });
      }
    });
  }

  /** Connections that fall silent together are content with one answer. */
  #ask(another: () => pg.Client): Promise<readonly Session[] | null> {
    this.#answer ??= this.#sessions(another()).finally(() => {
      // Each of them has been silent for longer than that.
      setTimeout(() => {
        this.#answer = null;
      }, this.#limitMs / 2).unref();
    });
    return this.#answer;
  }

  /** @returns what the server knows of our sessions; nothing where it cannot tell, null where it does not answer */
  async #sessions(client: pg.Client): Promise<readonly Session[] | null> {
    client.on("error", () => {});
    try {
      await client.connect();
      const question = { text: SESSIONS, query_timeout: this.#limitMs };
      return (await client.query<Session>(question)).rows;
    } catch (error) {
      const translated = translateError(error, this.#target);
      // A pooler lets in whom it makes wait: a login without an answer to the question is not silence.
      return translated instanceof ConnectionError && SILENCE.includes(translated.finding) ? null : [];
    } finally {
      void client.end().catch(() => {});
    }
  }
}

/** Whether the server, by its own word, has not got what we wait for an answer to. */
function isLost({ processID, connection: { stream } }: Internals, sessions: readonly Session[]): boolean {
  // PostgreSQL writes -1 for those of a Unix socket.
  const own = sessions.find(({ pid, port }) => pid === processID && port === (stream.localPort ?? -1));
  // One that reads may wait for a file that we wait for ourselves.
  return own?.idle === true || (own?.reading === true && stream.writableLength > 0);
}

function trafficOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}
