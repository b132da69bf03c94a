/** How an examination goes from stage to stage, whoever keeps the record of it. */
import type { Limit } from "../../db/probe/socket.js";
import type { Finding, FindingId } from "../../finding.js";
import type { DatabaseFinding } from "./check.js";
import type { StageName } from "./stages.js";

/** Only what is found inside the database can be mended by statements. */
export type StageFinding = Finding & Partial<Pick<DatabaseFinding, "repair" | "changes" | "unseen">>;

/** What a stage saw. */
export interface Seen<T> {
  readonly value: T;
  /** In a few words, for the list of steps. */
  readonly detail: string;
  readonly findings: readonly StageFinding[];
  /** Ids that it could make findings of; by default all of the stage. */
  readonly looked?: readonly FindingId[];
}

/**
 * Does the work of a stage and records it.
 *
 * @param soFar what is known when time is up in the middle of it
 * @returns what it saw, or null when nothing that builds on it can be looked at
 */
export type Look = <T>(
  stage: StageName,
  work: () => Promise<Seen<T>>,
  soFar?: () => Pick<Seen<T>, "findings" | "looked">,
) => Promise<T | null>;

export interface Limits {
  /** Aborted at the deadline, and when somebody interrupts. */
  readonly signal: AbortSignal;
  /** For one question: as long as it may sensibly take, and never to the deadline itself. */
  readonly atMost: (timeoutMs: number) => Limit;
}

/** @param deadline in terms of `performance.now()` */
export function limitsUntil(deadline: number, signal: AbortSignal): Limits {
  return {
    signal,
    atMost: (timeoutMs) => ({
      signal,
      // A whole number, as c-ares wants it.
      timeoutMs: Math.ceil(Math.max(50, Math.min(timeoutMs, (deadline - performance.now()) * SHARE))),
    }),
  };
}

/** Of the time that is left: what did not answer is then told by its own name, not by the deadline's. */
const SHARE = 0.8;
