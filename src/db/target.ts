/** What a connection needs to know, whatever it came from. */
import type { Secret } from "../secret.js";

/** As libpq defines them; `allow` is treated as `prefer`. */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: SslMode;
  /** Path of the trusted certificates, `"system"` for those of the machine, null for none. */
  readonly rootCert: string | null;
  readonly clientCert: string | null;
  readonly clientKey: string | null;
}

export interface Target {
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | null;
  readonly database: string;
  /** The schema of vocabdb's tables. */
  readonly schema: string;
  readonly tls: TlsSettings;
  readonly applicationName: string;
  /** The startup parameter `options`, which some poolers use for routing. */
  readonly options: string | null;
  /** Greatest number of connections in the pool. */
  readonly poolMax: number;
  /** Milliseconds for TCP, TLS and login; 0 waits for ever. */
  readonly connectTimeoutMs: number;
  /** Milliseconds to wait for a connection of the pool; 0 waits for ever. */
  readonly poolTimeoutMs: number;
  readonly embedded: boolean;
}

/** `host:port/database (user)`: what every command that writes says it writes to. */
export function describeTarget(target: Target): string {
  const schema = target.schema === "public" ? "" : `, schema ${target.schema}`;
  return `${describeAddress(target)}/${target.database} (${target.user}${schema})${target.embedded ? " embedded" : ""}`;
}

/** `host:port`. */
export function describeAddress({ host, port }: Target): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether the server runs on this machine, as far as the address tells. */
export function isLoopback(target: Target): boolean {
  return (
    target.host === "localhost" || target.host === "::1" || /^127(\.\d{1,3}){3}$/.test(target.host) || isSocket(target)
  );
}

/** Whether the host is the folder of a Unix socket. */
export function isSocket({ host }: Target): boolean {
  return host.startsWith("/");
}
