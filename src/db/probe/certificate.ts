/** The certificate that a server shows, and what is to be said against it. */
import type net from "node:net";
import tls from "node:tls";
import { awaitEvent, type Limit } from "./socket.js";

export interface CertificateFacts {
  /** `TLSv1.3` */
  readonly protocol: string | null;
  readonly subject: string;
  readonly issuer: string;
  /** The last issuer that the server named: what a private authority is called. */
  readonly authority: string;
  /** Host names and addresses that it is for. */
  readonly names: readonly string[];
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly selfSigned: boolean;
  /** OpenSSL's reason why it is not trusted (CERT_HAS_EXPIRED, …), null where it is. */
  readonly distrust: string | null;
  /** Why it is not for this host, null where it is. */
  readonly misnamed: string | null;
}

/**
 * @param socket on which the server has agreed to TLS; destroyed in the end
 * @param options authorities and client certificate, as the connection itself would use them
 * @throws the failure of the handshake
 */
export async function readCertificate(
  socket: net.Socket,
  host: string,
  options: tls.ConnectionOptions,
  limit: Limit,
): Promise<CertificateFacts> {
  const { ca, cert, key } = options;
  const secure = tls.connect({
    ...{ socket, rejectUnauthorized: false, checkServerIdentity: () => undefined },
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  try {
    await awaitEvent(secure, "secureConnect", limit);
    return factsOf(secure, host);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") {
      // A reset is otherwise a connection that was lost; here there was none yet. The words are Node's, and it
      // is not named as the cause, which would be what tells.
      const message = "Client network socket disconnected before secure TLS connection was established";
      throw Object.assign(new Error(message), { code: error.code });
    }
    throw error;
  } finally {
    secure.destroy();
    socket.destroy();
  }
}

function factsOf(secure: tls.TLSSocket, host: string): CertificateFacts {
  const certificate = secure.getPeerCertificate(true);
  // Typed as an error, it is in truth OpenSSL's code.
  const distrust = secure.authorizationError as unknown as string | Error | null | undefined;
  let top = certificate;
  for (let depth = 0; depth < 10 && top.issuerCertificate && top.issuerCertificate !== top; depth += 1) {
    top = top.issuerCertificate;
  }
  return {
    protocol: secure.getProtocol(),
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    authority: nameOf(top.issuer),
    names: namesOf(certificate),
    validFrom: new Date(certificate.valid_from),
    validTo: new Date(certificate.valid_to),
    selfSigned: certificate.fingerprint256 === certificate.issuerCertificate?.fingerprint256,
    distrust: distrust === null || distrust === undefined ? null : String(distrust),
    misnamed: tls.checkServerIdentity(host, certificate)?.message ?? null,
  };
}

function namesOf({ subjectaltname, subject }: tls.PeerCertificate): string[] {
  const names = subjectaltname?.split(", ").map((name) => name.replace(/^(DNS|IP Address):/, "")) ?? [];
  return names.length > 0 ? names : [nameOf(subject)];
}

/** The name that a person knows it by. */
function nameOf(name: tls.Certificate | undefined): string {
  const text = (part: string | string[] | undefined): string | undefined =>
    Array.isArray(part) ? part.join(" ") : part;
  return text(name?.CN) ?? text(name?.O) ?? text(name?.OU) ?? "unnamed";
}
