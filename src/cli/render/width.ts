/** How many columns of a terminal a text takes. */
import stringWidth from "string-width";

/** Characters that stand for themselves: none joins another, or changes how wide it is. */
const PLAIN = /^[\x20-\x7e\xa1-\xac\xae-\u024f\u2580-\u259f\u4e00-\u9fff–…]*$/;
const WIDE = /[\u4e00-\u9fff]/g;

/** As string-width has it. Most texts do not need the rules that it goes by, which take as long to load as a query. */
export function textWidth(text: string): number {
  return PLAIN.test(text) ? text.length + (text.match(WIDE)?.length ?? 0) : stringWidth(text);
}
