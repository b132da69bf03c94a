/** Set-ups that are wrong before anything is sent: the URL, the environment, the env file. */
import { describe, expect } from "vitest";
import { folderWith } from "../support/cli.js";
import { it } from "../support/database.js";
import { withFake } from "./fake.js";
import { type Expected, expectFinding, expectNoPassword, PASSWORD } from "./table.js";

/** The server counts who comes, so that nothing is sent where the URL is at fault. */
const PORT = "{port}";
const GOOD = `postgresql://app:${PASSWORD}@127.0.0.1:${PORT}/vocab`;
/** The same as it is shown. */
const SHOWN = `postgresql://app:PASSWORD@127.0.0.1:${PORT}/vocab`;
const FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";
/** {@link PASSWORD} with a character in the middle. */
const marked = (character: string): string =>
  `postgresql://app:${PASSWORD.slice(0, 4)}${character}${PASSWORD}@127.0.0.1:${PORT}/vocab`;

interface Setup {
  readonly name: string;
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly args?: readonly string[];
  readonly id: string;
  readonly fix: string;
  readonly message?: string;
  /** Those below `error` do not keep from trying. */
  readonly level?: "warning" | "info";
}

const special = (character: string, encoded: string): Setup => ({
  ...{ name: `${character} in the password`, url: marked(character), id: "url.special-character" },
  fix: `write it as ${encoded}; in a password also @ as %40, : as %3A, % as %25, a space as %20; use ${SHOWN}`,
});

const passwords: readonly Setup[] = [
  special("#", "%23"),
  special("/", "%2F"),
  special("?", "%3F"),
  { name: "% in the password", url: marked("%"), id: "url.percent", fix: `use ${SHOWN}` },
  {
    name: "@ and / in the password",
    url: marked("@x/"),
    id: "url.password-unclear",
    fix: "in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25; in other places too @ as %40",
  },
  {
    name: "a line break in the password",
    ...{ url: marked("\n"), id: "url.invisible-character" },
    fix: `use ${SHOWN} (in a password it would be written in its encoded form)`,
  },
  {
    name: "the dashboard's placeholder for the password",
    url: "postgresql://postgres:[YOUR-PASSWORD]@db.abcdefghijklmnopqrst.supabase.co:5432/postgres",
    id: "url.placeholder",
    fix: "put the password of postgres there, brackets and all; a new one in the Supabase dashboard: Database → Settings → Reset database password",
  },
  {
    name: "a placeholder for the password",
    ...{ url: `postgresql://app:<password>@127.0.0.1:${PORT}/vocab`, id: "url.placeholder" },
    fix: "put the password of app there, brackets and all",
  },
  {
    name: "the password in the brackets of the template",
    ...{ url: GOOD.replace(PASSWORD, `[${PASSWORD}]`), id: "url.placeholder", level: "warning" },
    fix: `unless your password has them, remove the brackets: ${SHOWN}`,
  },
  {
    name: "a variable in place of the password",
    ...{ url: GOOD.replace(PASSWORD, "$" + "{DB_PASSWORD}"), id: "url.unexpanded", level: "warning" },
    fix: "write its value into the URL; a $ of a password is written %24",
  },
];

