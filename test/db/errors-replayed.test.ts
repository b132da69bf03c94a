/** What servers and poolers that no test can have say: their own words, sent by a server that says nothing else. */
import net from "node:net";
import { describe, expect, it } from "vitest";
import { withPrisma } from "../../src/db/database.js";
import { connectionFindings, translateError } from "../../src/db/errors.js";
import { withConnection } from "../../src/db/pool.js";
import type { Target } from "../../src/db/target.js";
import { parseDatabaseUrl } from "../../src/db/url.js";
import { ConnectionError } from "../../src/errors/connection.js";
import { Secret } from "../../src/secret.js";

/** An ErrorResponse of the protocol. */
function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.from("E\0\0\0\0");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** Lets nobody in, with these words, as they are sent after the startup message. */
async function refusing<T>(code: string, message: string, work: (port: number) => Promise<T>): Promise<T> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (data.readInt32BE(4) === 80877103) {
        socket.write("N");
      } else {
        socket.end(errorResponse(code, message));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await work((server.address() as net.AddressInfo).port);
  } finally {
    server.close();
  }
}

function targetOf(url: string): Target {
  return parseDatabaseUrl("DATABASE_URL", new Secret(url), { password: null, poolMax: 1 }).target;
}

interface Replay {
  readonly finding: string;
  readonly code: string;
  readonly says: string;
  /** Words of the hint. */
  readonly fix: string;
  readonly url: string;
}

