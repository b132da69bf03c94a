/** libpq's `sslmode` in terms of Node's TLS. The driver's own reading of it differs. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import type { ConnectionOptions } from "node:tls";
import { ConfigError } from "../errors.js";
import { notPostgres } from "./errors.js";
import type { Target, TlsSettings } from "./target.js";

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
  const { mode, rootCert } = target.tls;
  if (mode === "disable" || target.host.startsWith("/")) {
    return false;
  }
  if (mode === "prefer" && !(await offersTls(target))) {
    return false;
  }
  const verifies = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
  return {
    ...certificates(target.tls),
    rejectUnauthorized: verifies,
    // Without verification of the name, any certificate of the authority is good.
    ...(verifies && mode !== "verify-full" ? { checkServerIdentity: () => undefined } : {}),
  };
}

function certificates(tls: TlsSettings): ConnectionOptions {
  const problems: string[] = [];
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
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      problems.push(`${parameter} names ${path}, which cannot be read (${code})`);
      return undefined;
    }
  };
  const ca = read("sslrootcert", tls.rootCert, certificate);
  const cert = read("sslcert", tls.clientCert, certificate);
  const key = read("sslkey", tls.clientKey, createPrivateKey);
  if (cert !== undefined && key !== undefined && !certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    problems.push(`sslkey names ${tls.clientKey}, which is not the key of sslcert (${tls.clientCert})`);
  }
  if (problems.length > 0) {
    throw new ConfigError(problems.map((message) => ({ id: "tls.file", level: "error", message, fix: null })));
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function certificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
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
      const answer = String.fromCharCode(reply[0] ?? 0);
      settle(() => (answer === "S" || answer === "N" ? resolve(answer === "S") : reject(notPostgres(target))));
    });
  });
}
