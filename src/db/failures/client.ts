/** Failures that happened on this side, or on the way: names, routes, sockets, the pool. */
import { ConnectionLostError, PoolTimeoutError } from "../../errors/connection.js";
import { shownUrl } from "../shown-url.js";
import { isSupabasePooler, projectOf, SESSION_POOLER, sessionPoolerUrl } from "../supabase.js";
import { isLoopback, isSocket, type Target } from "../target.js";
import { likelyHost } from "./host-typo.js";
import type { Failure, Rule } from "./rule.js";

const UNROUTED = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "ENETDOWN", "EHOSTDOWN"];
const BLOCKED = ["EACCES", "EPERM"];

/** What the watchdog says to whoever waits for an answer. */
export const STOPPED_ANSWERING = "the server stopped answering";

/** A file that is missing has the same codes as a socket that is. */
const isConnecting = ({ message, syscall }: Failure): boolean => syscall === "connect" || message.includes("connect ");

export const NETWORK_RULES: readonly Rule[] = [
  {
    finding: "net.supabase-ban",
    codes: ["ECONNREFUSED"],
    when: ({ target }) => projectOf(target) !== null,
    explain: ({ target, address }) => [
      `${address} turns this machine away: Supabase bans an address for 30 minutes after two wrong passwords in a row`,
      `correct the password first, then in the dashboard: Database → Settings → Network Bans → Unban IP, or: supabase network-bans remove --db-unban-ip ADDRESS --project-ref ${projectOf(target)} --experimental`,
    ],
  },
  {
    finding: "net.refused",
    codes: ["ECONNREFUSED"],
    explain: ({ where, target }) => [`nothing accepts connections at ${where}`, refusedHint(target)],
  },
  {
    finding: "net.refused",
    codes: ["ENOENT"],
    when: isConnecting,
    explain: ({ where, target }) => [`nothing accepts connections at ${where}`, refusedHint(target)],
  },
  {
    finding: "net.blocked",
    codes: BLOCKED,
    when: isConnecting,
    explain: ({ where, target, systemCode }) => [
      `this machine does not let this program connect to ${where} (${systemCode})`,
      isSocket(target)
        ? "the folder of the socket is closed to this account of the system: connect by TCP (127.0.0.1), or run as an account that may enter it"
        : "a firewall or sandbox on this machine forbids it",
    ],
  },
  {
    finding: "net.dns-not-found",
    codes: ["ENOTFOUND"],
    explain: ({ target }) => {
      const project = projectOf(target);
      const meant = likelyHost(target.host);
      return [
        `the host name ${target.host} does not exist (or has no address this machine can use)`,
        meant !== null
          ? `if ${meant} is meant, use ${shownUrl({ ...target, host: meant })}`
          : project === null
            ? "check the host in the URL, and the network or VPN of this machine"
            : `this host has only an IPv6 address, and none while the project is paused or deleted; see that it is running, then use the session pooler (${SESSION_POOLER}): ${sessionPoolerUrl(project, target)}`,
      ];
    },
  },
  {
    finding: "net.dns-unavailable",
    codes: ["EAI_AGAIN", "EAI_FAIL"],
    explain: ({ target, systemCode }) => [
      `this machine cannot look up host names (asked for ${target.host}, ${systemCode})`,
      "it does not reach its DNS server (/etc/resolv.conf): check the host in the URL, and the network, the VPN or the container's DNS",
    ],
  },
  {
    finding: "net.ipv6-only",
    codes: UNROUTED,
    when: ({ tried, target }) => tried?.includes(":") === true && !isLoopback(target),
    explain: ({ target, where, systemCode }) => {
      const project = projectOf(target);
      return [
        `there is no route to ${where}: it has only an IPv6 address, and this machine has no IPv6 (${systemCode})`,
        project === null
          ? "use a host that has an IPv4 address, or a network that has IPv6 (Docker's default bridge and many CI services have none)"
          : `use the session pooler (${SESSION_POOLER}): ${sessionPoolerUrl(project, target)}; or enable the IPv4 add-on of the project`,
      ];
    },
  },
  {
    finding: "net.unreachable",
    codes: UNROUTED,
    explain: ({ where, systemCode }) => [
      `there is no route to ${where} (${systemCode})`,
      "check the host in the URL, and the network or VPN of this machine",
    ],
  },
  {
    finding: "net.timeout",
    codes: ["ETIMEDOUT"],
    explain: timedOut,
  },
  {
    finding: "net.timeout",
    says: /connection timeout|^timeout expired$/,
    explain: timedOut,
  },
  {
    finding: "net.reset",
    says: /socket disconnected before secure TLS/,
    error: ConnectionLostError,
    explain: ({ where }) => [
      `${where} closed the connection during the TLS handshake`,
      "a proxy or firewall in between may not let TLS through, or the host is not the one that the URL should name; vocabdb db doctor",
    ],
  },
  {
    finding: "net.reset",
    codes: ["ECONNRESET", "EPIPE"],
    error: ConnectionLostError,
    explain: lost,
  },
  {
    finding: "net.reset",
    says: /^Connection terminated|not queryable|Connection ended unexpectedly/,
    error: ConnectionLostError,
    explain: lost,
  },
  {
    finding: "net.no-answer",
    says: new RegExp(`^${STOPPED_ANSWERING}$`),
    error: ConnectionLostError,
    explain: ({ where }) => [
      `${where} stopped answering; it rolls back what was not committed`,
      "see that the server is up and the network works, then run the command again",
    ],
  },
  {
    finding: "net.wrong-service",
    says: /^There was an error establishing an SSL connection$/,
    explain: ({ address }) => notPostgres(address),
  },
];

