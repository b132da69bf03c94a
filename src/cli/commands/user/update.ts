import { emailSchema } from "../../../core/email-schema.js";
import { type UserUpdates, updateUser } from "../../../core/users.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, type InputOf, inGroup, parameter } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { displayName, email, flagOption, writing } from "../../options.js";
import { count, lines } from "../../render/text.js";
import type { Services } from "../../services.js";
import { newPassword, passwordOptions } from "./password.js";
import { change, shownOnce, userFacts } from "./text.js";

const options = {
  email: parameter("--email <new>", "new email", emailSchema.optional()),
  name: displayName,
  clearName: flagOption("--clear-name", "no name any more"),
  ...passwordOptions,
  clearPassword: flagOption("--clear-password", "no password any more, for a user who signs in elsewhere"),
  keepSessions: flagOption("--keep-sessions", "with a password: leave the user signed in"),
  ...inGroup("Changing data", writing),
} as const;

type Options = InputOf<typeof options>;

export const update = defineCommand({
  name: "update",
  summary: "change email, name or password of a user",
  details:
    "What is not named stays as it is. With the password all sessions end: who knew the old one is signed out. A\n" +
    "password is always a change, as nothing tells whether it is the same. It never stands on the command line.",
  args: { user: email },
  options,
  examples: [
    {
      command: "vocabdb user update ada@example.com --email ada.lovelace@example.com",
      description: "Another email; the old one is free again",
    },
    {
      command: "vocabdb user update ada@example.com --generate-password",
      description: "A new password, printed once; ends all sessions",
    },
    {
      command: 'printf %s "$PASSWORD" | vocabdb user update ada@example.com --password-stdin --keep-sessions',
      description: "A new password of one's own, signed in as before",
    },
  ],
  exitCodes: { ...PENDING, ...NO_USER, [ExitCode.conflict]: "the new email belongs to another user" },
  seeAlso: ["user show", "user create", "session revoke", "history"],
  needs: "database",
  writes: "data",
  result: () => import("../../results/user.js").then(({ userUpdated }) => userUpdated),
  run: async (input, services) => {
    const { database, now, actor } = services;
    refuseContradictions(input);
    const { updates, generated } = await updatesOf(input, services);
    const { keepSessions, dryRun, reason } = input;
    const result = await updateUser(database, input.user, updates, {
      ...{ keepSessions, dryRun, now: now(), actor: actor(reason) },
    });
    // Only a password that is really in the database is worth showing.
    return { ...result, generatedPassword: dryRun ? null : generated, dryRun };
  },
  text: (result, view, { user }) =>
    lines(
      change(result, result.dryRun ? "would update" : "updated", "nothing to change:", view),
      result.changed && result.user.email !== user ? `was ${user}` : null,
      userFacts(result.user, view),
      result.sessionsRevoked === 0
        ? null
        : `${count(result.sessionsRevoked, "session")} ${result.dryRun ? "would be revoked" : "revoked"}`,
      shownOnce(result.generatedPassword, view),
    ),
});

/** @throws {UsageError} */
function refuseContradictions(input: Options): void {
  const { email: newEmail, name, clearName, passwordStdin, generatePassword, clearPassword, keepSessions } = input;
  const passwords = [passwordStdin, generatePassword, clearPassword].filter((given) => given).length;
  if (newEmail === undefined && name === undefined && !clearName && passwords === 0) {
    throw new UsageError(
      "give at least one of --email, --name, --clear-name, --password-stdin, --generate-password and --clear-password",
    );
  }
  if (name !== undefined && clearName) {
    throw new UsageError("give one of --name and --clear-name");
  }
  if (passwords > 1) {
    throw new UsageError("give one of --password-stdin, --generate-password and --clear-password");
  }
  if (keepSessions && passwords === 0) {
    throw new UsageError("--keep-sessions goes with --password-stdin, --generate-password or --clear-password");
  }
}

async function updatesOf(
  input: Options,
  services: Pick<Services, "stdin" | "prompts">,
): Promise<{ readonly updates: UserUpdates; readonly generated: string | null }> {
  const { email: newEmail, name, clearName, clearPassword } = input;
  const { password, generated } = await newPassword(input, services);
  const updates = {
    ...(newEmail !== undefined && { email: newEmail }),
    ...(name !== undefined && { displayName: name }),
    ...(clearName && { displayName: null }),
    ...((password !== null || clearPassword) && { password }),
  };
  return { updates, generated };
}
