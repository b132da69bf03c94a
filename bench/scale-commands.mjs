// What bench/scale.mjs times: what an operator types on an ordinary day, and what reads or writes everything.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { emailOf, learnerAt, USERS_PER_DOMAIN } from "./scale-data.mjs";

/** @typedef {import("./scale-data.mjs").Size} Size */
/**
 * `args` are those of the n-th run; `before` is run first and not timed.
 *
 * @typedef {{
 *   name: string, runs?: number, isCold?: boolean,
 *   args: (n: number) => string[], before?: (n: number) => string[],
 * }} Command
 */

/** Changes come last. @param {Size} size @param {string} folder for files @returns {Command[]} */
export function commands(size, folder) {
  const learner = (/** @type {number} */ n) => emailOf(learnerAt(n % size.learners, size));
  const one = learner(Math.floor(size.learners / 2));
  const [, domain = ""] = one.split("@");
  const emails = join(folder, "emails.txt");
  writeFileSync(emails, Array.from({ length: USERS_PER_DOMAIN }, (_, n) => `${learner(n)}\n`).join(""));
  const file = ["--output", join(folder, "export.csv"), "--force"];
  return [
    reading("user list"),
    reading("user list", "--search", "learner 77"),
    reading("user list", "--domain", domain),
    reading("user list", "--inactive-since", "30d"),
    reading("user show", one),
    reading("session list"),
    reading("session list", one),
    reading("word list"),
    reading("word list", "--language", "zh", "--level", "HSK1"),
    { name: "word search, a prefix", args: () => ["word", "search", "wort7k"] },
    { name: "word search, pinyin without tones", args: () => ["word", "search", "nihao"] },
    { name: "word search, part of a word", args: () => ["word", "search", "ort7k"] },
    { name: "word search, one Chinese character", args: () => ["word", "search", "一"] },
    reading("word show", "wort3"),
    reading("word stats"),
    reading("progress show", one),
    reading("progress list", one),
    { name: "progress report, cold", isCold: true, args: () => ["progress", "report"] },
    reading("progress report"),
    reading("progress report", "--domain", domain),
    { name: "progress report, 100 emails", args: () => ["progress", "report", "--emails", emails] },
    reading("progress report", "--by", "level"),
    reading("progress report", "--by", "level", "--domain", domain),
    reading("progress report", "--by", "week"),
    reading("history", "--subject", one),
    reading("history", "--since", "24h"),
    { name: "progress export of one user", args: () => ["progress", "export", one, ...file] },
    { name: "progress export --all", runs: 1, args: () => ["progress", "export", "--all", ...file] },
    { name: "word export", runs: 1, args: () => ["word", "export", ...file] },
    {
      name: "user purge of one user with 1,000 words",
      before: (n) => ["user", "delete", learner(n)],
      args: (n) => ["user", "purge", learner(n), "--confirm", learner(n)],
    },
    { name: "session prune", runs: 1, args: () => ["session", "prune"] },
  ];
}

/** A command that is its own name. @param {string} command @param {string[]} further @returns {Command} */
function reading(command, ...further) {
  const name = [command, ...further.map((word) => (word.includes("@") ? "EMAIL" : word))].join(" ");
  return { name: name.replace(/\S+\.example\.org/, "DOMAIN"), args: () => [...command.split(" "), ...further] };
}
