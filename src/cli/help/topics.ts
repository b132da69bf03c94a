/** What `vocabdb help TOPIC` tells beside the commands; each is loaded when it is asked for. */
import type { Page } from "./page.js";

/** A page without what the table here says of it. */
export type Topic = Pick<Page, "description" | "sections" | "seeAlso">;

interface TopicEntry {
  readonly summary: string;
  readonly load: () => Promise<Topic>;
}

export const topics: Readonly<Record<string, TopicEntry>> = {
  csv: {
    summary: "what files look like that are loaded: columns, encodings, bad records",
    load: () => import("./topics/csv.js").then((module) => module.csv),
  },
  environment: {
    summary: "variables and files that say which database it is, and how to work",
    load: () => import("./topics/environment.js").then((module) => module.environment),
  },
  "exit-codes": {
    summary: "what scripts can tell by the exit code",
    load: () => import("./topics/exit-codes.js").then((module) => module.exitCodes),
  },
  formatting: {
    summary: "tables, JSON, CSV, colours, and what goes to which stream",
    load: () => import("./topics/formatting.js").then((module) => module.formatting),
  },
  supabase: {
    summary: "which address to use, certificates, poolers, and what Supabase says when it fails",
    load: () => import("./topics/supabase.js").then((module) => module.supabase),
  },
};

export function isTopic(name: string): boolean {
  return Object.hasOwn(topics, name);
}

export async function topicPage(name: string): Promise<Page | null> {
  const entry = isTopic(name) ? topics[name] : undefined;
  return entry === undefined ? null : { name, summary: entry.summary, usage: [], ...(await entry.load()) };
}
