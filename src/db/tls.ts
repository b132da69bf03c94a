/** libpq's `sslmode` in terms of Node's TLS. The driver's own reading of it differs. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import net from "node:net";
import type { ConnectionOptions } from "node:tls";
import { ConfigError } from "../errors/usage.js";
import type { Finding } from "../finding.js";
import { shellWord } from "../shell.js";
import { notPostgresError } from "./errors.js";
import { shownUrlWithTls } from "./shown-url.js";
import { isSupabase } from "./supabase.js";
import { isLoopback, isSocket, type Target, type TlsSettings } from "./target.js";

/** PostgreSQL's SSLRequest message: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * What to hand to the driver as `ssl`.
 *
 * - `disable`: no TLS. `prefer` (the default): TLS if the server offers it, unverified.
 * - `require`: TLS, unverified, unless `sslrootcert` is given (then as `verify-ca`, as libpq does).
 * - `verify-ca`: the certificate must be signed by `sslrootcert`, or by an authority of the machine.
 * - `verify-full`: and its name must be that of the host.
 */
export async function tlsOptions(target: Target): Promise<ConnectionOptions | false> {
  const { mode } = target.tls;
  if (mode === "disable" || isSocket(target)) {
    return false;
  }
  if (mode === "prefer" && !(await offersTls(target))) {
    return false;
  }
  const verifies = isVerified(target.tls);
  return {
    ...certificates(target.tls),
    rejectUnauthorized: verifies,
    // Without verification of the name, any certificate of the authority is good.
    ...(verifies && mode !== "verify-full" ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** With `prefer`, what cannot be verified would have to be let through all the same. */
function isVerified({ mode, rootCert }: TlsSettings): boolean {
  return mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
}

/**
 * One warning, however many of the targets are reached over a network without encryption, or without knowing
 * who answers.
 */
export function tlsWarnings(targets: readonly { readonly name: string; readonly target: Target }[]): Finding[] {
  const remote = targets.filter(({ target }) => !isLoopback(target));
  const unencrypted = remote.filter(({ target }) => target.tls.mode === "disable");
  const unverified = remote.filter(({ target }) => !isVerified(target.tls));
  const [worst] = unencrypted.length > 0 ? unencrypted : unverified;
  const keys = keyWarnings(targets);
  if (worst === undefined) {
    return keys;
  }
  const { target } = worst;
  const names = [...new Set((unencrypted.length > 0 ? unencrypted : unverified).map(({ name }) => name))].join(" and ");
  const isOpen = unencrypted.length > 0;
  return [
    ...keys,
    {
      ...{ id: isOpen ? "tls.unencrypted" : "tls.unverified", level: "warning" },
      message: isOpen
        ? `${names}: the connection to ${target.host} is not encrypted (sslmode=disable), so that everybody on the way can read the data; use sslmode=verify-full`
        : `${names}: nothing verifies that it is ${target.host} that answers (sslmode=${target.tls.mode}), so that somebody on the way could take its place; use sslmode=verify-full`,
      fix: `use ${shownUrlWithTls(target, "verify-full", isSupabase(target) ? "/path/to/prod-ca-2021.crt" : target.tls.rootCert)}`,
    },
  ];
}

/** libpq refuses such a key; here it is said, because containers often mount secrets like this. */
function keyWarnings(targets: readonly { readonly name: string; readonly target: Target }[]): Finding[] {
  const paths = new Set(targets.map(({ target }) => target.tls.clientKey).filter((path) => path !== null));
  return [...paths].filter(isOpenToOthers).map((path) => ({
    ...{ id: "tls.key-permissions", level: "warning" },
    message: `sslkey names ${path}, which others on this machine may read; psql would refuse it`,
    fix: `chmod 600 ${shellWord(path)}`,
  }));
}

/** By libpq's rule: a file of root may be read by its group. */
function isOpenToOthers(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return (
    stats?.isFile() === true && process.platform !== "win32" && (stats.mode & (stats.uid === 0 ? 0o037 : 0o077)) !== 0
  );
}

function certificates(tls: TlsSettings): ConnectionOptions {
  const problems: Finding[] = [];
  const refuse = (message: string, fix: string): void => {
    problems.push({ id: "tls.file", level: "error", message, fix });
  };
  const read = (parameter: string, path: string | null, parse: (pem: string) => unknown): string | undefined => {
    if (path === null || path === "system") {
      return undefined;
    }
    try {
      const pem = readFileSync(path, "utf8");
      // Node would take an authority's file without certificates for none, and trust those of the machine.
      parse(pem);
      return pem;
    } catch (error) {
      if (error instanceof EncryptedKeyError) {
        refuse(
          `${parameter} names ${path}, which is encrypted, and vocabdb does not ask for its password`,
          `decrypt it into a file that only you can read: (umask 077 && openssl pkey -in ${shellWord(path)} -out NEW_KEY), and name that`,
        );
      } else {
        const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
        refuse(`${parameter} names ${path}, which ${unreadable(code)}`, fixOfFile(parameter, path, code));
      }
      return undefined;
    }
  };
  const ca = read("sslrootcert", tls.rootCert, certificate);
  const cert = read("sslcert", tls.clientCert, certificate);
  const key = read("sslkey", tls.clientKey, privateKey);
  if (cert !== undefined && key !== undefined && !certificate(cert).checkPrivateKey(privateKey(key))) {
    refuse(
      `sslkey names ${tls.clientKey}, which is not the key of sslcert (${tls.clientCert})`,
      "name a certificate and the key that it was made for: openssl pkey -pubout -in KEY and openssl x509 -noout -pubkey -in CERTIFICATE print the same",
    );
  }
  if (tls.clientCert !== null && tls.clientKey === null) {
    refuse(`sslcert names ${tls.clientCert}, but there is no sslkey`, "add sslkey=FILE to the URL");
  }
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function unreadable(code: string): string {
  return code === "ENOENT"
    ? "does not exist"
    : code.startsWith("ERR_OSSL")
      ? `is not in the form PEM (${code})`
      : `cannot be read (${code})`;
}

function fixOfFile(parameter: string, path: string, code: string): string {
  const isKey = parameter === "sslkey";
  if (code === "ENOENT") {
    return `correct ${parameter} in the URL${parameter === "sslrootcert" ? ", or have the authorities of this machine trusted: sslrootcert=system" : ""}`;
  }
  if (code.startsWith("ERR_OSSL")) {
    return `it begins with -----BEGIN ${isKey ? "PRIVATE KEY" : "CERTIFICATE"}----- in that form; one in the form DER becomes it by: openssl ${isKey ? "pkey" : "x509"} -inform der -in ${shellWord(path)} -out NEW_FILE`;
  }
  return `let this account of the system read it (ls -l ${shellWord(path)})`;
}

function certificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

class EncryptedKeyError extends Error {}

function privateKey(pem: string): KeyObject {
  // Either form of it; OpenSSL would say that it was interrupted or cancelled.
  if (/ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    throw new EncryptedKeyError();
  }
  return createPrivateKey(pem);
}

/** Asks the server, as libpq does before it says anything else. */
function offersTls(target: Target): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: target.host, port: target.port });
    const settle = (outcome: () => void): void => {
      socket.destroy();
      outcome();
    };
    socket.setTimeout(target.connectTimeoutMs, () =>
      settle(() => reject(new Error("Connection terminated due to connection timeout"))),
    );
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("error", (error) => settle(() => reject(error)));
    socket.once("close", () => settle(() => reject(new Error("Connection terminated unexpectedly"))));
    socket.once("data", (reply) => {
      const service = otherService(reply.toString("latin1"));
      // An error of the server's is told by the session that follows, which goes on without TLS.
      settle(() =>
        service === null ? resolve(reply.toString("latin1") === "S") : reject(notPostgresError(target, service)),
      );
    });
  });
}

/** What gives itself away by its first bytes; null where it is PostgreSQL, which answers S, N or an error. */
function otherService(reply: string): string | null {
  const greetings: readonly [beginning: RegExp, service: string][] = [
    [/^(?:S|N)$|^E/, ""],
    [/^HTTP\//, "an HTTP server"],
    [/^SSH-/, "an SSH server"],
    [/^.{4}\x0a\d+\.\d+|mysql|mariadb/is, "MySQL"],
    [/^-ERR/, "Redis"],
    [/^220[ -]/, "a mail or FTP server"],
  ];
  const known = greetings.find(([beginning]) => beginning.test(reply));
  return known === undefined ? "something else" : known[1] === "" ? null : known[1];
}
