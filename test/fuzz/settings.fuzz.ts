/** Connection URLs, env files, password files: taken, or refused in one of the documented ways, never with the password in it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../../src/config.js";
import type { Target } from "../../src/db/target.js";
import { parseDatabaseUrl } from "../../src/db/url.js";
import { ConfigError } from "../../src/errors/usage.js";
import { findingIds } from "../../src/finding.js";
import { Secret } from "../../src/secret.js";
import { hostileText, nearly, tryAll, type Verdict } from "../support/hostile.js";

const MARKER = "Qx7Zk";

/** Mostly the first, which is right. */
const part = (right: string, ...others: readonly string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: fc.constantFrom(right, ...others) });

const parameters = fc.array(
  fc.tuple(
    fc.constantFrom("sslmode", "ssl", "host", "port", "user", "dbname", "options", "schema", "connect_timeout", "x"),
    fc.oneof(fc.constantFrom("require", "true", "5", "db.example", "-c work_mem=1MB", ""), hostileText),
  ),
  { maxLength: 2 },
);

/** Percent-encoded as a program would do it, or not, as people do. */
const password = fc
  .tuple(nearly(fc.constantFrom("", "a", "p%40ss")), nearly(fc.constantFrom("", "b", "%25")), fc.nat(3))
  .map(([before, after, isRaw]) => {
    const text = `${before}${MARKER}${after}`;
    return isRaw === 0 ? text : encodeURIComponent(text);
  });

const wellMeant = fc
  .record({
    scheme: part("postgresql://", "postgres://", "jdbc:postgresql://", "", "mysql://", "https://"),
    user: part("ada", "postgres.abcdefghijklmnopqrst", "m%FCller", "%C3"),
    password,
    host: part("db.example", "localhost", "[::1]", "h1,h2", "%2Ftmp", "::1", "aws-0-eu-west-1.pooler.supabase.com"),
    port: part("", ":5432", ":6543", ":0", ":99999", ":x"),
    path: part("/words", "", "/", "/a b", "/%C3"),
    query: parameters.map((pairs) => (pairs.length === 0 ? "" : `?${pairs.map((pair) => pair.join("=")).join("&")}`)),
    around: part("URL", '"URL"', "DATABASE_URL=URL", "psql 'URL'", "“URL”", "\ufeffURL\r\n"),
  })
  .map(({ scheme, user, password: secret, host, port, path, query, around }) =>
    around.replace("URL", () => `${scheme}${user}:${secret}@${host}${port}${path}${query}`),
  );
const urls = nearly(wellMeant);

/** @throws when the password stands in what a person would be shown */
function refusedBy(work: () => unknown): Verdict {
  try {
    work();
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, hint, findings } = error as ConfigError;
    expect(`${message}${hint}${JSON.stringify(findings)}`).not.toContain(MARKER);
    expect(findings.map(({ id }) => id).filter((id) => !findingIds.includes(id))).toEqual([]);
    expect(findings.length).toBeGreaterThan(0);
    return "refused";
  }
}

/** What a server can be asked for. */
function expectUsable(target: Target): void {
  const { host, user, database, schema, applicationName, options, tls, port } = target;
  for (const text of [host, user, database, schema, applicationName, options ?? "", tls.rootCert ?? ""]) {
    expect(text).toEqual(expect.any(String));
    expect(text).not.toContain("\0");
  }
  expect(["disable", "prefer", "require", "verify-ca", "verify-full"]).toContain(tls.mode);
  expect(port >= 1 && port <= 65535 && Number.isInteger(port)).toBe(true);
  expect(target.poolMax >= 1 && target.connectTimeoutMs >= 0 && target.poolTimeoutMs >= 0).toBe(true);
}

it("connection URLs", () =>
  tryAll({
    parser: "connection URL",
    cases: fc.oneof({ weight: 5, arbitrary: urls }, { weight: 1, arbitrary: hostileText }),
    runs: { full: 6_000, short: 600 },
    check: (url) =>
      refusedBy(() => {
        const { target, warnings } = parseDatabaseUrl("DATABASE_URL", new Secret(url), {
          password: null,
          poolMax: null,
        });
        expectUsable(target);
        expect(JSON.stringify(warnings)).not.toContain(MARKER);
      }),
  }));

const envLine = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("DATABASE_URL", "DIRECT_URL", "export DATABASE_URL"),
      fc.constantFrom("=", " = "),
      urls,
      fc.constantFrom("", '"', "'", "`"),
    )
    .map(([name, equals, url, quote]) => `${name}${equals}${quote}${url}${quote}`),
  hostileText,
  fc.constantFrom("# comment", "", "DATABASE_URL=", "A=b # c", 'X="open'),
);

const envFiles = fc
  .tuple(
    fc.array(envLine, { minLength: 1, maxLength: 4 }),
    fc.constantFrom("\n", "\r\n", "\r"),
    fc.constantFrom("", "\ufeff"),
  )
  .map(([lines, end, start]) => start + lines.join(end));

it("env files", () => {
  const cwd = mkdtempSync(join(tmpdir(), "vocabdb-env-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  return tryAll({
    parser: "env file",
    cases: envFiles,
    runs: { full: 3_000, short: 300 },
    check: (content) => {
      writeFileSync(join(cwd, ".env"), content);
      return refusedBy(() => {
        const { databaseUrl, directUrl, warnings } = loadConfig({ env: {}, cwd });
        expect(JSON.stringify({ warnings, databaseUrl, directUrl })).not.toContain(MARKER);
        for (const setting of [databaseUrl, directUrl]) {
          if (setting !== null) {
            parseDatabaseUrl("DATABASE_URL", setting.url, { password: null, poolMax: null });
          }
        }
      });
    },
  });
});
