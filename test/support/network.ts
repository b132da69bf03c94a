/** A machine of its own, as far as the network goes: its routes, and the names it can look up. Needs root. */
import { execFileSync } from "node:child_process";
import dgram from "node:dgram";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";

export interface Network {
  /** For {@link vocabdb}: what comes after it runs there. */
  readonly within: readonly string[];
  /** This machine, as it is reached from there. */
  readonly gateway: string;
  /** Of an address from which nothing ever comes back. */
  readonly hole: string;
  /** By default the server that knows the names. */
  useNameServer(address: string): void;
}

export interface NetworkSettings {
  /** Addresses by name; `gateway` stands for this machine's. What is not here does not exist. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** As in `ip route add`. */
  readonly routes: readonly string[];
}

export async function withNetwork<T>(settings: NetworkSettings, work: (network: Network) => Promise<T>): Promise<T> {
  const id = String(process.pid);
  const name = `vocabdb-${id}`;
  const [outside, inside] = [`vdb${id}a`, `vdb${id}b`];
  const subnet = `10.203.${process.pid % 256}`;
  const [gateway, own, hole] = [`${subnet}.1`, `${subnet}.2`, `${subnet}.9`];
  const folder = join("/etc/netns", name);
  const useNameServer = (address: string): void =>
    writeFileSync(join(folder, "resolv.conf"), `nameserver ${address}\noptions timeout:1 attempts:1\n`);
  try {
    ip("netns", "add", name);
    ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name);
    ip("addr", "add", `${gateway}/28`, "dev", outside);
    ip("link", "set", outside, "up");
    ip("-n", name, "addr", "add", `${own}/28`, "dev", inside);
    ip("-n", name, "link", "set", inside, "up");
    ip("-n", name, "link", "set", "lo", "up");
    // Sent to a neighbour that there is not, packets are lost without a word.
    ip("-n", name, "neigh", "add", hole, "lladdr", "02:00:00:00:00:09", "dev", inside, "nud", "permanent");
    for (const route of settings.routes) {
      ip("-n", name, "route", "add", ...route.replace("hole", hole).split(" "));
    }
    mkdirSync(folder, { recursive: true });
    useNameServer(gateway);
    const names = Object.fromEntries(
      Object.entries(settings.names).map(([host, addresses]) => [
        host,
        addresses.map((address) => (address === "gateway" ? gateway : address)),
      ]),
    );
    return await withNameServer(gateway, names, () =>
      work({ within: [IP, "netns", "exec", name], gateway, hole, useNameServer }),
    );
  } finally {
    for (const args of [
      ["link", "del", outside],
      ["netns", "del", name],
    ]) {
      try {
        ip(...args);
      } catch {
        // It has not been made.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Debian has it where only root looks. */
const IP = "/usr/sbin/ip";

function ip(...args: readonly string[]): void {
  try {
    execFileSync(IP, args, { stdio: "pipe" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`a network of its own needs root and iproute2 (apt-get install iproute2): ${reason}`);
  }
}

async function withNameServer<T>(
  address: string,
  names: Readonly<Record<string, readonly string[]>>,
  work: () => Promise<T>,
): Promise<T> {
  const server = dgram.createSocket("udp4");
  server.on("message", (question, { port, address: client }) => server.send(answerTo(question, names), port, client));
  await new Promise<void>((resolve, reject) => server.once("error", reject).bind(53, address, resolve));
  try {
    return await work();
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
  }
}

const TYPES = { a: 1, aaaa: 28 } as const;
const HEADER_BYTES = 12;

/** A reply of RFC 1035: the question again, and the addresses of the kind that was asked for. */
function answerTo(question: Buffer, names: Readonly<Record<string, readonly string[]>>): Buffer {
  const labels: string[] = [];
  let end = HEADER_BYTES;
  for (let length = question[end] ?? 0; length > 0; length = question[end] ?? 0) {
    labels.push(question.toString("latin1", end + 1, end + 1 + length));
    end += length + 1;
  }
  const type = question.readUInt16BE(end + 1);
  const asked = question.subarray(HEADER_BYTES, end + 5);
  const known = names[labels.join(".").toLowerCase()];
  const addresses = (known ?? []).filter((address) => type === (isIPv6(address) ? TYPES.aaaa : TYPES.a));
  const header = Buffer.alloc(HEADER_BYTES);
  question.copy(header, 0, 0, 2);
  // A recursive answer, without an error or with that for a name that does not exist.
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  return Buffer.concat([header, asked, ...addresses.map((address) => record(address))]);
}

function record(address: string): Buffer {
  const data = isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
  const record = Buffer.alloc(12);
  // The name is that of the question.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(isIPv6(address) ? TYPES.aaaa : TYPES.a, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([record, data]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail = ""] = address
    .split("::")
    .map((half) => half.split(":").filter(Boolean).map(hexGroup).join(""));
  return Buffer.from(head.padEnd(32 - tail.length, "0") + tail, "hex");
}

function hexGroup(group: string): string {
  return group.padStart(4, "0");
}
