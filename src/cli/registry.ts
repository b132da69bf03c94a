/** The nouns, and where their commands are: a module is loaded only when its noun is on the command line. */
import type { Noun } from "./command.js";

export interface RegistryEntry {
  readonly summary: string;
  readonly load: () => Promise<Noun>;
}

export const registry: Readonly<Record<string, RegistryEntry>> = {
  db: {
    summary: "the embedded PostgreSQL: start, stop, status, url, destroy",
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
    summary: "create, list, show, soft-delete and restore users",
    load: () => import("./commands/user.js").then((module) => module.user),
  },
  progress: {
    summary: "what a user has learned and what is due",
    load: () => import("./commands/progress.js").then((module) => module.progress),
  },
};
