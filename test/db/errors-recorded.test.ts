/** What this side says of networks, hosts and certificates that no test can have: recorded from Node, pg and Prisma. */
import { describe, expect, it } from "vitest";
import { connectionFindings, translateError } from "../../src/db/errors.js";
import type { Target } from "../../src/db/target.js";
import { parseDatabaseUrl } from "../../src/db/url.js";
import { ConnectionError } from "../../src/errors/connection.js";
import { Secret } from "../../src/secret.js";

function targetOf(url: string): Target {
  const secret = new Secret(`postgresql://${url.replace("@", ":hunter2@")}`);
  return parseDatabaseUrl("DATABASE_URL", secret, { password: null, poolMax: 1 }).target;
}

const DIRECT = "postgres@db.abcdefghijklmnopqrst.supabase.co/postgres";
const POOLER = "postgres.abc@aws-0-eu-central-1.pooler.supabase.com/postgres";

function failed(code: string, address: string | undefined, message: string, syscall = "connect"): Error {
  return Object.assign(new Error(message), { errno: -1, code, syscall, ...(address !== undefined && { address }) });
}

const V6_UNREACHABLE = failed("ENETUNREACH", "2a05::1", "connect ENETUNREACH 2a05::1:5432 - Local (:::0)");
const V4_TIMEOUT = failed("ETIMEDOUT", "10.0.0.7", "connect ETIMEDOUT 10.0.0.7:5432");

/** As Prisma's driver adapter leaves it: a kind, and sometimes the text. */
function ofPrisma(code: string, kind: object, message = "Invalid `prisma.user.count()` invocation:"): Error {
  return Object.assign(new Error(message), { code, meta: { driverAdapterError: { cause: kind } } });
}

