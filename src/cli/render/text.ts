/** Data becomes text that is safe to print. */
import { ageText } from "../../age.js";
import type { View } from "../command.js";

/**
 * Characters that could move the cursor, change colours, reverse or hide text: controls (C0, DEL, C1),
 * zero-width and direction marks, line and paragraph separators, tags.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Makes unsafe characters visible: U+001B becomes `\u{1b}`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** `2026-11-22 12:00:00Z` */
export function timestamp(time: Date | null): string {
  return time === null ? "–" : time.toISOString().replace(/T(.+)\.\d+Z$/, " $1Z");
}

/** How long ago, in the largest unit that it fills: `45 s`, `5 min`, `14 h`, `3 d`. */
export function age(since: Date, now: Date): string {
  return ageText((now.getTime() - since.getTime()) / 1000);
}

export function percent(fraction: number | null): string {
  return fraction === null ? "–" : `${Math.round(fraction * 100)} %`;
}

/** `1,234`. Node takes as long to load how numbers are written as a query takes, so small ones do without. */
export function grouped(number: number): string {
  return Number.isInteger(number) && Math.abs(number) < 1000 ? String(number) : number.toLocaleString("en-US");
}

/** `1 word`, `2 words` */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** `512 bytes`, `48 kB`, `7.9 GB`: in steps of 1,024, as PostgreSQL shows sizes. */
export function size(bytes: number): string {
  const step = Math.max(
    0,
    BYTE_UNITS.findLastIndex((_, power) => bytes >= 1024 ** power),
  );
  const amount = bytes / 1024 ** step;
  const digits = step > 0 && amount < 10 ? 1 : 0;
  return `${amount.toLocaleString("en-US", { maximumFractionDigits: digits })} ${BYTE_UNITS[step]}`;
}

const BYTE_UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** Label and value in two aligned columns. */
export function facts(rows: readonly (readonly [label: string, value: string])[], view: View): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${view.chalk.dim(label.padEnd(width))}  ${visible(value)}`).join("\n");
}

/** A bar of `width` cells, filled to the fraction. */
export function bar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(fraction, 0), 1) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** @param parts those that do not apply are null */
export function lines(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join("\n");
}
