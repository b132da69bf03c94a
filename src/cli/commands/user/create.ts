import { createUser } from "../../../core/users.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, inGroup } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { displayName, email, flagOption, writing } from "../../options.js";
import { lines } from "../../render/text.js";
import { newPassword, passwordOptions } from "./password.js";
import { change, shownOnce, userFacts } from "./text.js";

export const create = defineCommand({
  name: "create",
  summary: "create a user",
  details: "A password never stands on the command line: give it on standard input, or have one generated.",
  args: { email },
  options: {
    name: displayName,
    ...passwordOptions,
    ...inGroup("Changing data", {
      ifNotExists: flagOption("--if-not-exists", "an existing user is no error, and is left as it is"),
      ...writing,
    }),
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
  exitCodes: { ...PENDING, [ExitCode.conflict]: "the email belongs to a user, live or soft-deleted" },
  seeAlso: ["user update", "user import", "user restore"],
  needs: "database",
  writes: "data",
  run: async (input, { database, stdin, actor }) => {
    if (input.passwordStdin && input.generatePassword) {
      throw new UsageError("give one of --password-stdin and --generate-password");
    }
    const { password, generated } = await newPassword(input, stdin);
    const change = await createUser(
      database,
      { email: input.email, displayName: input.name ?? null, password },
      { ifNotExists: input.ifNotExists, dryRun: input.dryRun, actor: actor(input.reason) },
    );
    // Only a password that is really in the database is worth showing.
    return { ...change, generatedPassword: change.changed && !input.dryRun ? generated : null, dryRun: input.dryRun };
  },
  text: (result, view) =>
    lines(
      change(result, result.dryRun ? "would create" : "created", "exists already:", view),
      userFacts(result.user, view),
      shownOnce(result.generatedPassword, view),
    ),
});
