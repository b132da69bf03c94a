import { z } from "zod";
import { listUsers } from "../../../core/user-list.js";
import type { User } from "../../../core/users.js";
import { ExitCode, UsageError } from "../../../errors.js";
import { defineCommand, parameter } from "../../command.js";
import { after, flagOption, limit } from "../../options.js";
import { type Column, table } from "../../render/table.js";
import { lines, timestamp } from "../../render/text.js";

export const list = defineCommand({
  name: "list",
  summary: "list users by email",
  args: {},
  options: {
    deleted: flagOption("--deleted", "only soft-deleted users"),
    all: flagOption("--all", "live and soft-deleted users"),
    search: parameter(
      "--search <text>",
      "only users with this in their email or name",
      z.string().min(1, "must not be empty").optional(),
    ),
    limit,
    after,
  },
  examples: [
    { command: "vocabdb user list --search example.org", description: "Users of one domain" },
    { command: "vocabdb user list --deleted --json", description: "Who could be restored, for a script" },
  ],
  exitCodes: [ExitCode.findings],
  needs: "connection",
  writes: null,
  run: (input, { connection }) => {
    if (input.deleted && input.all) {
      throw new UsageError("give one of --deleted and --all");
    }
    const { search, limit: size, after: cursor } = input;
    return listUsers(connection, {
      which: input.all ? "all" : input.deleted ? "deleted" : "live",
      limit: size,
      ...(search !== undefined && { search }),
      ...(cursor !== undefined && { after: cursor }),
    });
  },
  text: ({ users, nextCursor }, view) =>
    lines(
      table(users, LIST_COLUMNS(users), view, "no users"),
      nextCursor === null ? null : view.chalk.dim(`more: --after ${nextCursor}`),
    ),
});

const LIST_COLUMNS = (users: readonly User[]): Column<User>[] => [
  { title: "email", value: (user) => user.email, flexible: true },
  { title: "name", value: (user) => user.displayName ?? "–", flexible: true },
  { title: "created", value: (user) => timestamp(user.createdAt) },
  ...(users.some((user) => user.deletedAt !== null)
    ? [{ title: "deleted", value: (user: User) => timestamp(user.deletedAt) }]
    : []),
];
