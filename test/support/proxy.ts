/** A proxy before a server that reads PostgreSQL's protocol in both directions, and can hold any message of it. */
import net, { type AddressInfo } from "node:net";

export interface Message {
  readonly from: "client" | "server";
  /** The protocol's letter; empty for what begins a connection and has none. */
  readonly type: string;
  readonly body: Buffer;
}

/** What becomes of a message that was held: it goes on, or it is lost and its connection with it. */
export type Verdict = "pass" | "lose";

/** Sees every message before it is passed on, and holds it where it returns a promise. */
export type Watch = (message: Message) => Promise<Verdict> | undefined;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Nothing encrypted passes through it: clients need `sslmode=disable`. */
export async function withProxy<T>(server: Address, watch: Watch, work: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  };
  const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = net.connect({ ...server, allowHalfOpen: true, noDelay: true });
    keep(client);
    keep(upstream);
    const phase: Phase = { begins: true, asked: false };
    void passOn(client, upstream, "client", phase, watch);
    void passOn(upstream, client, "server", phase, watch);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  try {
    return await work((listener.address() as AddressInfo).port);
  } finally {
    listener.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  }
}

/** Loses the connection at each message of that kind. */
export function withLossyProxy<T>(
  server: Address,
  isLost: (message: Message) => boolean,
  work: (port: number) => Promise<T>,
): Promise<T> {
  return withProxy(server, (message) => (isLost(message) ? Promise.resolve("lose") : undefined), work);
}

/** What the two directions of a connection have to know of each other. */
interface Phase {
  /** The client has said nothing yet but, perhaps, that it would like to encrypt. */
  begins: boolean;
  /** It has asked for that, which the server answers with a letter and nothing else. */
  asked: boolean;
}

/** Codes in place of a version: would you encrypt, by TLS or by GSSAPI? */
const ENCRYPTION_REQUESTS = new Set([80_877_103, 80_877_104]);

async function passOn(
  source: net.Socket,
  sink: net.Socket,
  from: Message["from"],
  phase: Phase,
  watch: Watch,
): Promise<void> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk]);
      for (let size = sizeOf(rest, from, phase); size !== null; size = sizeOf(rest, from, phase)) {
        const bytes = rest.subarray(0, size);
        rest = rest.subarray(size);
        const held = watch(messageOf(bytes, from, phase));
        if (held !== undefined && (await held) === "lose") {
          source.destroy();
          sink.destroy();
          return;
        }
        sink.write(bytes);
      }
    }
    sink.end();
  } catch {
    // Whoever it was is gone, and takes the other side along.
    sink.destroy();
  }
}

/** A letter, and a length that counts itself; what begins a connection has no letter. @returns null until all is there */
function sizeOf(bytes: Buffer, from: Message["from"], { begins, asked }: Phase): number | null {
  if (from === "server" && asked) {
    return bytes.length === 0 ? null : 1;
  }
  const at = from === "client" && begins ? 0 : 1;
  if (bytes.length < at + 4) {
    return null;
  }
  const size = at + bytes.readInt32BE(at);
  return bytes.length < size ? null : size;
}

function messageOf(bytes: Buffer, from: Message["from"], phase: Phase): Message {
  if (from === "client" && phase.begins) {
    phase.asked = ENCRYPTION_REQUESTS.has(bytes.readInt32BE(4));
    phase.begins = phase.asked;
    return { from, type: "", body: bytes.subarray(4) };
  }
  if (from === "server") {
    phase.asked = false;
  }
  return { from, type: String.fromCharCode(bytes[0] ?? 0), body: bytes.subarray(5) };
}
