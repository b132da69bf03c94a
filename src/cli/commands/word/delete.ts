import { deleteWord } from "../../../core/word-delete.js";
import { naturalKeyOfWord } from "../../../core/words.js";
import { ExitCode } from "../../../errors/base.js";
import { naturalKey } from "../../../errors/loading.js";
import { defineCommand, inGroup } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { confirm, writing } from "../../options.js";
import { count, lines, visible } from "../../render/text.js";
import { tellingApart, word } from "./options.js";

export const remove = defineCommand({
  name: "delete",
  summary: "delete one word for good",
  details:
    "A word that somebody has progress on stays, unless --confirm names its term: then that progress is deleted\n" +
    "too. A word that does not exist is an error, so that a typing error does not look like success.",
  args: { word },
  options: {
    ...tellingApart,
    ...inGroup("Changing data", { confirm: confirm("the term of a word with progress"), ...writing }),
  },
  examples: [
    { command: "vocabdb word delete 地 --reading dì", description: "One of several words that are written alike" },
    {
      command: "vocabdb word delete 朋友 --confirm 朋友 --reason 'wrong entry'",
      description: "With the progress that users have on it",
    },
  ],
  exitCodes: {
    ...PENDING,
    [ExitCode.notFound]: "no word is written like this, or has this id",
    [ExitCode.conflict]: "several words are written like this, or somebody has progress on it",
  },
  seeAlso: ["word show", "word search", "history"],
  needs: "connection",
  writes: "data",
  onMarked: () => "confirm",
  result: () => import("../../results/word.js").then(({ wordDeleted }) => wordDeleted),
  run: async (input, { connection, actor }) => {
    const { confirm: confirmed, dryRun, reason, ...selector } = input;
    const deletion = await deleteWord(connection, selector, { dryRun, confirmed, actor: actor(reason) });
    return { ...deletion, dryRun };
  },
  text: (result, { ink }) => {
    const key = visible(naturalKey(naturalKeyOfWord(result.word)));
    const progress = `progress of ${count(result.progressDeleted, "user")}`;
    return lines(
      `${ink.done(result.dryRun ? "would delete" : "deleted")} ${key}`,
      result.progressDeleted === 0 ? null : `${progress} ${result.dryRun ? "would go" : "went"} with it`,
    );
  },
});
