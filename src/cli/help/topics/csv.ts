import { NOTE_COLUMNS } from "../../../core/load/layout.js";
import { PROGRESS } from "../../../core/load/progress-shape.js";
import { fieldsOf, type Shape } from "../../../core/load/shape.js";
import { USERS } from "../../../core/load/user-shape.js";
import { WORDS } from "../../../core/load/word-shape.js";
import { type Block, list, prose } from "../page.js";
import type { Topic } from "../topics.js";

/** The columns, with the headers that are taken for them. */
function columns(shape: Shape): Block {
  return list(
    fieldsOf(shape).map(({ column, name, aliases, required }) => {
      const others = aliases.filter((alias) => alias !== column && alias !== name.toLowerCase());
      const known = others.length === 0 ? "no other name" : `also ${others.join(", ")}`;
      return { term: column, text: [required ? "required" : "", known].filter((part) => part !== "").join("; ") };
    }),
  );
}

export const csv: Topic = {
  description: prose(
    "`seed`, `user import` and `progress import` read CSV, and NDJSON with the same names as members of objects. The exports " +
      "write what they read.\n\n" +
      "--file takes files, folders (all .csv, .tsv, .ndjson and .jsonl in them), patterns such as 'data/hsk*.csv', and - for " +
      "standard input. Comma, semicolon and tab are told apart by the header, or --delimiter says it; gzip is known by its first " +
      "bytes. Text has to be UTF-8, with or without a byte order mark; line ends may be of any system.\n\n" +
      "Headers are compared without case, blanks, hyphens and underscores. Others are named with --map, such as " +
      "`--map term=Wort,definition=Bedeutung`. Columns that nothing is read from are named on standard error. What a file has no " +
      "column for stays as it is in the database; an empty cell clears it.",
  ),
  sections: [
    {
      title: "Words",
      blocks: [
        ...prose("For `seed`. --language, --level and --category stand in for what a record does not say."),
        columns(WORDS),
      ],
    },
    {
      title: "Users",
      blocks: [
        ...prose("For `user import`. Times count for new users only; passwords are never read."),
        columns(USERS),
      ],
    },
    {
      title: "Progress",
      blocks: [
        ...prose(
          "For `progress import`. --user and --language stand in for what a record does not say; of the word only the term is " +
            "needed, where it stands for one word only.",
        ),
        columns(PROGRESS),
      ],
    },
    {
      title: "Bad records",
      blocks: prose(
        "One bad record, and nothing is written (exit code 6), unless --max-rejects allows for some: a number, or a share such as " +
          "`1%`. Each is named by file, line and column. --rejects collects them in a file as they are, with " +
          `${NOTE_COLUMNS.join(", ")} beside their own columns; corrected, it can be loaded as it is. Records that say different ` +
          "things of one word or user are an error, unless --on-duplicate says which counts. --check only compares, and --dry-run " +
          "does it all and rolls it back.",
      ),
    },
  ],
  seeAlso: ["seed", "user import", "progress import", "word export"],
};
