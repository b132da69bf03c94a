import { type Item, list, prose } from "../page.js";
import type { Topic } from "../topics.js";

const STREAMS: readonly Item[] = [
  { term: "standard output", text: "the result, and nothing else" },
  {
    term: "standard error",
    text: "what it works on, progress, notices, questions and errors; --quiet leaves the errors",
  },
];

export const formatting: Topic = {
  description: prose(
    "Results are tables that fit the terminal, for people; their form may change with any version. Programs read JSON, which " +
      "only ever grows, or CSV and NDJSON.",
  ),
  sections: [
    { title: "Streams", blocks: [list(STREAMS), ...prose("`vocabdb … | head` ends quietly.")] },
    {
      title: "Tables",
      blocks: prose(
        "Columns that hold prose are shortened where the terminal is narrow; into a pipe or a file they go as they are. Times " +
          "are UTC, such as `2026-11-22 12:00:00Z`. Control characters of the data are made visible, such as `\\u{1b}`. A list " +
          "shows 50 rows, unless --limit says otherwise, and ends with the --after of its next page.",
      ),
    },
    {
      title: "JSON",
      blocks: prose(
        "--json on every command: one document on standard output, with names in camelCase, times in ISO 8601 (UTC), ids as " +
          "strings, and `null` where there is nothing. A list has its name (`users`, `words`, …) and `nextCursor`. Nothing is " +
          "asked. A failure leaves standard output empty and prints one line on standard error, with a code that stays " +
          "(docs/errors.md of the package):\n" +
          '  {"error":{"code":"USER_NOT_FOUND","message":"…","hint":"…"}}\n\n' +
          "--json=email,createdAt prints these fields only: of a list those of its rows, of other documents their own, and " +
          "those of a part behind a dot (user.email). Only with =, as a word behind --json is none of its fields.",
      ),
    },
    {
      title: "CSV and NDJSON",
      blocks: prose(
        "--format on every command that lists: table, json (as --json), ndjson or csv, which are the rows alone; that there are " +
          "more of them is then said on standard error. Errors with json and ndjson are those of --json.\n\n" +
          "The exports, and `progress report --output`, write files for programs: CSV after RFC 4180 with a header, or one JSON " +
          "object to a line. --output names the file, which you alone can read; `.gz` at its end compresses it. --escape-formulas " +
          "protects who opens CSV in a spreadsheet from cells that it would compute.",
      ),
    },
    {
      title: "A narrow terminal, and a long list",
      blocks: prose(
        "Where a table does not fit, texts are shortened, then the columns that matter least are left out, and named below it. " +
          "--format csv has all of them.\n\n" +
          "On a terminal, a list that is longer than it goes through VOCABDB_PAGER, PAGER, or less. Not with --no-pager, and not " +
          "where the pager is empty or does not work.",
      ),
    },
    {
      title: "Colours",
      blocks: prose(
        "On a terminal only; none with --no-color, with NO_COLOR in the environment, and where TERM is dumb.",
      ),
    },
  ],
  seeAlso: ["exit-codes", "environment", "csv"],
};
