/** The nouns, and where their commands are: a module is loaded only when its noun is on the command line. */
import type { Command, Noun } from "./command.js";

interface RegistryEntry {
  readonly summary: string;
  readonly load: () => Promise<Noun>;
}

export const registry: Readonly<Record<string, RegistryEntry>> = {
  db: {
    summary: "the database itself: doctor; the embedded PostgreSQL: start, stop, status, url, destroy",
    load: () => import("./commands/db.js").then((module) => module.db),
  },
  migrate: {
    summary: "apply schema migrations, and show where the database stands",
    load: () => import("./commands/migrate.js").then((module) => module.migrate),
  },
  seed: {
    summary: "load vocabulary from CSV files, again and again",
    load: () => import("./commands/seed.js").then((module) => module.seed),
  },
  user: {
    summary: "users: create, find, change, soft-delete, restore, purge, export, import",
    load: () => import("./commands/user.js").then((module) => module.user),
  },
  session: {
    summary: "sign-ins: list, revoke, prune",
    load: () => import("./commands/session.js").then((module) => module.session),
  },
  word: {
    summary: "vocabulary: list, show, search, export, delete, statistics",
    load: () => import("./commands/word.js").then((module) => module.word),
  },
  progress: {
    summary: "what users have learned: show, list, report, export, import, reset",
    load: () => import("./commands/progress.js").then((module) => module.progress),
  },
  history: {
    summary: "who changed what, when, and why",
    load: () => import("./commands/history.js").then((module) => module.history),
  },
  completion: {
    summary: "the script that completes commands in bash, zsh or fish",
    load: () => import("./commands/completion.js").then((module) => module.completion),
  },
  schema: {
    summary: "the JSON Schema of what commands print with --json",
    load: () => import("./commands/schema.js").then((module) => module.schema),
  },
  help: {
    summary: "all about a command or a topic",
    load: () => import("./commands/help.js").then((module) => module.help),
  },
};

/** The command that the noun alone stands for, where it is the only one and has no name of its own; null where a name follows. */
export function onlyCommand({ commands, defaultCommand }: Noun): Command | null {
  return commands.length === 1 ? (defaultCommand ?? null) : null;
}
