/** psql on a target, with the terminal to itself. */
import { spawn } from "node:child_process";
import type { Environment } from "../config.js";
import { quoted } from "../db/failures/fixes.js";
import { withLibpqEnvironment } from "../db/libpq.js";
import type { Connection } from "../db/pool.js";
import { probePooler } from "../db/pooler.js";
import type { Target } from "../db/target.js";
import { DEFAULTS } from "../db/url-parameters.js";
import { ProgramMissingError } from "../errors/programs.js";
import { UsageError } from "../errors/usage.js";
import { endOf, findProgram } from "./programs.js";

/** @throws {ProgramMissingError} */
export function requirePsql(env: Environment): string {
  const psql = findProgram("psql", env);
  if (psql === null) {
    throw new ProgramMissingError(
      "psql",
      "install PostgreSQL's client: apt-get install postgresql-client, dnf install postgresql, or brew install libpq (and put its bin folder into PATH)",
    );
  }
  return psql;
}

/**
 * A pooler refuses a search path that is asked for on connecting, or gives it to others later.
 *
 * @param notice told what to type instead
 */
export async function psqlTarget({ target, pool }: Connection, notice: (text: string) => void): Promise<Target> {
  if (target.schema === DEFAULTS.schema || (await probePooler(pool)) === "direct") {
    return target;
  }
  notice(
    `note: behind a pooler psql begins without the schema of the URL: SET search_path TO ${quoted(target.schema)};`,
  );
  return { ...target, schema: DEFAULTS.schema };
}

export interface PsqlOptions {
  readonly args: readonly string[];
  /** Of this process. */
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** @returns its exit code */
export function runPsql(target: Target, { args, env, signal }: PsqlOptions): Promise<number> {
  const psql = requirePsql(env);
  return withLibpqEnvironment(target, env, (variables) =>
    endOf(spawn(psql, args, { env: variables, stdio: "inherit" }), "psql", signal),
  );
}

/** Of psql's options those that take a value, in their short and their long form. */
const SHORT_WITH_VALUE = "cdfFhLopPRTUv";
const LONG_WITH_VALUE = [
  ...["command", "dbname", "field-separator", "file", "host", "log-file", "output", "port", "pset"],
  ...["record-separator", "set", "table-attr", "username", "variable"],
];
const SHORT_ELSEWHERE = "dhpU";
const LONG_ELSEWHERE = ["dbname", "host", "port", "username"];

/**
 * psql would connect to what its arguments name, and with the password of the target at that.
 *
 * @throws {UsageError} when they name a database, a server or a user
 */
export function refuseElsewhere(args: readonly string[]): void {
  const end = args.indexOf("--");
  const words = end === -1 ? args : args.slice(0, end);
  const rest = end === -1 ? [] : args.slice(end + 1);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    const { elsewhere, takesNext } = word.startsWith("--") ? longOption(word) : shortOptions(word);
    if (elsewhere) {
      throw elsewhereError(word);
    }
    index += takesNext ? 1 : 0;
  }
  if (rest[0] !== undefined) {
    throw elsewhereError(rest[0]);
  }
}

function elsewhereError(word: string): UsageError {
  return new UsageError(
    `psql is opened on the target of vocabdb, and ${JSON.stringify(word)} would lead it elsewhere`,
    "name another database with --database-url or DATABASE_URL; statements are given as: vocabdb db shell -- -c 'SELECT …'",
  );
}

interface Meaning {
  readonly elsewhere: boolean;
  /** Whether the next word is its value. */
  readonly takesNext: boolean;
}

/** Long options may be cut short, as far as they stay the only one. */
function longOption(word: string): Meaning {
  const [name = "", value] = word.slice(2).split("=", 2);
  const isOneOf = (names: readonly string[]): boolean => names.some((each) => each.startsWith(name));
  return { elsewhere: isOneOf(LONG_ELSEWHERE), takesNext: value === undefined && isOneOf(LONG_WITH_VALUE) };
}

/** Short ones may stand together, and what follows one that takes a value is its value. */
function shortOptions(word: string): Meaning {
  if (!word.startsWith("-") || word === "-") {
    return { elsewhere: true, takesNext: false };
  }
  const letters = [...word.slice(1)];
  const first = letters.findIndex((letter) => SHORT_WITH_VALUE.includes(letter));
  return {
    elsewhere: SHORT_ELSEWHERE.includes(letters[first] ?? "none"),
    takesNext: first !== -1 && first === letters.length - 1,
  };
}
