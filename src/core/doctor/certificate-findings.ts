/** What a server's certificate means for the `sslmode` that was asked for. */
import type { CertificateFacts } from "../../db/probe/certificate.js";
import { shownUrlWithTls } from "../../db/shown-url.js";
import { isLoopback, type Target } from "../../db/target.js";
import type { Finding } from "../../finding.js";
import { findingOf } from "./finding-of.js";

/** What Node says of OpenSSL's codes when it ends a connection for them. */
const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "certificate has expired",
  CERT_NOT_YET_VALID: "certificate is not yet valid",
  DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
  SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in certificate chain",
  UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
};

export function certificateFindings(target: Target, certificate: CertificateFacts, now: Date): Finding[] {
  const { mode, rootCert } = target.tls;
  const verifies = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
  // What the mode does not ask for is still good to know before the mode is changed.
  const level = (matters: boolean): Finding["level"] => (matters ? "error" : "info");
  const faults: Finding[] = [];

  const distrust = distrustOf(certificate, now);
  if (distrust !== null) {
    const finding = findingOf(certificateError(distrust), target, "tls.certificate");
    faults.push({
      ...{ ...finding, level: level(verifies) },
      message: `${finding.message} (it is signed by ${certificate.authority}, valid from ${day(certificate.validFrom)} to ${day(certificate.validTo)})`,
    });
  }
  if (certificate.misnamed !== null) {
    const finding = findingOf(misnamedError(certificate), target, "tls.wrong-name");
    faults.push({ ...finding, level: level(mode === "verify-full") });
  }
  return verifies || isLoopback(target) ? faults : [unverified(target, faults), ...faults];
}

/** Node tells one reason of several; the dates can be read anyway. */
function distrustOf({ distrust, validFrom, validTo }: CertificateFacts, now: Date): string | null {
  return validTo < now ? "CERT_HAS_EXPIRED" : validFrom > now ? "CERT_NOT_YET_VALID" : distrust;
}

function certificateError(code: string): Error {
  return Object.assign(new Error(WORDS[code] ?? code), { code });
}

function misnamedError({ misnamed, names }: CertificateFacts): Error {
  const message = `Hostname/IP does not match certificate's altnames: ${misnamed}: ${names.join(", ")}`;
  return Object.assign(new Error(message), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
}

function unverified(target: Target, faults: readonly Finding[]): Finding {
  const { host, tls } = target;
  return {
    ...{ id: "tls.unverified", level: "warning" },
    message: `nothing verifies that it is ${host} that answers (sslmode=${tls.mode}), so that somebody on the way could take its place`,
    fix:
      faults[0]?.fix ?? `the certificate is good, so nothing stands against ${shownUrlWithTls(target, "verify-full")}`,
  };
}

function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
