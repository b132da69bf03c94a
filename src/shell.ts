/** Text as a shell reads it back, for command lines that are shown or kept. */

/** A word of a command line. One with control characters or line ends is written as `$'…'`, on one line. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) {
    return text;
  }
  if (!UNPRINTABLE.test(text)) {
    return `'${text.replaceAll("'", "'\\''")}'`;
  }
  return `$'${text.replace(/[\\']/g, "\\$&").replace(EACH_UNPRINTABLE, escapeCharacter)}'`;
}

const UNPRINTABLE = /[\p{Cc}\u2028\u2029]/u;
const EACH_UNPRINTABLE = /[\p{Cc}\u2028\u2029]/gu;

function escapeCharacter(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
