/** Why PostgreSQL does not let a client in: its password, its pg_hba.conf, its roles and databases. */
import { AuthenticationError, DatabaseMissingError, PermissionError } from "../../errors/connection.js";
import { shownUrl, shownUrlWithTls } from "../shown-url.js";
import { isSupabase, isSupabasePooler, misfitOf } from "../supabase.js";
import { isSocket, type Target } from "../target.js";
import { hbaLineFor, quoted, withCertificate, withPassword } from "./fixes.js";
import { type Explanation, type Failure, type Rule, words } from "./rule.js";

/** What the driver says before anything is sent. */
export const CLIENT_LOGIN_RULES: readonly Rule[] = [
  {
    finding: "auth.no-password",
    says: /client password must be a(?: non-empty)? string/,
    explain: noPassword,
  },
  {
    finding: "auth.method",
    says: /^SASL: Only mechanism|^Unknown authenticationOk message type|SCRAM-SHA-256-PLUS requires/,
    explain: (failure) => [
      `${failure.where} asks for a way to log in that vocabdb does not have: ${failure.message}`,
      `have the server take a password for this role, in its pg_hba.conf: ${hbaLineFor(failure)}; then: SELECT pg_reload_conf();`,
    ],
  },
  {
    finding: "auth.scram",
    says: /^SASL: /,
    explain: ({ where, message }) => [
      `${where} did not prove that it knows the password: ${message}`,
      "something else may stand in its place, or a proxy changes what is sent; vocabdb db doctor",
    ],
  },
];

