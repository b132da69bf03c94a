/** Pages as Markdown: docs/cli.md. */
import type { Block, Item, Page, Section } from "./page.js";
import { isTopic } from "./topics.js";

/** @param heading such as `##` */
export function pageMarkdown(page: Page, heading: string): string {
  const title = page.usage.length > 0 ? `vocabdb ${page.name}` : `vocabdb help ${page.name}`;
  return [
    `${heading} ${title}`,
    escaped(page.summary),
    ...(page.usage.length > 0 ? [fenced("", page.usage)] : []),
    ...page.description.map((block) => blockMarkdown(block)),
    ...page.sections.map((section) => sectionMarkdown(section, `${heading}#`)),
    ...(page.seeAlso.length > 0 ? [`See also: ${page.seeAlso.map(linkTo).join(", ")}`] : []),
  ].join("\n\n");
}

/** A list gets the title as its head, anything else a heading. */
export function sectionMarkdown({ title, blocks }: Section, heading: string): string {
  const [first, ...others] = blocks;
  return first?.kind === "list" && others.length === 0
    ? table(title, first.items)
    : [`${heading} ${title}`, ...blocks.map((block) => blockMarkdown(block))].join("\n\n");
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case "paragraph":
      return escaped(block.text);
    case "verbatim":
      return fenced("", block.text.replace(/^ {2}/gm, "").split("\n"));
    case "examples":
      return fenced(
        "sh",
        block.items.map(({ term, text }) => `# ${text}\n${term}`),
      );
    case "list":
      return table("", block.items);
  }
}

function table(title: string, items: readonly Item[]): string {
  const rows = items.map(({ term, text }) => `| \`${term.replaceAll("|", "\\|")}\` | ${escaped(text)} |`);
  return [`| ${title} | |`, "|---|---|", ...rows].join("\n");
}

function fenced(language: string, lines: readonly string[]): string {
  return ["```".concat(language), ...lines, "```"].join("\n");
}

/** What is between backticks stays as it is, but for what would end the cell of a table. */
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 0 ? part.replace(/[<*[\]]/g, "\\$&") : part).replaceAll("|", "\\|"))
    .join("");
}

function linkTo(name: string): string {
  return `[${name}](#vocabdb-${isTopic(name) ? "help-" : ""}${name.replaceAll(" ", "-")})`;
}
