import { createUser } from "../../../core/users.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, type InputOf, inGroup } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { displayName, flagOption, newEmail, writing, yes } from "../../options.js";
import { lines } from "../../render/text.js";
import type { ServicesFor } from "../../services.js";
import { newPassword, passwordOptions } from "./password.js";
import { askForUser, commandFor, type NewUser } from "./questions.js";
import { change, shownOnce, userFacts } from "./text.js";

const args = { email: newEmail } as const;

const options = {
  name: displayName,
  ...passwordOptions,
  yes: { ...yes, description: "ask for nothing: no name and no password but those given" },
  ...inGroup("Changing data", {
    ifNotExists: flagOption("--if-not-exists", "an existing user is no error, and is left as it is"),
    ...writing,
  }),
} as const;

export const create = defineCommand({
  name: "create",
  summary: "create a user",
  details:
    "At a terminal you are asked for what is missing: the email, a name and a password, which there may be none of.\n" +
    "--yes asks for nothing. A password never stands on the command line: type it, give it on standard input, or\n" +
    "have one generated.",
  args,
  options,
  examples: [
    {
      command: "vocabdb user create grace@example.com --name 'Grace Hopper' --yes",
      description: "A user who signs in elsewhere",
    },
    {
      command: "vocabdb user create grace@example.com --generate-password",
      description: "With a new password, printed once",
    },
    {
      command: 'printf %s "$PASSWORD" | vocabdb user create grace@example.com --password-stdin --if-not-exists',
      description: "From a script that may run again",
    },
  ],
  exitCodes: { ...PENDING, [ExitCode.conflict]: "the email belongs to a user, live or soft-deleted" },
  seeAlso: ["user update", "user import", "user restore"],
  needs: "database",
  writes: "data",
  result: () => import("../../results/user.js").then(({ userCreated }) => userCreated),
  run: async (input, services) => {
    const { database, actor } = services;
    if (input.passwordStdin && input.generatePassword) {
      throw new UsageError("give one of --password-stdin and --generate-password");
    }
    const {
      email,
      name,
      password: { password, generated },
    } = await newUser(input, services);
    const change = await createUser(
      database,
      { email, displayName: name ?? null, password },
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

type Options = InputOf<typeof args & typeof options>;

/** @throws {UsageError} when the email is missing, and nobody can be asked for it */
async function newUser(input: Options, services: ServicesFor["database"]): Promise<NewUser> {
  const { email, name, passwordStdin, generatePassword } = input;
  const password = passwordStdin || generatePassword ? () => newPassword(input, services) : undefined;
  const isComplete = email !== undefined && name !== undefined && password !== undefined;
  const prompts = input.yes || isComplete ? null : await services.prompts();
  if (prompts !== null) {
    const user = await askForUser({ email, name, password }, prompts);
    services.notice(`the same without questions: ${commandFor(user)}`);
    return user;
  }
  if (email === undefined) {
    throw new UsageError("missing required argument 'email'", "vocabdb user create EMAIL");
  }
  return { email, name, password: await newPassword(input, services) };
}
