/** Deleting a word, and what users have learned of it only when that is confirmed. */
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { WordAmbiguousError, WordInUseError } from "../errors/words.js";
import { recordChange } from "./audit.js";
import type { WriteOptions } from "./user.js";
import { findWords, naturalKeyOfWord, type Word, type WordSelector } from "./words.js";

export interface WordDeletion {
  readonly word: Word;
  /** A word that is not there is an error, so something always changes. */
  readonly changed: true;
  /** Users whose progress on it went too, soft-deleted ones included. */
  readonly progressDeleted: number;
}

/**
 * @param options.confirmed holds the word's term, to delete it with the progress on it
 * @throws {WordNotFoundError}
 * @throws {WordAmbiguousError} when several words are written like that
 * @throws {WordInUseError} when there is progress on it and the term does not confirm
 */
export async function deleteWord(
  connection: Connection,
  selector: WordSelector,
  options: WriteOptions & { readonly confirmed?: readonly string[] } = {},
): Promise<WordDeletion> {
  const { dryRun = false, confirmed = [], actor } = options;
  return inTransaction(connection, { dryRun }, async (client) => {
    // Whoever studies it now either was first, and is counted, or waits and finds no word to refer to.
    const words = await findWords(client, selector, "for update");
    const word = onlyOne(words, selector);
    const progress = await client.query<{ users: number }>(
      "SELECT count(*)::integer AS users FROM progress WHERE word_id = $1",
      [word.id],
    );
    const users = progress.rows[0]?.users ?? 0;
    if (users > 0 && !confirmed.some((name) => name.normalize("NFC") === word.term)) {
      throw new WordInUseError(naturalKeyOfWord(word), users, word.term);
    }
    await client.query("DELETE FROM progress WHERE word_id = $1", [word.id]);
    await client.query("DELETE FROM vocabulary_words WHERE id = $1", [word.id]);
    const changes = { vocabulary_words: { deleted: 1 }, progress: { deleted: users } };
    await recordChange(client, { action: "word delete", changes }, actor);
    return { word, changed: true, progressDeleted: users };
  });
}

function onlyOne(words: readonly Word[], selector: WordSelector): Word {
  const [word, ...others] = words;
  if (word === undefined || others.length > 0) {
    throw new WordAmbiguousError(selector.word, words.map(naturalKeyOfWord));
  }
  return word;
}
