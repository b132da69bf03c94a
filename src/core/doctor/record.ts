/** The record of an examination: what each stage found, how long it took, and what has passed. */
import type { Target } from "../../db/target.js";
import type { Finding, FindingId, FindingLevel } from "../../finding.js";
import type { DatabaseFinding } from "./check.js";
import { findingsOf, isLost } from "./finding-of.js";
import type { Look, Seen, StageFinding } from "./look.js";
import type { Step, UrlName } from "./report.js";
import type { Selected } from "./selection.js";
import { isConnectionStage, type StageName, selectableIds, stageNames, stages } from "./stages.js";

export interface RecordOptions {
  readonly selected: Selected;
  /** Aborted by whoever runs the doctor: nothing more is wanted. */
  readonly interrupted: AbortSignal;
  /** And by the deadline: what is known by then is wanted. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onStage: (stage: StageName) => void;
}

/** What is said of a failure for which neither the stage nor the classifier has a name. */
const FALLBACK: Readonly<Partial<Record<StageName, FindingId>>> = {
  url: "env.embedded-start",
  dns: "net.failed",
  tcp: "net.failed",
  tls: "net.failed",
  certificate: "tls.handshake",
  login: "auth.refused",
};
const LEVELS = ["error", "warning", "info"] as const;

export class ExaminationRecord {
  readonly steps: Step[] = [];
  readonly #findings: DatabaseFinding[] = [];
  readonly #looked = new Set<FindingId>();
  readonly #options: RecordOptions;
  readonly #last: number;
  /** Never resolves. */
  readonly #cutOff: Promise<never>;
  #failed = false;
  #lost = false;

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#last = stageNames.findLastIndex((stage) => options.selected.wants(stage));
    this.#cutOff = rejected(options.signal);
    // It may come when no stage is waiting for it.
    this.#cutOff.catch(() => {});
  }

  get findings(): readonly DatabaseFinding[] {
    return [...this.#findings].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  }

  get passed(): readonly FindingId[] {
    const found = new Set(this.#findings.map(({ id }) => id));
    return [...this.#looked].filter((id) => !found.has(id));
  }

  get unseen(): readonly StageName[] {
    const seen = new Set(this.steps.map(({ stage }) => stage));
    return stageNames.filter((stage) => this.#options.selected.wants(stage) && !seen.has(stage));
  }

  /** Whether the database could not be reached, by any of its addresses, or was lost in the middle. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether nothing that is asked for lies behind this stage. */
  isEnough(stage: StageName): boolean {
    return stageNames.indexOf(stage) >= this.#last;
  }

  lookAt(url: UrlName, target: Target | null): Look {
    return async (stage, work, soFar) => {
      const { selected, signal, onStage } = this.#options;
      const isWanted = isConnectionStage(stage) ? stageNames.indexOf(stage) <= this.#last : selected.wants(stage);
      if (signal.aborted || !isWanted || this.#lost) {
        return null;
      }
      onStage(stage);
      const started = performance.now();
      const seen = await this.#finish(stage, target, work, soFar);
      return this.#add(stage, url, seen, performance.now() - started) ? seen.value : null;
    };
  }

  async #finish<T>(
    stage: StageName,
    target: Target | null,
    work: () => Promise<Seen<T>>,
    soFar: () => Pick<Seen<T>, "findings" | "looked"> = () => ({ findings: [], looked: [] }),
  ): Promise<Seen<T | null>> {
    const { signal, interrupted, timeoutMs } = this.#options;
    try {
      return await Promise.race([work(), this.#cutOff]);
    } catch (error) {
      interrupted.throwIfAborted();
      if (signal.aborted) {
        const { findings, ...rest } = soFar();
        const late = timeUp(stage, timeoutMs);
        return { ...rest, value: null, detail: "not finished in time", findings: [...findings, late] };
      }
      this.#lost ||= target !== null && !isConnectionStage(stage) && isLost(error, target);
      const findings = findingsOf(error, target, FALLBACK[stage] ?? "doctor.check-failed");
      return { value: null, detail: "failed", findings, looked: [] };
    }
  }

  /** @returns whether what builds on the stage can be looked at */
  #add(stage: StageName, url: UrlName, seen: Seen<unknown>, durationMs: number): boolean {
    const { detail, findings, looked = stages[stage] } = seen;
    const { selected } = this.#options;
    const isFatal = (isConnectionStage(stage) || this.#lost) && findings.some(({ level }) => level === "error");
    this.#failed ||= isFatal;
    if (!isFatal) {
      for (const id of looked.filter(selected.has)) {
        this.#looked.add(id);
      }
    }
    const known = new Set(this.#findings.map(({ id }) => id));
    const kept = findings.filter(
      ({ id, level, unseen = [] }) =>
        // What a write has met, the server's own facts explain better.
        !(stage === "write" && known.has(id)) &&
        (selected.has(id) || unseen.some(selected.has) || (isFatal && level === "error") || !selectableIds.has(id)),
    );
    for (const id of findings.flatMap(({ unseen = [] }) => unseen)) {
      this.#looked.delete(id);
    }
    const earlier = new Set(this.#findings);
    for (const finding of kept) {
      this.#keep(finding, { stage, url, earlier });
    }
    const outcome: FindingLevel | "ok" = LEVELS.find((level) => kept.some((each) => each.level === level)) ?? "ok";
    this.steps.push({ stage, url, outcome, durationMs: Math.round(durationMs * 10) / 10, detail });
    return !isFatal;
  }

  /** On the way to the server a later stage knows more of the same thing. What is wrong with both addresses is told once. */
  #keep(
    finding: StageFinding,
    from: { readonly stage: StageName; readonly url: UrlName; readonly earlier: ReadonlySet<DatabaseFinding> },
  ): void {
    if (from.url === "DATABASE_URL") {
      const isSame = (each: DatabaseFinding): boolean => each.id === finding.id && from.earlier.has(each);
      const known = isConnectionStage(from.stage) ? this.#findings.findIndex(isSame) : -1;
      this.#findings.splice(known === -1 ? this.#findings.length : known, known === -1 ? 0 : 1, {
        repair: null,
        ...finding,
      });
    } else if (!this.#findings.some(({ id, message }) => id === finding.id && message === finding.message)) {
      this.#findings.push({ repair: null, ...finding, message: `DIRECT_URL: ${finding.message}` });
    }
  }
}

function timeUp(stage: StageName, timeoutMs: number): Finding {
  return {
    ...{ id: "doctor.timeout", level: "error" },
    message: `the examination was cut off after ${timeoutMs / 1000} s, in the stage ${stage}; what is told is all that was known by then`,
    fix: "give it more time (--timeout 60s), or less to look at (--skip data)",
  };
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
