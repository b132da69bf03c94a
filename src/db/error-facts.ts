/** Finds what tells in an error, wherever in its causes it stands: drivers and Prisma wrap it in several ways. */

/** The parts of an error that tell what happened, wherever in the chain of causes they stood. */
export interface ErrorFacts {
  /** Five characters from the server, or null when it did not answer. */
  readonly sqlState: string | null;
  /** Node's code: ECONNREFUSED, CERT_HAS_EXPIRED, … */
  readonly systemCode: string | null;
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
  yield* factsIn(cause, depth + 1);
  for (const inner of Array.isArray(errors) ? errors : []) {
    yield* factsIn(inner, depth + 1);
  }
  if (typeof meta === "object" && meta !== null && "driverAdapterError" in meta) {
    yield* factsIn(meta.driverAdapterError, depth + 1);
  }
  yield factsOf(error as Record<string, unknown>);
}

/** Prisma's driver adapter tells some failures only by kind. */
const SQLSTATE_OF_KIND: Readonly<Record<string, string>> = {
  AuthenticationFailed: "28P01",
  DatabaseAccessDenied: "28000",
  DatabaseDoesNotExist: "3D000",
  TableDoesNotExist: "42P01",
  ColumnNotFound: "42703",
  TooManyConnections: "53300",
};
const SYSTEM_CODE_OF_KIND: Readonly<Record<string, string>> = {
  DatabaseNotReachable: "ECONNREFUSED",
  ConnectionClosed: "ECONNRESET",
  SocketTimeout: "ETIMEDOUT",
  TlsConnectionError: "ERR_TLS",
};

function systemCodeOf(kind: string, { port }: Record<string, unknown>): string | undefined {
  // Of a name that was not found there is no port to tell.
  return kind === "DatabaseNotReachable" && port === undefined ? "ENOTFOUND" : SYSTEM_CODE_OF_KIND[kind];
}

function factsOf(error: Record<string, unknown>): ErrorFacts {
  const text = (key: string): string | null => (typeof error[key] === "string" ? error[key] : null);
  const code = text("originalCode") ?? text("code");
  const kind = text("kind") ?? "";
  const fromDatabase = code !== null && /^[0-9A-Z]{5}$/.test(code) && !/^(E[A-Z]{4}|P\d{4})$/.test(code);
  return {
    sqlState: fromDatabase ? code : (SQLSTATE_OF_KIND[kind] ?? null),
    systemCode: fromDatabase ? null : (systemCodeOf(kind, error) ?? code),
    message: text("originalMessage") ?? text("message") ?? text("reason") ?? "",
    detail: text("detail"),
    hint: text("hint"),
    constraint: text("constraint") ?? constraintIndex(error.constraint),
  };
}

/** Prisma's adapter wraps the name of a violated constraint. */
function constraintIndex(constraint: unknown): string | null {
  const index =
    typeof constraint === "object" && constraint !== null && "index" in constraint ? constraint.index : null;
  return typeof index === "string" ? index : null;
}
