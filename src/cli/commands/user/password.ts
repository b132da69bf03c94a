/** Where a new password comes from: never from the command line, which others can read. */
import type { Readable } from "node:stream";
import { generatePassword } from "../../../core/password.js";
import { ConsentMissingError, UsageError } from "../../../errors/usage.js";
import { Secret } from "../../../secret.js";
import { flagOption } from "../../options.js";

export const passwordOptions = {
  passwordStdin: flagOption("--password-stdin", "read the password from standard input"),
  generatePassword: flagOption("--generate-password", "make up a password and print it, once"),
} as const;

interface NewPassword {
  /** null when none was asked for. */
  readonly password: Secret | null;
  /** To be shown once it is in the database; null when it came from standard input. */
  readonly generated: string | null;
}

/** @throws {UsageError} when there is no password to be read */
export async function newPassword(
  input: { readonly passwordStdin: boolean; readonly generatePassword: boolean },
  stdin: Readable & { readonly isTTY?: boolean },
): Promise<NewPassword> {
  if (input.generatePassword) {
    const generated = generatePassword();
    return { password: new Secret(generated), generated };
  }
  return { password: input.passwordStdin ? new Secret(await readPassword(stdin)) : null, generated: null };
}

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
