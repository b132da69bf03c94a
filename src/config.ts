/** Flags, environment and `.env` become one frozen `Config`; all problems are reported at once. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { type Environment, misreadLine, readEnvFile } from "./env-file.js";
import { ConfigError } from "./errors/usage.js";
import type { Finding } from "./finding.js";
import { type NearMiss, nearMiss } from "./near-miss.js";
import { Secret, withoutPasswords } from "./secret.js";

export type { Environment };

/** Where a connection URL was found; the first one that holds it wins. */
export type UrlSource = "--database-url" | "environment" | "env file";

export interface UrlSetting {
  readonly url: Secret;
  readonly source: UrlSource;
}

export interface Config {
  /** null: nothing is set, so the embedded server is the target if there is one. */
  readonly databaseUrl: UrlSetting | null;
  /** For migrations, which need a session of their own; from the same source as `databaseUrl`. */
  readonly directUrl: UrlSetting | null;
  /** SHADOW_DATABASE_URL: an empty database to author migrations in; null where one is made for it. */
  readonly shadowUrl: UrlSetting | null;
  /** PGPASSWORD, for URLs without a password. */
  readonly password: Secret | null;
  /** VOCABDB_POOL_MAX; an explicit `connection_limit` in the URL wins. */
  readonly poolMax: number | null;
  /** Absolute folder of the embedded server. */
  readonly home: string;
  /** Where a URL was put that is not found there; null where one is found, or nothing looks like it. */
  readonly nearMiss: NearMiss | null;
  /** About settings that work, or may; each of level `warning` or `info`. */
  readonly warnings: readonly Finding[];
}

export interface ConfigInput {
  readonly env: Environment;
  /** Folder in which `.env` is looked for and relative paths start. */
  readonly cwd: string;
  readonly databaseUrl?: string | undefined;
  readonly envFile?: string | undefined;
}

/** @throws {ConfigError} naming every problem found. */
export function loadConfig(input: ConfigInput): Config {
  const { env } = input;
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const file = readEnvFile(resolve(input.cwd, input.envFile ?? ".env"), input.envFile !== undefined, problems);
  const envFile = file.variables;

  // Usually a deployment whose secret is missing; falling through to another database would hide it.
  const isEmpty = (value: string | undefined): boolean => value?.trim() === "";
  if (isEmpty(input.databaseUrl)) {
    problems.push(empty("--database-url is empty"));
  } else if (input.databaseUrl === undefined) {
    for (const name of ["DATABASE_URL", "DIRECT_URL"]) {
      if (isEmpty(env[name])) {
        problems.push(empty(`${name} is set in the environment but empty`));
      } else if (env[name] === undefined && isEmpty(envFile[name])) {
        problems.push(empty(`${name} is set in the env file but empty`));
      } else if (env[name] === undefined || env[name] === envFile[name]) {
        // The environment may have been filled from the same file, by a program that reads it like this.
        problems.push(...misreadLine(name, file));
      }
    }
  }

  const databaseUrl =
    setting(input.databaseUrl, "--database-url") ??
    setting(env.DATABASE_URL, "environment") ??
    setting(envFile.DATABASE_URL, "env file");
  if (databaseUrl?.source === "--database-url" && hasPassword(databaseUrl.url.reveal())) {
    warnings.push({
      ...{ id: "env.password-in-arguments", level: "warning" },
      message:
        "the password in --database-url can be read by every user of this machine in the list of processes; set DATABASE_URL, or PGPASSWORD, in the environment instead",
      fix: "set DATABASE_URL, or PGPASSWORD, in the environment",
    });
  }

  warnings.push(...unusedSettings(env, databaseUrl), ...overridden(env, envFile, databaseUrl));

  const config: Config = {
    databaseUrl,
    directUrl: directUrlFor(databaseUrl, env, envFile, warnings),
    shadowUrl: setting(env.SHADOW_DATABASE_URL, "environment") ?? setting(envFile.SHADOW_DATABASE_URL, "env file"),
    password: env.PGPASSWORD ? new Secret(env.PGPASSWORD) : null,
    poolMax: parsePoolMax(env.VOCABDB_POOL_MAX, problems),
    home: embeddedHome(env, input.cwd),
    nearMiss: databaseUrl === null ? nearMiss(env, input.cwd, file) : null,
    warnings,
  };
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return Object.freeze(config);
}

