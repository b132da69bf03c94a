import { showWords, type WordDetails } from "../../core/words.js";
import { ExitCode } from "../../errors/base.js";
import { defineCommand, type Noun, type View } from "../command.js";
import { PENDING } from "../exit-codes.js";
import { count, facts, timestamp } from "../render/text.js";
import { remove } from "./word/delete.js";
import { exportCommand } from "./word/export.js";
import { list } from "./word/list.js";
import { tellingApart, word as wordArgument } from "./word/options.js";
import { search } from "./word/search.js";
import { stats } from "./word/stats.js";

const show = defineCommand({
  name: "show",
  summary: "show every word that is written exactly like this",
  args: { word: wordArgument },
  options: tellingApart,
  examples: [
    { command: "vocabdb word show 地", description: "All readings of one term, and how many users learn each" },
    { command: "vocabdb word show Bank --language de --json", description: "Of one language, for a script" },
  ],
  exitCodes: { ...PENDING, [ExitCode.notFound]: "no word is written like this, or has this id" },
  seeAlso: ["word search", "word list", "word delete"],
  needs: "connection",
  writes: null,
  result: () => import("../results/word.js").then(({ wordsShown }) => wordsShown),
  run: (input, { connection }) => showWords(connection, input),
  text: ({ words }, view) => words.map((each) => wordFacts(each, view)).join("\n\n"),
});

function wordFacts(details: WordDetails, view: View): string {
  return facts(
    [
      ["term", details.term],
      ["language", details.language],
      ["reading", details.reading || "–"],
      ...(details.sense === "" ? [] : [["sense", details.sense] as const]),
      ["definition", details.definition],
      ["part of speech", details.partOfSpeech ?? "–"],
      ["level", details.level ?? "–"],
      ["category", details.category ?? "–"],
      ["example", details.example ?? "–"],
      ["learned by", count(details.learners, "user")],
      ["id", details.id],
      ["created", timestamp(details.createdAt)],
      ["updated", timestamp(details.updatedAt)],
    ],
    view,
  );
}

export const word: Noun = { name: "word", commands: [list, show, search, exportCommand, remove, stats] };
