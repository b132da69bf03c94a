/** Options that every command understands. Without zod, so that `--help` need not load it: `run` takes them as they come. */
import type { Described } from "./described.js";

export const globalOptions = {
  databaseUrl: {
    group: "Connection",
    flags: "--database-url <url>",
    description: "database to work on (default: DATABASE_URL, .env, then the embedded server)",
  },
  envFile: {
    group: "Connection",
    flags: "--env-file <path>",
    description: "file to read DATABASE_URL and DIRECT_URL from (default: .env)",
    completes: "file",
  },
  json: {
    group: "General",
    flags: "--json",
    description: "print one JSON document, and errors as JSON on stderr; --json=FIELD,FIELD prints these fields only",
  },
  quiet: {
    group: "General",
    flags: "-q, --quiet",
    description: "no notices and no progress, only the result and errors",
  },
  verbose: {
    group: "General",
    flags: "-v, --verbose",
    description: "say more on stderr, with the stack trace of an error",
  },
  color: { group: "General", flags: "--no-color", description: "no colours (they are used on a terminal only)" },
  pager: {
    group: "General",
    flags: "--no-pager",
    description: "print a list that is longer than the terminal, instead of paging it",
  },
  yes: { group: "General", flags: "-y, --yes", description: "answer ordinary questions with yes" },
} as const satisfies Record<string, Described>;

/** The parser's own, which no command is told of. */
export const HELP: Described = { flags: "-h, --help", description: "show help", group: "General" };
/** Of vocabdb itself. */
export const VERSION: Described = { flags: "-V, --version", description: "show the version", group: "General" };
