/** What is known of a host name: by the name servers, and by this machine as every command asks it. */
import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Limit } from "./socket.js";

export interface Answer {
  readonly addresses: readonly string[];
  /** Why there are none: ENOTFOUND (no such name), ENODATA (no address of this kind), ETIMEOUT, ECONNREFUSED, … */
  readonly code: string | null;
}

export interface NameFacts {
  /** What a connection would try, in this order. */
  readonly addresses: readonly string[];
  /** Why there are none, as the operating system has it: ENOTFOUND, EAI_AGAIN, … */
  readonly code: string | null;
  /** What the name servers say; null where the host is an address, or they were not asked. */
  readonly ipv4: Answer | null;
  readonly ipv6: Answer | null;
}

/** @param servers of names, for those of the machine */
export async function lookUp(host: string, limit: Limit, servers: readonly string[] = []): Promise<NameFacts> {
  if (host.startsWith("/") || isIP(host.replace(/%.*$/, "")) !== 0) {
    return { addresses: [host], code: null, ipv4: null, ipv6: null };
  }
  // It knows neither /etc/hosts nor search domains, but can be stopped and tells more.
  const resolver = new dns.Resolver({ timeout: limit.timeoutMs, tries: 1 });
  if (servers.length > 0) {
    resolver.setServers(servers);
  }
  const stop = (): void => resolver.cancel();
  limit.signal.addEventListener("abort", stop, { once: true });
  // Its own limit is for one packet, of which it sends several.
  const timer = setTimeout(stop, limit.timeoutMs);
  try {
    const [system, ipv4, ipv6] = await Promise.all([
      systemLookup(host, limit),
      answerOf(resolver.resolve4(host)),
      answerOf(resolver.resolve6(host)),
    ]);
    limit.signal.throwIfAborted();
    return { ...system, ipv4, ipv6 };
  } finally {
    clearTimeout(timer);
    limit.signal.removeEventListener("abort", stop);
  }
}

/** Whether any interface has an address with which the IPv6 internet could be reached. */
export function hasGlobalIpv6(): boolean {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, internal, address }) => family === "IPv6" && !internal && !/^fe[89ab]/i.test(address));
}

async function answerOf(question: Promise<string[]>): Promise<Answer> {
  try {
    return { addresses: await question, code: null };
  } catch (error) {
    const code = codeOf(error);
    return { addresses: [], code: code === "ECANCELLED" ? "ETIMEOUT" : code };
  }
}

/** The lookup cannot be stopped; only the waiting for it can. */
function systemLookup(host: string, { timeoutMs, signal }: Limit): Promise<Pick<NameFacts, "addresses" | "code">> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve({ addresses: [], code: "EAI_AGAIN" });
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener("abort", giveUp, { once: true });
    dns
      .lookup(host, { all: true })
      .then(
        (found) => resolve({ addresses: found.map(({ address }) => address), code: null }),
        (error: unknown) => resolve({ addresses: [], code: codeOf(error) }),
      )
      .finally(() => {
        clearTimeout(timer);
        signal.removeEventListener("abort", giveUp);
      });
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
