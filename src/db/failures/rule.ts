/** How a failure on the way to a database is recognised, and what a person is told about it. */
import { AuthenticationError, ConnectionError, type ConnectionFailure, TlsError } from "../../errors/connection.js";
import type { FindingId } from "../../finding.js";
import type { ErrorFacts } from "../error-facts.js";
import { describeAddress, describeTarget, type Target } from "../target.js";

export interface Failure extends ErrorFacts {
  readonly target: Target;
  /** `host:port/database (user)`. */
  readonly where: string;
  /** `host:port`. */
  readonly address: string;
}

/** What happened and why in one line, and the next thing to do. */
export type Explanation = readonly [message: string, hint: string | null];

type ErrorClass = new (message: string, hint: string | null, options: ConnectionFailure) => ConnectionError;

/** Holds where all that it names hold. */
export interface Rule {
  readonly finding: FindingId;
  /** SQLSTATEs, or codes of Node and Prisma; any where it is left out. */
  readonly codes?: readonly string[];
  readonly says?: RegExp;
  readonly when?: (failure: Failure) => boolean;
  readonly explain: (failure: Failure) => Explanation;
  /** By default what the area of the finding stands for. */
  readonly error?: ErrorClass;
}

const ERROR_OF_AREA: Readonly<Record<string, ErrorClass>> = { auth: AuthenticationError, tls: TlsError };

export function failureOf(facts: ErrorFacts, target: Target): Failure {
  return { ...facts, target, where: describeTarget(target), address: describeAddress(target) };
}

/** The error that the first rule that holds makes of it. */
export function applyRules(rules: readonly Rule[], failure: Failure, cause: unknown): ConnectionError | null {
  const code = failure.sqlState ?? failure.systemCode ?? "";
  const rule = rules.find(
    ({ codes, says, when }) =>
      (codes?.includes(code) ?? true) && (says?.test(failure.message) ?? true) && (when?.(failure) ?? true),
  );
  if (rule === undefined) {
    return null;
  }
  const { finding, explain, error } = rule;
  const ErrorOfRule = error ?? ERROR_OF_AREA[finding.split(".")[0] ?? ""] ?? ConnectionError;
  const [message, hint] = explain(failure);
  return new ErrorOfRule(message, hint, { cause, finding });
}

/** The server's own words, on one line. */
export function words({ message }: Failure): string {
  return message.trim().split("\n")[0] ?? "";
}