/** Finding | SQLSTATE | words | words of the hint | URL, if not ada@here/words. Other hosts than `here` are never contacted. */
const REPLAYS: readonly Replay[] = String.raw`
# PostgreSQL
auth.password | 28P01 | password authentication failed for user "ada" | ALTER ROLE ada PASSWORD
auth.no-password | 28P01 | empty password returned by client | ada:PASSWORD@
tls.required | 28000 | no pg_hba.conf entry for host "10.0.0.7", user "ada", database "words", no encryption | sslmode=require | ada@here/words?sslmode=disable
tls.required | 28000 | no pg_hba.conf entry for host "10.0.0.7", user "ada", database "words", SSL off | sslmode=require | ada@here/words?sslmode=disable
auth.pg-hba | 28000 | no pg_hba.conf entry for host "2001:db8::7", user "ada", database "words", SSL encryption | hostssl words ada 2001:db8::7/128 scram-sha-256
auth.pg-hba | 28000 | no pg_hba.conf entry for host "[local]", user "ada", database "words", no encryption | local words ada scram-sha-256
auth.pg-hba-reject | 28000 | pg_hba.conf rejects connection for host "10.0.0.7", user "ada", database "words", no encryption | host words ada 10.0.0.7/32
auth.peer | 28000 | Peer authentication failed for user "ada" | sudo -u ada
auth.no-login | 28000 | role "ada" is not permitted to log in | ALTER ROLE ada LOGIN;
auth.no-role | 28000 | role "ada" does not exist | CREATE ROLE ada LOGIN
tls.client-certificate | 28000 | connection requires a valid client certificate | sslkey=
auth.certificate | 28000 | certificate authentication failed for user "ada" | pg_ident.conf
auth.refused | 28000 | LDAP authentication failed for user "ada" | pg_hba.conf
db.missing | 3D000 | database "words" does not exist | CREATE DATABASE words OWNER ada
db.missing | 3D000 | database "My db" does not exist | CREATE DATABASE "My db" | ada@here/My%20db
db.missing | 3D000 | database "ada" does not exist | name the database | ada@here/ada
db.not-accepting | 55000 | database "words" is not currently accepting connections | ALLOW_CONNECTIONS true
db.no-connect-privilege | 42501 | permission denied for database "words" | GRANT CONNECT ON DATABASE words TO ada;
db.schema-privilege | 42501 | permission denied for schema public | GRANT USAGE, CREATE ON SCHEMA public TO ada;
db.no-createdb | 42501 | permission denied to create database | ALTER ROLE ada CREATEDB;
db.row-security | 42501 | new row violates row-level security policy for table "users" | BYPASSRLS
db.privilege | 42501 | permission denied for table users | owner
pool.slots | 53300 | sorry, too many clients already | pg_stat_activity
pool.slots | 53300 | remaining connection slots are reserved for roles with the SUPERUSER attribute | pooler
pool.role-limit | 53300 | too many connections for role "ada" | ALTER ROLE ada CONNECTION LIMIT
pool.database-limit | 53300 | too many connections for database "words" | ALTER DATABASE words CONNECTION LIMIT
server.starting | 57P03 | the database system is starting up | vocabdb db wait
server.starting | 57P03 | the database system is not yet accepting connections | vocabdb db wait
server.shutting-down | 57P03 | the database system is shutting down | vocabdb db wait
server.recovering | 57P03 | the database system is in recovery mode | vocabdb db wait
server.terminated | 57P01 | terminating connection due to administrator command | run the command again
server.crashed | 57P02 | terminating connection because of crash of another server process | run the command again
db.dropped | 57P04 | terminating connection due to database drop | run the command again
server.idle-timeout | 57P05 | terminating connection due to idle-session timeout | run the command again
server.idle-timeout | 25P03 | terminating connection due to idle-in-transaction timeout | run the command again
server.transaction-timeout | 25P04 | terminating connection due to transaction timeout | run the command again
server.statement-timeout | 57014 | canceling statement due to statement timeout | ALTER ROLE ada SET statement_timeout
server.cancelled | 57014 | canceling statement due to user request | run the command again
server.lock-timeout | 55P03 | canceling statement due to lock timeout | ALTER ROLE ada SET lock_timeout
server.read-only | 25006 | cannot execute INSERT in a read-only transaction | primary
server.disk-full | 53100 | could not extend file: No space left on device | free space
server.out-of-memory | 53200 | out of memory | work_mem
server.corrupted | XX001 | invalid page in block 0 of relation base/1/2 | backup
server.plan-changed | 0A000 | cached plan must not change result type | run the command again
server.refused | 08P01 | what no version has said so far | vocabdb db doctor
server.refused | 58000 | could not access file | vocabdb db doctor

# PgBouncer
auth.password | 08P01 | SASL authentication failed | ALTER ROLE ada PASSWORD
auth.password | 08P01 | password authentication failed | ALTER ROLE ada PASSWORD
auth.pooler-backend-password | 08P01 | password authentication failed for user "postgres" | auth_file
auth.no-role | 08P01 | no such user: ada | auth_file
auth.certificate | 08P01 | certificate authentication failed | sslcert=
db.missing | 08P01 | no such database: words | pgbouncer.ini
db.missing | 08P01 | database "words" does not exist | CREATE DATABASE words
db.not-accepting | 08P01 | database "words" is disabled | ENABLE
pool.client-limit | 08P01 | no more connections allowed (max_client_conn) | max_client_conn
pool.wait-timeout | 08P01 | query_wait_timeout | SHOW POOLS
pool.backend-down | 08P01 | client_login_timeout (server down) | log
pool.backend-down | 08P01 | server login has been failing, try again later (server_login_retry) | log
pool.startup-parameter | 08P01 | unsupported startup parameter: options | ALTER ROLE
pool.startup-parameter | 08P01 | unsupported startup parameter in options: search_path | ignore_startup_parameters
pool.statement-mode | 08P01 | transaction blocks not allowed in statement pooling mode | pool_mode
tls.required | 08P01 | SSL required | sslmode=require | ada@here/words?sslmode=disable
server.shutting-down | 08P01 | pgbouncer is shutting down | run the command again
server.idle-timeout | 08P01 | idle transaction timeout | pgbouncer.ini
pool.prepared-statement | 42P05 | prepared statement "s0" already exists | max_prepared_statements
pool.prepared-statement | 26000 | prepared statement "s0" does not exist | max_prepared_statements

# Supavisor, as it was and as it is
auth.pooler-user | XX000 | Tenant or user not found | postgres.PROJECT:PASSWORD@ | postgres@here/words
auth.pooler-user | XX000 | (ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required) | ada.PROJECT
auth.pooler-tenant | XX000 | Tenant or user not found | Session pooler | postgres.abc@here/words
auth.pooler-tenant | XX000 | (ENOTFOUND) tenant/user postgres.abc not found | restore | postgres.abc@here/words
auth.no-role | XX000 | (EAUTHQUERY) user not found in the database | CREATE ROLE | eve.abc@here/words
auth.allow-list | XX000 | (EADDRNOTALLOWED) address not in tenant allow_list: {203, 0, 113, 7} | Network Restrictions
auth.allow-list | XX000 | Address not in tenant allow_list: {203, 0, 113, 7} | Network Restrictions
auth.circuit-breaker | XX000 | (ECIRCUITBREAKER) Too many authentication errors | wait ten minutes
auth.circuit-breaker | XX000 | (ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked | stop every client
auth.banned | XX000 | (EBANNED) tenant is banned: unpaid | support
pool.session-clients | XX000 | (EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15 | 6543
pool.session-clients | XX000 | MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size | VOCABDB_POOL_MAX
pool.client-limit | XX000 | (EMAXCONN) max client connections reached, limit: 200 | connection_limit
pool.client-limit | XX000 | Max client connections reached | connection_limit
pool.checkout-timeout | XX000 | (ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms in Transaction mode | pg_stat_activity
pool.checkout-timeout | XX000 | (ECHECKOUTTIMEOUT) Pool checkout timeout. Request was dropped.\nYou can address this by:\n  1. … | pool size
pool.backend-down | XX000 | (ECIRCUITBREAKER) Unable to establish connection to upstream database | dashboard
pool.backend-down | XX000 | (EDBHANDLEREXITED) connection to database closed. Check logs for more information | dashboard
pool.session-state | XX000 | (ESESSIONLEAK) session-level SET statement is not allowed in transaction mode | session pooler
pool.prepared-statement | XX000 | (EPREPAREDDUP) prepared statement s0 already exists | 5432
tls.required | XX000 | (ESSLREQUIRED) SSL connection is required for user: postgres | sslmode=require | ada@here/words?sslmode=disable

# The same words mean more where the host tells who says them
auth.pooler-user | 28P01 | password authentication failed for user "postgres" | postgres.PROJECT | postgres@aws-0-eu-central-1.pooler.supabase.com/words
auth.pooler-user | 28P01 | password authentication failed for user "postgres.abc" | postgresql://postgres:PASSWORD@db.abc.supabase.co:5432/words | postgres.abc@db.abc.supabase.co/words
auth.password | 28P01 | password authentication failed for user "postgres" | Reset database password | postgres.abc@aws-0-eu-central-1.pooler.supabase.com/words
db.missing | 3D000 | database "postgres.abc" does not exist | :5432/postgres | postgres.abc@aws-0-eu-central-1.pooler.supabase.com/postgres.abc
`
  .split("\n")
  .filter((line) => line.includes(" | "))
  .map((line) => {
    const [finding = "", code = "", says = "", fix = "", url = "ada@here/words"] = line.split(" | ");
    return { finding, code, says: says.replaceAll("\\n", "\n"), fix, url };
  });

