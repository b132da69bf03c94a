/** Servers that are not PostgreSQL, or say what a pooler would say. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

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
  /** Hangs up in the middle of the TLS that it has agreed to: in order, or with a reset. */
  readonly handshake?: "close" | "reset";
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
      } else if (message[0] === TLS_HANDSHAKE) {
        if (behaviour.handshake !== undefined) {
          behaviour.handshake === "reset" ? socket.resetAndDestroy() : socket.destroy();
        }
      } else {
        logins += 1;
        if (behaviour.login !== undefined) {
          socket.end(behaviour.login);
        }
      }
    });
  });
  return listening(server, sockets, (port) => work({ port, logins: () => logins }));
}

/** What comes from a server, changed on the way; of the same length, or its messages could not be read. */
export async function withRewritten<T>(
  serverPort: number,
  rewrite: (text: string) => string,
  work: (port: number) => Promise<T>,
): Promise<T> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(serverPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => [client, upstream].map((each) => each.destroy()));
    }
    client.pipe(upstream);
    upstream.on("data", (data) => client.write(Buffer.from(rewrite(data.toString("latin1")), "latin1")));
  });
  return listening(server, sockets, work);
}

/** A port whose queue is full: whoever comes next is not even refused. */
export async function withBlackHole<T>(work: (port: number) => Promise<T>): Promise<T> {
  // Only a process that does not run leaves connections in the queue.
  const script =
    "require('net').createServer().listen({port: 0, host: '127.0.0.1', backlog: 1}, function () { console.log(this.address().port) })";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const waiting: net.Socket[] = [];
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const port = Number(line.toString());
    child.kill("SIGSTOP");
    for (let filled = false; !filled; ) {
      const socket = net.connect(port, "127.0.0.1").on("error", () => {});
      waiting.push(socket);
      filled = await Promise.race([once(socket, "connect").then(() => false), sleep(300, true)]);
    }
    return await work(port);
  } finally {
    for (const socket of waiting) {
      socket.destroy();
    }
    child.kill("SIGKILL");
  }
}

async function listening<T>(
  server: net.Server,
  sockets: ReadonlySet<net.Socket>,
  work: (port: number) => Promise<T>,
): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as net.AddressInfo).port);
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
