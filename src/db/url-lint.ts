/** What is wrong with a URL before its parts can be read: something else, something around it, or cut short. */
import { DatabaseUrlError } from "../errors.js";
import type { Finding, FindingId } from "../finding.js";
import { SESSION_POOLER } from "./supabase.js";
import { isKnown } from "./url-parameters.js";

export const FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";

/** The parts of a URL as they stand in it, still encoded. */
export interface Authority {
  readonly user: string;
  readonly password: string;
  /** With the port. */
  readonly host: string;
  /** With the slash that begins it, or empty. */
  readonly path: string;
  readonly query: string;
}

/** What this text would be as a URL to show, or null where it cannot be read either. */
type CorrectedUrl = (text: string) => string | null;

export function problem(
  name: string,
  id: FindingId,
  what: string,
  fix: string | null = `expected the form ${FORM}`,
): Finding {
  return { id, level: "error", message: `${name} ${what}`, fix };
}

/** @throws {DatabaseUrlError} with what stands in the way of reading the parts; nothing of a password is in it */
export function splitUrl(name: string, value: string, corrected: CorrectedUrl): Authority {
  const found = wrapped(name, value, corrected) ?? otherAddress(name, value) ?? cutShort(name, value, corrected);
  if (found !== null) {
    throw new DatabaseUrlError([found]);
  }
  const { authority, tail } = halves(value);
  const at = authority.lastIndexOf("@");
  const userInfo = at === -1 ? "" : authority.slice(0, at);
  const colon = userInfo.indexOf(":");
  const question = tail.indexOf("?");
  return {
    user: colon === -1 ? userInfo : userInfo.slice(0, colon),
    password: colon === -1 ? "" : userInfo.slice(colon + 1),
    host: authority.slice(at + 1),
    path: question === -1 ? tail : tail.slice(0, question),
    query: question === -1 ? "" : tail.slice(question + 1),
  };
}

