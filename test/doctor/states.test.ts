/** Set-ups in which the server itself is in a bad state: too old, hanging, full, a standby, shutting down. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { serverState, startServer, stopServer } from "../../src/db/embedded/server.js";
import { COUNT_LOGINS, sharedServer } from "../support/server.js";
import { withBlackHole, withRewritten } from "./fake.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const CONNECTIONS = 5;
const RESERVED = 3;

const urlAt = (port: number): string => `postgresql://app:${PASSWORD}@127.0.0.1:${port}/postgres?sslmode=disable`;

/** Two seconds are given, and with the start of Node it is not much more. */
const IN_TIME = { args: ["--timeout", "2s"], withinMs: 4_500 };

async function expectInTime(port: number, expected: Expected): Promise<void> {
  const { args, withinMs } = IN_TIME;
  const { steps } = (await expectFinding({ url: urlAt(port), args }, { ...expected, withinMs })).json() as {
    steps: { durationMs: number }[];
  };
  expect(steps.reduce((total, { durationMs }) => total + durationMs, 0)).toBeLessThan(2_000);
}

describe("the server", () => {
  const conf = [
    ...COUNT_LOGINS,
    `max_connections = ${CONNECTIONS + RESERVED}`,
    `superuser_reserved_connections = ${RESERVED}`,
  ];
  const server = sharedServer({ conf }, [`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`]);

  async function expectHere(expected: Expected): Promise<void> {
    const { port } = server().target;
    const logins = await server().loginsDuring(() => expectFinding({ url: urlAt(port) }, expected));
    expect(logins).toBe(expected.logins ?? 1);
  }

  /** With so many of the role's sessions open. */
  async function withSessions(count: number, work: () => Promise<void>): Promise<void> {
    const clients = Array.from(
      { length: count },
      () => new pg.Client({ connectionString: urlAt(server().target.port) }),
    );
    try {
      for (const client of clients) {
        client.on("error", () => {});
        await client.connect();
      }
      await work();
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  }

  it("is older than anything that is supported", async () => {
    const [{ version = "", number = "" } = {}] = await server().query<{ version: string; number: string }>(
      "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number",
    );
    const rewrite = (text: string): string =>
      text.replaceAll(number, "090600").replaceAll(version, "9.6".padEnd(version.length));
    await withRewritten(server().target.port, rewrite, async (port) => {
      await expectFinding(
        { url: urlAt(port) },
        {
          ...{ id: "server.version", exitCode: 3, message: "the server is PostgreSQL 9.6" },
          fix: /^upgrade the server \(pg_upgrade, or the dashboard of its provider\) to PostgreSQL 15 to 18$/,
        },
      );
    });
  });

  it("has stopped in the middle of everything", async () => {
    process.kill(server().pid, "SIGSTOP");
    try {
      await expectInTime(server().target.port, {
        ...{ id: "net.no-answer", message: "takes connections but says nothing" },
        fix: /^look at the server \(is it overloaded, suspended, out of disk\?\) and restart it/,
      });
    } finally {
      process.kill(server().pid, "SIGCONT");
    }
  });

  it("has no connection left", async () => {
    await withSessions(CONNECTIONS, () =>
      expectHere({
        id: "pool.slots",
        fix: "who holds them: SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2",
      }),
    );
  });

  it("has hardly a connection left", async () => {
    await withSessions(CONNECTIONS - 1, () =>
      expectHere({
        ...{ id: "server.connections", level: "warning", exitCode: 3 },
        fix: "put a pooler before the server, or lower connection_limit in the URL of every client",
      }),
    );
  });

  it("is a standby", async () => {
    const { cluster } = server();
    await stopServer(cluster);
    writeFileSync(join(cluster.dataDirectory, "standby.signal"), "");
    await startServer(cluster);
    await expectHere({
      ...{ id: "server.read-only", exitCode: 3, message: "is a standby (a read replica)" },
      fix: "set DATABASE_URL to the address of the primary",
    });
  });

  it("is shutting down", async () => {
    await withSessions(1, async () => {
      // Without the number of a process it would be this one's own group.
      process.kill(serverState(server().cluster).pid ?? Number.NaN, "SIGTERM");
      await expectHere({ id: "server.shutting-down", fix: "try again in a moment; vocabdb db wait waits for it" });
    });
  });
});

it("nobody answers, and nobody refuses", async () => {
  await withBlackHole((port) =>
    expectInTime(port, {
      id: "net.timeout",
      fix: /a firewall or allow-list may drop the packets, or the server hangs|PostgreSQL answers at/,
    }),
  );
});
