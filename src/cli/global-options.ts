/** Options that every command understands. Without zod, so that `--help` need not load it: `run` takes them as they come. */
import type { Described } from "./command.js";

export const globalOptions = {
  databaseUrl: {
    flags: "--database-url <url>",
    description: "database to work on (default: DATABASE_URL, .env, then the embedded server)",
  },
  envFile: {
    flags: "--env-file <path>",
    description: "file to read DATABASE_URL and DIRECT_URL from (default: .env)",
  },
  json: { flags: "--json", description: "print one JSON document, and errors as JSON on stderr" },
  quiet: { flags: "-q, --quiet", description: "no notices and no progress, only the result and errors" },
  verbose: { flags: "-v, --verbose", description: "say more on stderr, with the stack trace of an error" },
  color: { flags: "--no-color", description: "no colours (they are used on a terminal only)" },
  yes: { flags: "-y, --yes", description: "answer ordinary questions with yes" },
} as const satisfies Record<string, Described>;
