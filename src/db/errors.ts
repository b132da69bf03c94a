/** What drivers and Prisma throw becomes the errors of this package. Everything else passes through. */
import {
  AuthenticationError,
  ConcurrentChangeError,
  ConnectionError,
  ConnectionLostError,
  ConstraintError,
  DatabaseMissingError,
  MigrationsPendingError,
  PermissionError,
  PoolerModeError,
  PoolTimeoutError,
  TlsError,
  VocabdbError,
} from "../errors.js";
import { type ErrorFacts, factsIn } from "./error-facts.js";
import { isStatementMode, sessionHint } from "./pooler.js";
import { describeTarget, isLoopback, type Target } from "./target.js";

/** @returns a {@link VocabdbError}, or `error` itself where nothing is known about it. */
export function translateError(error: unknown, target: Target): unknown {
  if (error instanceof VocabdbError) {
    return error;
  }
  for (const facts of factsIn(error)) {
    const translated =
      facts.sqlState === null ? fromClient(facts, target, error) : fromServer(facts, facts.sqlState, target, error);
    if (translated !== null) {
      return translated;
    }
  }
  return error;
}

/** Failures that happened on this side or on the way. */
function fromClient(facts: ErrorFacts, target: Target, cause: unknown): VocabdbError | null {
  const where = describeTarget(target);
  const { systemCode, message } = facts;
  switch (systemCode) {
    case "ECONNREFUSED":
    case "ENOENT":
      return message.startsWith("ENOENT") && !message.includes("connect")
        ? null
        : new ConnectionError(`nothing accepts connections at ${where}`, refusedHint(target), { cause });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ConnectionError(
        systemCode === "ENOTFOUND"
          ? `the host name ${target.host} does not exist (or has no address this machine can use)`
          : `this machine cannot look up host names (asked for ${target.host})`,
        supabaseHint(target) ?? "check the host in the URL, and the network or VPN of this machine",
        { cause },
      );
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return new ConnectionError(
        `there is no route to ${where} (${systemCode})`,
        supabaseHint(target) ?? "the host may have only an IPv6 address, and this machine none",
        { cause },
      );
    case "ETIMEDOUT":
      return timedOut(target, cause);
    case "ECONNRESET":
    case "EPIPE":
      return lost(target, cause);
    case "P2034":
      return new ConcurrentChangeError(message, { cause });
    case "P2028":
      return message.includes("Unable to start")
        ? new PoolTimeoutError(
            `no connection to ${where} became free in time`,
            "raise connection_limit in the URL (or VOCABDB_POOL_MAX), or try again when the database is less busy",
            { cause },
          )
        : new ConnectionError(
            `a transaction on ${where} took too long and was rolled back`,
            "try again when the database is less busy",
            { cause },
          );
  }
  if (message === "There was an error establishing an SSL connection") {
    return notPostgres(target, { cause });
  }
  if (message.includes("does not support SSL")) {
    return new TlsError(
      `${where} offers no TLS, but the URL asks for it (sslmode=${target.tls.mode})`,
      "use sslmode=prefer or sslmode=disable, if the way to this server is trusted",
      { cause },
    );
  }
  if (
    systemCode !== null &&
    /^(ERR_TLS|ERR_SSL|CERT_|CRL_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(systemCode)
  ) {
    return new TlsError(
      `the certificate of ${where} was not accepted: ${message}`,
      "download the authority's certificate and name it: ?sslmode=verify-full&sslrootcert=/path/to/ca.crt",
      { cause },
    );
  }
  if (/client password must be a(?: non-empty)? string/.test(message)) {
    return new AuthenticationError(
      `${where} wants a password and the URL has none`,
      "add it to the URL (user:PASSWORD@host) or set PGPASSWORD",
      { cause },
    );
  }
  if (message === "timeout exceeded when trying to connect") {
    return new PoolTimeoutError(
      `no connection to ${where} became free in ${target.poolTimeoutMs / 1000} s`,
      "raise connection_limit or pool_timeout in the URL",
      { cause },
    );
  }
  if (/connection timeout|^timeout expired$/.test(message)) {
    return timedOut(target, cause);
  }
  if (/^Connection terminated|not queryable|socket disconnected|Connection ended unexpectedly/.test(message)) {
    return lost(target, cause);
  }
  return null;
}

/** Failures that the server (or a pooler before it) answered with. */
function fromServer(facts: ErrorFacts, sqlState: string, target: Target, cause: unknown): VocabdbError | null {
  const where = describeTarget(target);
  const { message, detail, hint, constraint } = facts;
  if (isStatementMode(message)) {
    return new PoolerModeError("statement", where, sessionHint(target, "DATABASE_URL"), { cause });
  }
  switch (sqlState) {
    case "28P01":
      return new AuthenticationError(
        `${where} refused the password`,
        supabaseHint(target) ??
          "check user and password in the URL; special characters must be encoded (# as %23, @ as %40)",
        { cause },
      );
    case "28000":
      return new AuthenticationError(
        `${where} refused the login: ${message}`,
        /no encryption|SSL off/.test(message)
          ? "the server wants TLS: add ?sslmode=require to the URL"
          : "the server's pg_hba.conf decides who may connect from where",
        { cause },
      );
    case "3D000":
      return new DatabaseMissingError(
        `the database ${target.database} does not exist at ${target.host}:${target.port}`,
        `check the name at the end of the URL, or create it: CREATE DATABASE ${target.database}`,
        { cause },
      );
    case "42P01":
    case "3F000":
    // A function or a column: the tables are there, and older than this version.
    case "42883":
    case "42703":
      return new MigrationsPendingError([]);
    case "42501":
      return new PermissionError(
        `the role ${target.user} may not do this: ${message}`,
        "connect as the owner of the tables, or have the owner grant what is missing",
        { cause },
      );
    case "25006":
      return new PermissionError(
        `${where} takes no writes: ${message}`,
        "the URL leads to a read replica or a read-only session; use the address of the primary",
        { cause },
      );
    case "53300":
      return new ConnectionError(
        `${where} has no connection to spare: ${message}`,
        "lower connection_limit in the URL of every client, or use a pooler",
        { cause },
      );
    case "57014":
    case "55P03":
      return new ConnectionError(
        `${where} gave up: ${message}; what was not committed has been rolled back`,
        `try again when the database is less busy, or raise the limit: ALTER ROLE ${target.user} SET ${sqlState === "57014" ? "statement_timeout" : "lock_timeout"} = '5min'`,
        { cause },
      );
    case "57P03":
      return new ConnectionError(`${where} is starting or stopping: ${message}`, "try again in a moment", { cause });
    case "57P01":
    case "57P02":
    case "57P05":
    case "25P03":
      return lost(target, cause);
    case "53100":
      return new ConnectionError(`the disk of ${where} is full; nothing was written`, "free space on the server", {
        cause,
      });
    case "40001":
    case "40P01":
      return new ConcurrentChangeError(message, { cause });
    case "23505":
    case "23503":
    case "23514":
    case "23502":
    case "23001":
      return new ConstraintError(
        constraint,
        `the database refused the change: ${message}${detail === null || sqlState === "23514" ? "" : ` (${detail})`}`,
        hint,
        { cause },
      );
  }
  if (sqlState.startsWith("08") || sqlState === "XX000") {
    return new ConnectionError(`${where} refused the connection: ${message}`, supabaseHint(target), { cause });
  }
  return null;
}

/** What answered does not speak the protocol. */
export function notPostgres({ host, port }: Target, options?: ErrorOptions): ConnectionError {
  return new ConnectionError(
    `what listens at ${host}:${port} is not PostgreSQL`,
    "check the host and the port of the URL (PostgreSQL usually listens on 5432)",
    options,
  );
}

function timedOut(target: Target, cause: unknown): ConnectionError {
  return new ConnectionError(
    `${describeTarget(target)} did not answer in time`,
    "a firewall or allow-list may drop the packets, or the server hangs; connect_timeout in the URL sets how long to wait (seconds)",
    { cause },
  );
}

function lost(target: Target, cause: unknown): ConnectionLostError {
  return new ConnectionLostError(
    `the connection to ${describeTarget(target)} was lost; what was not committed has been rolled back`,
    "see that the server is up, then run the command again",
    { cause },
  );
}

function refusedHint(target: Target): string {
  if (target.embedded) {
    return "vocabdb db start";
  }
  if (isLoopback(target)) {
    return "start the server, or check the port (PostgreSQL 5432, PgBouncer 6432, a local Supabase 54322)";
  }
  return supabaseHint(target) ?? "check host and port, and that the server listens on that address";
}

function supabaseHint(target: Target): string | null {
  if (/^db\..+\.supabase\.co$/.test(target.host)) {
    return "this host has only an IPv6 address, is gone while a project is paused, and refuses an address after two wrong passwords; in the dashboard: Connect → Session pooler → copy the URI";
  }
  if (target.host.endsWith(".pooler.supabase.com")) {
    return target.user.includes(".")
      ? "in the dashboard: Connect → Session pooler → copy the URI; the password is that of the database"
      : `through the pooler the user is ${target.user}.PROJECT; in the dashboard: Connect → Session pooler → copy the URI`;
  }
  return null;
}