/** What the failure is translated to, on the host of the URL: it fails at the server that refuses, wherever that is. */
async function errorOf({ code, says, url }: Replay, connect: (target: Target) => Promise<unknown>): Promise<unknown> {
  return refusing(code, says, async (port) => {
    const at = (host: string) => targetOf(`postgresql://${url.replace("@", ":hunter2@").replace(/(?<=@)[^/]*/, host)}`);
    const here = at(`127.0.0.1:${port}`);
    const error = await connect(here).catch((reason: unknown) => reason);
    return url.includes("@here/") ? translateError(error, here) : translateError(error, at(hostIn(url)));
  });
}

function hostIn(url: string): string {
  return /@([^/]*)/.exec(url)?.[1] ?? "";
}

function throughDriver(target: Target): Promise<unknown> {
  return withConnection(target, ({ pool }) => pool.query("SELECT"));
}

function throughPrisma(target: Target): Promise<unknown> {
  return withConnection(target, (connection) => withPrisma(connection, ({ prisma }) => prisma.user.count()));
}

describe.each(REPLAYS)("$code $says", (replay) => {
  it(`is ${replay.finding} for ${replay.url}`, async () => {
    const error = await errorOf(replay, throughDriver);
    expect(error).toBeInstanceOf(ConnectionError);
    const { finding, message, hint, exitCode } = error as ConnectionError;
    expect({ finding, exitCode }).toEqual({ finding: replay.finding, exitCode: 7 });
    expect(hint).toContain(replay.fix);
    expect(message).not.toContain("\n");
    expect(`${message} ${hint}`).not.toContain("hunter2");
  });
});

/** What this side says is the matter of errors-recorded.test.ts; only a statement can be refused with db.database-privilege. */
it("every finding of the server's and the poolers' is among them", () => {
  const isOfServer = (finding: string): boolean =>
    !/^net\.|^tls\.(?!required)|^auth\.(?:method|scram)$|^pool\.exhausted$|^db\.database-privilege$/.test(finding);
  const replayed = new Set(REPLAYS.map(({ finding }) => finding));
  expect([...replayed].filter(isOfServer).sort()).toEqual([...connectionFindings].filter(isOfServer).sort());
});

it("the same is told through Prisma, which wraps it", async () => {
  for (const finding of [
    "auth.pg-hba",
    "pool.session-clients",
    "pool.slots",
    "server.starting",
    "auth.pooler-tenant",
  ]) {
    for (const replay of REPLAYS.filter((each) => each.finding === finding)) {
      const error = await errorOf(replay, throughPrisma);
      expect(error, replay.says).toMatchObject({ finding, hint: expect.stringContaining(replay.fix) });
    }
  }
});
