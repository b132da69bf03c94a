/** A connection URL becomes a `Target`. Parsed here and not by the driver, which accepts almost anything. */
import { DatabaseUrlError } from "../errors/usage.js";
import type { Finding } from "../finding.js";
import { Secret } from "../secret.js";
import { shellWord } from "../shell.js";
import { readPassfile } from "./passfile.js";
import { shownUrl } from "./shown-url.js";
import { insteadOfApi, isSupabasePooler, misfitOf } from "./supabase.js";
import type { Target } from "./target.js";
import { splitHost } from "./url-host.js";
import { splitUrl } from "./url-lint.js";
import { DEFAULTS, parseParameters } from "./url-parameters.js";
import { placeholders } from "./url-placeholders.js";
import { type Authority, type CorrectedUrl, problem } from "./url-problem.js";

export interface UrlDefaults {
  /** Used when the URL has no password. */
  readonly password: Secret | null;
  /** Used when the URL has no `connection_limit`. */
  readonly poolMax: number | null;
}

export interface ParsedUrl {
  readonly target: Target;
  /** Each of level `warning`. */
  readonly warnings: readonly Finding[];
}

/**
 * @param name what the user knows the URL as, for messages: `DATABASE_URL`, `--database-url`, …
 * @throws {DatabaseUrlError} with every problem; never holding the password.
 */
export function parseDatabaseUrl(name: string, url: Secret, defaults: UrlDefaults): ParsedUrl {
  const correctedUrl = (text: string): string | null => {
    try {
      return shownUrl(parseDatabaseUrl(name, new Secret(text), defaults).target);
    } catch {
      return null;
    }
  };
  const parts = splitUrl(name, url.reveal(), correctedUrl);

  const problems: Finding[] = [];
  const decode = (part: string, what: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      problems.push(undecodable(name, url.reveal(), what, correctedUrl));
      return part;
    }
  };
  if (Object.values(parts).some((part) => part.includes("%00"))) {
    // It would end a text in what is sent to the server, and begin another setting of the session.
    problems.push(problem(name, "url.invisible-character", "has %00 in it, which no part of it can hold", "remove it"));
  }
  // Node's own takes what is not UTF-8 for other characters, NUL among them.
  decode(parts.query, "parameter");
  const query = new URLSearchParams(parts.query);
  const { parameters, problems: ofParameters, warnings } = parseParameters(name, query);
  problems.push(...ofParameters);
  // What libpq knows as parameters, too, wins over what stands before the question mark.
  const user = parameters?.user ?? decode(parts.user, "user name");
  const password = parameters?.password ?? decode(parts.password, "password");
  const { hostName, port } = splitHost(name, parts, parameters?.port, problems, (host) =>
    correctedUrl(joinUrl({ ...parts, host })),
  );
  // Percent-encoded where it is the folder of a Unix socket, as libpq has it.
  const host = parameters?.host ?? (hostName === null ? null : decode(hostName, "host name"));
  if (host === "") {
    problems.push(problem(name, "url.no-host", "names no host"));
  }
  if (host?.includes(",")) {
    problems.push(
      problem(
        name,
        "url.several-hosts",
        "names several hosts; vocabdb connects to one, the primary",
        "keep one host and its port: postgresql://USER:PASSWORD@PRIMARY:5432/DATABASE",
      ),
    );
  }
  if (user === "") {
    problems.push(problem(name, "url.no-user", "names no user"));
  }
  const database = parameters?.dbname ?? (decode(parts.path.slice(1), "database name") || user);
  if (problems.length > 0 || !parameters || host === null) {
    throw new DatabaseUrlError(problems);
  }

  const login = { host, port, user, database };
  const own = password === "" ? defaults.password : new Secret(password);
  const target: Target = {
    ...login,
    // As libpq has it, a file is the last resort.
    password: own ?? fromPassfile(name, parameters.passfile, login, warnings),
    schema: parameters.schema,
    tls: {
      mode: parameters.sslmode,
      rootCert: parameters.sslrootcert ?? null,
      clientCert: parameters.sslcert ?? null,
      clientKey: parameters.sslkey ?? null,
    },
    applicationName: parameters.application_name,
    options: parameters.options ?? null,
    poolMax: parameters.connection_limit ?? defaults.poolMax ?? DEFAULTS.poolMax,
    connectTimeoutMs: parameters.connect_timeout,
    poolTimeoutMs: parameters.pool_timeout,
    embedded: false,
  };
  const api = insteadOfApi(target);
  const mistaken = [
    ...placeholders(name, target),
    ...(api === null
      ? []
      : [problem(name, "url.supabase-api", `names the host of an API, ${host}, where no database is`, api)]),
  ];
  if (mistaken.length > 0) {
    throw new DatabaseUrlError(mistaken);
  }
  return { target, warnings: [...warnings, ...doubts(name, target, parts)] };
}

