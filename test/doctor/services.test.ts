/** Set-ups in which what listens is not PostgreSQL, or hides behind something. */
import { describe, expect } from "vitest";
import { it } from "../support/database.js";
import { freePort } from "../support/ports.js";
import { type Behaviour, errorResponse, withFake } from "./fake.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const url = (port: number, query = ""): string => `postgresql://app:${PASSWORD}@127.0.0.1:${port}/vocab${query}`;

interface Setup extends Behaviour {
  readonly name: string;
  readonly expected: Expected;
  readonly query?: string;
  readonly args?: readonly string[];
}

const wrong = (what: string): Expected => ({
  ...{ id: "net.wrong-service", fix: /check the host and the port|PostgreSQL answers at/, logins: 0 },
  message: `is not PostgreSQL but ${what}`,
});

const services: readonly Setup[] = [
  {
    name: "an HTTP server",
    answer: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    expected: wrong("an HTTP server"),
  },
  { name: "an SSH server", greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", expected: wrong("an SSH server") },
  {
    name: "MySQL",
    greeting: Buffer.concat([Buffer.from([0x4a, 0, 0, 0, 0x0a]), Buffer.from("8.0.36\0")]),
    expected: wrong("MySQL"),
  },
  {
    name: "MariaDB that refuses this host",
    greeting: Buffer.concat([Buffer.from([0x45, 0, 0, 0, 0xff, 0x6a, 0x04]), Buffer.from("Host is not allowed")]),
    expected: wrong("MySQL or MariaDB"),
  },
  { name: "Redis", answer: "-ERR unknown command\r\n", expected: wrong("Redis") },
  { name: "a mail server", greeting: "220 mail.example.org ESMTP Postfix\r\n", expected: wrong("an SMTP server") },
  { name: "Memcached", answer: "ERROR\r\n", expected: wrong("Memcached") },
  {
    name: "a server that speaks TLS from the first byte",
    answer: Buffer.from([0x15, 3, 1, 0, 2, 2, 0x46]),
    expected: wrong("a server that speaks TLS"),
  },
  { name: "something nobody knows", greeting: "hello there\n", expected: wrong('something that answers "hello') },
  {
    name: "a port that says nothing",
    args: ["--timeout", "2s"],
    expected: { id: "net.no-answer", fix: /look at the server/, logins: 0, withinMs: 4_500 },
  },
  {
    name: "a server that falls silent before the login",
    ...{ offer: "N", args: ["--timeout", "2s"] },
    expected: { id: "net.no-answer", fix: /look at the server/, message: /not to a login/, logins: 1, withinMs: 4_500 },
  },
  { name: "a proxy that hangs up", hangUp: "close", expected: { id: "net.closed", fix: /load balancer/, logins: 0 } },
  {
    name: "a proxy that resets",
    hangUp: "reset",
    // Whether that is seen before or after something is sent is a matter of chance.
    expected: { id: /^net\.(?:closed|reset)$/, fix: /load balancer|see that the server is up/, logins: 0 },
  },
  {
    name: "a server that hangs up in the middle of the login",
    ...{ offer: "N", login: Buffer.alloc(0) },
    expected: { id: "net.reset", fix: /see that the server is up/, logins: 1 },
  },
  {
    name: "a server that is too old or too full to answer the request for TLS",
    answer: "EFATAL:  could not fork new process for connection: Cannot allocate memory\n\0",
    expected: { id: "server.refused", fix: /server's log/, message: /could not fork/, logins: 0 },
  },
  {
    name: "TLS that breaks off",
    ...{ offer: "S", query: "?sslmode=require" },
    expected: { id: "net.timeout", fix: /hangs/, logins: 0, withinMs: 4_500 },
    args: ["--timeout", "2s"],
  },
  ...(["close", "reset"] as const).map((handshake) => ({
    name: `a proxy that does not let TLS through (${handshake})`,
    ...{ offer: "S" as const, handshake, query: "?sslmode=require" },
    expected: {
      ...{ id: "net.reset", message: "closed the connection during the TLS handshake", logins: 0 },
      fix: "a proxy or firewall in between may not let TLS through",
    },
  })),
];

/** As Supavisor and PgBouncer word them, and PostgreSQL when it cannot be made to say them here. */
const replies: readonly (readonly [code: string, message: string, expected: Expected])[] = [
  [
    "XX000",
    "(ENOTFOUND) tenant/user app.abcdefghijklmnopqrst not found",
    { id: "auth.pooler-user", fix: /app\.PROJECT:PASSWORD@/ },
  ],
  [
    "XX000",
    "(EADDRNOTALLOWED) address not in tenant allow_list: {203, 0, 113, 7}",
    { id: "auth.allow-list", fix: /Network Restrictions/ },
  ],
  [
    "XX000",
    "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked",
    { id: "auth.circuit-breaker", fix: /stop every client/ },
  ],
  [
    "XX000",
    "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15",
    { id: "pool.session-clients", fix: /VOCABDB_POOL_MAX/ },
  ],
  [
    "XX000",
    "(EMAXCONN) max client connections reached, limit: 200",
    { id: "pool.client-limit", fix: /connection_limit/ },
  ],
  [
    "XX000",
    "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms in Transaction mode",
    { id: "pool.checkout-timeout", fix: /pg_stat_activity/ },
  ],
  ["08P01", "no more connections allowed (max_client_conn)", { id: "pool.client-limit", fix: /max_client_conn/ }],
  ["08P01", "no such database: vocab", { id: "db.missing", fix: /pgbouncer\.ini/ }],
  [
    "08P01",
    'password authentication failed for user "postgres"',
    { id: "auth.pooler-backend-password", fix: /auth_file/ },
  ],
  ["08P01", "query_wait_timeout", { id: "pool.wait-timeout", fix: /SHOW POOLS/ }],
  ["57P03", "the database system is starting up", { id: "server.starting", fix: /vocabdb db wait/ }],
  ["57P03", "the database system is in recovery mode", { id: "server.recovering", fix: /vocabdb db wait/ }],
  ["53300", "sorry, too many clients already", { id: "pool.slots", fix: /pg_stat_activity/ }],
  ["99999", "what no version has said so far", { id: "auth.refused", fix: /server's log/ }],
];

describe("what listens is", () => {
  it.for(services)("$name", async ({ expected, query, args = [], ...behaviour }) => {
    await withFake(behaviour, async ({ port, logins }) => {
      await expectFinding({ url: url(port, query), args }, expected);
      expect(logins()).toBe(expected.logins);
    });
  });
});

describe("a pooler or server answers the login with", () => {
  it.for(replies)("%s %s", async ([code, message, expected]) => {
    await withFake({ offer: "N", login: errorResponse(code, message) }, async ({ port, logins }) => {
      await expectFinding({ url: url(port) }, expected);
      expect(logins()).toBe(1);
    });
  });
});

it("nothing listens", async () => {
  const port = await freePort();
  await expectFinding({ url: url(port) }, { id: "net.refused", fix: /PostgreSQL answers at|start the server/ });
});
