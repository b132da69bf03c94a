/** A connection URL becomes a `Target`. Parsed here and not by the driver, which accepts almost anything. */
import { z } from "zod";
import { DatabaseUrlError } from "../errors.js";
import type { Finding } from "../finding.js";
import { Secret } from "../secret.js";
import type { SslMode, Target } from "./target.js";

export interface UrlDefaults {
  /** Used when the URL has no password. */
  readonly password: Secret | null;
  /** Used when the URL has no `connection_limit`. */
  readonly poolMax: number | null;
}

export interface ParsedUrl {
  readonly target: Target;
  readonly warnings: readonly Finding[];
}

const DEFAULT_POOL_MAX = 5;
const FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";

const seconds = z
  .string()
  .regex(/^\d{1,6}$/, "must be a whole number of seconds")
  .transform((text) => Number(text) * 1000);
const text = z.string().min(1, "must not be empty");
const ignored = z.string().optional();

/**
 * The parameters that mean something here. `sslmode` and its kin are libpq's, `connection_limit`,
 * `pool_timeout` and `schema` are Prisma's, `connect_timeout` and `application_name` are both.
 */
const Parameters = z.object({
  application_name: text.max(63).default("vocabdb"),
  connect_timeout: seconds.default(10_000),
  connection_limit: z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(1000))
    .optional(),
  host: text.optional(),
  options: text.optional(),
  pool_timeout: seconds.default(10_000),
  schema: text.max(63).default("public"),
  sslcert: text.optional(),
  sslkey: text.optional(),
  sslmode: z
    .enum(["disable", "allow", "prefer", "require", "no-verify", "verify-ca", "verify-full"], {
      error: "must be disable, prefer, require, verify-ca or verify-full",
    })
    .transform((mode): SslMode => (mode === "allow" ? "prefer" : mode === "no-verify" ? "require" : mode))
    .default("prefer"),
  sslrootcert: text.optional(),
  // Known to others and without effect here, so that copied URLs do not warn: every statement of ours
  // is unnamed and works through a transaction pooler, and channel binding is the driver's choice.
  pgbouncer: ignored,
  statement_cache_size: ignored,
  channel_binding: ignored,
});

/**
 * @param name what the user knows the URL as, for messages: `DATABASE_URL`, `--database-url`, …
 * @throws {DatabaseUrlError} with every problem; never holding the password.
 */
