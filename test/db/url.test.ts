import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { describeTarget, isLoopback, type Target } from "../../src/db/target.js";
import { type ParsedUrl, parseDatabaseUrl, type UrlDefaults } from "../../src/db/url.js";
import { DatabaseUrlError } from "../../src/errors/usage.js";
import { Secret } from "../../src/secret.js";

const NO_DEFAULTS: UrlDefaults = { password: null, poolMax: null };

function parse(url: string, defaults = NO_DEFAULTS): ParsedUrl {
  return parseDatabaseUrl("DATABASE_URL", new Secret(url), defaults);
}

function target(url: string, defaults = NO_DEFAULTS): Target {
  return parse(url, defaults).target;
}

function refusal(url: string): DatabaseUrlError {
  try {
    parse(url);
  } catch (error) {
    if (error instanceof DatabaseUrlError) {
      return error;
    }
    throw error;
  }
  throw new Error(`${url} was accepted`);
}

describe("the parts of a URL", () => {
  it("are read", () => {
    expect(target("postgresql://ada:secret@db.example:6543/words")).toMatchObject({
      ...{ host: "db.example", port: 6543, user: "ada", database: "words" },
    });
    expect(target("postgres://ada:secret@h/d").password?.reveal()).toBe("secret");
  });

  it("have defaults", () => {
    const { target: parsed, warnings } = parse("postgresql://ada@h");
    expect(parsed).toEqual({
      ...{ host: "h", port: 5432, user: "ada", password: null, database: "ada", schema: "public" },
      tls: { mode: "prefer", rootCert: null, clientCert: null, clientKey: null },
      ...{ applicationName: "vocabdb", options: null, poolMax: 5 },
      ...{ connectTimeoutMs: 10_000, poolTimeoutMs: 10_000, embedded: false },
    });
    expect(warnings).toEqual([]);
  });

  it.each(["postgresql://ada@h/", "postgresql://ada@h:/", "postgresql://ada:@h", "postgresql://ada@h?schema=public"])(
    "may be left empty: %s",
    (url) => {
      expect(target(url)).toEqual(target("postgresql://ada@h"));
    },
  );

  it("take what the URL lacks from elsewhere, and only that", () => {
    const defaults = { password: new Secret("from PGPASSWORD"), poolMax: 20 };
    expect(target("postgresql://ada@h/d", defaults)).toMatchObject({ poolMax: 20 });
    expect(target("postgresql://ada@h/d", defaults).password?.reveal()).toBe("from PGPASSWORD");
    const own = target("postgresql://ada:own@h/d?connection_limit=3", defaults);
    expect(own.poolMax).toBe(3);
    expect(own.password?.reveal()).toBe("own");
  });

  it("are percent-decoded", () => {
    const parsed = target("postgresql://a%40da:p%40ss%2F%3F%23%25%3A%20%C3%A9@h/w%C3%B6rter");
    expect(parsed).toMatchObject({ user: "a@da", host: "h", database: "wörter" });
    expect(parsed.password?.reveal()).toBe("p@ss/?#%: é");
  });

  it("may have @ and : in the password as they are", () => {
    const parsed = target("postgresql://ada:p@ss:w:rd@h:5433/d");
    expect(parsed).toMatchObject({ user: "ada", host: "h", port: 5433 });
    expect(parsed.password?.reveal()).toBe("p@ss:w:rd");
  });

  it.each([
    ["postgresql://ada@[::1]/d", "::1", 5432],
    ["postgresql://ada@[2001:db8::2]:6000/d", "2001:db8::2", 6000],
    ["postgresql://ada@[fe80::1%25eth0]:6000/d", "fe80::1%eth0", 6000],
    ["postgresql://ada@127.0.0.1:1/d", "127.0.0.1", 1],
    ["postgresql://ada@h:65535/d", "h", 65535],
    ["postgresql://ada@%2Fvar%2Frun%2Fpostgresql/d", "/var/run/postgresql", 5432],
    ["postgresql://ada@/d?host=/var/run/postgresql", "/var/run/postgresql", 5432],
    ["postgresql://ada@:6000/d?host=other.example", "other.example", 6000],
  ])("name the host: %s", (url, host, port) => {
    expect(target(url)).toMatchObject({ host, port, database: "d" });
  });
});

