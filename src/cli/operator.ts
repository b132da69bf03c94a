/** Who types what, as the history keeps it. */
import { hostname, userInfo } from "node:os";
import type { Environment } from "../config.js";
import { shellWord } from "../core/shell.js";

const MAX_COMMAND_LINE = 4000;
const MAX_OPERATOR = 500;
/** Options whose value is, or points at, a secret. */
const SECRET_OPTIONS: ReadonlySet<string> = new Set(["--database-url", "--env-file"]);

/** @returns the account on this machine, or the run of the CI system this is part of */
export function operatorOf(env: Environment): string {
  return ciRun(env).slice(0, MAX_OPERATOR);
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
    return `uid ${process.getuid?.() ?? ""}`;
  }
}

/** @param argv without the interpreter and the script */
export function commandLineOf(argv: readonly string[]): string {
  const words = argv.filter((word, index) => {
    const [name = ""] = word.split("=", 1);
    return !SECRET_OPTIONS.has(name) && !SECRET_OPTIONS.has(argv[index - 1] ?? "");
  });
  // Somebody may have put a URL where none belongs.
  const shown = words.map((word) => word.replace(/(\w+:\/\/)\S*@/g, "$1***@")).map(shellWord);
  return ["vocabdb", ...shown].join(" ").slice(0, MAX_COMMAND_LINE);
}
