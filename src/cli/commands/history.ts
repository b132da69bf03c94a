import { type Changes, type HistoryEntry, type HistoryPage, listHistory } from "../../core/audit.js";
import { emailSchema } from "../../core/email-schema.js";
import { defineCommand, inGroup, type Noun, parameter } from "../command.js";
import { PENDING } from "../exit-codes.js";
import { listOptions } from "../list-options.js";
import type { ListingOf } from "../listing.js";
import { after, limit, moment } from "../options.js";
import { type Column, table } from "../render/table.js";
import { grouped, timestamp } from "../render/text.js";

const list = defineCommand({
  name: "history",
  summary: "who changed what, the newest first",
  details:
    "Every command that changes data leaves an entry, written in the same transaction; what changed nothing, and\n" +
    "dry runs, leave none. Entries cannot be changed or removed. Schema migrations keep their own record.",
  args: {},
  options: {
    ...inGroup("Selection", {
      subject: parameter(
        "--subject <email>",
        "only what was done to this user, also one that is gone",
        emailSchema.optional(),
        { completes: "anyEmail" },
      ),
      since: moment("--since <time>", "only from then on: a day, a time, or an age such as 7d"),
    }),
    ...inGroup("Output", { limit, after, ...listOptions }),
  },
  examples: [
    { command: "vocabdb history --since 24h", description: "What happened since yesterday" },
    { command: "vocabdb history --subject ada@example.com", description: "Who deleted this user, and why" },
  ],
  exitCodes: PENDING,
  seeAlso: ["user show", "session list", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../results/history.js").then(({ historyList }) => historyList),
  run: ({ subject, since, limit: size, after: cursor }, { connection, now }) =>
    listHistory(connection, {
      ...(subject !== undefined && { subject }),
      ...(since !== undefined && { since: since(now()) }),
      ...(cursor !== undefined && { after: cursor }),
      limit: size,
    }),
  list: () => LISTING,
  text: ({ entries }, view) => table(entries, COLUMNS, view, "nothing was changed"),
});

const LISTING: ListingOf<HistoryPage> = {
  rows: "entries",
  fields: [
    ...(["id", "occurredAt", "action", "commandLine", "databaseRole", "operator", "reason"] as const),
    ...(["subjects", "changes"] as const),
  ],
};

const COLUMNS: readonly Column<HistoryEntry>[] = [
  { title: "when", value: ({ occurredAt }) => timestamp(occurredAt) },
  {
    title: "what",
    value: ({ action, commandLine }) => commandLine?.replace(/^vocabdb /, "") ?? action,
    flexible: true,
  },
  { title: "about", value: ({ subjects }) => aboutWhom(subjects), flexible: true, priority: 2 },
  { title: "rows", value: ({ changes }) => rows(changes), flexible: true, priority: 5 },
  {
    title: "by",
    value: ({ operator, databaseRole }) => operator ?? `role ${databaseRole}`,
    flexible: true,
    priority: 4,
  },
  { title: "reason", value: ({ reason }) => reason ?? "–", flexible: true, priority: 3 },
];

function aboutWhom(subjects: readonly string[]): string {
  const [first = "–", ...others] = subjects;
  return others.length === 0 ? first : `${first} and ${grouped(others.length)} more`;
}

const KINDS = ["inserted", "updated", "deleted"] as const;

/** `users: 1 updated; sessions: 2 updated` */
function rows(changes: Changes): string {
  return Object.entries(changes)
    .map(([name, counts]) => {
      const kinds = KINDS.flatMap((kind) => {
        const count = counts[kind];
        return count === undefined ? [] : [`${grouped(count)} ${kind}`];
      });
      return `${name}: ${kinds.join(", ")}`;
    })
    .join("; ");
}

export const history: Noun = { name: "history", commands: [list], defaultCommand: list };
