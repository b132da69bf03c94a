/** Asks a server for TLS, as libpq does before it says anything else, and takes whatever it answers. */
import type net from "node:net";
import { type Reply, readReply } from "./reply.js";
import { awaitEvent, type Limit } from "./socket.js";

/** PostgreSQL's SSLRequest message: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** @throws {SilenceError} | {ClosedError} | an error of the socket, which is then destroyed */
export async function askForTls(socket: net.Socket, limit: Limit): Promise<Reply> {
  socket.write(SSL_REQUEST);
  const bytes = await awaitEvent<Buffer>(socket, "data", limit);
  // What follows belongs to TLS, which must find it on the socket.
  socket.pause();
  return readReply(bytes);
}
