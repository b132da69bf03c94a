import * as z from "zod";
import type { User } from "../../../core/user.js";
import { listUsers, type UserPage } from "../../../core/user-list.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { listOptions } from "../../list-options.js";
import type { ListingOf } from "../../listing.js";
import { after, domain, flagOption, limit, moment } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { timestamp } from "../../render/text.js";

type Field = keyof User;

const COLUMNS: Readonly<Record<Field, Column<Partial<User>>>> = {
  email: { title: "email", value: ({ email = "" }) => email, flexible: true },
  displayName: { title: "name", value: ({ displayName }) => displayName ?? "–", flexible: true, priority: 2 },
  id: { title: "id", value: ({ id = "" }) => id, priority: 6 },
  createdAt: { title: "created", value: ({ createdAt = null }) => timestamp(createdAt), priority: 4 },
  updatedAt: { title: "updated", value: ({ updatedAt = null }) => timestamp(updatedAt), priority: 5 },
  deletedAt: { title: "deleted", value: ({ deletedAt = null }) => timestamp(deletedAt), priority: 3 },
};
const ALL_FIELDS = Object.keys(COLUMNS) as Field[];
const TITLES = ALL_FIELDS.map((field) => COLUMNS[field].title);

/** By their titles in the table or their names in JSON; each counts once. */
const fieldsSchema = z.string().transform((text, context): Field[] => {
  const fields = new Set<Field>();
  for (const name of text.split(",").map((part) => part.trim())) {
    const field = ALL_FIELDS.find((candidate) => candidate === name || COLUMNS[candidate].title === name);
    if (field === undefined) {
      context.addIssue({ code: "custom", message: `knows no ${JSON.stringify(name)}, but ${TITLES.join(", ")}` });
      return z.NEVER;
    }
    fields.add(field);
  }
  return [...fields];
});

export const list = defineCommand({
  name: "list",
  summary: "list users, filtered and sorted",
  args: {},
  options: {
    ...inGroup("Selection", {
      deleted: flagOption("--deleted", "only soft-deleted users"),
      all: flagOption("--all", "live and soft-deleted users"),
      search: parameter(
        "--search <text>",
        "only users with this in their email or name",
        z.string().min(1, "must not be empty").optional(),
      ),
      domain,
      createdAfter: moment("--created-after <time>", "only users created then or later: a day, a time, or an age"),
      inactiveSince: moment("--inactive-since <time>", "only users who have neither studied nor been signed in since"),
    }),
    ...inGroup("Output", {
      sort: parameter(
        "--sort <order>",
        "by email, or by created, the newest first (default: email)",
        z.enum(["email", "created"], { error: "must be email or created" }).default("email"),
      ),
      fields: parameter(
        "--fields <names>",
        `what to show, in this order: ${TITLES.join(",")}`,
        fieldsSchema.optional(),
        { completes: { words: async () => TITLES, separator: "," } },
      ),
      limit,
      after,
      ...listOptions,
    }),
  },
  examples: [
    { command: "vocabdb user list --search lovelace", description: "Find a user by a part of email or name" },
    { command: "vocabdb user list --domain example.com --sort created", description: "Of one team, the newest first" },
    {
      command: "vocabdb user list --inactive-since 180d --fields email,created --limit 1000",
      description: "Who has not been seen for half a year",
    },
    { command: "vocabdb user list --deleted --json", description: "Who could be restored, for a script" },
  ],
  exitCodes: PENDING,
  seeAlso: ["user show", "user export", "progress report", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/user.js").then(({ userList }) => userList),
  run: async (input, { connection, now }) => {
    if (input.deleted && input.all) {
      throw new UsageError("give one of --deleted and --all");
    }
    const { search, domain, createdAfter, inactiveSince, sort, fields, limit, after } = input;
    const { users, nextCursor } = await listUsers(connection, {
      which: input.all ? "all" : input.deleted ? "deleted" : "live",
      ...{ sort, limit },
      ...(search !== undefined && { search }),
      ...(domain !== undefined && { domain }),
      ...(createdAfter !== undefined && { createdAfter: createdAfter(now()) }),
      ...(inactiveSince !== undefined && { inactiveSince: inactiveSince(now()) }),
      ...(after !== undefined && { after }),
    });
    return { users: fields === undefined ? users : users.map((user) => pick(user, fields)), nextCursor };
  },
  list: ({ fields = ALL_FIELDS }) => listing(fields),
  text: ({ users }, view, { fields = usualFields(users) }) => {
    const columns = fields.map((field) => COLUMNS[field]);
    return table(users, columns, view, "no users");
  },
});

function listing(fields: readonly Field[]): ListingOf<UserPage> {
  return { rows: "users", fields };
}

function pick(user: User, fields: readonly Field[]): Partial<User> {
  return Object.fromEntries(fields.map((field) => [field, user[field]]));
}

function usualFields(users: readonly Partial<User>[]): Field[] {
  const someDeleted = users.some(({ deletedAt = null }) => deletedAt !== null);
  return ["email", "displayName", "createdAt", ...(someDeleted ? (["deletedAt"] as const) : [])];
}
