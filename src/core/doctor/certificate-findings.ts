/** What a server's certificate means for the `sslmode` that was asked for. */
import type { CertificateFacts } from "../../db/probe/certificate.js";
import { isLoopback, type Target } from "../../db/target.js";
import type { Finding } from "../../finding.js";

const SUPABASE = /\.supabase\.(co|com)$/;
const RDS = /\.rds\.amazonaws\.com$/;

export function certificateFindings(target: Target, certificate: CertificateFacts, now: Date): Finding[] {
  const { mode, rootCert } = target.tls;
  const verifies = mode === "verify-ca" || mode === "verify-full" || (mode === "require" && rootCert !== null);
  const faults: Finding[] = [];
  const found = (id: string, matters: boolean, message: string, fix: string): void => {
    faults.push({ id, level: matters ? "error" : "info", message, fix });
  };

  const { validFrom, validTo, distrust, misnamed } = certificate;
  const where = `${target.host}:${target.port}`;
  const day = (time: Date): string => time.toISOString().slice(0, 10);
  const clock = `this machine's clock says ${now.toISOString().slice(0, 16)}Z`;
  if (validTo < now || distrust === "CERT_HAS_EXPIRED") {
    found(
      ...(["tls.expired", verifies] as const),
      `the certificate of ${where} expired on ${day(validTo)} (${clock})`,
      "have the server's certificate renewed; if the clock of this machine is wrong: sudo timedatectl set-ntp true",
    );
  } else if (validFrom > now || distrust === "CERT_NOT_YET_VALID") {
    found(
      ...(["tls.not-yet-valid", verifies] as const),
      `the certificate of ${where} is valid only from ${day(validFrom)} (${clock})`,
      "usually the clock of this machine is wrong: sudo timedatectl set-ntp true",
    );
  } else if (distrust === "DEPTH_ZERO_SELF_SIGNED_CERT") {
    found(
      ...(["tls.self-signed", verifies] as const),
      `the certificate of ${where} is signed by itself, so only a copy of it can vouch for it`,
      "copy the server's certificate (server.crt) over a way that you trust and add sslmode=verify-full&sslrootcert=/path/to/server.crt to the URL; or have it signed by an authority",
    );
  } else if (distrust !== null) {
    found(
      ...(["tls.private-ca", verifies] as const),
      `the certificate of ${where} is signed by ${certificate.authority}, which ${rootCert === null ? "this machine does not know" : `is not in ${rootCert}`} (${distrust})`,
      authorityFix(target.host),
    );
  }
  if (misnamed !== null) {
    found(
      ...(["tls.wrong-name", mode === "verify-full"] as const),
      `the certificate of ${where} is for ${certificate.names.join(", ")}, not for ${target.host}`,
      `connect by a name that stands in it (${certificate.names[0] ?? "none does"}), have a certificate made for ${target.host}, or, if any certificate of this authority is good enough: sslmode=verify-ca`,
    );
  }
  return verifies || isLoopback(target) ? faults : [unverified(target, faults), ...faults];
}

function unverified({ host, tls }: Target, faults: readonly Finding[]): Finding {
  return {
    ...{ id: "tls.unverified", level: "warning" },
    message: `the connection to ${host} is encrypted, but nobody checks that it ends there: sslmode=${tls.mode} accepts any certificate`,
    fix: faults.length === 0 ? "write sslmode=verify-full: its certificate is good" : authorityFix(host),
  };
}

function authorityFix(host: string): string {
  const source = SUPABASE.test(host)
    ? "in the dashboard Project Settings → Database → SSL Configuration → Download certificate (prod-ca-2021.crt)"
    : RDS.test(host)
      ? "download https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
      : "get the authority's certificate from whoever runs the server";
  return `${source}, then add sslmode=verify-full&sslrootcert=/path/to/ca.crt to the URL; encrypted but unverified: sslmode=require`;
}