describe("parameters", () => {
  it.each<[string, Partial<Target>]>([
    ["application_name=my%20app", { applicationName: "my app" }],
    ["connect_timeout=3", { connectTimeoutMs: 3_000 }],
    ["connect_timeout=0", { connectTimeoutMs: 0 }],
    ["pool_timeout=30", { poolTimeoutMs: 30_000 }],
    ["connection_limit=1", { poolMax: 1 }],
    ["schema=vocab", { schema: "vocab" }],
    ["options=-c%20statement_timeout%3D5s", { options: "-c statement_timeout=5s" }],
    ["options=project%3Dme@example", { options: "project=me@example" }],
  ])("%s", (query, expected) => {
    const { target: parsed, warnings } = parse(`postgresql://ada@h/d?${query}`);
    expect(parsed).toMatchObject(expected);
    expect(warnings).toEqual([]);
  });

  it.each([
    ["disable", "disable"],
    ["allow", "prefer"],
    ["prefer", "prefer"],
    ["require", "require"],
    ["no-verify", "require"],
    ["verify-ca", "verify-ca"],
    ["verify-full", "verify-full"],
  ])("sslmode=%s is %s", (mode, expected) => {
    expect(target(`postgresql://ada@h/d?sslmode=${mode}`).tls.mode).toBe(expected);
  });

  it.each(["constructor", "__proto__", "toString"])("ssl=%s, which is none, leaves the mode alone", (ssl) => {
    const { target: read, warnings } = parse(`postgresql://ada@h/d?ssl=${ssl}`);
    expect(read.tls.mode).toBe("prefer");
    expect(warnings.map(({ fix }) => fix)).toEqual(["write sslmode=require in its place"]);
  });

  it("name the files of TLS", () => {
    const query = "sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem";
    expect(target(`postgresql://ada@h/d?${query}`).tls).toEqual({
      ...{ mode: "verify-full", rootCert: "/ca.pem", clientCert: "/c.pem", clientKey: "/k.pem" },
    });
  });

  it.each([
    ["connect_timeout=soon", "connect_timeout must be a whole number of seconds"],
    ["connect_timeout=-1", "connect_timeout must be a whole number of seconds"],
    ["pool_timeout=1.5", "pool_timeout must be a whole number of seconds"],
    ["connection_limit=many", "connection_limit must be a whole number"],
    ["connection_limit=0", "connection_limit"],
    ["connection_limit=1001", "connection_limit"],
    ["sslmode=constructor", "sslmode must be disable, prefer, require, verify-ca or verify-full"],
    ["sslmode=on", "sslmode must be disable, prefer, require, verify-ca or verify-full"],
    ["sslmode=", "sslmode must be"],
    ["schema=", "schema must not be empty"],
    [`application_name=${"x".repeat(64)}`, "application_name"],
  ])("%s is refused by name", (query, message) => {
    expect(refusal(`postgresql://ada@h/d?${query}`).message).toContain(`DATABASE_URL: ${message}`);
  });

  it.each(["target_session_attrs", "SSLMODE", "constructor", "toString"])("%s is unknown: a warning", (name) => {
    expect(parse(`postgresql://ada@h/d?${name}=1&${name}=2`).warnings).toMatchObject([
      {
        id: "url.parameter-unknown",
        message: `DATABASE_URL: the parameter "${name}" is not known and has no effect`,
      },
    ]);
  });

  it("may hold, as libpq has it, what else stands before them", () => {
    const { target: parsed, warnings } = parse("postgresql:///?host=h&port=6432&user=ada&password=pa%23ss&dbname=d");
    expect(parsed).toMatchObject({ host: "h", port: 6432, user: "ada", database: "d" });
    expect(parsed.password?.reveal()).toBe("pa#ss");
    expect(warnings).toEqual([]);
  });
});

