/** Tables that fit the terminal and align wide characters. */
import Table from "cli-table3";
import type { View } from "../command.js";
import { lines, visible } from "./text.js";
import { textWidth } from "./width.js";

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: "left" | "right";
  /** May be shortened when the terminal is narrow; columns without it keep their width. */
  readonly flexible?: boolean;
}

/** A page of a list, and how to see the next one. */
export function pageText(page: string, nextCursor: string | null): string {
  return lines(page, nextCursor === null ? null : `more: --after ${nextCursor}`);
}

const MIN_FLEXIBLE_WIDTH = 8;

/** @returns the table, or `empty` where there are no rows. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], view: View, empty: string): string {
  if (rows.length === 0) {
    return empty;
  }
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  const natural = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line[index] ?? ""))),
  );
  const widths = fitWidths(natural, columns, view.width);
  const output = new Table({
    head: columns.map((column) => view.ink.strong(column.title)),
    colAligns: columns.map((column) => column.align ?? "left"),
    colWidths: widths.map((width) => width + 2),
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

/** Takes what is too much from the flexible columns, always from the widest. */
function fitWidths<T>(natural: readonly number[], columns: readonly Column<T>[], total: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + 2, 0) - total;
  while (excess > 0) {
    const flexible = widths.map((width, index) => (columns[index]?.flexible ? width : 0));
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

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) {
    return text;
  }
  let kept = "";
  let used = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += textWidth(segment);
    if (used > width - 1) {
      break;
    }
    kept += segment;
  }
  return `${kept}…`;
}
