/** How far a load is, in words. */
import type { LoadProgress } from "../../core/load/load.js";
import type { Display } from "./progress.js";

const PHASES: Readonly<Record<LoadProgress["phase"], string>> = {
  waiting: "waiting for other loads to end",
  reading: "reading",
  comparing: "comparing with the database",
  writing: "writing",
  indexing: "building indexes",
  pruning: "looking for words that no file holds",
};

/** Before that, rates and times mean nothing. */
const SETTLED_SECONDS = 0.5;
const SETTLED_FRACTION = 0.02;

/** @returns a listener that shows phase, rows per second, and the time that reading will still take */
export function loadProgress(display: Display): (progress: LoadProgress) => void {
  let started: number | null = null;
  return ({ phase, file, rows, bytes, totalBytes }) => {
    const read = rows === 0 ? "" : `${rows.toLocaleString("en-US")} rows`;
    if (phase !== "reading") {
      display.update(read === "" ? PHASES[phase] : `${PHASES[phase]}: ${read}`);
      return;
    }
    started ??= performance.now();
    const seconds = (performance.now() - started) / 1000;
    const fraction = totalBytes === null || totalBytes === 0 ? null : Math.min(bytes / totalBytes, 1);
    const parts = [read];
    if (seconds > SETTLED_SECONDS) {
      parts.push(`${Math.round(rows / seconds).toLocaleString("en-US")} rows/s`);
      if (fraction !== null && fraction > SETTLED_FRACTION) {
        parts.push(`${Math.ceil((seconds / fraction) * (1 - fraction))} s left`);
      }
    }
    display.update(`${PHASES.reading} ${file}: ${parts.join(", ")}`, fraction);
  };
}
