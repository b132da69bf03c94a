/** Failures of TLS that this side notices. Prisma keeps only the text of them, so that is what tells. */
import { shownUrl, shownUrlWithTls } from "../shown-url.js";
import { isSupabase } from "../supabase.js";
import { isLoopback, type Target } from "../target.js";
import type { Rule } from "./rule.js";

/** A path that has to be replaced by that of the file in question. */
const CA_FILE = "/path/to/ca.crt";

const OF_TLS = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

export const TLS_RULES: readonly Rule[] = [
  {
    finding: "tls.not-offered",
    says: /does not support SSL/,
    explain: ({ where, target }) => [
      `${where} offers no TLS, but the URL asks for it (sslmode=${target.tls.mode})`,
      isLoopback(target)
        ? `on this machine it can do without: ${shownUrlWithTls(target, "disable", null)}`
        : "turn TLS on at the server (ssl = on in postgresql.conf); or, only if the way to it is trusted, use sslmode=prefer or sslmode=disable",
    ],
  },
  {
    finding: "tls.wrong-name",
    says: /Hostname\/IP does not match certificate's altnames/,
    explain: ({ where, target, message }) => [
      `the certificate of ${where} is not for the name ${target.host}, but for ${namesIn(message)}`,
      `connect by a name in the certificate; to check only who signed it: ${shownUrlWithTls(target, "verify-ca", target.tls.rootCert ?? CA_FILE)}`,
    ],
  },
  {
    finding: "tls.expired",
    says: /certificate has expired/,
    explain: ({ where }) => [
      `the certificate of ${where} has expired, or the clock of this machine is wrong (it says ${now()})`,
      "renew the certificate of the server (ssl_cert_file), then there: SELECT pg_reload_conf()",
    ],
  },
  {
    finding: "tls.not-yet-valid",
    says: /certificate is not yet valid/,
    explain: ({ where }) => [
      `the certificate of ${where} is not valid yet, or the clock of this machine is wrong (it says ${now()})`,
      "set the clock: sudo timedatectl set-ntp true",
    ],
  },
  {
    finding: "tls.private-ca",
    says: /self[- ]signed certificate in certificate chain|unable to (?:verify the first|get (?:local )?issuer) certificate/,
    explain: ({ where, target }) => [
      `the certificate of ${where} is signed by an authority that ${trusted(target)}`,
      authorityHint(target),
    ],
  },
  {
    finding: "tls.self-signed",
    // Node 24 adds advice to it.
    says: /^self[- ]signed certificate(?:;|$)/,
    explain: ({ where, target }) => [
      `the certificate of ${where} is signed by nobody but itself, and ${trusted(target)}`,
      `copy the certificate of the server (its ssl_cert_file) here by a safe way and name it: ${shownUrlWithTls(target, "verify-full", "/path/to/server.crt")}`,
    ],
  },
  {
    finding: "tls.client-certificate",
    says: /alert (?:unknown ca|bad certificate|certificate (?:required|expired|revoked|unknown)|decrypt error|unsupported certificate)/i,
    explain: ({ where, target, message }) => [
      target.tls.clientCert === null
        ? `${where} wants a certificate of its client, and the URL names none`
        : `${where} does not accept the certificate in ${target.tls.clientCert} (${alertIn(message)})`,
      `name one that an authority of the server (its ssl_ca_file) has signed: ${shownUrl({ ...target, tls: { ...target.tls, clientCert: "/path/to/client.crt", clientKey: "/path/to/client.key" } })}`,
    ],
  },
  {
    finding: "tls.protocol",
    when: ({ systemCode }) => /^(?:ERR_SSL|EPROTO|ERR_TLS_INVALID_PROTOCOL)/.test(systemCode ?? ""),
    explain: ({ where, message }) => [
      `no TLS could be agreed with ${where}: ${message}`,
      "a proxy in between may answer in place of the server, or its TLS is too old; vocabdb db doctor",
    ],
  },
  {
    finding: "tls.certificate",
    when: ({ systemCode }) => OF_TLS.test(systemCode ?? ""),
    explain: ({ where, target, message }) => [
      `the certificate of ${where} was not accepted: ${message}`,
      authorityHint(target),
    ],
  },
];

function trusted({ tls }: Target): string {
  return tls.rootCert === null || tls.rootCert === "system"
    ? "this machine does not know"
    : `is not in ${tls.rootCert} (sslrootcert)`;
}

function authorityHint(target: Target): string {
  const source = isSupabase(target)
    ? "in the Supabase dashboard: Database → Settings → SSL Configuration → Download certificate"
    : /\.rds\.amazonaws\.com$/.test(target.host)
      ? "download global-bundle.pem of Amazon RDS"
      : "get the certificate of that authority from whoever runs the server";
  return `${source}, and name it: ${shownUrlWithTls(target, "verify-full", CA_FILE)}`;
}

/** The list that ends Node's message, such as `DNS:a, DNS:b`; it is empty where only names of another kind are there. */
function namesIn(message: string): string {
  const list = /^.*: (.*)$/.exec(message)?.[1] ?? "";
  return list === "" ? "another" : list.replaceAll(/(^|, )(?:DNS|IP Address):/g, "$1");
}

function alertIn(message: string): string {
  return /alert ([a-z ]+)/i.exec(message)?.[1]?.trim() ?? message;
}

function now(): string {
  return `${new Date().toISOString().slice(0, 16)}Z`;
}