const addresses: readonly Setup[] = [
  {
    name: "the page of a project",
    ...{ url: "https://abcdefghijklmnopqrst.supabase.co", id: "url.supabase-api" },
    fix: "this is the address of an API, not of the database; in the Supabase dashboard: Connect → Session pooler → copy the URI",
  },
  {
    name: "the host of a project's API",
    ...{ url: `postgresql://postgres:${PASSWORD}@abcdefghijklmnopqrst.supabase.co/postgres`, id: "url.supabase-api" },
    fix: "use postgresql://postgres.abcdefghijklmnopqrst:PASSWORD@aws-N-REGION.pooler.supabase.com:5432/postgres (in the Supabase dashboard: Connect → Session pooler → copy the URI); or, from a network that has IPv6, postgresql://postgres:PASSWORD@db.abcdefghijklmnopqrst.supabase.co:5432/postgres",
  },
  {
    name: "http",
    ...{ url: `http://app:${PASSWORD}@127.0.0.1/vocab`, id: "url.http" },
    fix: `this is the address of an API or a page, not of a database; expected the form ${FORM}`,
  },
  {
    name: "MySQL's",
    ...{ url: `mysql://app:${PASSWORD}@127.0.0.1/vocab`, id: "url.scheme" },
    fix: `this is for another database; expected the form ${FORM}`,
  },
  {
    name: "Java's",
    ...{ url: `jdbc:postgresql://127.0.0.1:${PORT}/vocab?user=app&password=${PASSWORD}`, id: "url.jdbc" },
    fix: `this is for Java; use ${SHOWN}`,
  },
  {
    name: "SQLAlchemy's",
    ...{ url: GOOD.replace("postgresql:", "postgresql+psycopg2:"), id: "url.scheme" },
    fix: `the scheme is that of a driver of another language; use ${SHOWN}`,
  },
  {
    name: "Prisma's",
    ...{ url: "prisma://accelerate.prisma-data.net/?api_key=x", id: "url.prisma" },
    fix: "this is the address of a service of Prisma's, not of the database behind it; set the URL of that database (DIRECT_URL, where Prisma shows both)",
  },
  {
    name: "SQLite's",
    ...{ url: "file:./dev.db", id: "url.sqlite" },
    fix: `this is a file of SQLite, and vocabdb needs PostgreSQL; expected the form ${FORM}`,
  },
  {
    name: "in capitals",
    ...{ url: GOOD.replace("postgresql:", "POSTGRESQL:"), id: "url.scheme" },
    fix: `the scheme is written in small letters; use ${SHOWN}`,
  },
  {
    name: "without a scheme",
    ...{ url: GOOD.replace("postgresql://", ""), id: "url.not-a-url", fix: `use ${SHOWN}` },
  },
  {
    name: "libpq's keywords",
    ...{ url: `host=127.0.0.1 user=app password=${PASSWORD}`, id: "url.keywords", fix: `expected the form ${FORM}` },
  },
  {
    name: "without a host",
    ...{ url: `postgresql://app:${PASSWORD}@/vocab`, id: "url.no-host", fix: `expected the form ${FORM}` },
  },
  {
    name: "without a user",
    ...{ url: `postgresql://127.0.0.1:${PORT}/vocab`, id: "url.no-user", fix: `expected the form ${FORM}` },
  },
  {
    name: "with a word for a port",
    ...{ url: `postgresql://app:${PASSWORD}@127.0.0.1:port/vocab`, id: "url.host" },
    fix: "if the rest of it is right, use postgresql://app:PASSWORD@127.0.0.1:5432/vocab",
  },
  ...[0, 99_999].map((port) => ({
    name: `with the port ${port}`,
    ...{ url: `postgresql://app:${PASSWORD}@127.0.0.1:${port}/vocab`, id: "url.port" },
    fix: "PostgreSQL usually listens on 5432: use postgresql://app:PASSWORD@127.0.0.1:5432/vocab",
  })),
  {
    name: "with an IPv6 address that lacks its brackets",
    ...{ url: `postgresql://app:${PASSWORD}@2001:db8::1:5433/vocab`, id: "url.host" },
    fix: "write it in brackets: use postgresql://app:PASSWORD@[2001:db8::1]:5433/vocab",
  },
  {
    name: "with several hosts",
    ...{ url: `postgresql://app:${PASSWORD}@127.0.0.1:${PORT},127.0.0.2:${PORT}/vocab`, id: "url.several-hosts" },
    fix: "keep one host and its port: postgresql://USER:PASSWORD@PRIMARY:5432/DATABASE",
  },
  {
    name: "a word of the documentation for a host",
    ...{ url: `postgresql://app:${PASSWORD}@HOST:5432/vocab`, id: "url.placeholder" },
    ...{ fix: `put the host there: ${FORM}`, message: "the placeholder HOST" },
  },
];

