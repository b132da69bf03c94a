/** A page for the terminal. */
import { ownWidth, wrap } from "../render/wrap.js";
import type { Block, Item, Page } from "./page.js";

/** Lines of prose that are longer are hard to follow. */
const MAX_WIDTH = 100;
/** From here on there is room for explanations beside what they explain. */
const WIDE = 80;
const MAX_TERM = 30;
const INDENT = "  ";

/** @param width of the terminal in columns */
export function pageText(page: Page, width: number): string {
  const columns = Math.min(width, MAX_WIDTH);
  const parts = [
    wrap(`${page.name === "" ? "vocabdb" : titleOf(page)} – ${page.summary}`, columns, INDENT),
    ...(page.usage.length > 0
      ? [`Usage:\n${page.usage.map((line) => wrap(line, columns, INDENT.repeat(2), INDENT)).join("\n")}`]
      : []),
    ...page.description.map((block) => blockText(block, columns, "")),
    ...page.sections.map(
      ({ title, blocks }) => `${title}:\n${blocks.map((block) => blockText(block, columns, INDENT)).join("\n\n")}`,
    ),
    ...(page.seeAlso.length > 0 ? [`See also:\n${seeAlsoText(page.seeAlso, columns)}`] : []),
  ];
  return parts.join("\n\n");
}

function titleOf({ name, usage }: Page): string {
  return usage.length > 0 ? `vocabdb ${name}` : name;
}

function blockText(block: Block, columns: number, indent: string): string {
  switch (block.kind) {
    case "paragraph":
      return wrap(block.text, columns, indent, indent);
    case "verbatim":
      return block.text.replace(/^/gm, indent);
    case "examples":
      return block.items
        .map(({ term, text }) => `${wrap(`# ${text}`, columns, `${indent}# `, indent)}\n${indent}${term}`)
        .join("\n");
    case "list":
      return listText(block.items, columns, indent);
  }
}

/** Long options below each other, whether they have a short form or not. */
function listText(items: readonly Item[], columns: number, indent: string): string {
  const hasShort = items.some(({ term }) => /^-\w,/.test(term));
  const terms = items.map(({ term }) => (hasShort && term.startsWith("--") ? `    ${term}` : term));
  const widths = terms.map(ownWidth).filter((width) => width <= MAX_TERM);
  const hanging = columns < WIDE ? indent.length + 6 : indent.length + Math.max(0, ...widths) + INDENT.length;
  const margin = " ".repeat(hanging);
  return items
    .map(({ text }, index) => {
      const term = `${indent}${terms[index]}`;
      const gap = hanging - ownWidth(term);
      return columns >= WIDE && gap >= INDENT.length
        ? wrap(text, columns, margin, term + " ".repeat(gap))
        : `${term}\n${wrap(text, columns, margin, margin)}`;
    })
    .join("\n");
}

function seeAlsoText(names: readonly string[], columns: number): string {
  // A name is not broken: no-break spaces hold it together until the lines are made.
  const pages = names.map((name) => `vocabdb help ${name}`.replaceAll(" ", "\u00a0")).join(", ");
  return wrap(pages, columns, INDENT, INDENT).replaceAll("\u00a0", " ");
}
