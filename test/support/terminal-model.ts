/** What a terminal would do with what it is sent, beside showing it character by character and line by line. */

/** Of those that chalk writes at its first level: bold, the three colours of ours, and their ends. */
const OUR_COLOURS: ReadonlySet<string> = new Set(["1", "22", "31", "32", "35", "39"]);
/** More than any script puts over one letter. */
const MARKS = 8;

/** @returns each effect that is none of ours: the cursor moved, a colour, a title, text that is hidden or reversed */
export function effectsOf(output: string, colours: boolean): string[] {
  const effects: string[] = [];
  let marks = 0;
  let before = "";
  for (const [text] of output.matchAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*|./gsu)) {
    marks = /^\p{M}$/u.test(text) ? marks + 1 : 0;
    if (text.length > 1 && text.startsWith("\u001b")) {
      const [, colour = ""] = /^\u001b\[(\d+)m$/.exec(text) ?? [];
      if (!colours || !OUR_COLOURS.has(colour)) {
        effects.push(`sequence ${JSON.stringify(text)}`);
      }
    } else if (text !== "\n" && /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) {
      effects.push(`control ${JSON.stringify(text)}`);
    } else if (/\p{Bidi_Control}/u.test(text)) {
      effects.push(`direction ${text.codePointAt(0)?.toString(16)}`);
    } else if (
      /\p{Variation_Selector}/u.test(text) ? !hasVariants(before) : /\p{Default_Ignorable_Code_Point}/u.test(text)
    ) {
      effects.push(`hidden ${text.codePointAt(0)?.toString(16)}`);
    } else if (marks > MARKS) {
      effects.push("marks that cover other lines");
    }
    before = text;
  }
  return effects;
}

function hasVariants(character: string): boolean {
  return /^[\p{Emoji}\p{Script=Han}\u1820-\u18aa]$/u.test(character);
}
