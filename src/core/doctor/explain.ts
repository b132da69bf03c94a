/** The post-mortem of a command that could not connect: what the doctor would say, without a login. */
import { describeAddress, type Target } from "../../db/target.js";
import { CommitUnknownError, ConnectionError, ConnectionLostError } from "../../errors/connection.js";
import type { Finding } from "../../finding.js";
import { findingsOf } from "./finding-of.js";
import { type Look, limitsUntil } from "./look.js";
import { examineNetwork } from "./network.js";

/** Milliseconds that somebody waits for a better word on a failure that is already known. */
const PATIENCE_MS = 3_000;

/**
 * Looks at the way to the server after a command has failed on it.
 *
 * @param targets where the command may have wanted to go
 * @returns an error of the same class with what was found, or the error itself where nothing was
 */
export async function explainFailure(
  error: unknown,
  targets: readonly Target[],
  interrupted: AbortSignal,
): Promise<unknown> {
  // That it is not known what became of the work matters more than why.
  if (error instanceof CommitUnknownError) {
    return error;
  }
  const target = error instanceof ConnectionError ? targetOf(error, targets) : null;
  if (!(error instanceof ConnectionError) || target === null || !/^(net|tls)\./.test(error.finding ?? "")) {
    return error;
  }
  const finding = await findOnTheWay(target, interrupted);
  if (finding === null) {
    return error;
  }
  const { id, message, fix } = finding;
  if (error instanceof ConnectionLostError) {
    // What became of the work comes first.
    const hint = fix === null ? message : `${message}; ${fix}`;
    return new ConnectionLostError(error.message, hint, { cause: error, finding: id });
  }
  const SameError = error.constructor as typeof ConnectionError;
  return new SameError(message, fix, { cause: error, finding: id });
}

function targetOf({ message }: Error, targets: readonly Target[]): Target | null {
  return (
    targets.find((target) => message.includes(describeAddress(target))) ??
    targets.find(({ host }) => message.includes(host)) ??
    targets[0] ??
    null
  );
}

async function findOnTheWay(target: Target, interrupted: AbortSignal): Promise<Finding | null> {
  const found: Finding[] = [];
  const look: Look = async (_, work) => {
    try {
      const { value, findings } = await work();
      found.push(...findings.filter(({ level }) => level === "error"));
      return found.length > 0 ? null : value;
    } catch (error) {
      found.push(...(limits.signal.aborted ? [] : findingsOf(error, target, "net.failed")));
      return null;
    }
  };
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(PATIENCE_MS)]);
  const limits = limitsUntil(performance.now() + PATIENCE_MS, signal);
  await Promise.race([
    examineNetwork(target, look, limits),
    new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
  ]);
  return found[0] ?? null;
}
