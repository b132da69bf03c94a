/** Servers, databases and roles that do not suit: set up for real, found, and mended. */
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, vi } from "vitest";
import { stages } from "../../src/core/doctor/stages.js";
import { setMark } from "../../src/core/mark.js";
import { startServer, stopServer } from "../../src/db/embedded/server.js";
import type { FindingId } from "../../src/finding.js";
import { it, type TestDatabase, withAdmin } from "../support/database.js";
import { type Role, withRole } from "../support/roles.js";
import { withServer } from "../support/server.js";
import { type Expected, examined, expectMended, findingIn, findingsOf, runFix, type Setup } from "./examined.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const alterDatabase =
  (what: string) =>
  ({ target, query }: TestDatabase): Promise<unknown> =>
    query(`ALTER DATABASE ${target.database} ${what}`);

const databases: readonly Setup[] = [
  {
    name: "a database that takes no writes",
    broken: alterDatabase("SET default_transaction_read_only = on"),
    ...{ id: "server.read-only", level: "error", message: "transactions are read-only by default" },
    fix: /^once its reason is gone: BEGIN READ WRITE; ALTER DATABASE \S+ RESET .*; ALTER ROLE \S+ RESET .*; COMMIT$/,
  },
  {
    name: "statements that have to be quick",
    broken: alterDatabase("SET statement_timeout = '5s'"),
    ...{ id: "server.timeout-short", level: "warning", message: "statement_timeout is 5 s for this role" },
    fix: /^ALTER ROLE \S+ IN DATABASE \S+ SET statement_timeout = '2min'$/,
  },
  {
    name: "transactions that may not rest",
    broken: alterDatabase("SET idle_in_transaction_session_timeout = '500ms'"),
    ...{ id: "server.timeout-short", level: "warning", message: "idle_in_transaction_session_timeout is 0.5 s" },
    fix: /SET idle_in_transaction_session_timeout = '2min'$/,
  },
  {
    name: "hardly a connection left in the database",
    broken: alterDatabase("CONNECTION LIMIT 1"),
    ...{ id: "server.connections", level: "warning", message: /1 of the 1 connections that the database \S+ allows/ },
    fix: /pooler/,
    mended: alterDatabase("CONNECTION LIMIT 50"),
  },
  {
    name: "a zone with an offset",
    broken: alterDatabase("SET timezone = 'Asia/Kolkata'"),
    ...{
      id: "time.not-utc",
      level: "warning",
      message: /^the database \S+ works in Asia\/Kolkata \(\+5\.5 h\), not in UTC/,
    },
    fix: /^ALTER DATABASE \S+ SET timezone = 'UTC'$/,
    byFix: true,
  },
  {
    name: "a zone that is UTC in winter",
    broken: alterDatabase("SET timezone = 'Europe/London'"),
    ...{ id: "time.not-utc", level: "warning", message: "works in Europe/London (+0 h or +1 h)" },
    fix: /^ALTER DATABASE/,
    byFix: true,
  },
  {
    name: "a zone of the role in this database",
    broken: ({ target, query }) =>
      query(`ALTER ROLE ${target.user} IN DATABASE ${target.database} SET timezone = 'America/New_York'`),
    ...{ id: "time.not-utc", level: "warning", message: /^the role \S+ works in America\/New_York \(-5 h or -4 h\)/ },
    fix: /^ALTER ROLE \S+ IN DATABASE \S+ SET timezone = 'UTC'$/,
    byFix: true,
  },
];

describe("a database: found and mended", () => {
  it.for(databases)("$name", async (setup, { db }) => {
    await expectMended(db, setup);
  });
});

it.for(["UTC", "Etc/UTC", "GMT", "Africa/Abidjan"])("%s is as good as UTC", async (zone, { db }) => {
  await alterDatabase(`SET timezone = '${zone}'`)(db);
  expect((await examined(db.url, ["time"])).findings).toEqual([]);
});

it("two zones, the database's and a role's, are two findings", async ({ db }) => {
  await alterDatabase("SET timezone = 'Asia/Tokyo'")(db);
  await db.query(`ALTER ROLE ${db.target.user} IN DATABASE ${db.target.database} SET timezone = 'Asia/Tokyo'`);
  expect((await examined(db.url, ["time"])).findings.map(({ message }) => message.slice(0, 8))).toEqual([
    "the data",
    "the role",
  ]);
});

