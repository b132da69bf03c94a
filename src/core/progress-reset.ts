/** Forgets what a user has learned, for good. */
import { Bindings, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { ConsentMissingError } from "../errors/usage.js";
import { shellWord } from "../shell.js";
import { recordChange } from "./audit.js";
import { findUser, requireVisible, type UserChange, type WriteOptions } from "./user.js";

export interface ResetOptions extends WriteOptions {
  /** The user's email. A dry run needs none. */
  readonly confirm?: string;
  /** Only words of this language: BCP 47, in canonical form. */
  readonly language?: string;
  /** Takes a soft-deleted user too. */
  readonly deleted?: boolean;
  readonly signal?: AbortSignal;
}

export interface ProgressReset extends UserChange {
  readonly progressDeleted: number;
}

/**
 * @throws {UserNotFoundError} @throws {UserDeletedError}
 * @throws {ConsentMissingError} when there is something to remove and `confirm` is not the user's email
 */
export async function resetProgress(
  connection: Connection,
  email: string,
  options: ResetOptions = {},
): Promise<ProgressReset> {
  const { confirm, language, deleted = false, dryRun = false, actor, signal } = options;
  return inTransaction(connection, { dryRun, signal }, async (client) => {
    // Resets and purges of one user come one after the other; the user can go on learning meanwhile.
    await client.query("SELECT FROM users WHERE email = $1 FOR NO KEY UPDATE", [email]);
    const user = await findUser(client, email);
    requireVisible(user, deleted);
    const query = new Bindings();
    const rows = `FROM progress AS p ${where(
      `p.user_id = ${query.bind(user.id)}`,
      language === undefined
        ? null
        : `p.word_id IN (SELECT w.id FROM vocabulary_words AS w WHERE w.language = ${query.bind(language)})`,
    )}`;
    const counted = await client.query<{ words: number }>(`SELECT count(*)::integer AS words ${rows}`, query.values);
    const words = counted.rows[0]?.words ?? 0;
    if (words === 0) {
      return { user, changed: false, progressDeleted: 0 };
    }
    if (!dryRun && confirm !== email) {
      throw consentMissing(email, words, options);
    }
    const { rowCount } = await client.query(`DELETE ${rows}`, query.values);
    const progressDeleted = rowCount ?? 0;
    const changes = { progress: { deleted: progressDeleted } };
    await recordChange(client, { action: "progress reset", subjects: [email], changes }, actor);
    return { user, changed: progressDeleted > 0, progressDeleted };
  });
}

function consentMissing(email: string, words: number, options: ResetOptions): ConsentMissingError {
  const { confirm, language, deleted } = options;
  const what = `this removes the progress of ${email} on ${words} ${words === 1 ? "word" : "words"}, for good`;
  const command = ["vocabdb progress reset", shellWord(email)];
  if (language !== undefined) {
    command.push("--language", language);
  }
  if (deleted) {
    command.push("--deleted");
  }
  return new ConsentMissingError(
    confirm === undefined ? what : `${what}, and --confirm names ${JSON.stringify(confirm)} instead of the user`,
    [...command, "--confirm", shellWord(email)].join(" "),
    { what, name: email },
  );
}