const remnants: readonly Setup[] = [
  {
    name: "quotes",
    ...{ url: `"${GOOD}"`, id: "url.quotes" },
    fix: `remove the quotes around the URL: docker --env-file and systemd keep them; use ${SHOWN}`,
  },
  {
    name: "a line break in the middle",
    ...{ url: GOOD.replace("/vocab", "/\nvocab"), id: "url.invisible-character", message: "a line break" },
    fix: `use ${SHOWN} (in a password it would be written in its encoded form)`,
  },
  {
    name: "a character that nobody sees",
    ...{ url: `\u200b${GOOD}`, id: "url.invisible-character" },
    fix: `use ${SHOWN} (in a password it would be written in its encoded form)`,
  },
  {
    name: "the name of the variable",
    ...{ url: `DATABASE_URL=${GOOD}`, id: "url.name-repeated", fix: `keep only what follows the =; use ${SHOWN}` },
  },
  {
    name: "the command psql",
    ...{ url: `psql '${GOOD}'`, id: "url.command", fix: `keep only the URL in it; use ${SHOWN}` },
  },
  { name: "undefined", url: "undefined", id: "url.undefined", fix: `expected the form ${FORM}` },
  {
    name: "the name of a variable",
    ...{ url: "$" + "{POSTGRES_URL}", id: "url.unexpanded", fix: `write its value: ${FORM}` },
  },
  {
    name: "nothing",
    ...{ url: "", id: "env.empty", message: "set in the environment but empty" },
    fix: `give it a value (${FORM}), or unset it; in a deployment the secret that fills it may be missing`,
  },
];

const parameters: readonly Setup[] = [
  {
    name: "one that is misspelt",
    ...{ url: `${GOOD}?sslmod=require`, id: "url.parameter-unknown", level: "warning" },
    fix: "write sslmode, if that was meant, or remove it from the URL",
  },
  {
    name: "one that nobody knows",
    ...{ url: `${GOOD}?target_session_attrs=any`, id: "url.parameter-unknown", level: "warning" },
    fix: "remove it from the URL",
  },
  {
    name: "one of Prisma's",
    ...{ url: `${GOOD}?socket_timeout=3`, id: "url.parameter-unused", level: "warning" },
    fix: "remove socket_timeout from the URL; it is Prisma's; in its place: ALTER ROLE … SET statement_timeout",
  },
  {
    name: "ssl=true",
    ...{ url: `${GOOD}?ssl=true`, id: "url.ssl-parameter", level: "warning" },
    fix: "write sslmode=require in its place",
  },
  {
    name: "an sslmode that there is not",
    ...{ url: `${GOOD}?sslmode=on`, id: "url.parameter", fix: "write sslmode=require" },
  },
  {
    name: "a number that is none",
    ...{ url: `${GOOD}?connection_limit=none`, id: "url.parameter" },
    fix: "correct it, or remove connection_limit from the URL",
  },
  {
    name: "a file of authorities that is not there",
    ...{
      url: `${GOOD}?sslmode=verify-full&sslrootcert=/nonexistent/ca.crt`,
      id: "tls.file",
      message: "does not exist",
    },
    fix: "correct sslrootcert in the URL, or have the authorities of this machine trusted: sslrootcert=system",
  },
];

