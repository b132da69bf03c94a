/** Who types what, as the history keeps it. */
import { hostname, userInfo } from "node:os";
import type { Environment } from "../config.js";
import type { Actor } from "../core/audit.js";
import { shellWord } from "../shell.js";

/** As the table's check constraints have it. */
const MAX_COMMAND_LINE = 4000;
const MAX_OPERATOR = 500;
const MAX_REASON = 1000;
/** Options whose value is, or points at, a secret. */
const SECRET_OPTIONS: ReadonlySet<string> = new Set(["--database-url", "--env-file"]);

/** @param argv without the interpreter and the script */
export function actorOf(argv: readonly string[], env: Environment, reason: string | undefined): Actor {
  return {
    commandLine: commandLineOf(argv),
    operator: operatorOf(env),
    reason: reason === undefined ? null : cut(withoutPasswords(reason), MAX_REASON),
  };
}

/** @returns the account on this machine, or the run of the CI system this is part of */
function operatorOf(env: Environment): string {
  return cut(ciRun(env), MAX_OPERATOR);
}

function ciRun(env: Environment): string {
  if (env.GITHUB_ACTIONS === "true") {
    return `github-actions ${env.GITHUB_REPOSITORY ?? ""} run ${env.GITHUB_RUN_ID ?? ""} by ${env.GITHUB_ACTOR ?? ""}`;
  }
  if (env.GITLAB_CI === "true") {
    return `gitlab-ci ${env.CI_PROJECT_PATH ?? ""} job ${env.CI_JOB_ID ?? ""} by ${env.GITLAB_USER_LOGIN ?? ""}`;
  }
  const sudo = env.SUDO_USER === undefined ? "" : ` for ${env.SUDO_USER}`;
  return `${env.CI === "true" ? "ci " : ""}${account()}@${hostname()}${sudo}`;
}

/** In a container the user need not have a name. */
function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.geteuid?.() ?? ""}`;
  }
}

/** @returns what was typed, to be typed again; null where an option in it may hold a secret, and is not shown */
export function retypeable(argv: readonly string[]): string | null {
  return argv.some((word) => SECRET_OPTIONS.has(word.split("=", 1)[0] ?? "")) ? null : commandLineOf(argv);
}

function commandLineOf(argv: readonly string[]): string {
  const words = argv.filter((word, index) => {
    const [name = ""] = word.split("=", 1);
    return !SECRET_OPTIONS.has(name) && !SECRET_OPTIONS.has(argv[index - 1] ?? "");
  });
  return cut(["vocabdb", ...words.map((word) => shellWord(withoutPasswords(word)))].join(" "), MAX_COMMAND_LINE);
}

/** Somebody may have put a connection URL, or part of one, where none belongs. */
function withoutPasswords(text: string): string {
  // Not one expression up to the @: of many :// without one, each would be looked at up to the end.
  return text.replace(/:\/\/\S*/g, withoutUserInfo).replace(/(password=)('[^']*'|[^\s&]+)/gi, "$1***");
}

function withoutUserInfo(rest: string): string {
  const at = rest.lastIndexOf("@");
  return at === -1 ? rest : `://***${rest.slice(at)}`;
}

/** @param max in characters, as PostgreSQL counts them */
function cut(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join("");
}
