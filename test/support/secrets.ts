/** Whether a process has told a password that it was given, in clear or in one of the forms that passwords travel in. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How much of a secret is told by chance only where it is a word that messages are made of. */
const PART = 8;
const EVERYDAY = /password|postgres/i;

function parts(text: string): string[] {
  const all = Array.from({ length: Math.max(text.length - PART + 1, 0) }, (_, at) => text.slice(at, at + PART));
  return all.filter((part) => !EVERYDAY.test(part));
}

/** In base64 a text reads in three ways, as it stands 0, 1 or 2 bytes behind a multiple of three. */
function base64(secret: string, encoding: "base64" | "base64url"): string[] {
  return [0, 1, 2].map((before) =>
    Buffer.from(`${"\0".repeat(before)}${secret}`)
      .toString(encoding)
      // The characters at both ends depend on what stands beside the secret.
      .slice(before === 0 ? 0 : before + 1, Math.floor(((before + Buffer.byteLength(secret)) * 4) / 3)),
  );
}

/** Every part of it, as it is, percent-encoded, escaped for a shell, in base64 and in hexadecimal digits. */
function forms(secret: string): string[] {
  const hex = Buffer.from(secret).toString("hex");
  return [
    ...[secret, encodeURIComponent(secret), secret.replaceAll("'", "'\\''"), JSON.stringify(secret).slice(1, -1)],
    ...[...base64(secret, "base64"), ...base64(secret, "base64url"), hex, hex.toUpperCase()],
  ].flatMap(parts);
}

/** Forms by secret, made once: the password of the test server is looked for after every process. */
const known = new Map<string, readonly string[]>();

/** @returns what a text holds of any of the secrets; those that are shorter than eight characters are looked for nowhere */
export function leaked(text: string, secrets: Iterable<string>): string[] {
  return [...new Set(secrets)].flatMap((secret) => {
    const found = known.get(secret) ?? [...new Set(forms(secret))];
    known.set(secret, found);
    return found.filter((form) => text.includes(form));
  });
}

interface Given {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly input: string;
}

/** The passwords that a process can know from where vocabdb takes them. */
export function secretsGiven({ args, env, cwd, input }: Given): string[] {
  const named = args.flatMap((word, index) => (args[index - 1] === "--env-file" ? [join(cwd, word)] : []));
  const files = [join(cwd, ".env"), ...named, env.PGPASSFILE ?? join(env.HOME ?? cwd, ".pgpass")]
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8"));
  const texts = [...args, ...Object.values(env), ...files].filter((text) => text !== undefined);
  return [
    ...texts.flatMap(passwordsIn),
    ...(env.PGPASSWORD === undefined ? [] : [env.PGPASSWORD]),
    ...(args.includes("--password-stdin") ? [input.replace(/\r?\n$/, "")] : []),
  ];
}

/** Of connection URLs, and of lines of a password file. */
function passwordsIn(text: string): string[] {
  const found = [
    ...text.matchAll(/:\/\/[^\s:/?#@]*:([^\s/?#]*)@/g),
    ...text.matchAll(/[?&]password=([^\s&"'#]*)/g),
    ...text.matchAll(/^(?:[^:\n]*:){4}([^:\n]+)$/gm),
  ];
  return found.map(([, password = ""]) => decoded(password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
