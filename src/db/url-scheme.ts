/** What is the address of something else, or lacks the scheme that PostgreSQL's have. */
import type { Finding, FindingId } from "../finding.js";
import { SESSION_POOLER } from "./supabase.js";
import { type CorrectedUrl, FORM, problem, useOrForm } from "./url-problem.js";

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
  [
    "url.sqlite",
    /^(file|sqlite3?):/i,
    `this is a file of SQLite, and vocabdb needs PostgreSQL; expected the form ${FORM}`,
  ],
  [
    "url.scheme",
    /^(mysql|mariadb|mongodb(?:\+srv)?|redis|rediss|sqlserver|mssql):/i,
    `this is for another database; expected the form ${FORM}`,
  ],
];

/** PostgreSQL's own, as drivers of other languages name it, or in capitals. */
const VARIANTS: readonly [id: FindingId, scheme: RegExp, why: string][] = [
  ["url.jdbc", /^(jdbc:postgresql):\/\//i, "this is for Java"],
  ["url.jdbc", /^(jdbc:[a-z]+):/i, "this is for Java"],
  [
    "url.scheme",
    /^(postgres(?:ql)?\+[a-z0-9]+|cockroachdb|pg|pgsql):\/\//i,
    "the scheme is that of a driver of another language",
  ],
  ["url.scheme", /^(postgres(?:ql)?):\/\//i, "the scheme is written in small letters"],
];

export function otherAddress(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  if (/^postgres(?:ql)?:\/\//.test(value)) {
    return null;
  }
  for (const [id, scheme, fix] of OTHERS) {
    const found = scheme.exec(value)?.[1];
    if (found !== undefined) {
      return problem(name, id, `begins with ${found}://, which is not a PostgreSQL address`, fix);
    }
  }
  for (const [id, scheme, why] of VARIANTS) {
    const [beginning, found] = scheme.exec(value) ?? [];
    if (beginning !== undefined) {
      const url = corrected(`postgresql://${value.slice(beginning.length)}`);
      return problem(name, id, `begins with ${found}://, which is not libpq's form`, `${why}; ${useOrForm(url)}`);
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
  // A user before a host shows that only the scheme is missing.
  const url = value.includes("@")
    ? corrected(`postgresql://${value.replace(/^(?:postgres(?:ql)?:)?\/{0,2}/i, "")}`)
    : null;
  return problem(name, "url.not-a-url", "is not a connection URL", useOrForm(url));
}