describe.each<[finding: string, url: string, fix: string, error: Error]>([
  [
    "net.refused",
    "ada@h/d",
    "listen_addresses",
    failed("ECONNREFUSED", "10.0.0.7", "connect ECONNREFUSED 10.0.0.7:5432"),
  ],
  ["net.refused", "ada@localhost/d", "54322", failed("ECONNREFUSED", "::1", "connect ECONNREFUSED ::1:5432")],
  ["net.refused", "ada@localhost/d", "54322", Object.assign(new AggregateError([]), { code: "ECONNREFUSED" })],
  [
    "net.refused",
    "ada@%2Fnone/d",
    "127.0.0.1",
    failed("ENOENT", "/none/.s.PGSQL.5432", "connect ENOENT /none/.s.PGSQL.5432"),
  ],
  ["net.refused", POOLER, "Session pooler", ofPrisma("P1001", { kind: "DatabaseNotReachable", port: 5432 })],
  ["net.supabase-ban", DIRECT, "Unban IP", failed("ECONNREFUSED", "2a05::1", "connect ECONNREFUSED 2a05::1:5432")],
  [
    "net.blocked",
    "ada@%2Fnone/d",
    "127.0.0.1",
    failed("EACCES", "/none/.s.PGSQL.5432", "connect EACCES /none/.s.PGSQL.5432"),
  ],
  ["net.blocked", "ada@h/d", "firewall", failed("EPERM", "10.0.0.7", "connect EPERM 10.0.0.7:5432")],
  [
    "net.dns-not-found",
    "ada@h/d",
    "check the host",
    failed("ENOTFOUND", undefined, "getaddrinfo ENOTFOUND h", "getaddrinfo"),
  ],
  [
    "net.dns-not-found",
    DIRECT,
    "postgres.abcdefghijklmnopqrst:PASSWORD@aws-N-REGION",
    failed("ENOTFOUND", undefined, "getaddrinfo ENOTFOUND db", "getaddrinfo"),
  ],
  ["net.dns-not-found", "ada@h/d", "check the host", ofPrisma("P1001", { kind: "DatabaseNotReachable", host: "h" })],
  [
    "net.dns-unavailable",
    "ada@h/d",
    "resolv.conf",
    failed("EAI_AGAIN", undefined, "getaddrinfo EAI_AGAIN h", "getaddrinfo"),
  ],
  ["net.ipv6-only", DIRECT, "postgres.abcdefghijklmnopqrst:PASSWORD@aws-N-REGION", V6_UNREACHABLE],
  [
    "net.ipv6-only",
    "ada@h/d",
    "IPv4 address",
    failed("EADDRNOTAVAIL", "2a05::1", "connect EADDRNOTAVAIL 2a05::1:5432 - Local (:::0)"),
  ],
  [
    "net.ipv6-only",
    "ada@h/d",
    "IPv4 address",
    Object.assign(new Error("connect EHOSTUNREACH 2a05::1:5432"), { code: "EHOSTUNREACH" }),
  ],
  ["net.unreachable", "ada@h/d", "VPN", failed("EHOSTUNREACH", "10.0.0.7", "connect EHOSTUNREACH 10.0.0.7:5432")],
  ["net.timeout", "ada@h/d", "connect_timeout", V4_TIMEOUT],
  ["net.timeout", POOLER, "Network Restrictions", V4_TIMEOUT],
  // Of a host with both kinds of addresses, the missing IPv6 is not what is wrong.
  ["net.timeout", "ada@h/d", "firewall", new AggregateError([V6_UNREACHABLE, V4_TIMEOUT])],
  [
    "net.timeout",
    "ada@h/d",
    "firewall",
    new Error("Connection terminated due to connection timeout", {
      cause: new Error("Connection terminated unexpectedly"),
    }),
  ],
  ["net.timeout", "ada@h/d", "firewall", ofPrisma("P1008", { kind: "SocketTimeout" })],
  [
    "net.reset",
    "ada@h/d",
    "proxy",
    failed("ECONNRESET", undefined, "Client network socket disconnected before secure TLS connection was established"),
  ],
  ["net.reset", "ada@h/d", "run the command again", failed("ECONNRESET", undefined, "read ECONNRESET", "read")],
  [
    "net.reset",
    "ada@h/d",
    "run the command again",
    new Error("Client has encountered a connection error and is not queryable"),
  ],
  ["net.reset", "ada@h/d", "run the command again", ofPrisma("P1017", { kind: "ConnectionClosed" })],
  ["net.wrong-service", "ada@h/d", "5432", new Error("There was an error establishing an SSL connection")],
  ["net.failed", "ada@h/d", "vocabdb db doctor", failed("ENOBUFS", "10.0.0.7", "connect ENOBUFS 10.0.0.7:5432")],
  ["tls.not-offered", "ada@h/d?sslmode=require", "ssl = on", new Error("The server does not support SSL connections")],
  [
    "tls.not-offered",
    "ada@h/d?sslmode=require",
    "ssl = on",
    ofPrisma("P1011", { kind: "TlsConnectionError", reason: "The server does not support SSL connections" }),
  ],
  [
    "tls.private-ca",
    POOLER,
    "Download certificate",
    Object.assign(new Error("self-signed certificate in certificate chain"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }),
  ],
  [
    "tls.private-ca",
    "ada@x.rds.amazonaws.com/d",
    "global-bundle.pem",
    Object.assign(new Error("unable to get local issuer certificate"), { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" }),
  ],
  [
    "tls.private-ca",
    "ada@h/d",
    "sslmode=verify-full&sslrootcert=",
    ofPrisma("P1011", { kind: "TlsConnectionError", reason: "unable to verify the first certificate" }),
  ],
  [
    "tls.self-signed",
    "ada@h/d",
    "server.crt",
    ofPrisma("P1011", { kind: "TlsConnectionError", reason: "self-signed certificate" }),
  ],
  [
    "tls.expired",
    "ada@h/d",
    "pg_reload_conf",
    Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" }),
  ],
  [
    "tls.not-yet-valid",
    "ada@h/d",
    "set the clock",
    Object.assign(new Error("certificate is not yet valid"), { code: "CERT_NOT_YET_VALID" }),
  ],
  [
    "tls.wrong-name",
    "ada@h/d",
    "verify-ca",
    Object.assign(new Error("Hostname/IP does not match certificate's altnames: Host: h. is not cert's CN: x"), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    }),
  ],
  [
    "tls.client-certificate",
    "ada@h/d",
    "sslkey=",
    Object.assign(new Error("C0:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:…"), {
      code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    }),
  ],
  [
    "tls.protocol",
    "ada@h/d",
    "proxy",
    Object.assign(new Error("C0:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…"), {
      code: "ERR_SSL_WRONG_VERSION_NUMBER",
    }),
  ],
  [
    "tls.certificate",
    "ada@h/d",
    "sslrootcert=",
    Object.assign(new Error("certificate revoked"), { code: "CERT_REVOKED" }),
  ],
  [
    "auth.no-password",
    "ada@h/d",
    "ada:PASSWORD@h",
    new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
  ],
  ["auth.method", "ada@h/d", "host d ada", new Error("Unknown authenticationOk message type 7")],
  [
    "auth.method",
    "ada@h/d",
    "pg_hba.conf",
    new Error("SASL: Only mechanism(s) SCRAM-SHA-256 and SCRAM-SHA-256-PLUS are supported"),
  ],
  [
    "auth.scram",
    "ada@h/d",
    "vocabdb db doctor",
    new Error("SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature does not match"),
  ],
  ["pool.exhausted", "ada@h/d", "VOCABDB_POOL_MAX", new Error("timeout exceeded when trying to connect")],
  [
    "pool.exhausted",
    "ada@h/d",
    "VOCABDB_POOL_MAX",
    Object.assign(new Error("Timed out fetching a new connection"), { code: "P2024" }),
  ],
  [
    "pool.exhausted",
    "ada@h/d",
    "VOCABDB_POOL_MAX",
    Object.assign(new Error("Unable to start a transaction in the given time."), { code: "P2028" }),
  ],
  [
    "server.transaction-timeout",
    "ada@h/d",
    "less busy",
    Object.assign(new Error("Transaction already closed"), { code: "P2028" }),
  ],
  // Prisma puts what it has no code for into its text.
  [
    "server.starting",
    "ada@h/d",
    "db wait",
    Object.assign(new Error("Raw query failed. Code: `57P03`. Message: `the database system is starting up`"), {
      code: "P2010",
    }),
  ],
  ["auth.password", "ada@h/d", "ALTER ROLE", Object.assign(new Error("Authentication failed"), { code: "P1000" })],
])("%s at %s", (id, url, fix, error) => {
  it(`is told of ${error.message || error.name}`, () => {
    const translated = translateError(error, targetOf(url));
    expect(translated).toBeInstanceOf(ConnectionError);
    const { finding, message, hint, cause } = translated as ConnectionError;
    expect({ finding, cause }).toEqual({ finding: id, cause: error });
    expect(hint).toContain(fix);
    expect(`${message} ${hint}`).not.toContain("hunter2");
  });
});

it("ids are of the form area.what", () => {
  for (const finding of connectionFindings) {
    expect(finding).toMatch(/^(?:net|tls|auth|db|pool|server)\.[a-z0-9]+(?:-[a-z0-9]+)*$/);
  }
});

it("a table or a constraint that the words of a connection stand in is no failure of it", () => {
  const target = targetOf("ada@h/d");
  const unique = Object.assign(new Error('duplicate key value: "no such user"'), { code: "23505", severity: "ERROR" });
  expect(translateError(unique, target)).toMatchObject({ code: "CONSTRAINT_VIOLATED" });
  const missing = Object.assign(new Error('relation "connect" does not exist'), { code: "42P01", severity: "ERROR" });
  expect(translateError(missing, target)).toMatchObject({ code: "MIGRATIONS_PENDING" });
  const file = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), {
    code: "ENOENT",
    syscall: "open",
  });
  expect(translateError(file, target)).toBe(file);
});
