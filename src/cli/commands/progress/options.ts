/** What several commands about progress share on the command line. */
import { WORDS } from "../../../core/load/word-shape.js";
import { parameter } from "../../command.js";
import { cellOf } from "../../load-options.js";

export const onlyLanguage = parameter(
  "--language <tag>",
  "only words of this language (BCP 47, such as zh)",
  cellOf(WORDS, "language"),
);
