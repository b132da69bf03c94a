/** Options and arguments that several commands share, each declared once. */
import { z } from "zod";
import { emailSchema } from "../core/email.js";
import { parameter } from "./command.js";

const flag = z.boolean().default(false);

/** Understood before and after every command. */
export const globalOptions = {
  databaseUrl: parameter(
    "--database-url <url>",
    "database to work on (default: DATABASE_URL, .env, then the embedded server)",
    z.string().optional(),
  ),
  envFile: parameter(
    "--env-file <path>",
    "file to read DATABASE_URL and DIRECT_URL from (default: .env)",
    z.string().optional(),
  ),
  json: parameter("--json", "print one JSON document, and errors as JSON on stderr", flag),
  quiet: parameter("-q, --quiet", "no notices and no progress, only the result and errors", flag),
  verbose: parameter("-v, --verbose", "say more on stderr, with the stack trace of an error", flag),
  color: parameter("--no-color", "no colours (they are used on a terminal only)", z.boolean().default(true)),
  yes: parameter("-y, --yes", "answer ordinary questions with yes", flag),
} as const;

export const dryRun = parameter(
  "-n, --dry-run",
  "do the work on the real database, show what would change, and roll it back",
  flag,
);

export const email = parameter("email", "email of the user", emailSchema);

export const showDeleted = parameter("--deleted", "also if the user is soft-deleted", flag);

export const limit = parameter(
  "--limit <count>",
  "how many to show, 1 to 1000 (default: 50)",
  z
    .string()
    .default("50")
    .transform(Number)
    .pipe(
      z
        .number({ error: "must be a whole number" })
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .max(1000, "must be at most 1000"),
    ),
);

export const after = parameter(
  "--after <cursor>",
  "go on behind this cursor, the nextCursor of the page before",
  z.string().optional(),
);

export const flagOption = (flags: string, description: string) => parameter(flags, description, flag);

export const confirm = (what: string) =>
  parameter("--confirm <name>", `name ${what}, to confirm what cannot be undone`, z.string().optional());