function fromPassfile(
  name: string,
  path: string | undefined,
  login: Pick<Target, "host" | "port" | "user" | "database">,
  warnings: Finding[],
): Secret | null {
  if (path === undefined) {
    return null;
  }
  const found = readPassfile(path, login);
  if (typeof found !== "string") {
    return found;
  }
  warnings.push({
    ...{ id: "url.passfile", level: "warning" },
    message: `${name}: the password file ${path} ${found}`,
    fix: found.startsWith("is ignored") ? `chmod 600 ${shellWord(path)}` : "correct passfile in the URL, or remove it",
  });
  return null;
}

/** What the server will most likely refuse, though it has the last word. */
function doubts(name: string, target: Target, { query, path }: Authority): Finding[] {
  const misfit = misfitOf(target);
  const found: Finding[] = [];
  if (misfit !== null) {
    found.push({
      ...{ id: "auth.pooler-user", level: "warning" },
      message: `${name}: ${misfit.reason}`,
      fix: misfit.fix,
    });
  }
  if (isSupabasePooler(target) && path.length < 2) {
    found.push({
      ...{ id: "url.no-database", level: "warning" },
      message: `${name} names no database, and asks for that of the user's name: ${target.database}`,
      fix: `use ${shownUrl({ ...target, database: "postgres" })}`,
    });
  }
  if (/^\[.*\]$/s.test(target.password?.reveal() ?? "")) {
    found.push({
      ...{ id: "url.placeholder", level: "warning" },
      message: `${name}: its password stands in square brackets, as in the template of Supabase's dashboard, where they are no part of it`,
      fix: `unless your password has them, remove the brackets: ${shownUrl(target)}`,
    });
  }
  if (/\$\{\w*\}/.test(`${target.host}${target.user}${target.password?.reveal() ?? ""}${target.database}${query}`)) {
    found.push({
      ...{ id: "url.unexpanded", level: "warning" },
      message: `${name} has a variable in it (\${…}), which is not expanded here`,
      fix: "write its value into the URL; a $ of a password is written %24",
    });
  }
  return found;
}

function joinUrl({ user, password, host, path, query }: Authority): string {
  const userInfo = user === "" && password === "" ? "" : `${user}${password === "" ? "" : `:${password}`}@`;
  return `postgresql://${userInfo}${host}${path}${query === "" ? "" : `?${query}`}`;
}

function undecodable(name: string, url: string, what: string, corrected: CorrectedUrl): Finding {
  const encoded = encodeStrayPercents(url);
  if (encoded === url) {
    const fix = "write other letters than ASCII as the bytes of their UTF-8: ü is %C3%BC";
    return problem(name, "url.percent", `has a ${what} whose %-encoded characters are not UTF-8`, fix);
  }
  const usable = corrected(encoded);
  return problem(name, "url.percent", `has a ${what} with a stray %: write % as %25`, usable && `use ${usable}`);
}

function encodeStrayPercents(url: string): string {
  return url.replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
}
