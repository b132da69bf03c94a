/** Every address of a host, tried at once. */
import type net from "node:net";
import { type Limit, openSocket } from "./socket.js";

export interface Attempt {
  readonly address: string;
  readonly durationMs: number;
  /** null: connected. */
  readonly error: (Error & { readonly code?: string }) | null;
}

export interface TcpFacts {
  /** In the order of the addresses. */
  readonly attempts: readonly Attempt[];
  /** To the first address that took the connection; whoever asked has to destroy it. */
  readonly socket: net.Socket | null;
}

/** How long the other addresses may take once one has answered. */
const LATECOMERS_MS = 300;

export async function connectToEach(addresses: readonly string[], port: number, limit: Limit): Promise<TcpFacts> {
  const late = new AbortController();
  const signal = AbortSignal.any([limit.signal, late.signal]);
  const silent = Object.assign(new Error("no answer"), { code: "ETIMEDOUT" });
  let timer: NodeJS.Timeout | undefined;
  const started = performance.now();
  const results = await Promise.all(
    addresses.map(async (address) => {
      const socket = await openSocket(address, port, { ...limit, signal }).catch((error: Error) => error);
      const durationMs = performance.now() - started;
      if (!(socket instanceof Error)) {
        timer ??= setTimeout(() => late.abort(silent), LATECOMERS_MS);
        return { attempt: { address, durationMs, error: null }, socket };
      }
      return { attempt: { address, durationMs, error: socket }, socket: null };
    }),
  );
  clearTimeout(timer);
  const [first = null, ...others] = results.map(({ socket }) => socket).filter((socket) => socket !== null);
  for (const socket of others) {
    socket.destroy();
  }
  if (limit.signal.aborted) {
    first?.destroy();
    throw limit.signal.reason;
  }
  return { attempts: results.map(({ attempt }) => attempt), socket: first };
}
