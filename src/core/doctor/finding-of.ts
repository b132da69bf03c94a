/** Failures become findings in the words that every other command uses for them. */
import { translateError } from "../../db/errors.js";
import type { Target } from "../../db/target.js";
import { VocabdbError } from "../../errors/base.js";
import { ConnectionError, ConnectionLostError } from "../../errors/connection.js";
import { ConfigError } from "../../errors/usage.js";
import type { Finding, FindingId } from "../../finding.js";

/** Carries the findings of a stage that could not be finished. */
export class FindingsError extends Error {
  constructor(readonly findings: readonly Finding[]) {
    super(findings.map(({ message }) => message).join("\n"));
  }
}

/** @param fallback id for failures that have no name of their own */
export function findingsOf(error: unknown, target: Target | null, fallback: FindingId): readonly Finding[] {
  if (error instanceof FindingsError || error instanceof ConfigError) {
    return error.findings;
  }
  return [findingOf(error, target, fallback)];
}

export function findingOf(error: unknown, target: Target | null, fallback: FindingId): Finding {
  const translated = target === null ? error : translateError(error, target);
  if (translated instanceof VocabdbError) {
    const id = (translated instanceof ConnectionError ? translated.finding : null) ?? fallback;
    return { id, level: "error", message: translated.message, fix: translated.hint };
  }
  return { id: fallback, level: "error", ...unknownFailure(translated) };
}

/** Whether the connection is lost, and the server does not take another: nothing that is asked of it has an answer. */
export function isLost(error: unknown, target: Target): boolean {
  const translated = translateError(error, target);
  return (
    translated instanceof ConnectionLostError ||
    (translated instanceof ConnectionError &&
      /^net\.|^server\.(starting|shutting-down|recovering)$/.test(translated.finding ?? ""))
  );
}

/** What the server or the system said, whole: nobody has met it before. */
function unknownFailure(error: unknown): Pick<Finding, "message" | "fix"> {
  if (!(error instanceof Error)) {
    return { message: String(error), fix: null };
  }
  const { code, detail, hint } = error as { code?: unknown; detail?: unknown; hint?: unknown };
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  const parts = [error.message || error.name, text(detail)].filter((part) => part !== null).join(": ");
  return {
    message: text(code) === null ? parts : `${parts} (${text(code)})`,
    fix: text(hint) ?? "look into the server's log, which tells more of it",
  };
}