/**
 * DIRECT_URL counts only from where DATABASE_URL was found. A DATABASE_URL given for one command must
 * not be combined with the DIRECT_URL of another database, or the migrations would go there.
 */
function directUrlFor(
  databaseUrl: UrlSetting | null,
  env: Environment,
  envFile: Environment,
  warnings: Finding[],
): UrlSetting | null {
  const fromEnvironment = setting(env.DIRECT_URL, "environment");
  const fromFile = setting(envFile.DIRECT_URL, "env file");
  const found = fromEnvironment ?? fromFile;
  if (found === null) {
    return null;
  }
  const matching = [fromEnvironment, fromFile].find((candidate) => candidate?.source === databaseUrl?.source) ?? null;
  if (matching === null) {
    const origin = databaseUrl === null ? "DATABASE_URL is not set" : `DATABASE_URL comes from ${databaseUrl.source}`;
    warnings.push({
      ...{ id: "env.direct-url-ignored", level: "warning" },
      message: `DIRECT_URL (${found.source}) is ignored because ${origin}: they might be two different databases`,
      fix: "set DIRECT_URL where DATABASE_URL is set",
    });
  }
  return matching;
}

/** Whether everybody who sees this URL sees a password; of text that need not be a URL. */
export function hasPassword(url: string): boolean {
  const [, authority = ""] = /^[^?#/]*:\/\/([^/]*)/.exec(url) ?? [];
  const colon = authority.indexOf(":");
  return (colon !== -1 && authority.lastIndexOf("@") > colon + 1) || /[?&]password=./.test(url);
}

function empty(message: string): Finding {
  return {
    ...{ id: "env.empty", level: "error", message },
    fix: "give it a value (postgresql://USER:PASSWORD@HOST:5432/DATABASE), or unset it; in a deployment the secret that fills it may be missing",
  };
}

/** Set for one command it is meant; left over in a shell, nobody sees why the file has no effect. */
function overridden(env: Environment, envFile: Environment, databaseUrl: UrlSetting | null): Finding[] {
  const inFile = envFile.DATABASE_URL?.trim();
  return databaseUrl?.source !== "environment" || !inFile || inFile === env.DATABASE_URL?.trim()
    ? []
    : [
        {
          ...{ id: "env.file-overridden", level: "info" },
          message: "DATABASE_URL in the environment wins over another one in the env file",
          fix: "to use that of the file: unset DATABASE_URL",
        },
      ];
}

/** libpq's variables for TLS, which a security setting must not be taken for granted from. */
function unusedSettings(env: Environment, databaseUrl: UrlSetting | null): Finding[] {
  const url = databaseUrl?.url.reveal() ?? "";
  return ["sslmode", "sslrootcert", "sslcert", "sslkey"]
    .filter(
      (parameter) => env[`PG${parameter.toUpperCase()}`] && databaseUrl !== null && !url.includes(`${parameter}=`),
    )
    .map((parameter) => ({
      ...{ id: "env.variable-unused", level: "warning" },
      message: `PG${parameter.toUpperCase()} is set but not used; write ${parameter}=… into the URL`,
      fix: `write ${parameter}=… into the URL`,
    }));
}

function setting(value: string | undefined, source: UrlSource): UrlSetting | null {
  return value === undefined || value.trim() === "" ? null : { url: new Secret(value.trim()), source };
}

function parsePoolMax(value: string | undefined, problems: Finding[]): number | null {
  if (value === undefined || value === "") {
    return null;
  }
  const max = /^\d+$/.test(value) ? Number(value) : 0;
  if (max < 1 || max > 1000) {
    problems.push({
      ...{ id: "env.pool-max", level: "error" },
      message: `VOCABDB_POOL_MAX must be a whole number from 1 to 1000, not ${JSON.stringify(withoutPasswords(value))}`,
      fix: "unset it, or export VOCABDB_POOL_MAX=5",
    });
    return null;
  }
  return max;
}

function embeddedHome(env: Environment, cwd: string): string {
  if (env.VOCABDB_HOME) {
    return resolve(cwd, env.VOCABDB_HOME);
  }
  // The XDG specification says that a relative path here is to be ignored.
  const data =
    env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME)
      ? env.XDG_DATA_HOME
      : join(env.HOME || ownHome() || cwd, ".local", "share");
  return join(data, "vocabdb");
}

/** The account of a container need not be in its list of users, and has no home then. */
function ownHome(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}
