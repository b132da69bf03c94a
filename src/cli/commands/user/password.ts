/** Where a new password comes from: never from the command line, which others can read. */
import type { Readable } from "node:stream";
import { generatePassword, passwordProblem } from "../../../core/password.js";
import { ConsentMissingError, UsageError } from "../../../errors/usage.js";
import { Secret } from "../../../secret.js";
import { flagOption } from "../../options.js";
import type { Prompts } from "../../prompts.js";
import type { Services } from "../../services.js";

export const passwordOptions = {
  passwordStdin: flagOption("--password-stdin", "read the password from standard input; at a terminal it is asked for"),
  generatePassword: flagOption("--generate-password", "make up a password and print it, once"),
} as const;

export interface NewPassword {
  /** null when none was asked for. */
  readonly password: Secret | null;
  /** To be shown once it is in the database; null when somebody else knows it. */
  readonly generated: string | null;
}

const NO_PASSWORD: NewPassword = { password: null, generated: null };

/** @throws {UsageError} when there is no password to be read */
export async function newPassword(
  input: { readonly passwordStdin: boolean; readonly generatePassword: boolean },
  services: Pick<Services, "stdin" | "prompts">,
): Promise<NewPassword> {
  if (input.generatePassword) {
    return generatedPassword();
  }
  return input.passwordStdin ? readOrAsked(services) : NO_PASSWORD;
}

export async function choosePassword(prompts: Prompts): Promise<NewPassword> {
  const question = { message: "Password", flag: "--password-stdin, --generate-password or --yes" };
  const choice = await prompts.choice(question, [
    { value: "none", label: "none: signs in elsewhere" },
    { value: "generated", label: "make one up, and print it once" },
    { value: "typed", label: "type one" },
  ]);
  return choice === "none" ? NO_PASSWORD : choice === "typed" ? typedPassword(prompts) : generatedPassword();
}

function generatedPassword(): NewPassword {
  const generated = generatePassword();
  return { password: new Secret(generated), generated };
}

async function typedPassword(prompts: Prompts): Promise<NewPassword> {
  const question = { message: "New password", flag: "--password-stdin, from a pipe or a file" };
  const typed = await prompts.password(question, (text) => passwordProblem(text) ?? undefined);
  return { password: new Secret(typed), generated: null };
}

async function readOrAsked({ stdin, prompts }: Pick<Services, "stdin" | "prompts">): Promise<NewPassword> {
  if (!stdin.isTTY) {
    return { password: new Secret(await readPassword(stdin)), generated: null };
  }
  const asking = await prompts();
  if (asking !== null) {
    return typedPassword(asking);
  }
  throw new ConsentMissingError(
    "--password-stdin reads from a pipe or a file, and standard input is a terminal that nobody can be asked at",
    "for example: vocabdb user create EMAIL --password-stdin < password.txt (or use --generate-password)",
  );
}

async function readPassword(stdin: Readable): Promise<string> {
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
