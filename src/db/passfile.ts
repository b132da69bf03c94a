/** libpq's password file: lines of `host:port:database:user:password`, of which the first that fits counts. */
import { readFileSync, statSync } from "node:fs";
import { Secret } from "../secret.js";
import type { Target } from "./target.js";

type Login = Pick<Target, "host" | "port" | "database" | "user">;

/** Where libpq puts its sockets by default; its files call that localhost. */
const SOCKET_FOLDERS = ["/tmp", "/var/run/postgresql"];

/** @returns the password, or why there is none, as an end to the sentence "the password file PATH …" */
export function readPassfile(path: string, login: Login): Secret | string {
  let content: string;
  try {
    const { mode } = statSync(path);
    // Windows has no such bits.
    if ((mode & 0o077) !== 0 && process.platform !== "win32") {
      return "is ignored, because others on this machine may read or write it";
    }
    content = readFileSync(path, "utf8");
  } catch (error) {
    return `cannot be read (${error instanceof Error && "code" in error ? error.code : error})`;
  }
  const host = SOCKET_FOLDERS.includes(login.host) ? "localhost" : login.host;
  const wanted = [host, String(login.port), login.database, login.user];
  for (const line of content.split(/\r?\n/)) {
    const fields = line.startsWith("#") ? [] : fieldsOf(line);
    const [password] = fields.slice(wanted.length);
    if (password && wanted.every((value, index) => fields[index] === "*" || unescaped(fields[index] ?? "") === value)) {
      return new Secret(unescaped(password));
    }
  }
  return `has no line for ${host}:${login.port}:${login.database}:${login.user}`;
}

/** Split at colons without a backslash before them; what follows the fifth is not looked at, as libpq does. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/((?:\\.|[^\\:])*)(?::|$)/g)].map((match) => match[1] ?? "").slice(0, 5);
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}