export const LOGIN_RULES: readonly Rule[] = [
  {
    finding: "auth.no-password",
    says: /empty password returned by client|no password supplied/,
    explain: noPassword,
  },
  {
    finding: "auth.pooler-user",
    codes: ["28P01"],
    when: ({ target }) => misfitOf(target) !== null,
    explain: ({ where, target }) => {
      const misfit = misfitOf(target);
      return [`${where} has no such user: ${misfit?.reason}`, misfit?.fix ?? null];
    },
  },
  {
    finding: "auth.password",
    codes: ["28P01"],
    explain: ({ where, target }) => [`${where} refused the password`, passwordHint(target)],
  },
  {
    finding: "tls.required",
    codes: ["28000"],
    says: /no encryption|SSL off/,
    when: ({ target }) => target.tls.mode === "disable" && !isSocket(target),
    error: AuthenticationError,
    explain: ({ where, target }) => [
      `${where} lets nobody in without TLS, and the URL says sslmode=disable`,
      `use ${shownUrlWithTls(target, "require")}`,
    ],
  },
  {
    finding: "auth.pg-hba",
    codes: ["28000"],
    says: /no pg_hba\.conf entry/,
    explain: (failure) => [
      `${failure.where} lets nobody in like this: ${words(failure)}`,
      `add to the server's pg_hba.conf: ${hbaLineFor(failure)}; then: SELECT pg_reload_conf();`,
    ],
  },
  {
    finding: "auth.pg-hba-reject",
    codes: ["28000"],
    says: /pg_hba\.conf rejects/,
    explain: (failure) => [
      `a line of ${failure.where}'s pg_hba.conf turns this client away: ${words(failure)}`,
      `put before its line with \`reject\`: ${hbaLineFor(failure)}; then: SELECT pg_reload_conf();`,
    ],
  },
  {
    finding: "auth.peer",
    codes: ["28000", "08P01"],
    says: /(?:Peer|Ident) authentication failed|unix socket login rejected/,
    explain: ({ where, target }) => [
      `${where} asks the system who is calling, and that is not ${target.user}`,
      `run as the account ${target.user} of the system (sudo -u ${target.user}), or by TCP with a password: ${shownUrl(withPassword({ ...target, host: isSocket(target) ? "127.0.0.1" : target.host }))}`,
    ],
  },
  {
    finding: "auth.no-login",
    codes: ["28000"],
    says: /is not permitted to log in/,
    explain: ({ where, target }) => [
      `the role ${target.user} may not log in at ${where}`,
      `as a superuser: ALTER ROLE ${quoted(target.user)} LOGIN;`,
    ],
  },
  {
    finding: "auth.no-role",
    codes: ["28000", "XX000"],
    says: /role ".*" does not exist|user not found in the database/,
    explain: ({ where, target }) => [
      `there is no role ${target.user} at ${where}`,
      `check the user in the URL, or as a superuser: CREATE ROLE ${quoted(target.user)} LOGIN PASSWORD '…';`,
    ],
  },
  {
    finding: "tls.client-certificate",
    codes: ["28000"],
    says: /requires a valid client certificate/,
    error: AuthenticationError,
    explain: ({ where, target }) => [
      `${where} wants a certificate of its client${target.tls.clientCert === null ? ", and the URL names none" : `, and ${target.tls.clientCert} was not sent`}`,
      `use ${shownUrl(withCertificate(target))}`,
    ],
  },
  {
    finding: "auth.certificate",
    codes: ["28000", "08P01"],
    says: /certificate authentication failed/,
    explain: ({ where, target }) => [
      `${where} does not take the certificate ${target.tls.clientCert ?? "of this client (the URL names none)"} for that of ${target.user}`,
      `the name in it (CN) has to be the role's, or pg_ident.conf has to map it; the URL: ${shownUrl(withCertificate(target))}`,
    ],
  },
  {
    finding: "auth.refused",
    codes: ["28000"],
    explain: (failure) => [
      `${failure.where} refused the login: ${words(failure)}`,
      "the server's pg_hba.conf decides who may connect from where, and how",
    ],
  },
  {
    finding: "db.missing",
    codes: ["3D000"],
    error: DatabaseMissingError,
    explain: missingDatabase,
  },
  {
    finding: "db.not-accepting",
    codes: ["55000"],
    says: /not currently accepting connections/,
    explain: ({ where, target }) => [
      `the database ${target.database} is closed to connections (${where})`,
      `as a superuser, in another database: ALTER DATABASE ${quoted(target.database)} ALLOW_CONNECTIONS true;`,
    ],
  },
  {
    finding: "db.no-connect-privilege",
    codes: ["42501"],
    says: /permission denied for database/,
    // A statement that is refused is an ERROR, a login that is refused FATAL.
    when: ({ severity }) => severity !== "ERROR",
    error: PermissionError,
    explain: ({ where, target }) => [
      `the role ${target.user} may not connect to ${where}`,
      `as the owner of the database: GRANT CONNECT ON DATABASE ${quoted(target.database)} TO ${quoted(target.user)};`,
    ],
  },
];

export function passwordHint(target: Target): string {
  return isSupabase(target)
    ? "it is the password of the database, not of your account nor an API key; in the Supabase dashboard: Database → Settings → Reset database password. Do not try others: two wrong ones in a row ban this address for 30 minutes"
    : `check user and password in the URL; special characters must be encoded (# as %23, @ as %40). A role that does not exist, or whose password has expired, is refused alike; a new one: ALTER ROLE ${quoted(target.user)} PASSWORD '…'; an expired one also needs VALID UNTIL 'infinity'`;
}

export function missingDatabase({ target, address }: Failure): Explanation {
  if (target.database === target.user && target.database !== "postgres") {
    return [
      `the database ${target.database} does not exist at ${address} (a URL that names none asks for that of the user's name)`,
      isSupabasePooler(target)
        ? `use ${shownUrl({ ...target, database: "postgres" })}`
        : `name the database at the end of the URL, or create it: CREATE DATABASE ${quoted(target.database)}`,
    ];
  }
  return [
    `the database ${target.database} does not exist at ${address}`,
    `check the name at the end of the URL, or create it: CREATE DATABASE ${quoted(target.database)} OWNER ${quoted(target.user)}`,
  ];
}

function noPassword({ where, target }: Failure): Explanation {
  return [`${where} wants a password and the URL has none`, `use ${shownUrl(withPassword(target))}, or set PGPASSWORD`];
}
