/** What drivers and Prisma throw becomes the errors of this package. Everything else passes through. */
import { VocabdbError } from "../errors/base.js";
import { CommitUnknownError, ConnectionError, ConnectionLostError } from "../errors/connection.js";
import { MigrationsPendingError } from "../errors/migrations.js";
import { ConcurrentChangeError, ConstraintError } from "../errors/words.js";
import type { FindingId } from "../finding.js";
import { factsIn } from "./error-facts.js";
import { NETWORK_RULES, notPostgres, POOL_RULES, UNKNOWN_CLIENT_RULE } from "./failures/client.js";
import { CLIENT_LOGIN_RULES, LOGIN_RULES } from "./failures/login.js";
import { POOLER_RULES } from "./failures/pooler.js";
import { applyRules, type Failure, failureOf, type Rule } from "./failures/rule.js";
import { SERVER_RULES, UNKNOWN_SERVER_RULE } from "./failures/server.js";
import { TLS_RULES } from "./failures/tls.js";
import { describeAddress, describeTarget, type Target } from "./target.js";

/** Where nobody answered with an SQLSTATE. */
const OF_CLIENT: readonly Rule[] = [
  ...TLS_RULES,
  ...CLIENT_LOGIN_RULES,
  ...POOL_RULES,
  ...NETWORK_RULES,
  UNKNOWN_CLIENT_RULE,
];

/** Poolers first: they put other texts under the codes of the server. */
const OF_SERVER: readonly Rule[] = [...POOLER_RULES, ...LOGIN_RULES, ...SERVER_RULES, UNKNOWN_SERVER_RULE];

/** Ids of all findings that {@link translateError} gives to a {@link ConnectionError}. */
export const connectionFindings: ReadonlySet<FindingId> = new Set(
  [...OF_CLIENT, ...OF_SERVER].map((rule) => rule.finding),
);

/** @returns a {@link VocabdbError}, or `error` itself where nothing is known about it. */
export function translateError(error: unknown, target: Target): unknown {
  if (error instanceof VocabdbError) {
    return error;
  }
  for (const facts of factsIn(error)) {
    const failure = failureOf(facts, target);
    const translated = ofContent(failure, error) ?? ofConnection(failure, error);
    if (translated !== null) {
      return translated;
    }
  }
  return error;
}

/** The same for what a COMMIT has failed with: of one that was sent and not answered, only the server knows the end. */
export function translateCommitError(error: unknown, target: Target): unknown {
  const translated = translateError(error, target);
  if (!(translated instanceof ConnectionLostError) || isUnsent(error)) {
    return translated;
  }
  const { finding } = translated;
  return new CommitUnknownError(describeTarget(target), { cause: error, ...(finding !== null && { finding }) });
}

/** The driver knew already that the connection was gone. */
function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.includes("not queryable");
}

function ofConnection(failure: Failure, cause: unknown): ConnectionError | null {
  return applyRules(failure.sqlState === null ? OF_CLIENT : OF_SERVER, failure, cause);
}

/** What the connection is not to blame for. */
function ofContent(failure: Failure, cause: unknown): VocabdbError | null {
  const { message, detail, hint, constraint } = failure;
  switch (failure.sqlState ?? failure.systemCode) {
    case "42P01":
    case "3F000":
    // A function or a column: the tables are there, and older than this version.
    case "42883":
    case "42703":
      return new MigrationsPendingError([]);
    case "40001":
    case "40P01":
    case "P2034":
      return new ConcurrentChangeError(message, { cause });
    case "23505":
    case "23503":
    case "23514":
    case "23502":
    case "23001":
      return new ConstraintError(
        constraint,
        `the database refused the change: ${message}${detail === null || failure.sqlState === "23514" ? "" : ` (${detail})`}`,
        hint,
        { cause },
      );
    default:
      return null;
  }
}

/** What answered does not speak the protocol. */
export function notPostgresError(target: Target, service: string): ConnectionError {
  const [message, hint] = notPostgres(describeAddress(target), service);
  return new ConnectionError(message, hint, { finding: "net.wrong-service" });
}
