/** How many columns of a terminal a text takes. */
import stringWidth from "string-width";
import { isPlain } from "./text.js";

const WIDE = /[\u4e00-\u9fff]/g;

/** As string-width has it. Most texts do not need the rules that it goes by, which take as long to load as a query. */
export function textWidth(text: string): number {
  return isPlain(text) ? text.length + (text.match(WIDE)?.length ?? 0) : stringWidth(text);
}
