/** What is shown to be typed or copied: names in SQL, lines of pg_hba.conf, what a URL lacks. */
import pg from "pg";
import { Secret } from "../../secret.js";
import type { Target } from "../target.js";
import type { Failure } from "./rule.js";

/** Words that a name of a role or database is likely to be, and that SQL wants in quotes. */
const RESERVED = /^(?:all|analyse|analyze|any|default|end|group|order|primary|select|table|user)$/;

/** The name of a role or database as SQL wants it. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.test(name) ? name : pg.escapeIdentifier(name);
}

/** The line of pg_hba.conf that would have let in the client that this message is about. */
export function hbaLineFor({ message, target }: Failure): string {
  const client = /host "([^"]+)"/.exec(message)?.[1] ?? "ADDRESS";
  if (client === "[local]") {
    return `local ${hbaName(target.database)} ${hbaName(target.user)} scram-sha-256`;
  }
  const kind = /SSL (?:on|encryption)/.test(message) ? "hostssl" : "host";
  return `${kind} ${hbaName(target.database)} ${hbaName(target.user)} ${client}/${client.includes(":") ? 128 : 32} scram-sha-256`;
}

/** Quoted where a character, or a word with a meaning of its own, asks for it. */
function hbaName(name: string): string {
  return /^[\w-]+$/.test(name) && !/^(?:all|sameuser|samerole|samegroup|replication)$/.test(name) ? name : `"${name}"`;
}

export function withPassword(target: Target): Target {
  return { ...target, password: target.password ?? new Secret("") };
}

export function withCertificate(target: Target): Target {
  const { clientCert, clientKey, mode } = target.tls;
  return {
    ...target,
    tls: {
      ...target.tls,
      mode: mode === "disable" ? "require" : mode,
      clientCert: clientCert ?? "/path/to/client.crt",
      clientKey: clientKey ?? "/path/to/client.key",
    },
  };
}
