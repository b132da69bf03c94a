/** What somebody meant who wrote something else. */

/** What is longer was never meant to be a name, and comparing it takes time. */
const MAX_LENGTH = 100;

/** @returns the known word that is most like it, null where none is */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > MAX_LENGTH) {
    return null;
  }
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, word.length * 0.4) ? best.candidate : null;
}

/** How many characters have to be added, removed or replaced. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
