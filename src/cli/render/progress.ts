/** What is shown on stderr while work lasts: a moving line on a terminal, a line now and then elsewhere. */
import type { Ora } from "ora";
import { bar, visible } from "./text.js";

export interface Display {
  /**
   * Says what is being done.
   *
   * @param fraction how much of it is done, 0 to 1; null where nobody can know
   */
  update(text: string, fraction?: number | null): void;
  /** Removes the moving line and gives the cursor back, for a question; the next update brings the line back. */
  pause(): void;
  /** The same for good, whoever still has something to say; safe to call at any time. */
  end(): void;
}

export interface DisplayOptions {
  readonly quiet: boolean;
  /** stderr belongs to a program: lines that a person would read are left out. */
  readonly json: boolean;
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

const REDRAW_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 20;

export function openDisplay(stream: Stream, { quiet, json }: DisplayOptions): Display {
  // Terminals that do not know their width exist (freshly made ones, some CI): a line cannot be redrawn there.
  const isTerminal = stream.isTTY === true && (stream.columns ?? 0) > 0;
  if (quiet || (json && !isTerminal)) {
    return { update: () => {}, pause: () => {}, end: () => {} };
  }
  return isTerminal ? movingLine(stream) : lines(stream);
}

function movingLine(stream: Stream): Display {
  let spinner: Ora | null = null;
  let latest = "";
  let drawn = Number.NEGATIVE_INFINITY;
  let isShown = false;
  let hasEnded = false;
  const pause = (): void => {
    isShown = false;
    spinner?.stop();
    spinner = null;
  };
  return {
    update: (text, fraction = null) => {
      if (hasEnded) {
        return;
      }
      latest = fraction === null ? visible(text) : `${bar(fraction, BAR_WIDTH)} ${percent(fraction)}  ${visible(text)}`;
      if (spinner !== null) {
        if (performance.now() - drawn >= REDRAW_MS || fraction === null) {
          drawn = performance.now();
          spinner.text = latest;
        }
        return;
      }
      isShown = true;
      // Loaded only by commands that last, and only when somebody looks.
      void import("ora").then(({ default: ora }) => {
        if (isShown && spinner === null) {
          spinner = ora({ stream, text: latest, discardStdin: false }).start();
        }
      });
    },
    pause,
    end: () => {
      pause();
      hasEnded = true;
    },
  };
}

/** Work that is done in a few seconds says nothing at all; what lasts, or waits, says so every few seconds. */
function lines(stream: Stream): Display {
  let latest: string | null = null;
  let timer: NodeJS.Timeout | null = null;
  const say = (): void => {
    if (latest !== null) {
      stream.write(`${latest}\n`);
    }
  };
  return {
    update: (text, fraction = null) => {
      latest = `${visible(text)}${fraction === null ? "" : ` (${percent(fraction)})`}`;
      timer ??= setInterval(say, LINE_EVERY_MS).unref();
    },
    pause: () => {
      latest = null;
    },
    end: () => {
      if (timer !== null) {
        clearInterval(timer);
      }
    },
  };
}

function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}
