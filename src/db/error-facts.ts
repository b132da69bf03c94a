/** Finds what tells in an error, wherever in its causes it stands: drivers and Prisma wrap it in several ways. */

/** The parts of an error that tell what happened, wherever in the chain of causes they stood. */
export interface ErrorFacts {
  /** Five characters from the server, or null when it did not answer. */
  readonly sqlState: string | null;
  /** Node's or Prisma's code: ECONNREFUSED, CERT_HAS_EXPIRED, P2028, … */
  readonly systemCode: string | null;
  /** What failed in the system: connect, getaddrinfo, … */
  readonly syscall: string | null;
  /** The address that was tried, of those that the host has. */
  readonly tried: string | null;
  /** The server's: ERROR, FATAL, … */
  readonly severity: string | null;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly constraint: string | null;
}

/** The innermost causes first: outer layers replace the text and drop the code. */
export function* factsIn(error: unknown, depth = 0): Generator<ErrorFacts> {
  if (typeof error !== "object" || error === null || depth > 8) {
    return;
  }
  const { cause, errors, meta } = error as { cause?: unknown; errors?: unknown; meta?: unknown };
  const own = factsOf(error as Record<string, unknown>);
  // Beneath it stands only that the driver closed the connection, which it did because of the timeout.
  if (own.message === "Connection terminated due to connection timeout") {
    yield own;
  }
  yield* factsIn(cause, depth + 1);
  for (const inner of ipv4First(errors)) {
    yield* factsIn(inner, depth + 1);
  }
  if (typeof meta === "object" && meta !== null && "driverAdapterError" in meta) {
    yield* factsIn(meta.driverAdapterError, depth + 1);
  }
  yield own;
}

/** Of a host with addresses of both kinds, IPv4 is the one that is expected to work. */
function ipv4First(errors: unknown): unknown[] {
  const isIpv6 = (error: unknown): boolean =>
    typeof error === "object" && error !== null && "address" in error && String(error.address).includes(":");
  return Array.isArray(errors)
    ? [...errors.filter((error) => !isIpv6(error)), ...errors.filter((error) => isIpv6(error))]
    : [];
}

/** Prisma's driver adapter tells some failures only by kind, and Prisma by a code of its own. */
const SQLSTATE_OF: Readonly<Record<string, string>> = {
  AuthenticationFailed: "28P01",
  DatabaseAccessDenied: "28000",
  DatabaseDoesNotExist: "3D000",
  TableDoesNotExist: "42P01",
  ColumnNotFound: "42703",
  TooManyConnections: "53300",
  P1000: "28P01",
  P1003: "3D000",
  P1010: "28000",
  P2021: "42P01",
  P2022: "42703",
  P2037: "53300",
};
const SYSTEM_CODE_OF: Readonly<Record<string, string>> = {
  DatabaseNotReachable: "ECONNREFUSED",
  ConnectionClosed: "ECONNRESET",
  SocketTimeout: "ETIMEDOUT",
  TlsConnectionError: "ERR_TLS",
  P1001: "ECONNREFUSED",
  P1002: "ETIMEDOUT",
  P1008: "ETIMEDOUT",
  P1011: "ERR_TLS",
  P1017: "ECONNRESET",
};

/** How Prisma words what it has no code for: P2010 of raw queries, P2039 of others. */
const QUOTED_BY_PRISMA = /Code: `([0-9A-Z]{5})`\. Message: `([\s\S]*)`/;

function factsOf(error: Record<string, unknown>): ErrorFacts {
  const text = (key: string): string | null => (typeof error[key] === "string" ? error[key] : null);
  const told = text("originalMessage") ?? text("message") ?? text("reason") ?? "";
  const quoted = QUOTED_BY_PRISMA.exec(told);
  const code = quoted?.[1] ?? text("originalCode") ?? text("code");
  const name = text("kind") ?? code ?? "";
  const sqlState = code !== null && isSqlState(code) ? code : (SQLSTATE_OF[name] ?? null);
  return {
    sqlState,
    systemCode: sqlState === null ? (systemCodeOf(name, error) ?? code) : null,
    syscall: text("syscall"),
    tried: text("address") ?? / E[A-Z]+ (\S+):\d+/.exec(told)?.[1] ?? null,
    severity: text("severity"),
    message: quoted?.[2] ?? told,
    detail: text("detail"),
    hint: text("hint"),
    constraint: text("constraint") ?? constraintIndex(error.constraint),
  };
}

/** Prisma's codes and some of Node's (EPIPE) have five characters as well. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^(E[A-Z]{4}|P[1-6]\d{3})$/.test(code);
}

function systemCodeOf(name: string, { port }: Record<string, unknown>): string | undefined {
  // Of a name that was not found there is no port to tell.
  return name === "DatabaseNotReachable" && port === undefined ? "ENOTFOUND" : SYSTEM_CODE_OF[name];
}

/** Prisma's adapter wraps the name of a violated constraint. */
function constraintIndex(constraint: unknown): string | null {
  const index =
    typeof constraint === "object" && constraint !== null && "index" in constraint ? constraint.index : null;
  return typeof index === "string" ? index : null;
}
