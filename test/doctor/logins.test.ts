/** Set-ups in which the server is found and does not let in, or lets in who can do nothing there. */
import { describe, expect, it } from "vitest";
import { COUNT_LOGINS, type OwnServer, sharedServer } from "../support/server.js";
import { type Expected, expectFinding, expectNoPassword, PASSWORD } from "./table.js";

const HBA = [
  "host vocabdb vocabdb 127.0.0.1/32 scram-sha-256",
  "host all rejected 127.0.0.1/32 reject",
  "hostssl all secure 127.0.0.1/32 scram-sha-256",
  "hostssl all certified 127.0.0.1/32 cert",
  "hostssl all twofold 127.0.0.1/32 scram-sha-256 clientcert=verify-full",
  "host all identified 127.0.0.1/32 ident",
  "host vocab,closed,packed,private,absent,template1 all 127.0.0.1/32 scram-sha-256",
];

const SETUP = [
  ...["app", "rejected", "secure", "certified", "twofold", "identified", "reader", "hurried"].map(
    (role) => `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`,
  ),
  `CREATE ROLE lame NOLOGIN PASSWORD '${PASSWORD}'`,
  `CREATE ROLE late LOGIN PASSWORD '${PASSWORD}' VALID UNTIL '2020-01-01'`,
  `CREATE ROLE crowded LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 0`,
  "CREATE ROLE wordless LOGIN",
  "CREATE DATABASE vocab",
  "CREATE DATABASE closed ALLOW_CONNECTIONS false",
  "CREATE DATABASE packed CONNECTION LIMIT 0",
  "CREATE DATABASE private",
  "REVOKE CONNECT ON DATABASE private FROM PUBLIC",
  "ALTER ROLE reader SET default_transaction_read_only = on",
  "ALTER ROLE hurried SET statement_timeout = '500ms'",
];

interface Setup extends Expected {
  readonly name: string;
  /** Default: app. */
  readonly user?: string;
  /** Default: {@link PASSWORD}. */
  readonly password?: string;
  /** With its parameters; default: vocab. */
  readonly database?: string;
}

const passwordFix = (role: string): string =>
  `a new one: ALTER ROLE ${role} PASSWORD '…'; an expired one also needs VALID UNTIL 'infinity'`;
const hbaLine = (kind: string, database: string, role: string): string =>
  `${kind} ${database} ${role} 127.0.0.1/32 scram-sha-256; then: SELECT pg_reload_conf();`;

const refusals: readonly Setup[] = [
  { name: "a wrong password", password: `${PASSWORD}?`, id: "auth.password", fix: passwordFix("app") },
  { name: "no such user", user: "nobody", id: "auth.password", fix: passwordFix("nobody") },
  { name: "a password that has expired", user: "late", id: "auth.password", fix: passwordFix("late") },
  { name: "a role without a password", user: "wordless", id: "auth.password", fix: passwordFix("wordless") },
  {
    name: "no password in the URL",
    ...{ password: "", id: "auth.no-password", logins: 0 },
    fix: /^use postgresql:\/\/app:PASSWORD@127\.0\.0\.1:\d+\/vocab\?sslmode=require, or set PGPASSWORD$/,
  },
  {
    name: "no such database",
    ...{ database: "absent", id: "db.missing" },
    fix: "check the name at the end of the URL, or create it: CREATE DATABASE absent OWNER app",
  },
  {
    name: "a database that takes no connections",
    ...{ database: "closed", id: "db.not-accepting" },
    fix: "as a superuser, in another database: ALTER DATABASE closed ALLOW_CONNECTIONS true;",
  },
  {
    name: "a role that may not connect to the database",
    ...{ database: "private", id: "db.no-connect-privilege" },
    fix: "as the owner of the database: GRANT CONNECT ON DATABASE private TO app;",
  },
  {
    name: "a role that may not log in",
    ...{ user: "lame", id: "auth.no-login", fix: "as a superuser: ALTER ROLE lame LOGIN;" },
  },
  {
    name: "a role with all its connections",
    ...{ user: "crowded", id: "pool.role-limit" },
    fix: "end some of them, or as a superuser: ALTER ROLE crowded CONNECTION LIMIT -1;",
  },
  {
    name: "a database with all its connections",
    ...{ database: "packed", id: "pool.database-limit" },
    fix: "end some of them, or as its owner: ALTER DATABASE packed CONNECTION LIMIT -1;",
  },
  {
    name: "no line in pg_hba.conf",
    ...{ database: "postgres", id: "auth.pg-hba" },
    fix: `add to the server's pg_hba.conf: ${hbaLine("hostssl", "postgres", "app")}`,
  },
  {
    name: "a line in pg_hba.conf that rejects",
    ...{ user: "rejected", id: "auth.pg-hba-reject" },
    fix: `put before its line with \`reject\`: ${hbaLine("hostssl", "vocab", "rejected")}`,
  },
  {
    name: "only TLS in pg_hba.conf",
    ...{ user: "secure", database: "postgres?sslmode=disable", id: "tls.required" },
    fix: /^use postgresql:\/\/secure:PASSWORD@127\.0\.0\.1:\d+\/postgres\?sslmode=require$/,
  },
  {
    name: "a certificate of the client in place of a password",
    ...{ user: "certified", id: "tls.client-certificate" },
    fix: /^use postgresql:\/\/certified:PASSWORD@127\.0\.0\.1:\d+\/vocab\?sslmode=require&sslcert=\/path\/to\/client\.crt&sslkey=\/path\/to\/client\.key$/,
  },
  {
    name: "a certificate of the client beside the password",
    ...{ user: "twofold", id: "tls.client-certificate", fix: "sslcert=/path/to/client.crt&sslkey=/path/to/client.key" },
  },
  {
    name: "a server that asks the system who is calling",
    ...{ user: "identified", id: "auth.peer", fix: "run as the account identified of the system" },
  },
];

