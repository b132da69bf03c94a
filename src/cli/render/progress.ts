/** The moving line on stderr while work lasts. */
import type { Ora } from "ora";

export interface Display {
  /** Replaces the line. Without a terminal nothing is shown. */
  update(text: string): void;
  /** Removes the line and gives the cursor back; safe to call at any time. */
  end(): void;
}

export function openDisplay(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number },
  wanted: boolean,
): Display {
  // Terminals that do not know their width exist (freshly made ones, some CI): a line cannot be redrawn there.
  if (!wanted || !stream.isTTY || !stream.columns) {
    return { update: () => {}, end: () => {} };
  }
  let spinner: Ora | null = null;
  let latest: string | null = null;
  let ended = false;
  return {
    update: (text) => {
      latest = text;
      if (spinner !== null) {
        spinner.text = text;
      } else {
        // Loaded only by commands that last, and only when somebody looks.
        void import("ora").then(({ default: ora }) => {
          if (!ended && spinner === null) {
            spinner = ora({ stream, text: latest ?? "", discardStdin: false }).start();
          }
        });
      }
    },
    end: () => {
      ended = true;
      spinner?.stop();
    },
  };
}
