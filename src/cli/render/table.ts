/** Tables that fit the terminal and align wide characters. */
import Table from "cli-table3";
import type { View } from "../command.js";
import { lines, visible } from "./text.js";
import { textWidth } from "./width.js";
import { wrap } from "./wrap.js";

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: "left" | "right";
  /** May be shortened when the terminal is narrow; columns without it keep their width. */
  readonly flexible?: boolean;
  /** How far it is shortened before others are left out. Default: 12. */
  readonly comfortable?: number;
  /** 1 matters most, and stays. Of the others, those with the greatest number are left out first. Default: 1. */
  readonly priority?: number;
}

const COMFORTABLE_WIDTH = 12;
const MIN_FLEXIBLE_WIDTH = 8;
/** Blanks beside each cell. */
const PADDING = 2;

/** @returns the table, with a line on what it has no room for; or `empty` where there are no rows. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], view: View, empty: string): string {
  if (rows.length === 0) {
    return empty;
  }
  const measured = columns.map((column): Measured<T> => {
    const cells = rows.map((row) => visible(column.value(row)));
    const width = cells.reduce((widest, cell) => Math.max(widest, textWidth(cell)), textWidth(column.title));
    return { column, cells, width };
  });
  const kept = withRoom(measured, view.width);
  const leftOut = measured.filter((each) => !kept.includes(each)).map(({ column }) => column.title);
  return lines(drawn(kept, view), leftOutText(leftOut, view));
}

interface Measured<T> {
  readonly column: Column<T>;
  readonly cells: readonly string[];
  /** Of the widest cell, or of the title. */
  readonly width: number;
}

function drawn<T>(measured: readonly Measured<T>[], view: View): string {
  const columns = measured.map(({ column }) => column);
  const widths = fitWidths(measured, view.width);
  const cells = (measured[0]?.cells ?? []).map((_, row) => measured.map((each) => each.cells[row] ?? ""));
  const output = new Table({
    head: columns.map((column) => view.ink.strong(column.title)),
    colAligns: columns.map((column) => column.align ?? "left"),
    colWidths: widths.map((width) => width + PADDING),
    style: { head: [], border: [], compact: true },
    chars: BORDERS,
  });
  const shown = cells.map((line) => line.map((cell, index) => shorten(cell, widths[index] ?? 0)));
  output.push(...shown.map((line) => line.map(standIn)));
  const texts = shown.flat().filter((text) => textWidth(text) > 0);
  let next = 0;
  return output
    .toString()
    .replace(STAND_IN, () => texts[next++] ?? "")
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/**
 * What cli-table3 lays out in place of a text: as wide, of characters for private use. It measures by
 * older rules, in which the vowel signs of Thai or Hindi take a column, and would cut and pad by them.
 */
function standIn(text: string): string {
  const width = textWidth(text);
  return width === 0 ? text : `\ue000${"\ue001".repeat(width - 1)}`;
}

const STAND_IN = /\ue000\ue001*/g;

const BORDERS = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
  ...{ left: "", "left-mid": "", right: "", "right-mid": "", middle: "" },
  ...{ mid: "─", "mid-mid": "" },
};

/** @returns those that can be read beside each other */
function withRoom<T>(measured: readonly Measured<T>[], total: number): readonly Measured<T>[] {
  const needed = measured.reduce((sum, { column, width }) => {
    const comfortable = column.flexible ? Math.min(width, column.comfortable ?? COMFORTABLE_WIDTH) : width;
    return sum + comfortable + PADDING;
  }, 0);
  const last = Math.max(...measured.map(({ column }) => column.priority ?? 1));
  if (needed <= total || last === 1 || measured.length === 1) {
    return measured;
  }
  const index = measured.findLastIndex(({ column }) => column.priority === last);
  return withRoom(measured.toSpliced(index, 1), total);
}

function leftOutText(titles: readonly string[], { width, hasFormats = false }: View): string | null {
  // Pictures have none, and show what stands beside them.
  const named = titles.filter((title) => title !== "");
  if (named.length === 0) {
    return null;
  }
  const elsewhere = `a wider terminal${hasFormats ? " or --format csv" : ""}`;
  return wrap(`left out: ${named.join(", ")} (for these: ${elsewhere})`, width, "");
}

/** Takes what is too much from the flexible columns, always from the widest. */
function fitWidths<T>(measured: readonly Measured<T>[], total: number): number[] {
  const widths = measured.map(({ width }) => width);
  let excess = widths.reduce((sum, width) => sum + width + PADDING, 0) - total;
  while (excess > 0) {
    const flexible = widths.map((width, index) => (measured[index]?.column.flexible ? width : 0));
    const widest = Math.max(...flexible);
    if (widest <= MIN_FLEXIBLE_WIDTH) {
      break;
    }
    const index = flexible.indexOf(widest);
    widths[index] = widest - 1;
    excess -= 1;
  }
  return widths;
}

/** Made with the first text that is shortened: Node reads rules of all scripts for it (11 ms). */
let graphemes: Intl.Segmenter | undefined;

function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) {
    return text;
  }
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += textWidth(segment);
    if (used > width - 1) {
      break;
    }
    kept += segment;
  }
  return `${kept}…`;
}
