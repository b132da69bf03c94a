/** An address on this machine that leads to a target, for programs that know less of TLS than we do. */
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import tls from "node:tls";
import { askForTls } from "./probe/offer.js";
import { awaitEvent, openSocket } from "./probe/socket.js";
import type { Target } from "./target.js";
import { tlsOptions } from "./tls.js";

const PORT = 5432;

/**
 * The bracket around a relay. It passes on bytes and signs in nobody: whoever comes has to know the password. Yet a
 * client certificate, or the rights of this account at a Unix socket, would do for anybody, so that where there are
 * such sockets it is one in a folder of this account's.
 *
 * @param signal ends the connections
 * @param work is given the same target at the relay's address, without TLS
 */
export async function withRelay<T>(
  target: Target,
  signal: AbortSignal,
  work: (local: Target) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "vocabdb-relay-"));
  const sockets = new Set<Duplex>();
  const server = net.createServer((client) => {
    // One that cannot be passed on is closed, and its program finds words for that.
    passOn(client, target, sockets, signal).catch(() => client.destroy());
  });
  const isWindows = process.platform === "win32";
  try {
    server.listen(isWindows ? { host: "127.0.0.1", port: 0 } : { path: join(folder, `.s.PGSQL.${PORT}`) });
    await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
    const address = server.address();
    const local = typeof address === "object" && address !== null ? address : { address: folder, port: PORT };
    return await work({
      ...{ ...target, host: local.address, port: local.port },
      tls: { mode: "disable", rootCert: null, clientCert: null, clientKey: null },
    });
  } finally {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
    await rm(folder, { recursive: true, force: true });
  }
}

async function passOn(client: net.Socket, target: Target, sockets: Set<Duplex>, signal: AbortSignal): Promise<void> {
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  };
  keep(client);
  const server = await openSession(target, signal);
  keep(server);
  await pipeline(client, server, client);
}

/** @returns a connection on which nothing has been said yet, encrypted and verified as the target asks for */
async function openSession(target: Target, signal: AbortSignal): Promise<Duplex> {
  const limit = { timeoutMs: target.connectTimeoutMs || 60_000, signal };
  const options = await tlsOptions(target);
  const socket = await openSocket(target.host, target.port, limit);
  if (options === false) {
    return socket;
  }
  const reply = await askForTls(socket, limit);
  if (reply.kind !== "tls") {
    socket.destroy();
    throw new Error("the server offers no TLS");
  }
  const { host } = target;
  const secure = tls.connect({ ...options, socket, host, ...(net.isIP(host) === 0 && { servername: host }) });
  await awaitEvent(secure, "secureConnect", limit);
  return secure;
}