it("the strings that Supabase shows are understood without a warning", () => {
  const transaction =
    "postgresql://postgres.abcdefghijklmnop:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true";
  const session = "postgresql://postgres.abcdefghijklmnop:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres";
  const direct = "postgresql://postgres:pw@db.abcdefghijklmnop.supabase.co:5432/postgres";
  expect(parse(transaction)).toMatchObject({
    target: { host: "aws-0-eu-central-1.pooler.supabase.com", port: 6543, user: "postgres.abcdefghijklmnop" },
    warnings: [],
  });
  expect(parse(`${transaction}&connection_limit=1`)).toMatchObject({ target: { poolMax: 1 }, warnings: [] });
  expect(parse(session)).toMatchObject({ target: { port: 5432, database: "postgres" }, warnings: [] });
  expect(parse(direct)).toMatchObject({ target: { host: "db.abcdefghijklmnop.supabase.co" }, warnings: [] });
});

it("Prisma's and Neon's further parameters do not warn", () => {
  const url = "postgresql://ada@h/d?statement_cache_size=0&channel_binding=require&pgbouncer=true";
  expect(parse(url).warnings).toEqual([]);
});

describe("what is no PostgreSQL address is refused, with the reason", () => {
  it.each([
    ["", "is not a connection URL"],
    ["localhost:5432/d", "is not a connection URL"],
    ["host=localhost dbname=d", "is not a connection URL"],
    ["https://abc.supabase.co", "begins with https://"],
    ["jdbc:postgresql://h/d", "begins with jdbc:postgresql://"],
    ["prisma://accelerate.prisma-data.net/?api_key=x", "begins with prisma://"],
    ["prisma+postgres://localhost:51213/?api_key=x", "begins with prisma+postgres://"],
    ["mysql://ada@h/d", "begins with mysql://"],
    ['"postgresql://ada@h/d"', "begins with a quotation mark"],
    ["'postgresql://ada@h/d'", "begins with a quotation mark"],
    ["`postgresql://ada@h/d`", "begins with a quotation mark"],
    ["postgresql:///d?host=h", "names no user"],
    ["postgresql://h/d", "names no user"],
    ["postgresql://ada@", "names no host"],
    ["postgresql://ada@/d", "names no host"],
    ["postgresql://ada@h:0/d", "has a port outside 1 to 65535"],
    ["postgresql://ada@h:65536/d", "has a port outside 1 to 65535"],
    ["postgresql://ada@h:http/d", "has a host or port that cannot be read"],
    ["postgresql://ada@::1/d", "has an IPv6 address without brackets"],
    ["postgresql://ada@[::1/d", "has a host or port that cannot be read"],
    ["postgresql://ada@a b/d", "has a host or port that cannot be read"],
    ["postgresql://ada@h1:5432,h2:5432/d", "names several hosts"],
    ["postgresql://ada@h1,h2/d", "names several hosts"],
    ["postgresql://ada@/d?host=h1,h2", "names several hosts"],
    ["postgresql://a%zda@h/d", "has a user name with a stray %"],
    ["postgresql://ada:100%@h/d", "has a password with a stray %"],
    ["postgresql://ada@h/100%", "has a database name with a stray %"],
    ["postgresql://ada@h%/d", "has a host name with a stray %"],
    ["postgresql://m%FCller@h/d", "has a user name whose %-encoded characters are not UTF-8"],
    ["postgresql://u@h/d?options=😀%C3", "has a parameter whose %-encoded characters are not UTF-8"],
    ["postgresql://ada%00database%00other@h/d", "has %00 in it"],
    ["postgresql://ada@h/d?options=%00", "has %00 in it"],
    ["postgresql://ada@h/d#fragment", "contains #"],
  ])("%j", (url, problem) => {
    const { problems } = refusal(url);
    expect(problems).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
    expect(problems[0]).toContain(problem);
  });

  it("the address of the Supabase API brings the way to the right one", () => {
    expect(refusal("https://abc.supabase.co").hint).toContain("Connect → Session pooler");
  });

  it.each([
    ["/", "%2F"],
    ["?", "%3F"],
    ["#", "%23"],
  ])("a raw %s in the password is recognised, and its encoding told", (character, encoded) => {
    for (const password of [`pa${character}ss`, `12${character}ss`, `${character}pa`, `p@ss${character}word`]) {
      const { hint } = refusal(`postgresql://ada:${password}@h:5432/d`);
      expect(hint, password).toContain(encoded);
    }
  });

  it("all problems are told at once", () => {
    const { problems } = refusal("postgresql://h%:0/d%?sslmode=on&connect_timeout=x");
    expect(problems).toHaveLength(6);
  });
});

