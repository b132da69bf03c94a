/** Set-ups in which the way to the server is at fault, each seen from a network namespace of its own. */
import { aroundAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/finding.js";
import { vocabdb } from "../support/cli.js";
import { type Network, withNetwork } from "../support/network.js";
import { freePort } from "../support/ports.js";
import { COUNT_LOGINS, sharedServer } from "../support/server.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const PROJECT = "abcdefghijklmnopqrst";
const NAMES = {
  [`db.${PROJECT}.supabase.co`]: ["2001:db8::1"],
  "six.example.org": ["2001:db8::2"],
  "hole.example.org": ["192.0.2.1"],
  "half.example.org": ["192.0.2.1", "gateway"],
  "filtered.example.org": ["198.51.100.1"],
  "cut-off.example.org": ["198.51.100.129"],
  "nowhere.example.org": ["203.0.113.1"],
  "db.example.org": ["gateway"],
};
const ROUTES = ["192.0.2.0/24 via hole", "prohibit 198.51.100.0/25", "unreachable 198.51.100.128/25"];

const server = sharedServer(
  {
    conf: [...COUNT_LOGINS, "listen_addresses = '*'"],
    hba: ["host all all all scram-sha-256"],
    certificate: "localhost",
  },
  [`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`],
);

let network: Network | null = null;
aroundAll((runTests) =>
  withNetwork({ names: NAMES, routes: ROUTES }, async (own) => {
    network = own;
    await runTests();
  }),
);

function here(): Network {
  if (network === null) {
    throw new Error("there is no network yet");
  }
  return network;
}

interface Setup extends Expected {
  readonly name: string;
  readonly host: string;
  readonly user?: string;
  /** Default: 5432. */
  readonly port?: "server" | "free";
  /** With its parameters. */
  readonly database?: string;
  readonly args?: readonly string[];
  /** In place of the one that knows the names. */
  readonly nameServer?: "none" | "silent";
}

const SESSION_POOLER = "in the Supabase dashboard: Connect → Session pooler → copy the URI";
const POOLER_URL = `postgresql://postgres.${PROJECT}:PASSWORD@aws-N-REGION.pooler.supabase.com:5432/postgres`;
const IN_TIME = { args: ["--timeout", "2s"], withinMs: 4_500 };
const CHECK_HOST = /^check the host in the URL, and the network or VPN of this machine$/;

const setups: readonly Setup[] = [
  { name: "a name that does not exist", host: "absent.example.org", id: "net.dns-not-found", fix: CHECK_HOST },
  {
    name: "a name that is nearly that of a provider",
    ...{ host: "aws-0-eu-central-1.pooler.supabase.con", user: `postgres.${PROJECT}`, database: "postgres" },
    id: "net.dns-not-found",
    fix: `if aws-0-eu-central-1.pooler.supabase.com is meant, use postgresql://postgres.${PROJECT}:PASSWORD@aws-0-eu-central-1.pooler.supabase.com:5432/postgres`,
  },
  {
    name: "a project that is paused or gone",
    ...{ host: "db.tsrqponmlkjihgfedcba.supabase.co", user: "postgres", database: "postgres", id: "net.dns-not-found" },
    fix: `see that it is running, then use the session pooler (${SESSION_POOLER}): ${POOLER_URL.replace(PROJECT, "tsrqponmlkjihgfedcba")}`,
  },
  {
    name: "a project that has only IPv6, and a machine that has none",
    ...{ host: `db.${PROJECT}.supabase.co`, user: "postgres", database: "postgres", id: "net.ipv6-only" },
    fix: `use the session pooler (${SESSION_POOLER}): ${POOLER_URL}; or enable the IPv4 add-on of the project`,
  },
  {
    name: "any host that has only IPv6",
    ...{ host: "six.example.org", id: "net.ipv6-only" },
    fix: "use a host that has an IPv4 address, or a network that has IPv6 (Docker's default bridge and many CI services have none)",
  },
  {
    name: "an IPv6 address in the URL",
    ...{ host: "[2001:db8::3]", id: "net.ipv6-only", message: "this machine has no IPv6" },
    fix: "use a host that has an IPv4 address",
  },
  {
    name: "no name server",
    ...{ host: "db.example.org", nameServer: "none", id: "net.dns-unavailable", message: "127.0.0.1" },
    fix: "connect the network or VPN, or correct the name servers in /etc/resolv.conf (in a container: its DNS setting)",
  },
  {
    name: "a name server that does not answer",
    ...{ host: "db.example.org", nameServer: "silent", id: "net.dns-unavailable", ...IN_TIME },
    fix: "connect the network or VPN, or correct the name servers in /etc/resolv.conf (in a container: its DNS setting)",
  },
  {
    name: "packets that are dropped",
    ...{ host: "hole.example.org", id: "net.timeout", ...IN_TIME },
    fix: /^a firewall or allow-list may drop the packets, or the server hangs/,
  },
  {
    name: "a firewall of this machine",
    ...{ host: "filtered.example.org", id: "net.blocked", fix: "a firewall or sandbox on this machine forbids it" },
  },
  { name: "a router that knows no way", host: "cut-off.example.org", id: "net.unreachable", fix: CHECK_HOST },
  { name: "no route", host: "nowhere.example.org", id: "net.unreachable", fix: CHECK_HOST },
  {
    name: "a port on which nobody listens",
    ...{ host: "db.example.org", port: "free", id: "net.refused" },
    fix: "check host and port, and that the server listens on that address (listen_addresses in postgresql.conf)",
  },
  {
    name: "one of two addresses that does not answer",
    ...{ host: "half.example.org", port: "server", id: "net.address-dead", level: "info", exitCode: 3, logins: 1 },
    fix: "have the address taken out of the DNS, or use one that answers as the host",
  },
  {
    name: "no encryption over a network",
    ...{ host: "db.example.org", port: "server", database: "postgres?sslmode=disable", id: "tls.unencrypted" },
    ...{ level: "warning", exitCode: 3, logins: 1 },
    fix: /^the server offers TLS: use postgresql:\/\/app:PASSWORD@db\.example\.org:\d+\/postgres\?sslmode=verify-full$/,
  },
  {
    name: "nobody who verifies the server over a network",
    ...{ host: "db.example.org", port: "server", id: "tls.unverified", level: "warning", exitCode: 3, logins: 1 },
    fix: /name it: postgresql:\/\/app:PASSWORD@db\.example\.org:\d+\/postgres\?sslmode=verify-full&sslrootcert=\/path\/to\/ca\.crt$/,
  },
];

async function urlOf({ host, user = "app", port, database = "postgres" }: Setup): Promise<string> {
  const number = port === "server" ? server().target.port : port === "free" ? await freePort() : 5432;
  return `postgresql://${user}:${PASSWORD}@${host}:${number}/${database}`;
}

describe("from a machine with", () => {
  it.for(setups)("$name", async (setup) => {
    const { within, hole, gateway, useNameServer } = here();
    const { nameServer, args = [], ...expected } = setup;
    useNameServer(nameServer === "none" ? "127.0.0.1" : nameServer === "silent" ? hole : gateway);
    const url = await urlOf(setup);
    const logins = await server().loginsDuring(() => expectFinding({ url, within, args }, expected));
    expect(logins).toBe(expected.logins ?? 0);
  });

  it.for(setups.filter(({ id }) => /^net\.(?:ipv6-only|dns-not-found|unreachable|blocked)$/.test(String(id))))(
    "$name, other commands say the same",
    async (setup) => {
      const { within, gateway, useNameServer } = here();
      useNameServer(gateway);
      const look = { url: await urlOf(setup), within };
      const { findings } = (await vocabdb(["db", "doctor", "--json"], look)).json() as { findings: Finding[] };
      const { exitCode, stderr } = await vocabdb(["user", "list", "--json"], look);
      const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: Record<string, string> };
      const finding = findings.find(({ id }) => id === setup.id);
      expect({ exitCode, ...error }).toMatchObject({ exitCode: 7, message: finding?.message, hint: finding?.fix });
    },
  );
});