export const POOL_RULES: readonly Rule[] = [
  {
    finding: "pool.exhausted",
    codes: ["P2028"],
    says: /Unable to start/,
    error: PoolTimeoutError,
    explain: (failure) => exhausted(failure, "in time"),
  },
  {
    finding: "pool.exhausted",
    codes: ["P2024"],
    error: PoolTimeoutError,
    explain: (failure) => exhausted(failure, "in time"),
  },
  {
    finding: "pool.exhausted",
    says: /^timeout exceeded when trying to connect$/,
    error: PoolTimeoutError,
    explain: (failure) => exhausted(failure, `in ${failure.target.poolTimeoutMs / 1000} s`),
  },
  {
    finding: "server.transaction-timeout",
    codes: ["P2028"],
    explain: ({ where }) => [
      `a transaction on ${where} took too long and was rolled back`,
      "try again when the database is less busy",
    ],
  },
];

/** What nothing above knows, but the system says of a connection. */
export const UNKNOWN_CLIENT_RULE: Rule = {
  finding: "net.failed",
  when: ({ syscall }) => syscall === "connect" || syscall === "getaddrinfo",
  explain: ({ where, message }) => [`the connection to ${where} failed: ${message}`, "vocabdb db doctor"],
};

/** What answered does not speak the protocol. */
export function notPostgres(address: string, service: string | null = null): [message: string, hint: string] {
  return [
    `what listens at ${address} is not PostgreSQL${service === null ? "" : ` but ${service}`}`,
    "check the host and the port of the URL (PostgreSQL usually listens on 5432)",
  ];
}

function timedOut({ where, target }: Failure): [string, string] {
  const allowed = isSupabasePooler(target) || projectOf(target) !== null;
  return [
    `${where} did not answer in time`,
    `a firewall or allow-list may drop the packets${allowed ? " (Supabase: Database → Settings → Network Restrictions)" : ""}, or the server hangs; connect_timeout in the URL sets how long to wait (seconds)`,
  ];
}

function lost({ where }: Failure): [string, string] {
  return [
    `the connection to ${where} was lost; what was not committed has been rolled back`,
    "see that the server is up, then run the command again",
  ];
}

function exhausted({ where }: Failure, when: string): [string, string] {
  return [
    `no connection to ${where} became free ${when}`,
    "raise connection_limit or pool_timeout in the URL (or VOCABDB_POOL_MAX), or try again when the database is less busy",
  ];
}

function refusedHint(target: Target): string {
  if (target.embedded) {
    return "vocabdb db start";
  }
  if (isSocket(target)) {
    return `start the server (sudo systemctl start postgresql), or connect by TCP: ${shownUrl({ ...target, host: "127.0.0.1" })}`;
  }
  if (isLoopback(target)) {
    return "start the server (sudo systemctl start postgresql, docker compose up -d, supabase start), or check the port: PostgreSQL 5432, PgBouncer 6432, a local Supabase 54322; in a container, localhost is the container itself";
  }
  if (isSupabasePooler(target)) {
    return `check the port (5432 or 6543); ${SESSION_POOLER}`;
  }
  return "check host and port, and that the server listens on that address (listen_addresses in postgresql.conf)";
}
