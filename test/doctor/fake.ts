/** Servers that are not PostgreSQL, or say what a pooler would say. */
import net from "node:net";

export interface Fake {
  readonly port: number;
  /** How many clients have tried to log in. */
  readonly logins: () => number;
}

export interface Behaviour {
  /** Sent as soon as somebody connects. */
  readonly greeting?: string | Buffer;
  /** Hangs up as soon as somebody connects: in order, or with a reset. */
  readonly hangUp?: "close" | "reset";
  /** Sent whatever comes first, and then it hangs up. */
  readonly answer?: string | Buffer;
  /** The answer to the request for TLS. */
  readonly offer?: "N" | "S" | Buffer;
  /** The answer to a login. */
  readonly login?: Buffer;
}

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const TLS_HANDSHAKE = 0x16;

export async function withFake<T>(behaviour: Behaviour, work: (fake: Fake) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  let logins = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    if (behaviour.hangUp !== undefined) {
      behaviour.hangUp === "reset" ? socket.resetAndDestroy() : socket.destroy();
      return;
    }
    if (behaviour.greeting !== undefined) {
      socket.write(behaviour.greeting);
    }
    socket.on("data", (message) => {
      const code = message.length >= 8 ? message.readUInt32BE(4) : 0;
      if (behaviour.answer !== undefined) {
        socket.end(behaviour.answer);
      } else if (code === SSL_REQUEST || code === GSS_REQUEST) {
        if (behaviour.offer !== undefined) {
          socket.write(behaviour.offer);
        }
      } else if (message[0] !== TLS_HANDSHAKE) {
        logins += 1;
        if (behaviour.login !== undefined) {
          socket.end(behaviour.login);
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as net.AddressInfo;
    return await work({ port, logins: () => logins });
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  }
}

/** PostgreSQL's ErrorResponse. */
export function errorResponse(code: string, message: string, fields: Readonly<Record<string, string>> = {}): Buffer {
  const all = { S: "FATAL", V: "FATAL", C: code, M: message, ...fields };
  const body = Buffer.from(
    `${Object.entries(all)
      .map(([name, value]) => `${name}${value}\0`)
      .join("")}\0`,
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from("E"), length, body]);
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  return withFake({}, ({ port }) => Promise.resolve(port));
}
