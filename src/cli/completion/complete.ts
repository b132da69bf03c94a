/** `vocabdb __complete SHELL …`, which the completion scripts of all shells call and help does not show. */
import type { Environment } from "../../config.js";
import type { Suggestion, Wanted } from "../../core/suggestions.js";
import { visible } from "../render/text.js";
import { type Ask, type Candidate, type Candidates, candidatesFor } from "./candidates.js";
import { type Line, readLine } from "./line.js";
import { asTyped, readShellLine } from "./shell-line.js";

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
}

const DESCRIPTION_LENGTH = 100;

/**
 * @param args the shell, and then for bash COMP_WORDBREAKS and the line up to the cursor, for the others the words
 *   after the command, the one that is typed last: zsh's without quotes, fish's as it stands there
 * @returns lines of cells: the kind of the candidates, then one line for each: for bash what is put in, for fish the
 *   word and what is said of it, for zsh the word and what is listed for it
 */
export async function complete(args: readonly string[], surroundings: Surroundings): Promise<string[][]> {
  const [shell, ...rest] = args;
  if (shell === "bash") {
    const [breaks, line = ""] = rest;
    const { before, word } = readShellLine(line, breaks);
    const { kind, found } = await candidates(before.slice(1), word.text, surroundings);
    const put = found.flatMap(({ value }) => asTyped(value, word) ?? []);
    return [[kind], ...put.map((text) => [text])];
  }
  const last = rest.at(-1) ?? "";
  const word = shell === "fish" ? readShellLine(last).word.text : last;
  const { kind, found } = await candidates(rest.slice(0, -1), word, surroundings);
  const width = Math.max(...found.map(({ value, shown = value }) => shown.length));
  return [[kind], ...found.map((candidate) => (shell === "fish" ? described(candidate) : listed(candidate, width)))];
}

async function candidates(before: readonly string[], word: string, surroundings: Surroundings): Promise<Candidates> {
  const line = await readLine(before);
  return candidatesFor(line, word, askFor(line, surroundings));
}

function askFor({ given }: Line, { env, cwd }: Surroundings): Ask {
  const setting = (name: string): string | undefined => {
    const typed = given.get(name);
    return typed === undefined ? undefined : expanded(typed, env);
  };
  return async (what, prefix) => {
    const { suggest, SUGGESTED_AT_MOST } = await import("../../core/suggestions.js");
    const which: Readonly<Record<typeof what, Wanted["what"]>> = {
      email: given.has("deleted") ? "allEmails" : "liveEmails",
      ...{ deletedEmail: "deletedEmails", anyEmail: "allEmails", language: "languages", level: "levels" },
    };
    const found = await suggest(
      { env, cwd, databaseUrl: setting("databaseUrl"), envFile: setting("envFile") },
      { what: which[what], prefix, language: given.get("language") },
    );
    const shown = found.slice(0, SUGGESTED_AT_MOST).filter(isFit);
    return found.length > SUGGESTED_AT_MOST ? [more(prefix), ...shown] : shown;
  };
}

/** Not what a terminal would not show as it is, nor what would be taken for an option. */
function isFit({ value }: Suggestion): boolean {
  return visible(value) === value && !value.startsWith("-");
}

/** As the first of many: what those that are shown begin with in common is not what all begin with. */
function more(prefix: string): Suggestion {
  return { value: prefix, description: "and more: type on" };
}

/** A shell hands over the words as they are typed. What it would make of the usual ones is known without it. */
function expanded(word: string, env: Environment): string {
  const [, name] = /^\$\{?(\w+)\}?$/.exec(word) ?? [];
  return name === undefined ? word.replace(/^~(?=\/)/, env.HOME ?? "~") : (env[name] ?? word);
}

function described({ value, description }: Candidate): string[] {
  return description === null ? [value] : [value, short(description)];
}

function listed({ value, shown = value, description }: Candidate, width: number): string[] {
  return [value, description === null ? shown : `${shown.padEnd(width)}  -- ${short(description)}`];
}

function short(description: string): string {
  const characters = [...visible(description)];
  const isLong = characters.length > DESCRIPTION_LENGTH;
  return isLong ? `${characters.slice(0, DESCRIPTION_LENGTH - 1).join("")}…` : characters.join("");
}
