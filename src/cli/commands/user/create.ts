import type { Readable } from "node:stream";
import { z } from "zod";
import { generatePassword } from "../../../core/password.js";
import { createUser } from "../../../core/users.js";
import { ConsentMissingError, ExitCode, UsageError } from "../../../errors.js";
import { Secret } from "../../../secret.js";
import { defineCommand, parameter } from "../../command.js";
import { email, flagOption, writing } from "../../options.js";
import { lines } from "../../render/text.js";
import { change, userFacts } from "./text.js";

export const create = defineCommand({
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
    ...writing,
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
  run: async (input, { database, stdin, actor }) => {
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
      { ifNotExists: input.ifNotExists, dryRun: input.dryRun, actor: actor(input.reason) },
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
