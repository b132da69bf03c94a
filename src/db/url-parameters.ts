/** The parameters of a connection URL: those that mean something here, and those of other programs. */
import * as z from "zod";
import type { Finding } from "../finding.js";
import { nearest } from "../nearest.js";
import type { SslMode } from "./target.js";

/** What is taken where a URL does not say. */
export const DEFAULTS = {
  applicationName: "vocabdb",
  poolMax: 5,
  schema: "public",
  sslMode: "prefer" satisfies SslMode,
  timeoutMs: 10_000,
} as const;

const SSL_MODES = ["disable", "allow", "prefer", "require", "no-verify", "verify-ca", "verify-full"] as const;

const seconds = z
  .string()
  .regex(/^\d{1,6}$/, "must be a whole number of seconds")
  .transform((text) => Number(text) * 1000)
  .default(DEFAULTS.timeoutMs);
const text = z.string().min(1, "must not be empty");
const ignored = z.string().optional();

/** `sslmode` and its kin and `passfile` are libpq's, `connection_limit`, `pool_timeout` and `schema` are Prisma's. */
const Parameters = z.object({
  application_name: text.max(63).default(DEFAULTS.applicationName),
  connect_timeout: seconds,
  connection_limit: z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(1).max(1000))
    .optional(),
  // What libpq also takes here, in place of what stands before the question mark.
  ...{ dbname: text.optional(), host: text.optional(), password: text.optional(), user: text.optional() },
  port: text.optional(),
  options: text.optional(),
  passfile: text.optional(),
  pool_timeout: seconds,
  schema: text.max(63).default(DEFAULTS.schema),
  sslcert: text.optional(),
  sslkey: text.optional(),
  // `no-verify` is the driver's; `allow` would begin without TLS.
  sslmode: z
    .enum(SSL_MODES, { error: "must be disable, prefer, require, verify-ca or verify-full" })
    .transform((mode): SslMode => (mode === "allow" ? "prefer" : mode === "no-verify" ? "require" : mode))
    .optional(),
  sslrootcert: text.optional(),
  // Known to others and without effect here, so that copied URLs do not warn: every statement of ours
  // is unnamed and works through a transaction pooler, and channel binding is the driver's choice.
  pgbouncer: ignored,
  statement_cache_size: ignored,
  channel_binding: ignored,
  uselibpqcompat: ignored,
});

/** Of the driver, JDBC and others, in place of `sslmode`. */
const SSL_SWITCH: ReadonlyMap<string, SslMode> = new Map([
  ...["true", "1", "require", "on", "no-verify"].map((word) => [word, "require"] as const),
  ...["false", "0", "disable", "off"].map((word) => [word, "disable"] as const),
]);

/** Of others, with what to write in their place. */
const REPLACED: Readonly<Record<string, string>> = {
  sslaccept: "it is Prisma's; write sslmode=verify-full or sslmode=require",
  sslidentity: "it is Prisma's; write sslcert=FILE and sslkey=FILE",
  sslpassword: "encrypted keys are not read; decrypt the file that sslkey names: openssl pkey -in KEY -out NEW_KEY",
  sslnegotiation: "TLS is asked for in the way that every version of PostgreSQL understands",
  socket_timeout: "it is Prisma's; in its place: ALTER ROLE … SET statement_timeout",
  statement_timeout: "in its place: ALTER ROLE … SET statement_timeout, or options=-c statement_timeout=…",
};

export function isKnown(parameter: string): boolean {
  return Object.hasOwn(Parameters.shape, parameter) || parameter === "ssl" || Object.hasOwn(REPLACED, parameter);
}

export function parseParameters(name: string, query: URLSearchParams) {
  const given = Object.fromEntries(query);
  const { warnings, sslMode } = readSwitch(name, given);
  for (const key of new Set(query.keys())) {
    if (Object.hasOwn(REPLACED, key)) {
      warnings.push({
        ...{ id: "url.parameter-unused", level: "warning" },
        message: `${name}: the parameter ${key} has no effect; ${REPLACED[key]}`,
        fix: `remove ${key} from the URL; ${REPLACED[key]}`,
      });
    } else if (!isKnown(key)) {
      const meant = nearest(key.toLowerCase(), Object.keys(Parameters.shape));
      warnings.push({
        ...{ id: "url.parameter-unknown", level: "warning" },
        message: `${name}: the parameter ${JSON.stringify(key)} is not known and has no effect`,
        fix: meant === null ? "remove it from the URL" : `write ${meant}, if that was meant, or remove it from the URL`,
      });
    }
  }
  const result = Parameters.safeParse(given);
  const problems: Finding[] = (result.error?.issues ?? []).map(({ path, message }) => ({
    ...{ id: "url.parameter", level: "error" },
    message: `${name}: ${path.join(".")} ${message}`,
    fix: path[0] === "sslmode" ? fixOfMode(given.sslmode) : `correct it, or remove ${path.join(".")} from the URL`,
  }));
  const mode = result.data?.sslmode ?? sslMode;
  // libpq: the machine's authorities vouch for anybody, so that only the name makes the difference.
  if (result.data?.sslrootcert === "system" && mode !== undefined && mode !== "verify-full") {
    problems.push({
      ...{ id: "url.parameter", level: "error" },
      message: `${name}: sslmode=${mode} is too weak for sslrootcert=system`,
      fix: "write sslmode=verify-full",
    });
  }
  const standard = result.data?.sslrootcert === "system" ? "verify-full" : DEFAULTS.sslMode;
  return { parameters: result.data && { ...result.data, sslmode: mode ?? standard }, problems, warnings };
}

/** `ssl=true` asks for what `sslmode` is for; without a word it would leave a connection open to be read. */
function readSwitch(name: string, { ssl, sslmode }: Record<string, string>) {
  const warnings: Finding[] = [];
  const sslMode = ssl === undefined ? undefined : SSL_SWITCH.get(ssl.toLowerCase());
  if (ssl !== undefined) {
    const instead = sslmode === undefined ? (sslMode ?? "require") : null;
    warnings.push({
      ...{ id: "url.ssl-parameter", level: "warning" },
      message: `${name}: the parameter ssl is not PostgreSQL's${instead === null ? ", and sslmode decides" : sslMode === undefined ? " and has no effect" : `, and read as sslmode=${instead}`}`,
      fix: instead === null ? "remove ssl from the URL" : `write sslmode=${instead} in its place`,
    });
  }
  return { warnings, sslMode };
}

function fixOfMode(mode = ""): string {
  const meant = SSL_SWITCH.get(mode.toLowerCase());
  return meant === undefined
    ? "write sslmode=verify-full and sslrootcert=FILE, or sslmode=require where the certificate is not to be checked"
    : `write sslmode=${meant}`;
}
