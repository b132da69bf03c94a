/** Set-ups in which PgBouncer stands before the server, and does not let through what is needed. */
import pg from "pg";
import { describe, expect, it } from "vitest";
import type { Target } from "../../src/db/target.js";
import { Secret } from "../../src/secret.js";
import { type PgBouncerOptions, withPgBouncer } from "../support/pgbouncer.js";
import { freePort } from "../support/ports.js";
import { COUNT_LOGINS, sharedServer } from "../support/server.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const server = sharedServer({ conf: COUNT_LOGINS }, [
  `CREATE ROLE app SUPERUSER LOGIN PASSWORD '${PASSWORD}'`,
  "CREATE DATABASE vocab",
]);

const target = (): Target => ({ ...server().target, user: "app", password: new Secret(PASSWORD), database: "vocab" });

interface Setup extends Expected, Partial<Omit<PgBouncerOptions, "target">> {
  readonly name: string;
  /** With its parameters; default: vocab. */
  readonly database?: string;
  readonly user?: string;
  readonly password?: string;
  /** Whether the doctor is told the same address as DIRECT_URL. */
  readonly asDirectUrl?: boolean;
  readonly args?: readonly string[];
  /** Statements of somebody else, who stays connected while the doctor looks. */
  readonly meanwhile?: { readonly database: string; readonly statement: string };
}

const SESSION =
  "use the server's own address, or one of a pooler in session mode: DIRECT_URL=postgresql://app:PASSWORD@HOST:5432/vocab";
const BUSY = { database: "vocab", statement: "BEGIN" };

const setups: readonly Setup[] = [
  {
    name: "it is in transaction mode",
    ...{ id: "pool.transaction-mode", level: "warning", exitCode: 3 },
    fix: `set DIRECT_URL beside DATABASE_URL: ${SESSION}`,
  },
  {
    name: "DIRECT_URL leads through it in transaction mode, too",
    ...{ asDirectUrl: true, id: "pool.direct-url-transaction", exitCode: 3 },
    fix: SESSION,
  },
  {
    name: "it is in statement mode",
    ...{ mode: "statement", id: "pool.statement-mode", exitCode: 3 },
    fix: "set pool_mode = transaction (or session) in pgbouncer.ini, or set DATABASE_URL to the database itself",
  },
  {
    name: "the password is wrong",
    ...{ password: `${PASSWORD}?`, id: "auth.password", fix: "a new one: ALTER ROLE app PASSWORD '…'" },
  },
  {
    name: "nobody knows the user",
    ...{ user: "nobody", id: "auth.no-role" },
    fix: "check the user in the URL, or add it to the pooler's auth_file",
  },
  {
    name: "it has no such database",
    ...{ databases: "other = host=127.0.0.1", id: "db.missing" },
    fix: "check the name at the end of the URL, or add it to [databases] in pgbouncer.ini: vocab = host=HOST",
  },
  {
    name: "the server has no such database",
    ...{ database: "absent", id: "db.missing" },
    fix: "check the name at the end of the URL, or create it: CREATE DATABASE absent OWNER app",
  },
  {
    name: "its own password for the server is wrong",
    ...{ databases: "* = host=127.0.0.1 port={port} user=app password=outdated", id: "auth.pooler-backend-password" },
    fix: "correct it where the pooler has it (PgBouncer: auth_file, or user= and password= in [databases])",
  },
  {
    name: "the server behind it is down, and it says so in time",
    ...{ databases: "* = host=127.0.0.1 port={freePort}", settings: { client_login_timeout: 1 } },
    ...{ id: "pool.backend-down" },
    fix: "see that the database runs, and that the pooler names its host, port and user rightly; its log tells",
  },
  {
    name: "the server behind it is down, and it says nothing",
    ...{ databases: "* = host=127.0.0.1 port={freePort}", args: ["--timeout", "2s"], withinMs: 4_500 },
    ...{ id: "net.no-answer", message: "a pooler waits for a connection to it" },
    fix: "look at the server (overloaded, suspended, out of disk, too many connections?) and at the pooler before it",
  },
  {
    name: "it takes no more clients",
    ...{ settings: { max_client_conn: 1 }, meanwhile: BUSY, id: "pool.client-limit" },
    fix: "or raise max_client_conn in pgbouncer.ini",
  },
  {
    name: "its connections are all taken, and it says so in time",
    ...{ settings: { default_pool_size: 1, query_wait_timeout: 1 }, meanwhile: BUSY, id: "pool.wait-timeout" },
    fix: "its database may be down, or pool_size in pgbouncer.ini too small for what runs; its console tells: SHOW POOLS",
  },
  {
    name: "its connections are all taken, and it says nothing",
    ...{ settings: { default_pool_size: 1 }, meanwhile: BUSY, id: "net.no-answer", args: ["--timeout", "2s"] },
    ...{ message: "answers a login, but not the first question", withinMs: 4_500 },
    fix: "SHOW POOLS",
  },
  {
    name: "the database is disabled there",
    ...{ meanwhile: { database: "pgbouncer", statement: "DISABLE vocab" }, id: "db.not-accepting" },
    fix: "in its console: ENABLE DATABASE",
  },
  {
    name: "it takes no parameter `options`",
    ...{ database: "vocab?options=-c%20statement_timeout%3D5s", id: "pool.startup-parameter" },
    fix: "remove options from the URL, and PGOPTIONS from the environment; in their place: ALTER ROLE … SET …, or ignore_startup_parameters = options in pgbouncer.ini",
  },
  {
    name: "it offers no TLS",
    ...{ database: "vocab?sslmode=require", id: "tls.not-offered" },
    fix: /^on this machine it can do without: postgresql:\/\/app:PASSWORD@127\.0\.0\.1:\d+\/vocab\?sslmode=disable$/,
  },
];

describe("through PgBouncer:", () => {
  it.for(setups)("$name", async (setup) => {
    const { mode = "transaction", databases, settings, meanwhile, args = [], ...expected } = setup;
    const { database = "vocab", user = "app", password = PASSWORD } = setup;
    const line = databases
      ?.replace("{port}", String(server().target.port))
      .replace("{freePort}", String(await freePort()));
    const options = {
      ...{ mode, target: target() },
      ...(line !== undefined && { databases: line }),
      ...(settings !== undefined && { settings }),
    };
    await withPgBouncer(options, async ({ port }) => {
      const url = `postgresql://${user}:${password.replace("?", "%3F")}@127.0.0.1:${port}/${database}`;
      const look = { url, args, ...(setup.asDirectUrl === true && { env: { DIRECT_URL: url } }) };
      const other = { host: "127.0.0.1", port, user: "app", password: PASSWORD };
      const client = meanwhile === undefined ? null : new pg.Client({ ...other, database: meanwhile.database });
      client?.on("error", () => {});
      try {
        await client?.connect();
        await client?.query(meanwhile?.statement ?? "");
        await expectFinding(look, expected);
      } finally {
        await client?.end().catch(() => {});
      }
    });
  });

  it("one login with a wrong password is one on the server", async () => {
    await withPgBouncer({ mode: "transaction", target: target() }, async ({ port }) => {
      const url = `postgresql://app:wrong@127.0.0.1:${port}/vocab`;
      const look = () => expectFinding({ url }, { id: "auth.password", fix: "ALTER ROLE app" });
      expect(await server().loginsDuring(look)).toBeLessThanOrEqual(1);
    });
  });
});
