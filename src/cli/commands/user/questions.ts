/** What `user create` asks for where somebody sits at a terminal. */
import type { z } from "zod";
import { shellWord } from "../../../shell.js";
import { displayName, email as emailArgument } from "../../options.js";
import type { Prompts, Question } from "../../prompts.js";
import { choosePassword, type NewPassword } from "./password.js";

export interface NewUser {
  readonly email: string;
  readonly name: string | undefined;
  readonly password: NewPassword;
}

/** What was given; undefined is what was not. */
interface Given {
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly password: (() => Promise<NewPassword>) | undefined;
}

/** Answers are held to the same rules as arguments and options. */
export async function askForUser({ email, name, password }: Given, prompts: Prompts): Promise<NewUser> {
  return {
    email:
      email ??
      (await askFor({ message: "Email", flag: "EMAIL" }, (text) => emailArgument.schema.safeParse(text), prompts)),
    name:
      name ??
      (await askFor(
        { message: "Name to show (Enter for none)", flag: "--name or --yes" },
        (text) => displayName.schema.safeParse(text.trim() === "" ? undefined : text),
        prompts,
      )),
    password: await (password ?? (() => choosePassword(prompts)))(),
  };
}

async function askFor<T>(
  question: Question,
  read: (answer: string) => z.ZodSafeParseResult<T>,
  prompts: Prompts,
): Promise<T> {
  const answer = read(await prompts.text(question, (text) => read(text).error?.issues[0]?.message));
  if (!answer.success) {
    throw answer.error;
  }
  return answer.data;
}

/** The command that does the same without a question. */
export function commandFor({ email, name, password: { generated, password } }: NewUser): string {
  const words = ["vocabdb user create", shellWord(email)];
  if (name !== undefined) {
    words.push("--name", shellWord(name));
  }
  if (name === undefined || password === null) {
    words.push("--yes");
  }
  if (password !== null) {
    words.push(generated === null ? "--password-stdin < FILE" : "--generate-password");
  }
  return words.join(" ");
}