const environments: readonly Setup[] = [
  {
    name: "nothing at all",
    id: "env.no-database",
    fix: `set DATABASE_URL=${FORM} (or put it into .env), or run \`vocabdb db start\` to create a local PostgreSQL`,
  },
  {
    name: "another name",
    ...{ env: { POSTGRES_URL: GOOD }, id: "env.no-database", message: "POSTGRES_URL is set, but only" },
    fix: 'export DATABASE_URL="$POSTGRES_URL"',
  },
  {
    name: "psql's variables only",
    env: { PGHOST: "db.example.org", PGUSER: "app", PGPASSWORD: PASSWORD, PGDATABASE: "vocab" },
    ...{ id: "env.no-database", message: "PGHOST is set, but" },
    fix: "export DATABASE_URL=postgresql://app@db.example.org:5432/vocab",
  },
  {
    name: "psql's variables for TLS",
    ...{ url: GOOD, env: { PGSSLMODE: "verify-full" }, id: "env.variable-unused", level: "warning" },
    fix: "write sslmode=… into the URL",
  },
  {
    name: "a .env that is cut short at a #",
    ...{ files: { ".env": `DATABASE_URL=${marked("#")}\n` }, id: "env.cut-at-hash" },
    fix: `write # as %23 and put quotes around the URL: DATABASE_URL="${FORM}"`,
  },
  {
    name: "a .env with one quotation mark",
    ...{ files: { ".env": `DATABASE_URL="${GOOD}\n` }, id: "env.quote-unclosed" },
    fix: `write DATABASE_URL="${FORM}", quotes on both sides`,
  },
  {
    name: "a .env that YAML was written into",
    ...{ files: { ".env": `DATABASE_URL: ${GOOD}\n` }, id: "env.no-database", message: "but not as DATABASE_URL=…" },
    fix: `write DATABASE_URL="${FORM}" there`,
  },
  {
    name: "a .env in UTF-16",
    ...{ files: { ".env": Buffer.from(`\ufeffDATABASE_URL=${GOOD}\n`, "utf16le") }, id: "env.file-unreadable" },
    ...{ message: "it is UTF-16", fix: "save it as UTF-8" },
  },
  {
    name: "a .env.local, which is not read",
    ...{ files: { ".env.local": `DATABASE_URL=${GOOD}\n` }, id: "env.no-database", message: "it is in .env.local" },
    fix: "add --env-file .env.local",
  },
  {
    name: "a .env that the environment overrides",
    ...{ url: GOOD, files: { ".env": "DATABASE_URL=postgresql://app@db.example.org/other\n" } },
    ...{ id: "env.file-overridden", level: "info", fix: "to use that of the file: unset DATABASE_URL" },
  },
  {
    name: "a DIRECT_URL that comes from elsewhere",
    ...{ url: GOOD, files: { ".env": `DIRECT_URL=${GOOD}\n` }, id: "env.direct-url-ignored", level: "warning" },
    fix: "set DIRECT_URL where DATABASE_URL is set",
  },
  {
    name: "a password among the arguments",
    ...{ args: ["--database-url", GOOD], id: "env.password-in-arguments", level: "warning" },
    fix: "set DATABASE_URL, or PGPASSWORD, in the environment",
  },
  {
    name: "a limit of the pool that is no number",
    ...{ url: GOOD, env: { VOCABDB_POOL_MAX: "many" }, id: "env.pool-max" },
    fix: "unset it, or export VOCABDB_POOL_MAX=5",
  },
];

it.for(passwords)("is not printed with $name", async ({ url = "" }) => {
  // Of those that are tried, nobody answers.
  await expectNoPassword({ url: url.replace(PORT, "1") });
});

describe.each([
  ["password", passwords],
  ["address", addresses],
  ["leftover around the URL", remnants],
  ["parameter", parameters],
  ["environment", environments],
] as const)("%s:", (_, setups) => {
  it.for(setups)("$name", async ({ url, env = {}, files = {}, args = [], id, fix, message, level }) => {
    await withFake({ hangUp: "close" }, async ({ port, logins }) => {
      const at = (text: string): string => text.replaceAll(PORT, String(port));
      const inside = Object.entries(files).map(([name, text]) => [name, Buffer.isBuffer(text) ? text : at(text)]);
      const look = {
        ...(url !== undefined && { url: at(url) }),
        ...{ env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, at(value)])) },
        ...{ cwd: folderWith(Object.fromEntries(inside)), args: args.map(at) },
      };
      const expected: Expected = {
        ...{ id, fix: at(fix), level: level ?? "error", exitCode: level === undefined ? 2 : 7 },
        ...(message !== undefined && { message }),
      };
      const result = await expectFinding(look, expected);
      expect(logins()).toBe(0);
      expect((result.json() as { steps: unknown[] }).steps.length > 1).toBe(level !== undefined);
    });
  });
});
