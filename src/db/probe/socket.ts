/** Sockets that never outlive the question they were opened for. */
import net from "node:net";
import type { Duplex } from "node:stream";

export interface Limit {
  /** Milliseconds that this one question may take. */
  readonly timeoutMs: number;
  /** Aborted when the whole examination has to end. */
  readonly signal: AbortSignal;
}

/** Nothing came within the limit: no failure of the socket, but an answer of its own. */
export class SilenceError extends Error {
  readonly code = "ETIMEDOUT";
}

/** The other side closed the connection instead of answering. */
export class ClosedError extends Error {
  readonly code = "ECONNRESET";
}

/**
 * Waits for an event of a socket that exists; the socket is destroyed unless it came.
 *
 * @throws {SilenceError} when nothing came in time
 * @throws {ClosedError} when the other side hung up
 */
export function awaitEvent<T>(socket: Duplex, event: string, { timeoutMs, signal }: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      for (const [name, listener] of listeners) {
        socket.off(name, listener);
      }
      // A socket without a listener for its errors would end the process.
      socket.on("error", ignore);
      outcome();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.destroy();
        reject(error);
      });
    const onAbort = (): void => fail(signal.reason);
    const closed = (): void => fail(new ClosedError("the connection was closed"));
    const listeners: readonly (readonly [string, (value: unknown) => void])[] = [
      // The caller knows what its event brings.
      [event, (value) => settle(() => resolve(value as T))],
      ["error", fail],
      ["end", closed],
      ["close", closed],
    ];
    const timer = setTimeout(() => fail(new SilenceError("no answer")), timeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    for (const [name, listener] of listeners) {
      socket.once(name, listener);
    }
    if (signal.aborted) {
      onAbort();
    } else if (socket.destroyed) {
      closed();
    }
  });
}

/** @param host an address, or the folder of a Unix socket */
export async function openSocket(host: string, port: number, limit: Limit): Promise<net.Socket> {
  const socket = net.connect(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  await awaitEvent(socket, "connect", limit);
  return socket;
}

function ignore(): void {}
