/** The relay before a real server with TLS, used by a driver that is told of none. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { withRelay } from "../../src/db/relay.js";
import type { Target, TlsSettings } from "../../src/db/target.js";
import { packageRoot } from "../../src/package-root.js";
import { withServer } from "../support/server.js";

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);
const { signal } = new AbortController();

async function session(local: Target): Promise<pg.Client> {
  const { host, port, user, database, password } = local;
  const client = new pg.Client({ host, port, user, database, password: password?.reveal() });
  client.on("error", () => {});
  await client.connect();
  return client;
}

it("leads to the server as the target says, with its certificates", async () => {
  const hba = ["host all vocabdb all scram-sha-256", 'hostssl all "vocabdb test" all cert'];
  await withServer({ certificate: "localhost", hba }, async ({ target, query }) => {
    await query('CREATE ROLE "vocabdb test" LOGIN');
    const tls: TlsSettings = {
      ...{ mode: "verify-full", rootCert: fixture("ca.crt") },
      ...{ clientCert: fixture("client.crt"), clientKey: fixture("client.key") },
    };
    const certified: Target = { ...target, host: "localhost", user: "vocabdb test", password: null, tls };
    const left = await withRelay(certified, signal, async (local) => {
      expect(statSync(local.host).mode & 0o777).toBe(0o700);
      expect(local.tls.mode).toBe("disable");
      const clients = await Promise.all([session(local), session(local)]);
      for (const client of clients) {
        const { rows } = await client.query(
          "SELECT ssl, current_user AS user FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        );
        expect(rows).toEqual([{ ssl: true, user: "vocabdb test" }]);
      }
      await clients[0].end();
      return { folder: local.host, client: clients[1] };
    });
    expect(existsSync(left.folder)).toBe(false);
    await expect(left.client.query("SELECT 1")).rejects.toThrow(/terminated|not queryable|ended/);

    // The certificate is not for that name.
    await withRelay({ ...certified, host: "127.0.0.1" }, signal, async (local) => {
      await expect(session(local)).rejects.toThrow(/terminated|ECONNRESET/);
    });
    await withRelay({ ...target, tls: { ...tls, mode: "disable" } }, signal, async (local) => {
      const client = await session(local);
      const { rows } = await client.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
      expect(rows).toEqual([{ ssl: false }]);
      await client.end();
    });
  });
});