/** What people, shells and other programs leave around a URL. */
const WRAPPINGS: readonly { id: FindingId; around: RegExp; what: string; fix: string }[] = [
  {
    id: "url.quotes",
    around: /^["'`“‘](.*?)["'`”’]?;?$/s,
    what: "begins with a quotation mark",
    fix: "remove the quotes around the URL: docker --env-file and systemd keep them",
  },
  {
    id: "url.name-repeated",
    around: /^(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*["']?(.*?)["']?$/s,
    what: "begins with the name of a variable",
    fix: "keep only what follows the =",
  },
  {
    id: "url.command",
    around: /^psql\s+(?:-d\s*)?["']?(.*?)["']?$/s,
    what: "is a command of psql",
    fix: "keep only the URL in it",
  },
];

function wrapped(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  for (const { id, around, what, fix } of WRAPPINGS) {
    const inside = around.exec(value)?.[1];
    if (inside !== undefined) {
      const url = corrected(inside);
      return problem(name, id, what, `${fix}; ${url === null ? `expected the form ${FORM}` : `use ${url}`}`);
    }
  }
  return null;
}

/** By the scheme, as far as the name of one is certain not to be part of a secret. */
const OTHERS: readonly [id: FindingId, scheme: RegExp, fix: string][] = [
  [
    "url.supabase-api",
    /^(https?):\/\/[^/]*\.supabase\.(?:co|com)\b/i,
    `this is the address of an API, not of the database; ${SESSION_POOLER}`,
  ],
  ["url.http", /^(https?):/i, `this is the address of an API or a page, not of a database; expected the form ${FORM}`],
  [
    "url.prisma",
    /^(prisma(?:\+postgres)?):/i,
    "this is the address of a service of Prisma's, not of the database behind it; set the URL of that database (DIRECT_URL, where Prisma shows both)",
  ],
  ["url.jdbc", /^(jdbc:[a-z]+):/i, `this is for Java; expected the form ${FORM}`],
  [
    "url.sqlite",
    /^(file|sqlite3?):/i,
    `this is a file of SQLite, and vocabdb needs PostgreSQL; expected the form ${FORM}`,
  ],
  [
    "url.scheme",
    /^(mysql|mariadb|mongodb(?:\+srv)?|redis|rediss|sqlserver|mssql|cockroachdb|postgres(?:ql)?\+[a-z0-9]+):/i,
    `this is for another database or driver; expected the form ${FORM}`,
  ],
];

function otherAddress(name: string, value: string): Finding | null {
  if (/^postgres(?:ql)?:\/\//.test(value)) {
    return null;
  }
  for (const [id, scheme, fix] of OTHERS) {
    const found = scheme.exec(value)?.[1];
    if (found !== undefined) {
      return problem(name, id, `begins with ${found}://, which is not a PostgreSQL address`, fix);
    }
  }
  if (/^(?:undefined|null|None|NaN|\[object Object\])$/.test(value)) {
    return problem(name, "url.undefined", `is the word ${value}: what should have set it had no value`);
  }
  if (/^\$/.test(value)) {
    return problem(
      name,
      "url.unexpanded",
      "is the name of a variable, which is not expanded here",
      `write its value: ${FORM}`,
    );
  }
  if (/^\s*(?:host|hostaddr|dbname|user|port)\s*=/.test(value)) {
    return problem(name, "url.keywords", "is not a connection URL but libpq's list of keywords");
  }
  return problem(name, "url.not-a-url", "is not a connection URL");
}

/** Characters that end a part of a URL and were meant to belong to it. */
function cutShort(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  const { authority, tail } = halves(value);
  const hasAt = authority.includes("@");
  if (hasAt && hasStrayAt(tail)) {
    // What follows the first @ may be part of the password, so none of it may be named.
    return problem(
      name,
      "url.password-unclear",
      "has an @ after its host part, so that it is not clear where the password ends",
      "in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25; in other places too @ as %40",
    );
  }
  if (!hasAt && hasUserInfoCutShort(authority, tail)) {
    const character = tail.charAt(0);
    const url = corrected(withEncodedUserInfo(value));
    return problem(
      name,
      "url.special-character",
      `has a user name or password with the character ${character}, which ends the host part of a URL`,
      `write it as ${encodeURIComponent(character)}; in a password also @ as %40, : as %3A, % as %25, a space as %20${url === null ? "" : `; use ${url}`}`,
    );
  }
  if (!value.includes("@") && /^[^[].*:\D/.test(authority)) {
    return problem(
      name,
      "url.cut-off",
      "has no @ before a host, as if it had been cut off in the middle",
      `expected the form ${FORM}; in a .env file # begins a comment: write # as %23, and put the URL in double quotes`,
    );
  }
  if (tail.includes("#")) {
    return problem(
      name,
      "url.fragment",
      "contains #, which cuts a URL short",
      "write # as %23; in a .env file also put the URL in double quotes",
    );
  }
  return null;
}

function halves(value: string): { authority: string; tail: string } {
  const rest = value.slice(value.indexOf("://") + 3);
  const end = rest.search(/[/?#]/);
  return end === -1 ? { authority: rest, tail: "" } : { authority: rest.slice(0, end), tail: rest.slice(end) };
}

/** Whether an @ that follows the first /, ? or # shows that this character belonged to the password. */
function hasUserInfoCutShort(authority: string, tail: string): boolean {
  const looksLikeHost = /^[^:]*(:\d*)?$/.test(authority);
  return tail.includes("@") && (!looksLikeHost || hasStrayAt(tail));
}

/** Whether there is an @ behind the host part, other than in the value of a parameter. */
function hasStrayAt(tail: string): boolean {
  const [path = "", ...pairs] = tail.split(/[?&]/);
  return path.includes("@") || pairs.some((pair) => pair.includes("@") && !isKnown(pair.split("=")[0] ?? ""));
}

/** Taken as it was meant: all before the last @ is user and password. */
function withEncodedUserInfo(value: string): string {
  const start = value.indexOf("://") + 3;
  const at = value.lastIndexOf("@");
  const [user = "", ...password] = value.slice(start, at).split(":");
  // What is encoded already stays as it is.
  const encodedUser = encodeURIComponent(user).replace(/%25([0-9A-Fa-f]{2})/g, "%$1");
  return `${value.slice(0, start)}${encodedUser}:${encodeURIComponent(password.join(":"))}${value.slice(at)}`;
}