it.for(["LATIN1", "SQL_ASCII"])("a database whose text is %s", async (encoding, { db }) => {
  const name = `${db.target.database}_bytes`;
  await withAdmin((admin) =>
    admin.query(`CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`),
  );
  try {
    findingIn(await examined(db.url.replace(db.target.database, name), ["server"]), {
      ...{ id: "server.encoding", level: "error", message: `the database stores text as ${encoding}` },
      fix: `pg_dump of ${name}`,
    });
  } finally {
    await withAdmin((admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }
});

/** The server's own words about itself, from functions that come before them on the search path. */
it("a server that is too old", async ({ db }) => {
  const setup = `CREATE SCHEMA old;
    CREATE FUNCTION old.current_setting(text) RETURNS text LANGUAGE sql AS $$
      SELECT CASE $1 WHEN 'server_version' THEN '13.9' WHEN 'server_version_num' THEN '130009'
             ELSE pg_catalog.current_setting($1) END $$;
    SET LOCAL search_path = old, pg_catalog`;
  findingIn(
    { findings: await findingsOf(db, "server.version", { setup }) },
    {
      ...{
        id: "server.version",
        level: "error",
        message: "the server is PostgreSQL 13.9; migrations and commands need 15",
      },
      fix: /upgrade the server/,
    },
  );
  expect(await findingsOf(db, "server.version", {})).toEqual([]);
});

it("a server without autovacuum that works in Tokyo, and then is a replica", async () => {
  await withServer({ conf: ["autovacuum = off", "timezone = 'Asia/Tokyo'"] }, async ({ url, cluster, target }) => {
    const first = await examined(url, ["server"]);
    findingIn(first, {
      ...{
        id: "server.autovacuum",
        level: "warning",
        message: "autovacuum is off",
        fix: /^ALTER SYSTEM SET autovacuum/,
      },
    });
    const zone = findingIn(first, {
      ...{ id: "time.not-utc", level: "warning", message: "a new session works in Asia/Tokyo (+9 h)" },
      fix: `ALTER DATABASE ${target.database} SET timezone = 'UTC'`,
    });
    expect(zone.repair).not.toBeNull();

    await stopServer(cluster);
    closeSync(openSync(join(cluster.dataDirectory, "standby.signal"), "w"));
    await startServer(cluster);
    const second = await examined(url, ["server", "write"]);
    findingIn(second, {
      ...{
        id: "server.read-only",
        level: "error",
        message: /takes no writes|is a standby/,
        fix: /address of the primary/,
      },
    });
    // Both stages meet it, and it is one thing.
    expect(second.findings.filter(({ id }) => id === "server.read-only")).toHaveLength(1);
  });
});

it.for([
  ["ahead of", 10, "warning"],
  ["behind", -600, "error"],
] as const)("a clock that is %s the server's", async ([words, seconds, level], { db }) => {
  // One that goes on: a clock that stands still is off by what the machine takes until it is looked at.
  const realNow = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + seconds * 1000);
  findingIn(await examined(db.url, ["time"]), {
    ...{ id: "time.clock-skew", level, fix: /timedatectl set-ntp true/ },
    message: new RegExp(`^the clock of this machine is ${Math.abs(seconds)} s ${words} the server's`),
  });
});

describe("a superuser", () => {
  const expected = { id: "role.superuser", level: "warning", fix: /CREATE ROLE vocabdb LOGIN/ } as const;

  it("is nobody's business on this machine", async ({ db }) => {
    expect((await examined(db.url, ["role"])).findings).toEqual([]);
  });

  it("is too much in production", async ({ db, connection }) => {
    await setMark(connection, "production");
    findingIn(await examined(db.url, ["role"]), { ...expected, message: "in a database marked production" });
    await setMark(connection, "staging", { confirmed: [db.target.database] });
    expect((await examined(db.url, ["role"])).findings).toEqual([]);
  });

  it("is too much on a server elsewhere", async ({ db }) => {
    const findings = await findingsOf(db, "role.superuser", { host: "db.example.org" });
    findingIn({ findings }, { ...expected, message: "is a superuser of a server elsewhere" });
  });
});

const asRole = (db: TestDatabase, { name, password }: Role): string =>
  db.url.replace(/\/\/[^@]*@/, `//${name}:${password}@`);

interface RoleSetup extends Expected {
  readonly name: string;
  readonly attributes: string;
  /** Run by a superuser; `ROLE` in it is the name. */
  readonly broken?: string;
}

const roles: readonly RoleSetup[] = [
  {
    ...{ name: "that could do more", attributes: "CREATEROLE REPLICATION" },
    ...{ id: "role.powers", level: "info", message: "has CREATEROLE, REPLICATION, which vocabdb does not need" },
    fix: /^ALTER ROLE \S+ NOCREATEROLE NOREPLICATION$/,
  },
  {
    ...{ name: "that owns the tables and needs no exception from their rules", attributes: "BYPASSRLS" },
    broken: "ALTER TABLE users OWNER TO ROLE",
    ...{ id: "role.powers", level: "info", message: "has BYPASSRLS" },
    fix: /^ALTER ROLE \S+ NOBYPASSRLS$/,
  },
  {
    ...{ name: "that may not migrate", attributes: "BYPASSRLS", broken: "REVOKE CREATE ON SCHEMA public FROM ROLE" },
    ...{ id: "role.no-create", level: "info", message: "may not create tables in the schema public" },
    fix: /^GRANT USAGE, CREATE ON SCHEMA public TO \S+$/,
  },
  {
    ...{ name: "that owns nothing", attributes: "BYPASSRLS" },
    ...{
      id: "role.not-owner",
      level: "info",
      message: /^users, .*, _prisma_migrations belong to \S+: as \S+, migrations/,
    },
    fix: /ALTER TABLE public\.users OWNER TO \S+; .*ALTER TABLE public\._prisma_migrations OWNER TO \S+$/,
  },
  {
    ...{ name: "that may not read a table", attributes: "BYPASSRLS" },
    broken: "REVOKE SELECT ON users, progress FROM ROLE",
    ...{ id: "role.no-read", level: "error", message: /may not read users, progress$/ },
    fix: /^GRANT SELECT ON TABLE public\.users, public\.progress TO \S+$/,
  },
  {
    ...{ name: "that does not get into the schema", attributes: "BYPASSRLS" },
    broken: "REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM ROLE",
    ...{ id: "role.no-read", level: "error", message: "may not read users, " },
    fix: /^GRANT USAGE ON SCHEMA public TO \S+$/,
  },
  {
    ...{ name: "that sees no rows", attributes: "" },
    ...{ id: "role.rows-hidden", level: "error", message: "row level security hides every row of users, " },
    fix: /^ALTER ROLE \S+ BYPASSRLS$/,
  },
];

describe("a role: found and mended", () => {
  it.for(roles)("$name", async ({ attributes, broken, ...expected }, { db }) => {
    await withRole(db, attributes, async (role) => {
      await db.query(broken?.replaceAll("ROLE", role.name) ?? "SELECT");
      try {
        const finding = findingIn(await examined(asRole(db, role), [expected.id]), expected);
        expect(finding.repair).toBeNull();
        await runFix(db, finding);
        const { findings } = await examined(asRole(db, role), [expected.id]);
        expect(findings.filter(({ id }) => id === expected.id)).toEqual([]);
      } finally {
        await db.query(`REASSIGN OWNED BY ${role.name} TO ${db.target.user}`);
      }
    });
  });

  it("that can make no table where none is", async ({ emptyDb }) => {
    await withRole(emptyDb, "", async (role) => {
      await emptyDb.query(`REVOKE CREATE ON SCHEMA public FROM ${role.name}`);
      const { findings } = await examined(`${asRole(emptyDb, role)}&schema=own`, ["role"]);
      findingIn(
        { findings },
        {
          ...{ id: "role.no-create", level: "error", message: "may not create tables in the schema own" },
          fix: `CREATE SCHEMA own AUTHORIZATION ${role.name}`,
        },
      );
      findingIn(await examined(asRole(emptyDb, role), ["role"]), {
        ...{ id: "role.no-create", level: "error", message: "may not create tables in the schema public" },
        fix: /^GRANT USAGE, CREATE ON SCHEMA public/,
      });
    });
  });

  it("that may not change the zone of the database gets no repair that would fail", async ({ db }) => {
    await alterDatabase("SET timezone = 'Asia/Tokyo'")(db);
    await withRole(db, "", async (role) => {
      await role.query(`ALTER ROLE ${role.name} SET timezone = 'Asia/Seoul'`);
      const { findings } = await examined(asRole(db, role), ["time"]);
      expect(findings.map(({ message, repair }) => [message.slice(0, 8), repair !== null])).toEqual([
        ["the data", false],
        ["the role", true],
      ]);
    });
  });

  it("as Supabase gives it is left as it is", async ({ db }) => {
    // On a server of one's own the role of that name is nothing special.
    const setup = "CREATE ROLE postgres CREATEROLE; SET LOCAL ROLE postgres";
    const there = (host: string) => findingsOf(db, "role.powers", { host, setup });
    expect(await there("db.example.org")).toHaveLength(1);
    expect(await there("aws-0-eu-central-1.pooler.supabase.com")).toEqual([]);
  });
});

it("every finding of the stage has its set-up here", () => {
  const made = new Set<FindingId>([
    ...databases.map(({ id }) => id),
    ...roles.map(({ id }) => id),
    ...(["server.autovacuum", "server.encoding", "server.version", "time.clock-skew", "role.superuser"] as const),
  ]);
  expect([...made].sort()).toEqual([...stages.server].sort());
});
