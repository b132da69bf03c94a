/** Set-ups in which it is TLS that does not fit: what the server offers, what it shows, what it wants to be shown. */
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { temporaryFolder } from "../support/cli.js";
import { COUNT_LOGINS, sharedServer } from "../support/server.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);
const CA = fixture("ca.crt");
const ROLE = `CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`;

interface Setup extends Expected {
  readonly name: string;
  /** What the server shows. */
  readonly certificate: string;
  readonly query: string;
  /** Default: localhost. */
  readonly host?: string;
}

const urlWith = (query: string): RegExp =>
  new RegExp(`postgresql://app:PASSWORD@[\\w.]+:\\d+/postgres\\?${query.replaceAll(".", "\\.")}$`);

const shown: readonly Setup[] = [
  {
    name: "signed by an authority that this machine does not know",
    ...{ certificate: "localhost", query: "sslmode=verify-full", id: "tls.private-ca" },
    fix: urlWith("sslmode=verify-full&sslrootcert=/path/to/ca.crt"),
    message: /signed by vocabdb test authority, valid from 2020-01-01/,
  },
  {
    name: "signed by another authority than the one named",
    ...{ certificate: "localhost", query: `sslmode=verify-full&sslrootcert=${fixture("self-signed.crt")}` },
    ...{ id: "tls.private-ca", fix: urlWith("sslmode=verify-full&sslrootcert=/path/to/ca.crt") },
    message: /is not in .*self-signed\.crt \(sslrootcert\)/,
  },
  {
    name: "signed by itself",
    ...{ certificate: "self-signed", query: "sslmode=verify-full", id: "tls.self-signed" },
    fix: urlWith("sslmode=verify-full&sslrootcert=/path/to/server.crt"),
  },
  {
    name: "for another name",
    ...{ certificate: "elsewhere", query: `sslmode=verify-full&sslrootcert=${CA}`, id: "tls.wrong-name" },
    fix: urlWith(`sslmode=verify-ca&sslrootcert=${CA}`),
    message: "not for the name localhost, but for db.example.org",
  },
  {
    name: "for a name, where the URL has the address",
    ...{ certificate: "localhost", query: `sslmode=verify-full&sslrootcert=${CA}`, host: "127.0.0.1" },
    ...{ id: "tls.wrong-name", fix: urlWith(`sslmode=verify-ca&sslrootcert=${CA}`) },
  },
  {
    name: "expired",
    ...{ certificate: "expired", query: `sslmode=verify-full&sslrootcert=${CA}`, id: "tls.expired" },
    fix: "renew the certificate of the server (ssl_cert_file), then there: SELECT pg_reload_conf()",
    message: /valid from 2000-01-01 to 2001-01-01/,
  },
  {
    name: "not yet valid",
    certificate: "not-yet-valid",
    query: `sslmode=verify-full&sslrootcert=${fixture("not-yet-valid.crt")}`,
    ...{ id: "tls.not-yet-valid", fix: "set the clock: sudo timedatectl set-ntp true" },
  },
  {
    name: "expired, where nobody verifies it",
    ...{ certificate: "expired", query: "sslmode=require", id: "tls.expired", level: "info", exitCode: 3, logins: 1 },
    fix: "renew the certificate of the server",
  },
];

const files: readonly Omit<Setup, "certificate">[] = [
  {
    name: "an authority in the form DER",
    query: "sslmode=verify-full&sslrootcert={folder}/ca.der",
    ...{ id: "tls.file", exitCode: 2, message: "which is not in the form PEM" },
    fix: /^it begins with -----BEGIN CERTIFICATE----- in that form; one in the form DER becomes it by: openssl x509 -inform der -in \S*ca\.der -out NEW_FILE$/,
  },
  {
    name: "a certificate of the client without its key",
    ...{ query: `sslmode=require&sslcert=${fixture("client.crt")}`, id: "tls.file", exitCode: 2 },
    fix: "add sslkey=FILE to the URL",
  },
  {
    name: "a key that belongs to another certificate",
    query: `sslmode=require&sslcert=${fixture("client.crt")}&sslkey={folder}/loose.key`,
    ...{ id: "tls.file", exitCode: 2, message: "which is not the key of sslcert" },
    fix: "name a certificate and the key that it was made for",
  },
  {
    name: "a key that others may read",
    query: `sslmode=require&sslcert=${fixture("localhost.crt")}&sslkey={folder}/loose.key`,
    ...{ id: "tls.key-permissions", level: "warning", exitCode: 3, logins: 1, fix: /^chmod 600 \S*loose\.key$/ },
  },
  {
    name: "a certificate of the client that the server's authority has not signed",
    query: `sslmode=require&sslcert=${fixture("self-signed.crt")}&sslkey=${fixture("self-signed.key")}`,
    ...{ id: "tls.client-certificate", message: "does not accept the certificate in" },
    fix: /name one that an authority of the server \(its ssl_ca_file\) has signed/,
  },
];

describe("the server shows a certificate", () => {
  const server = sharedServer({ certificate: "localhost", conf: COUNT_LOGINS }, [ROLE]);
  const url = (host: string, query: string): string =>
    `postgresql://app:${PASSWORD}@${host}:${server().target.port}/postgres?${query}`;

  it.for(shown)("$name", async ({ certificate, query, host = "localhost", ...expected }) => {
    await server().showCertificate(certificate);
    const look = (): Promise<unknown> => expectFinding({ url: url(host, query) }, expected);
    expect(await server().loginsDuring(look)).toBe(expected.logins ?? 0);
  });

  it.for(files)("and the client has $name", async ({ query, ...expected }) => {
    await server().showCertificate("localhost");
    const folder = temporaryFolder();
    copyFileSync(fixture("localhost.key"), join(folder, "loose.key"));
    chmodSync(join(folder, "loose.key"), 0o644);
    writeFileSync(join(folder, "ca.der"), Buffer.from([0x30, 0x82, 0x01, 0x0a]));
    const look = (): Promise<unknown> =>
      expectFinding({ url: url("localhost", query.replaceAll("{folder}", folder)) }, expected);
    expect(await server().loginsDuring(look)).toBe(expected.logins ?? 0);
  });
});

describe("the server has no TLS", () => {
  const server = sharedServer({ conf: COUNT_LOGINS }, [ROLE]);

  it.for(["require", "verify-ca", "verify-full"])("and the URL says sslmode=%s", async (mode) => {
    const url = `postgresql://app:${PASSWORD}@127.0.0.1:${server().target.port}/postgres?sslmode=${mode}`;
    const logins = await server().loginsDuring(() =>
      expectFinding({ url }, { id: "tls.not-offered", fix: urlWith("sslmode=disable") }),
    );
    expect(logins).toBe(0);
  });
});
