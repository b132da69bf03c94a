/** The env file: its variables, and what a reader of such files passes over in silence. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Finding } from "./finding.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvFile {
  readonly content: string;
  readonly variables: Environment;
}

/** @param isRequired whether its absence is a problem */
export function readEnvFile(path: string, isRequired: boolean, problems: Finding[]): EnvFile {
  const refuse = (what: string, fix: string): void => {
    problems.push({ id: "env.file-unreadable", level: "error", message: `cannot read ${path}: ${what}`, fix });
  };
  try {
    const bytes = readFileSync(path);
    if (/^(?:\xff\xfe|\xfe\xff)/.test(bytes.toString("latin1", 0, 2))) {
      refuse("it is UTF-16, as Windows PowerShell writes files", "save it as UTF-8");
      return { content: "", variables: {} };
    }
    // Windows editors begin files with a byte order mark, which would become part of the first name. And of a
    // lone CR, as line ends were on old Macs, the parser would make nothing: two settings would become one.
    const content = bytes
      .toString("utf8")
      .replace(/^\uFEFF/, "")
      .replace(/\r\n?/g, "\n");
    return { content, variables: parseEnv(content) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code !== "ENOENT") {
      refuse(String(code ?? error), `see that it is a file which this account may read: ls -ld '${path}'`);
    } else if (isRequired) {
      refuse("no such file", "correct the path after --env-file");
    }
    return { content: "", variables: {} };
  }
}

/** What the parser of env files cuts short or leaves out without a word. */
export function misreadLine(name: string, { content, variables }: EnvFile): Finding[] {
  const lines = [...content.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*(.*)$`, "gm"))];
  const value = lines.at(-1)?.[1] ?? "";
  // The reader takes the lines that follow with it, or the quotation mark for a part of the value.
  if (lines.length > 0 && (variables[name] === undefined || /^(["'`])(?:(?!\1).)*$/.test(value))) {
    return [
      {
        ...{ id: "env.quote-unclosed", level: "error" },
        message: `${name} stands in the env file, but a quotation mark that is not closed makes it unreadable`,
        fix: `write ${name}="postgresql://USER:PASSWORD@HOST:5432/DATABASE", quotes on both sides`,
      },
    ];
  }
  // A # in front of a comment has a space before it, and the host comes after the last @.
  if (/^[^"'`#][^#]*(?<!\s)#.*@/.test(value)) {
    return [
      {
        ...{ id: "env.cut-at-hash", level: "error" },
        message: `${name} in the env file is cut off at a #, which begins a comment where a value has no quotes`,
        fix: `write # as %23 and put quotes around the URL: ${name}="postgresql://USER:PASSWORD@HOST:5432/DATABASE"`,
      },
    ];
  }
  return [];
}
