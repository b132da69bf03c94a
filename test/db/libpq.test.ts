/** Targets in libpq's variables: all that a URL can say, and nothing of the environment around. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { libpqEnvironment, withLibpqEnvironment } from "../../src/db/libpq.js";
import type { Target } from "../../src/db/target.js";
import { parseDatabaseUrl } from "../../src/db/url.js";
import { Secret } from "../../src/secret.js";

function targetOf(url: string): Target {
  return parseDatabaseUrl("DATABASE_URL", new Secret(url), { password: null, poolMax: null }).target;
}

/** Only what libpq reads. */
function variablesOf(url: string, env: Record<string, string> = {}): Record<string, string | undefined> {
  const target = targetOf(url);
  const { PGGSSENCMODE, PGCONNECT_TIMEOUT, ...variables } = libpqEnvironment(target, env, target.tls.rootCert);
  expect({ PGGSSENCMODE, PGCONNECT_TIMEOUT }).toEqual({ PGGSSENCMODE: "disable", PGCONNECT_TIMEOUT: "10" });
  return variables;
}

const PLAIN = { PGHOST: "db.example", PGPORT: "5432", PGUSER: "app", PGDATABASE: "vocab" };

describe("libpqEnvironment", () => {
  it("says what a plain URL says", () => {
    expect(variablesOf("postgresql://app:p%40ss%23word@db.example/vocab")).toEqual({
      ...{ ...PLAIN, PGPASSWORD: "p@ss#word", PGSSLMODE: "prefer", PGAPPNAME: "vocabdb" },
    });
  });

  it("says all that a URL can say of TLS, the session and the schema", () => {
    const url =
      "postgresql://app:secret@[::1]:6543/vocab?sslmode=verify-full&sslrootcert=/ca.crt&sslcert=/me.crt&sslkey=/me.key" +
      "&application_name=nightly&options=endpoint%3Dmain&schema=my%20%22words%22";
    expect(variablesOf(url)).toEqual({
      ...{ ...PLAIN, PGHOST: "::1", PGPORT: "6543", PGPASSWORD: "secret", PGAPPNAME: "nightly" },
      ...{ PGSSLMODE: "verify-full", PGSSLROOTCERT: "/ca.crt", PGSSLCERT: "/me.crt", PGSSLKEY: "/me.key" },
      PGOPTIONS: 'endpoint=main -c search_path="my\\ ""words"""',
    });
  });

  it("asks for no TLS at a Unix socket", () => {
    const variables = variablesOf("postgresql://app@%2Fvar%2Frun%2Fpostgresql/vocab?sslmode=require");
    expect(variables).toMatchObject({ PGHOST: "/var/run/postgresql", PGSSLMODE: "disable" });
  });

  it("takes nothing of libpq's from the environment, and leaves the rest", () => {
    const env = {
      ...{ PGHOST: "elsewhere", PGHOSTADDR: "203.0.113.7", PGSERVICE: "other", PGOPTIONS: "-c role=boss", PGPORT: "1" },
      ...{ PGSSLMODE: "disable", PGREQUIREAUTH: "none", PGPASSFILE: "/pgpass", PAGER: "less", LANG: "de_DE.UTF-8" },
    };
    expect(variablesOf("postgresql://app:secret@db.example/vocab", env)).toEqual({
      ...{ ...PLAIN, PGPASSWORD: "secret", PGSSLMODE: "prefer", PGAPPNAME: "vocabdb" },
      ...{ PAGER: "less", LANG: "de_DE.UTF-8" },
    });
    // Where there is no password, the operator's file may hold it, as for every other command.
    expect(variablesOf("postgresql://app@db.example/vocab", env)).toMatchObject({ PGPASSFILE: "/pgpass" });
  });
});

describe("withLibpqEnvironment", () => {
  it.for(["sslmode=verify-ca", "sslmode=verify-full", "sslrootcert=system"])(
    "lends libpq the authorities that Node trusts (%s)",
    async (query) => {
      const target = targetOf(`postgresql://app:secret@db.example/vocab?${query}`);
      const path = await withLibpqEnvironment(target, {}, async ({ PGSSLROOTCERT = "" }) => {
        expect(readFileSync(PGSSLROOTCERT, "utf8").match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
        return PGSSLROOTCERT;
      });
      expect(existsSync(path)).toBe(false);
    },
  );

  it.for(["sslmode=require", "sslmode=prefer", "sslmode=disable"])("lends none with %s", async (query) => {
    const target = targetOf(`postgresql://app:secret@db.example/vocab?${query}`);
    await withLibpqEnvironment(target, {}, async (env) => expect(env).not.toHaveProperty("PGSSLROOTCERT"));
  });
});