describe("the password is never in a message", () => {
  const MARKER = "MARKER";
  const PASSWORDS = [
    ...[`${MARKER}`, `${MARKER}%`, `%zz${MARKER}`, `a/${MARKER}`, `a?${MARKER}`, `a#${MARKER}`, `1/${MARKER}`],
    ...[`1?${MARKER}`, `1#${MARKER}`, `${MARKER}/a`, `${MARKER}?a`, `${MARKER}#a`, `a@b/${MARKER}`, `a@b?${MARKER}`],
    ...[`a@b?x&${MARKER}`, `a@b?${MARKER}=1`, `a@b/c?${MARKER}`, `a@b#${MARKER}`, `a:${MARKER}`, `a,${MARKER}`],
    ...[`[${MARKER}]`, `"${MARKER}"`, `${MARKER}://`, `a\n${MARKER}`, `a b${MARKER}`, `@${MARKER}`, `${MARKER}@`],
  ];
  const FORMS = [
    "postgresql://ada:PASSWORD@h:5432/d",
    "postgresql://ada:PASSWORD@h:99999/d",
    "postgresql://ada:PASSWORD@h:port/d",
    "postgresql://ada:PASSWORD@h1,h2/d",
    "postgresql://ada:PASSWORD@/d",
    "postgresql://ada:PASSWORD@h/d?sslmode=on&connect_timeout=x&unknown=1",
    "postgresql://ada:PASSWORD@h/d%",
    "postgresql://ada:PASSWORD@h/d#x",
    "postgresql://:PASSWORD@h/d",
    "postgresql:/ada:PASSWORD@h/d",
    "ada:PASSWORD@h/d",
    "https://ada:PASSWORD@h/d",
    "mysql://ada:PASSWORD@h/d",
    "jdbc:postgresql://ada:PASSWORD@h/d",
    '"postgresql://ada:PASSWORD@h/d"',
    "DATABASE_URL=postgresql://ada:PASSWORD@h/d",
  ];

  /** Everything that could reach a person or a log. */
  function printed(url: string): string {
    try {
      const parsed = parse(url);
      return [inspect(parsed, { depth: null }), JSON.stringify(parsed), describeTarget(parsed.target)].join("\n");
    } catch (error) {
      if (error instanceof DatabaseUrlError) {
        return [inspect(error, { depth: null }), JSON.stringify(error), error.message, error.hint].join("\n");
      }
      throw error;
    }
  }

  it.each(FORMS)("%s", (form) => {
    for (const password of PASSWORDS) {
      expect(printed(form.replace("PASSWORD", () => password)), password).not.toContain(MARKER);
    }
  });
});

describe("describeTarget", () => {
  it.each([
    ["postgresql://ada:pw@h:6000/d", "h:6000/d (ada)"],
    ["postgresql://ada@[::1]/d", "[::1]:5432/d (ada)"],
    ["postgresql://ada@h/d?schema=vocab", "h:5432/d (ada, schema vocab)"],
  ])("of %s is %s", (url, expected) => {
    expect(describeTarget(target(url))).toBe(expected);
  });

  it("tells the embedded server", () => {
    expect(describeTarget({ ...target("postgresql://ada@127.0.0.1/d"), embedded: true })).toBe(
      "127.0.0.1:5432/d (ada) embedded",
    );
  });
});

it.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["/var/run/postgresql", true],
  ["localhost.example", false],
  ["127.0.0.1.example", false],
  ["10.0.0.1", false],
  ["::2", false],
  ["db.supabase.co", false],
])("%s is this machine: %s", (host, expected) => {
  expect(isLoopback({ ...target("postgresql://ada@h/d"), host })).toBe(expected);
});
