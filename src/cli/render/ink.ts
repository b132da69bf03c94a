/** What colours mean here. Each of them also stands for a word that says the same. */
import type { ChalkInstance } from "chalk";

type Paint = (text: string) => string;

/**
 * Those of the basic colours that can be read on white and on black (docs/decisions.md). Nothing is dimmed: what need
 * not be read is not printed.
 */
export interface Ink {
  /** Whether it leaves sequences of colours in a text at all. */
  readonly isColoured: boolean;
  /** What the eye looks for: titles, labels, names. */
  readonly strong: Paint;
  /** Done, or as it should be. */
  readonly done: Paint;
  /** Worth a second look. */
  readonly doubt: Paint;
  /** Wrong, or gone for good. */
  readonly alarm: Paint;
}

const asItIs: Paint = (text) => text;

export const PLAIN: Ink = { isColoured: false, strong: asItIs, done: asItIs, doubt: asItIs, alarm: asItIs };

export function coloured({ bold, green, magenta, red }: ChalkInstance): Ink {
  return { isColoured: true, strong: bold, done: green, doubt: magenta, alarm: red };
}
