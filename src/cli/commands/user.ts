import type { Readable } from "node:stream";
import { z } from "zod";
import { generatePassword } from "../../core/password.js";
import {
  createUser,
  deleteUser,
  listUsers,
  restoreUser,
  showUser,
  type User,
  type UserChange,
} from "../../core/users.js";
import { ConsentMissingError, ExitCode, UsageError } from "../../errors.js";
import { Secret } from "../../secret.js";
import { defineCommand, type Noun, parameter, type View } from "../command.js";
import { after, dryRun, email, flagOption, limit, showDeleted } from "../options.js";
import { type Column, table } from "../render/table.js";
import { count, facts, timestamp } from "../render/text.js";

const create = defineCommand({
  name: "create",
  summary: "create a user",
  details: "A password never stands on the command line: give it on standard input, or have one generated.",
  args: { email },
  options: {
    name: parameter(
      "--name <name>",
      "name to show",
      z.string().trim().min(1, "must not be empty").max(200, "must have at most 200 characters").optional(),
    ),
    passwordStdin: flagOption("--password-stdin", "read the password from standard input"),
    generatePassword: flagOption("--generate-password", "make up a password and print it, once"),
    ifNotExists: flagOption("--if-not-exists", "an existing user is no error, and is left as it is"),
    dryRun,
  },
  examples: [
    {
      command: "vocabdb user create ada@example.org --name 'Ada Lovelace'",
      description: "A user who signs in elsewhere",
    },
    {
      command: "vocabdb user create ada@example.org --generate-password",
      description: "With a new password, printed once",
    },
    {
      command: 'printf %s "$PASSWORD" | vocabdb user create ada@example.org --password-stdin --if-not-exists',
      description: "From a script that may run again",
    },
  ],
  exitCodes: [ExitCode.findings, ExitCode.conflict],
  needs: "database",
  writes: "data",
  run: async (input, { database, stdin }) => {
    if (input.passwordStdin && input.generatePassword) {
      throw new UsageError("give one of --password-stdin and --generate-password");
    }
    const generated = input.generatePassword ? generatePassword() : null;
    const password = generated ?? (input.passwordStdin ? await readPassword(stdin) : null);
    const change = await createUser(
      database,
      {
        email: input.email,
        displayName: input.name ?? null,
        password: password === null ? null : new Secret(password),
      },
      input,
    );
    // Only a password that is really in the database is worth showing.
    return { ...change, generatedPassword: change.changed && !input.dryRun ? generated : null, dryRun: input.dryRun };
  },
  text: (result, view) =>
    lines(
      change(result, result.dryRun ? "would create" : "created", "exists already:", view),
      userFacts(result.user, view),
      result.generatedPassword === null
        ? null
        : `password, shown only now: ${view.chalk.bold(result.generatedPassword)}`,
    ),
});

async function readPassword(stdin: Readable & { readonly isTTY?: boolean }): Promise<string> {
  if (stdin.isTTY) {
    throw new ConsentMissingError(
      "--password-stdin reads from a pipe or a file, and standard input is a terminal",
      "for example: vocabdb user create EMAIL --password-stdin < password.txt (or use --generate-password)",
    );
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > 64 * 1024) {
      throw new UsageError("--password-stdin: that is far too long for a password");
    }
  }
  // The line end of `echo` is not meant; blanks may be.
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

const list = defineCommand({
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
  needs: "database",
  writes: null,
  run: (input, { database }) => {
    if (input.deleted && input.all) {
      throw new UsageError("give one of --deleted and --all");
    }
    const { search, limit: size, after: cursor } = input;
    return listUsers(database, {
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

const show = defineCommand({
  name: "show",
  summary: "show one user",
  args: { email },
  options: { deleted: showDeleted },
  examples: [
    { command: "vocabdb user show ada@example.org", description: "One user, with the number of words and sessions" },
    { command: "vocabdb user show ada@example.org --deleted", description: "Also if soft-deleted" },
  ],
  exitCodes: [ExitCode.findings, ExitCode.notFound],
  needs: "database",
  writes: null,
  run: (input, { database, now }) => showUser(database, input.email, { deleted: input.deleted, now: now() }),
  text: ({ user, progress, sessions }, view) =>
    userFacts(user, view, [
      ["progress", count(progress, "word")],
      ["sessions", `${sessions} live`],
    ]),
});

const remove = defineCommand({
  name: "delete",
  summary: "soft-delete a user and end all sessions",
  details: "The user is hidden and signed out; progress stays, and the email stays reserved. `restore` undoes it.",
  args: { email },
  options: { dryRun },
  examples: [
    { command: "vocabdb user delete ada@example.org", description: "Soft-delete a user" },
    { command: "vocabdb user delete ada@example.org --dry-run", description: "What would happen" },
  ],
  exitCodes: [ExitCode.findings, ExitCode.notFound],
  needs: "database",
  writes: "data",
  run: async (input, { database, now }) => ({
    ...(await deleteUser(database, input.email, { dryRun: input.dryRun, now: now() })),
    dryRun: input.dryRun,
  }),
  text: (result, view) =>
    lines(
      change(result, result.dryRun ? "would delete" : "deleted", "was deleted already:", view),
      `${count(result.sessionsRevoked, "session")} ${result.dryRun ? "would be revoked" : "revoked"}`,
      result.dryRun ? null : view.chalk.dim(`undo: vocabdb user restore ${result.user.email}`),
    ),
});

const restore = defineCommand({
  name: "restore",
  summary: "make a soft-deleted user live again",
  args: { email },
  options: { dryRun },
  examples: [{ command: "vocabdb user restore ada@example.org", description: "Undo a delete" }],
  exitCodes: [ExitCode.findings, ExitCode.notFound],
  needs: "database",
  writes: "data",
  run: async (input, { database }) => ({
    ...(await restoreUser(database, input.email, { dryRun: input.dryRun })),
    dryRun: input.dryRun,
  }),
  text: (result, view) => change(result, result.dryRun ? "would restore" : "restored", "was live already:", view),
});

function change({ user, changed }: UserChange, done: string, unchanged: string, { chalk }: View): string {
  return changed ? `${chalk.green(done)} ${user.email}` : `${chalk.dim(unchanged)} ${user.email}`;
}

function userFacts(user: User, view: View, further: readonly (readonly [string, string])[] = []): string {
  return facts(
    [
      ["email", user.email],
      ["name", user.displayName ?? "–"],
      ["id", user.id],
      ["created", timestamp(user.createdAt)],
      ["updated", timestamp(user.updatedAt)],
      ...(user.deletedAt === null ? [] : [["deleted", timestamp(user.deletedAt)] as const]),
      ...further,
    ],
    view,
  );
}

function lines(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join("\n");
}

export const user: Noun = { name: "user", commands: [create, list, show, remove, restore] };
