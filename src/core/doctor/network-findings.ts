/** From what was seen on the way to the server to what is wrong, and what to do. */
import { getServers } from "node:dns";
import { notPostgres } from "../../db/failures/client.js";
import { type Answer, hasGlobalIpv6, type NameFacts } from "../../db/probe/dns.js";
import type { LocalServer } from "../../db/probe/local-servers.js";
import type { Reply } from "../../db/probe/reply.js";
import { ClosedError, SilenceError } from "../../db/probe/socket.js";
import type { Attempt, TcpFacts } from "../../db/probe/tcp.js";
import { shownUrl, shownUrlWithTls } from "../../db/shown-url.js";
import { describeAddress, isLoopback, isSocket, type Target } from "../../db/target.js";
import type { Finding } from "../../finding.js";
import { FindingsError, findingOf } from "./finding-of.js";

export function nameFindings(target: Target, facts: NameFacts): Finding[] {
  const { host } = target;
  const { addresses, code, ipv4, ipv6 } = facts;
  if (addresses.length > 0) {
    return [];
  }
  if (ipv6 !== null && ipv6.addresses.length > 0 && ipv4?.addresses.length === 0) {
    return [ipv6Only(target, ipv6.addresses)];
  }
  if (silent(ipv4) && silent(ipv6)) {
    const servers = getServers().join(", ") || "none is configured";
    return [
      {
        ...{ id: "net.dns-unavailable", level: "error" },
        message: `this machine cannot look up host names: its name servers (${servers}) do not answer (${ipv4?.code}), so ${host} cannot be found`,
        fix: "connect the network or VPN, or correct the name servers in /etc/resolv.conf (in a container: its DNS setting)",
      },
    ];
  }
  return [findingOf(lookupFailure(host, code), target, "net.dns-not-found")];
}

/** Whether nothing is known because nobody could be asked. */
function silent(answer: Answer | null): boolean {
  return answer?.code != null && answer.code !== "ENOTFOUND" && answer.code !== "ENODATA";
}

function lookupFailure(host: string, code: string | null): Error {
  return Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code: code ?? "ENOTFOUND", syscall: "getaddrinfo" });
}

function ipv6Only(target: Target, addresses: readonly string[]): Finding {
  // In the words of the classifier, which sees just one address and its failure.
  const [address = ""] = addresses;
  const failure = Object.assign(new Error(`connect ENETUNREACH ${address}:${target.port}`), {
    code: "ENETUNREACH",
    address,
  });
  return { ...findingOf(failure, target, "net.ipv6-only"), id: "net.ipv6-only" };
}

const UNREACHABLE = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"];

export function tcpFindings(
  target: Target,
  names: NameFacts,
  { attempts, socket }: TcpFacts,
  elsewhere: readonly LocalServer[],
): Finding[] {
  if (socket !== null) {
    return deadAddresses(target, attempts);
  }
  const codes = attempts.map(({ error }) => error?.code ?? "");
  const allIpv6 = names.addresses.every((address) => address.includes(":"));
  if (allIpv6 && names.ipv4 !== null && !isLoopback(target)) {
    if (codes.every((code) => UNREACHABLE.includes(code)) || (!hasGlobalIpv6() && !codes.includes("ECONNREFUSED"))) {
      return [ipv6Only(target, names.addresses)];
    }
  }
  // A refusal tells more than silence: somebody is there.
  const worst = attempts.find(({ error }) => error?.code === "ECONNREFUSED") ?? attempts[0];
  const finding = findingOf(worst?.error, target, "net.unreachable");
  const tried =
    attempts.length > 1 ? ` (tried ${attempts.map(({ address }, i) => `${address}: ${codes[i]}`).join(", ")})` : "";
  return [{ ...finding, message: `${finding.message}${tried}`, fix: elsewhereFix(target, elsewhere) ?? finding.fix }];
}

/** Commands try the addresses one after the other, and wait for each. */
function deadAddresses({ host }: Target, attempts: readonly Attempt[]): Finding[] {
  const dead = attempts.filter(({ error }) => error?.code === "ETIMEDOUT");
  return dead.length === 0
    ? []
    : [
        {
          ...{ id: "net.address-dead", level: "info" },
          message: `of the addresses of ${host}, ${dead.map(({ address }) => address).join(", ")} did not answer, which makes some connections slow`,
          fix: "have the address taken out of the DNS, or use one that answers as the host",
        },
      ];
}

function elsewhereFix(target: Target, elsewhere: readonly LocalServer[]): string | null {
  const [first] = elsewhere;
  if (first === undefined || target.embedded) {
    return null;
  }
  const places = elsewhere.map(({ host, port }) => describeAddress({ ...target, host, port }));
  return `PostgreSQL answers at ${places.join(", ")}; if that is the one, use ${shownUrl({ ...target, ...first })}`;
}

/** @returns an error that carries what the missing answer means */
export function offerFailure(target: Target, error: unknown, waitedMs: number): FindingsError {
  const where = describeAddress(target);
  if (error instanceof SilenceError) {
    return new FindingsError([
      {
        ...{ id: "net.no-answer", level: "error" },
        message: `${where} takes connections but says nothing (waited ${(waitedMs / 1000).toFixed(1)} s): the server hangs or is stopped, a proxy before it has lost it, or it is another service`,
        fix: "look at the server (is it overloaded, suspended, out of disk?) and restart it; check that host and port are those of PostgreSQL",
      },
    ]);
  }
  if (error instanceof ClosedError || (error instanceof Error && "code" in error && error.code === "ECONNRESET")) {
    return new FindingsError([
      {
        ...{ id: "net.closed", level: "error" },
        message: `${where} takes connections and closes them at once, before any answer`,
        fix: "a proxy or load balancer without a server behind it, a firewall, or another service: check host and port, the health of the server, and the list of addresses that may connect",
      },
    ]);
  }
  return new FindingsError([findingOf(error, target, "net.closed")]);
}

export function offerFindings(target: Target, reply: Reply, elsewhere: readonly LocalServer[]): Finding[] {
  const where = describeAddress(target);
  const { mode } = target.tls;
  switch (reply.kind) {
    case "other": {
      const service = reply.service ?? `something that answers ${JSON.stringify(reply.excerpt)}`;
      const [message, hint] = notPostgres(where, service);
      return [
        {
          ...{ id: "net.wrong-service", level: "error" },
          message,
          fix: elsewhereFix(target, elsewhere) ?? hint,
        },
      ];
    }
    case "refusal": {
      const { message, ...facts } = reply.refusal;
      return [findingOf(Object.assign(new Error(message), facts), target, "server.refused")];
    }
    case "plain":
      if (mode !== "disable" && mode !== "prefer" && !isSocket(target)) {
        return [findingOf(new Error("The server does not support SSL connections"), target, "tls.not-offered")];
      }
      return unencrypted(
        target,
        "the server offers no TLS",
        `have TLS set up on the server (ssl = on), then use ${shownUrlWithTls(target, "verify-full")}`,
      );
    case "tls":
      return mode === "disable"
        ? unencrypted(
            target,
            "the URL says sslmode=disable",
            `the server offers TLS: use ${shownUrlWithTls(target, "verify-full")}`,
          )
        : [];
  }
}

function unencrypted(target: Target, reason: string, fix: string): Finding[] {
  return isLoopback(target)
    ? []
    : [
        {
          ...{ id: "tls.unencrypted", level: "warning" },
          message: `everything between here and ${describeAddress(target)} can be read and changed on the way, because ${reason}`,
          fix,
        },
      ];
}
