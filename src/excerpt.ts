/** How much of a value a message repeats: enough to recognise it, and no screenful of a broken file. */
const MAX_LENGTH = 300;

/** A text in quotes, cut off where it is very long. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`);
}
