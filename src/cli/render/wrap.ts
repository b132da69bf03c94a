/** Lines of our own text. */

/**
 * Breaks text of ours between words.
 *
 * @param margin before each line but the first
 * @param first before the first line
 */
export function wrap(text: string, columns: number, margin: string, first = ""): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && ownWidth(line) + 1 + ownWidth(word) > columns) {
      lines.push(line);
      line = `${margin}${word}`;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  return [...lines, line].join("\n");
}

const DOUBLE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g;

/** Of text of ours; the rules for any text (width.ts) take longer to load than this takes to print. */
export function ownWidth(text: string): number {
  return text.length + (text.match(DOUBLE)?.length ?? 0);
}
