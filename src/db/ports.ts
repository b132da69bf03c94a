/** Ports of this machine. */
import net from "node:net";

/** @returns the port, or with 0 any free one; null where something else listens on it */
export function tryPort(port: number): Promise<number | null> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(null));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const { port: opened } = server.address() as net.AddressInfo;
      server.close(() => resolve(opened));
    });
  });
}
