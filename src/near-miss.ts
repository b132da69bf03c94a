/** Where a connection URL is that nobody found: under another name, or in a file that is not read. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { EnvFile, Environment } from "./env-file.js";

/** What was meant to be DATABASE_URL, and how it becomes that. */
export interface NearMiss {
  readonly reason: string;
  readonly fix: string;
}

export function nearMiss(env: Environment, cwd: string, file: EnvFile): NearMiss | null {
  return otherVariable(env, file) ?? libpqVariables(env) ?? unreadLine(file) ?? otherFile(cwd);
}

function otherVariable(env: Environment, { variables }: EnvFile): NearMiss | null {
  const holder = (from: Environment): string | undefined =>
    Object.keys(from).find((name) => /^["']?postgres(?:ql)?:\/\//i.test(from[name]?.trim() ?? ""));
  const name = holder(env);
  if (name !== undefined) {
    return { reason: `${name} is set, but only DATABASE_URL is read`, fix: `export DATABASE_URL="$${name}"` };
  }
  const inFile = holder(variables);
  return inFile === undefined
    ? null
    : {
        reason: `${inFile} stands in the env file, but only DATABASE_URL is read`,
        fix: `write DATABASE_URL in place of ${inFile} there`,
      };
}

function libpqVariables({ PGHOST, PGPORT, PGUSER, PGDATABASE }: Environment): NearMiss | null {
  if (!PGHOST) {
    return null;
  }
  const user = PGUSER ? encodeURIComponent(PGUSER) : "USER";
  const database = PGDATABASE ? encodeURIComponent(PGDATABASE) : user;
  const host = PGHOST.includes(":") ? `[${PGHOST}]` : encodeURIComponent(PGHOST);
  return {
    reason: "PGHOST is set, but which database it is has to be said by DATABASE_URL (PGPASSWORD is read)",
    fix: `export DATABASE_URL=postgresql://${user}@${host}:${PGPORT || 5432}/${database}`,
  };
}

/** As other formats have it, or switched off. */
function unreadLine({ content }: EnvFile): NearMiss | null {
  const line = /^[ \t]*(#?)[ \t]*(?:export[ \t]+)?DATABASE_URL\b/m.exec(content);
  if (line === null) {
    return null;
  }
  const reason =
    line[1] === "#"
      ? "DATABASE_URL stands in the env file behind a #, which makes it a comment"
      : "DATABASE_URL stands in the env file, but not as DATABASE_URL=…";
  return { reason, fix: 'write DATABASE_URL="postgresql://USER:PASSWORD@HOST:5432/DATABASE" there' };
}

const VARIANTS = [".env.local", ".env.development", ".env.development.local", ".env.production"];
const PARENTS = 4;

function otherFile(cwd: string): NearMiss | null {
  const parents: string[] = [];
  for (let folder = cwd; parents.length < PARENTS && folder !== dirname(folder); folder = dirname(folder)) {
    parents.push(join(dirname(folder), ".env"));
  }
  const path = [...VARIANTS.map((name) => join(cwd, name)), ...parents].find(setsUrl);
  if (path === undefined) {
    return null;
  }
  const shown = relative(cwd, path);
  return { reason: `it is in ${shown}, which is not read unasked`, fix: `add --env-file ${shown}` };
}

function setsUrl(path: string): boolean {
  try {
    return /^[ \t]*(?:export[ \t]+)?DATABASE_URL[ \t]*=/m.test(readFileSync(path, "utf8"));
  } catch {
    return false;
  }
}
