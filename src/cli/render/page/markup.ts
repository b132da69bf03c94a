/** HTML in which every value is text, unless it was made here. */
import { visible } from "../text.js";

/** HTML that is what it says. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What stands nowhere is null. */
type Content = Markup | string | number | null | readonly Content[];

/** For elements' content and for attributes in double quotes; nothing else is safe to fill in. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, index) => part + textOf(values[index] ?? null)).join(""));
}

function textOf(content: Content): string {
  if (content instanceof Markup) {
    return content.text;
  }
  if (typeof content === "object") {
    return (content ?? []).map(textOf).join("");
  }
  return visible(String(content)).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text from data, whose direction is its own and turns nothing around it. */
export function isolated(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}