const inside: readonly Setup[] = [
  {
    name: "a role that is read-only",
    ...{ user: "reader", id: "server.read-only", exitCode: 3 },
    fix: "ALTER ROLE reader RESET default_transaction_read_only",
  },
  {
    name: "a role that may create nothing in the schema",
    ...{ id: "db.schema-privilege", exitCode: 3 },
    fix: "as the owner of the schema: GRANT USAGE, CREATE ON SCHEMA public TO app;",
  },
  {
    name: "a schema that is not there, and that the role may not create",
    ...{ database: "vocab?schema=elsewhere", id: "db.database-privilege", exitCode: 3 },
    fix: "as the owner of the database: GRANT CREATE ON DATABASE vocab TO app;",
  },
  {
    name: "a role whose statements are cut short",
    ...{ user: "hurried", id: "server.timeout-short", level: "warning", exitCode: 3 },
    fix: "ALTER ROLE hurried IN DATABASE vocab SET statement_timeout = '2min'",
  },
];

async function expectAt(server: OwnServer, setup: Setup): Promise<void> {
  const { user = "app", password = PASSWORD, database = "vocab", ...expected } = setup;
  const { host, port } = server.target;
  const login = `${user}${password === "" ? "" : `:${encodeURIComponent(password)}`}`;
  const url = `postgresql://${login}@${host}:${port}/${database}`;
  expect(await server.loginsDuring(() => expectFinding({ url }, expected))).toBe(expected.logins ?? 1);
}

const server = sharedServer({ certificate: "localhost", hba: HBA, conf: COUNT_LOGINS }, SETUP);

describe("lets nobody in:", () => {
  it.for(refusals)("$name", (setup) => expectAt(server(), setup));
});

it("a password that is refused is not printed", async () => {
  const { host, port } = server().target;
  await expectNoPassword({ url: `postgresql://app:${PASSWORD}!@${host}:${port}/vocab` });
});

it("is not asked a second time, by the other address", async () => {
  const { host, port } = server().target;
  const url = (user: string): string => `postgresql://${user}:wrong@${host}:${port}/vocab`;
  const look = { url: url("app"), env: { DIRECT_URL: url("late") } };
  const logins = await server().loginsDuring(() =>
    expectFinding(look, { id: "auth.password", fix: passwordFix("app") }),
  );
  expect(logins).toBe(1);
});

describe("lets in, and then:", () => {
  it.for(inside)("$name", (setup) => expectAt(server(), setup));
});