export function parseDatabaseUrl(name: string, url: Secret, defaults: UrlDefaults): ParsedUrl {
  const value = url.reveal();
  const fail = (problem: string, hint: string | null = `expected the form ${FORM}`): never => {
    throw new DatabaseUrlError([{ id: "url.invalid", level: "error", message: `${name} ${problem}`, fix: hint }]);
  };

  if (/^["'`]/.test(value)) {
    fail("begins with a quotation mark", "remove the quotes around the URL: docker --env-file and systemd keep them");
  }
  const scheme = /^((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(value)?.[1];
  if (scheme !== "postgresql" && scheme !== "postgres") {
    fail(
      scheme === undefined ? "is not a connection URL" : `begins with ${scheme}://, which is not a PostgreSQL address`,
      scheme === "https" || scheme === "http"
        ? "this is the address of an API, not of the database; in the Supabase dashboard: Connect → Session pooler → copy the URI"
        : undefined,
    );
  }

  const rest = value.slice(value.indexOf("://") + 3);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd === -1 ? rest : rest.slice(0, authorityEnd);
  const tail = authorityEnd === -1 ? "" : rest.slice(authorityEnd);
  const at = authority.lastIndexOf("@");
  if (at !== -1 && hasStrayAt(tail)) {
    // What follows the first @ may be part of the password, so none of it may be named.
    fail(
      "has an @ after its host part, so that it is not clear where the password ends",
      "in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25; in other places too @ as %40",
    );
  }
  if (at === -1 && hasUserInfoCutShort(authority, tail)) {
    const character = tail.charAt(0);
    fail(
      `has a user name or password with the character ${character}, which ends the host part of a URL`,
      `write it as ${encodeURIComponent(character)}; in a password also @ as %40, : as %3A, % as %25, a space as %20`,
    );
  }
  if (tail.includes("#")) {
    fail("contains #, which cuts a URL short", "write # as %23; in a .env file also put the URL in double quotes");
  }

  const problems: string[] = [];
  const decode = (part: string, what: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      problems.push(`${name} has a ${what} with a stray %: write % as %25`);
      return part;
    }
  };

  const userInfo = at === -1 ? "" : authority.slice(0, at);
  const colon = userInfo.indexOf(":");
  const user = decode(colon === -1 ? userInfo : userInfo.slice(0, colon), "user name");
  const password = colon === -1 ? "" : decode(userInfo.slice(colon + 1), "password");

  const question = tail.indexOf("?");
  const path = question === -1 ? tail : tail.slice(0, question);
  const query = new URLSearchParams(question === -1 ? "" : tail.slice(question + 1));
  const { parameters, warnings } = parseParameters(name, query, problems);

  const { hostName, port } = splitHost(name, authority.slice(at + 1), problems);
  // Percent-encoded where it is the folder of a Unix socket, as libpq has it.
  const host = parameters?.host ?? (hostName === null ? null : decode(hostName, "host name"));
  if (host === "") {
    problems.push(`${name} names no host`);
  }
  if (host?.includes(",")) {
    problems.push(`${name} names several hosts; vocabdb connects to one, the primary`);
  }
  if (user === "") {
    problems.push(`${name} names no user`);
  }
  const database = decode(path.slice(1), "database name") || user;

  if (problems.length > 0 || parameters === null || host === null) {
    throw new DatabaseUrlError(
      problems.map((message) => ({ id: "url.invalid", level: "error", message, fix: `expected the form ${FORM}` })),
    );
  }
  const target: Target = {
    host,
    port,
    user,
    password: password === "" ? defaults.password : new Secret(password),
    database,
    schema: parameters.schema,
    tls: {
      mode: parameters.sslmode,
      rootCert: parameters.sslrootcert ?? null,
      clientCert: parameters.sslcert ?? null,
      clientKey: parameters.sslkey ?? null,
    },
    applicationName: parameters.application_name,
    options: parameters.options ?? null,
    poolMax: parameters.connection_limit ?? defaults.poolMax ?? DEFAULT_POOL_MAX,
    connectTimeoutMs: parameters.connect_timeout,
    poolTimeoutMs: parameters.pool_timeout,
    embedded: false,
  };
  return { target, warnings };
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

function isKnown(parameter: string): boolean {
  return Object.hasOwn(Parameters.shape, parameter);
}

function parseParameters(name: string, query: URLSearchParams, problems: string[]) {
  const unknown = [...new Set(query.keys())].filter((key) => !isKnown(key));
  const warnings = unknown.map(
    (key): Finding => ({
      ...{ id: "url.parameter-unknown", level: "warning" },
      message: `${name}: the parameter ${JSON.stringify(key)} is not known and has no effect`,
      fix: `remove ${key} from the URL`,
    }),
  );
  const result = Parameters.safeParse(Object.fromEntries(query));
  if (!result.success) {
    problems.push(...result.error.issues.map((issue) => `${name}: ${issue.path.join(".")} ${issue.message}`));
  }
  return { parameters: result.success ? result.data : null, warnings };
}

function splitHost(name: string, hostPort: string, problems: string[]) {
  // Several hosts pass here, to be told apart from what cannot be read.
  const match = /^(\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^:,\s]*|.*,.*?)(?::(\d*))?$/.exec(hostPort);
  if (match === null) {
    problems.push(`${name} has a host or port that cannot be read`);
    return { hostName: null, port: 0 };
  }
  const port = match[2] ? Number(match[2]) : 5432;
  if (port < 1 || port > 65535) {
    problems.push(`${name} has a port outside 1 to 65535`);
  }
  return { hostName: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}
