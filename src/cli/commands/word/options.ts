/** What the commands about words have in common on the command line. */
import * as z from "zod";
import { WORDS } from "../../../core/load/word-shape.js";
import { inGroup, parameter } from "../../command.js";
import { cellOf, onlyLanguage } from "../../load-options.js";

/** Which words are meant. */
export const filters = inGroup("Selection", {
  language: onlyLanguage,
  level: parameter("--level <level>", "only words of this level", cellOf(WORDS, "level"), { completes: "level" }),
  category: parameter("--category <name>", "only words of this category", cellOf(WORDS, "category")),
} as const);

export const word = parameter(
  "<word>",
  "the word as it is written, or its id",
  z.string().normalize().trim().min(1, "must not be empty"),
);

/** Tell words apart that are written alike. */
export const tellingApart = inGroup("Selection", {
  language: onlyLanguage,
  reading: parameter("--reading <text>", "only the word that is read like this", cellOf(WORDS, "reading")),
  sense: parameter("--sense <text>", "only the word in this sense", cellOf(WORDS, "sense")),
} as const);
