/** Data becomes text that is safe to print. */
import { ageText } from "../../age.js";
import type { View } from "../command.js";
import type { Ink } from "./ink.js";

/**
 * What could move the cursor, change colours, reverse or hide text: controls (C0, DEL, C1), line and paragraph
 * separators, halves of surrogate pairs, everything that Unicode says is not to be seen (zero-width characters,
 * direction marks, fillers, tags), and more marks over one letter than any script has, which cover other lines.
 * A variation selector is left to the characters that have variants.
 */
const UNSAFE =
  /(?!(?<=[\p{Emoji}\p{Script=Han}\u1820-\u18aa])\p{Variation_Selector})[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]|(?<=\p{M}{8})\p{M}/gu;

/** Characters that stand for themselves: they can be seen, and none joins another, or changes how wide it is. */
const PLAIN = /^[\x20-\x7e\xa1-\xac\xae-\u024f\u2500-\u259f\u4e00-\u9fff–…]*$/;

/** Of most texts this is all that has to be known, and what Unicode knows about the others takes milliseconds to load. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

function replaceUnsafe(text: string, by: (character: string) => string): string {
  return isPlain(text) ? text : text.replace(UNSAFE, by);
}

/** Makes unsafe characters visible: U+001B becomes `\u{1b}`. */
export function visible(text: string): string {
  return replaceUnsafe(text, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** The same for text that has lines of its own. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** A document on lines of its own in which the same characters are escaped as JSON has it, so that it stays the same. */
export function jsonText(value: unknown, indentation?: number): string {
  const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, indentation)
    .split("\n")
    .map((line) => replaceUnsafe(line, (character) => character.replace(/./gs, escapeUnit)))
    .join("\n");
}

/**
 * The last barrier before a stream: only line ends pass, and colours where there are any. What comes from data has
 * been made visible before, when it was known from text of ours; this holds for what was forgotten.
 */
export function printable(text: string, { isColoured }: Pick<Ink, "isColoured">): string {
  return text
    .split(isColoured ? /(\n|\u001b\[\d{1,2}m)/ : /(\n)/)
    .map((part, index) => (index % 2 === 0 ? visible(part) : part))
    .join("");
}

/** The same for what is drawn and drawn over: the cursor moves and lines are erased; colours only where wanted. */
export function drawn(text: string, colors: boolean): string {
  return text
    .split(/(\n|\u001b\[[\d;?]*[A-Za-z])/)
    .map((part, index) => (index % 2 === 0 ? visible(part) : !colors && /^\u001b\[[39]\dm$/.test(part) ? "" : part))
    .join("");
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
export function facts(rows: readonly (readonly [label: string, value: string])[], { ink }: View): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${ink.strong(label.padEnd(width))}  ${visible(value)}`).join("\n");
}

/** A bar of `width` cells, filled to the fraction. */
export function bar(fraction: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(fraction, 0), 1) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

const SPARKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A cell for each number, as high as it is beside the greatest; whatever is not nothing can be told from nothing. */
export function sparkline(numbers: readonly number[]): string {
  const greatest = Math.max(...numbers);
  const cell = (number: number): string =>
    number <= 0 ? "·" : (SPARKS[Math.max(0, Math.ceil((number / greatest) * SPARKS.length) - 1)] ?? "█");
  return numbers.map(cell).join("");
}

/** @param parts those that do not apply are null */
export function lines(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join("\n");
}
