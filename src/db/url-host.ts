/** Host and port as they stand in a URL. */
import { isIPv6 } from "node:net";
import type { Finding } from "../finding.js";
import { type Authority, FORM, problem, useOrForm } from "./url-problem.js";

const PORT = 5432;

/** @param corrected what the URL would be with another host part */
export function splitHost(
  name: string,
  { host }: Authority,
  portParameter: string | undefined,
  problems: Finding[],
  corrected: (host: string) => string | null,
): { readonly hostName: string | null; readonly port: number } {
  // Several hosts pass here, to be told apart from what cannot be read.
  const match = /^(\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^:,\s]*|(?=.*,).*?)(?::(\d*))?$/.exec(host);
  if (match === null) {
    problems.push(unreadable(name, host, corrected));
    return { hostName: null, port: 0 };
  }
  const [, hostName = "", given] = match;
  const portText = portParameter ?? (given || String(PORT));
  const port = /^\d+$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65535) {
    const url = portParameter === undefined ? corrected(`${hostName}:${PORT}`) : null;
    const fix = `PostgreSQL usually listens on ${PORT}: ${url === null ? `write @HOST:${PORT}` : `use ${url}`}`;
    problems.push(problem(name, "url.port", "has a port outside 1 to 65535", fix));
  }
  return { hostName: hostName.replace(/^\[|\]$/g, ""), port };
}

function unreadable(name: string, host: string, corrected: (host: string) => string | null): Finding {
  const [, address = "", port] = /^(.*?)(?::(\d{4,5}))?$/.exec(host) ?? [];
  if (isIPv6(address) || isIPv6(host)) {
    const url = isIPv6(address) ? corrected(`[${address}]:${port ?? PORT}`) : corrected(`[${host}]:${PORT}`);
    const what = "has an IPv6 address without brackets as its host";
    return problem(name, "url.host", what, `write it in brackets: ${useOrForm(url)}`);
  }
  const [, hostName = "", rest = ""] = /^([^:\s]+)(.*)$/s.exec(host) ?? [];
  const url = hostName === "" ? null : corrected(`${hostName}:${/:(\d+)$/.exec(rest)?.[1] ?? PORT}`);
  const what = "has a host or port that cannot be read";
  return problem(
    name,
    "url.host",
    what,
    url === null ? `expected the form ${FORM}` : `if the rest of it is right, use ${url}`,
  );
}
