/** TLS and logins against a real PostgreSQL with certificates, client certificates and a pg_hba.conf of its own. */

import { createPrivateKey } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { translateError } from "../../src/db/errors.js";
import { withConnection } from "../../src/db/pool.js";
import type { Target, TlsSettings } from "../../src/db/target.js";
import { packageRoot } from "../../src/package-root.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";
import { type OwnServer, withServer } from "../support/server.js";

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);
const CA = fixture("ca.crt");
const CLIENT = { clientCert: fixture("client.crt"), clientKey: fixture("client.key") };

function settings(changes: Partial<TlsSettings>): TlsSettings {
  return { mode: "verify-full", rootCert: CA, clientCert: null, clientKey: null, ...changes };
}

type Answer = { readonly encrypted: boolean; readonly user: string };

/** How the session came about, or the error that a command would end with. */
async function connect(target: Target): Promise<unknown> {
  return withConnection(target, async ({ pool }) => {
    const { rows } = await pool.query<Answer>(
      "SELECT ssl AS encrypted, current_user AS user FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    return rows[0];
  }).catch((error: unknown) => translateError(error, target));
}

function at({ target }: OwnServer, host: string, tls: Partial<TlsSettings> = {}): Target {
  return { ...target, host, tls: settings(tls) };
}

describe("a certificate of the server", () => {
  it("that its authority signed for the name is trusted by every mode", async () => {
    await withServer({ certificate: "localhost" }, async (server) => {
      for (const mode of ["prefer", "require", "verify-ca", "verify-full"] as const) {
        expect(await connect(at(server, "localhost", { mode })), mode).toMatchObject({ encrypted: true });
      }
      expect(await connect(at(server, "localhost", { mode: "disable" }))).toMatchObject({ encrypted: false });

      expect(await connect(at(server, "127.0.0.1"))).toMatchObject({
        ...{ code: "TLS_FAILED", finding: "tls.wrong-name" },
        hint: expect.stringContaining("sslmode=verify-ca&sslrootcert="),
      });
      for (const rootCert of [null, "system"]) {
        expect(await connect(at(server, "localhost", { rootCert }))).toMatchObject({
          ...{ code: "TLS_FAILED", finding: "tls.private-ca" },
          message: expect.stringContaining("signed by an authority that this machine does not know"),
          hint: expect.stringContaining("sslmode=verify-full&sslrootcert=/path/to/ca.crt"),
        });
      }
      expect(await connect(at(server, "localhost", { rootCert: fixture("self-signed.crt") }))).toMatchObject({
        finding: "tls.private-ca",
        message: expect.stringContaining("self-signed.crt (sslrootcert)"),
      });
    });
  });

  it.for([
    ["elsewhere", "tls.wrong-name", "not for the name localhost, but for db.example.org"],
    ["expired", "tls.expired", "has expired, or the clock of this machine is wrong"],
    ["self-signed", "tls.self-signed", "signed by nobody but itself"],
  ] as const)("that is %s is refused as %s", async ([certificate, finding, message]) => {
    await withServer({ certificate }, async (server) => {
      expect(await connect(at(server, "localhost"))).toMatchObject({
        ...{ code: "TLS_FAILED", exitCode: 7, finding },
        message: expect.stringContaining(message),
        hint: expect.not.stringContaining(server.target.password?.reveal() ?? ""),
      });
      expect(await connect(at(server, "localhost", { mode: "require", rootCert: null }))).toMatchObject({
        encrypted: true,
      });
    });
  });
});

it("a server without TLS is told by the modes that want it", async () => {
  await withServer({}, async (server) => {
    expect(await connect(at(server, "localhost", { mode: "prefer" }))).toMatchObject({ encrypted: false });
    for (const mode of ["require", "verify-ca", "verify-full"] as const) {
      expect(await connect(at(server, "localhost", { mode })), mode).toMatchObject({
        ...{ code: "TLS_FAILED", finding: "tls.not-offered" },
        hint: expect.stringContaining("?sslmode=disable"),
      });
    }
  });
});

it("who may come in, and how, is told with what to change", async () => {
  const hba = [
    "host vocabdb vocabdb 127.0.0.1/32 scram-sha-256",
    "hostssl all certified 127.0.0.1/32 cert",
    'hostssl all "vocabdb test" 127.0.0.1/32 cert',
    "hostssl all twofold 127.0.0.1/32 scram-sha-256 clientcert=verify-ca",
    "host all unlisted 127.0.0.1/32 reject",
    "hostssl all secure 127.0.0.1/32 trust",
    "local all all peer",
    "host postgres,closed,private,packed all 127.0.0.1/32 scram-sha-256",
  ];
  await withServer({ certificate: "localhost", hba, conf: ["unix_socket_directories = '/tmp'"] }, async (server) => {
    const password = new Secret("hunter2");
    for (const role of ["certified", "twofold", "unlisted", "secure", "plain", '"vocabdb test"']) {
      await server.query(`CREATE ROLE ${role} LOGIN PASSWORD 'hunter2'`);
    }
    await server.query("CREATE ROLE lame NOLOGIN PASSWORD 'hunter2'");
    await server.query("CREATE ROLE crowded LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 0");
    for (const database of ["closed ALLOW_CONNECTIONS false", "private", "packed CONNECTION LIMIT 0"]) {
      await server.query(`CREATE DATABASE ${database}`);
    }
    await server.query("REVOKE CONNECT ON DATABASE private FROM PUBLIC");
    const as = (user: string, changes: Partial<Target> = {}, tls: Partial<TlsSettings> = {}): Promise<unknown> =>
      connect({ ...at(server, "localhost", tls), host: "127.0.0.1", database: "postgres", user, password, ...changes });
    const verified = { mode: "verify-ca" } as const;
    const line = (user: string): string => `postgres ${user} 127.0.0.1/32 scram-sha-256`;

    // Certificates of clients.
    expect(await as("vocabdb test", { password: null }, { ...verified, ...CLIENT })).toMatchObject({
      ...{ encrypted: true, user: "vocabdb test" },
    });
    expect(await as("certified", {}, verified)).toMatchObject({
      ...{ code: "AUTHENTICATION_FAILED", finding: "tls.client-certificate" },
      hint: expect.stringContaining("sslcert=/path/to/client.crt&sslkey="),
    });
    expect(await as("certified", {}, { ...verified, ...CLIENT })).toMatchObject({
      ...{ finding: "auth.certificate", hint: expect.stringContaining("CN") },
    });
    expect(await as("twofold", {}, verified)).toMatchObject({ finding: "tls.client-certificate" });
    expect(await as("twofold", {}, { ...verified, ...CLIENT })).toMatchObject({ user: "twofold" });
    const stranger = { clientCert: fixture("self-signed.crt"), clientKey: fixture("self-signed.key") };
    expect(await as("twofold", {}, { ...verified, ...stranger })).toMatchObject({
      ...{ code: "TLS_FAILED", finding: "tls.client-certificate" },
      message: expect.stringContaining("does not accept the certificate in"),
    });

    // pg_hba.conf.
    const open = { mode: "disable" } as const;
    expect(await as("secure", { database: "vocabdb" }, open)).toMatchObject({
      ...{ finding: "tls.required", hint: expect.stringContaining("?sslmode=require") },
    });
    expect(await as("plain", { database: "template1" }, verified)).toMatchObject({
      ...{
        finding: "auth.pg-hba",
        hint: expect.stringContaining("hostssl template1 plain 127.0.0.1/32 scram-sha-256"),
      },
    });
    expect(await as("unlisted", {}, verified)).toMatchObject({
      ...{ finding: "auth.pg-hba-reject", hint: expect.stringContaining(line("unlisted")) },
    });
    expect(await as("plain", { host: "/tmp" }, open)).toMatchObject({
      ...{ finding: "auth.peer", hint: expect.stringContaining("postgresql://plain:PASSWORD@127.0.0.1:") },
    });

    // Roles and databases.
    expect(await as("plain", { password: new Secret("wrong") }, verified)).toMatchObject({ finding: "auth.password" });
    expect(await as("nobody", {}, verified)).toMatchObject({ finding: "auth.password" });
    expect(await as("lame", {}, verified)).toMatchObject({
      ...{ finding: "auth.no-login", hint: expect.stringContaining("ALTER ROLE lame LOGIN;") },
    });
    expect(await as("crowded", {}, verified)).toMatchObject({
      ...{ finding: "pool.role-limit", hint: expect.stringContaining("ALTER ROLE crowded CONNECTION LIMIT") },
    });
    expect(await as("plain", { database: "packed" }, verified)).toMatchObject({ finding: "pool.database-limit" });
    expect(await as("plain", { database: "closed" }, verified)).toMatchObject({
      ...{
        finding: "db.not-accepting",
        hint: expect.stringContaining("ALTER DATABASE closed ALLOW_CONNECTIONS true;"),
      },
    });
    expect(await as("plain", { database: "private" }, verified)).toMatchObject({
      ...{ code: "PERMISSION_DENIED", finding: "db.no-connect-privilege" },
      hint: expect.stringContaining("GRANT CONNECT ON DATABASE private TO plain;"),
    });
  });
});

it("a key with a password is refused with the way to decrypt it", async () => {
  const folder = temporaryFolder();
  const [clientCert, clientKey] = [join(folder, "client.crt"), join(folder, "client.key")];
  copyFileSync(CLIENT.clientCert, clientCert);
  const key = createPrivateKey(readFileSync(CLIENT.clientKey, "utf8"));
  for (const type of ["pkcs8", "sec1"] as const) {
    writeFileSync(clientKey, key.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as never));
    const target: Target = { ...BARE, tls: settings({ clientCert, clientKey }) };
    expect(await connect(target)).toMatchObject({
      ...{ code: "CONFIG_INVALID", findings: [{ id: "tls.file" }] },
      message: expect.stringContaining("which is encrypted"),
      hint: expect.stringContaining("openssl pkey"),
    });
  }
  expect(await connect({ ...BARE, tls: settings({ clientCert }) })).toMatchObject({
    hint: "add sslkey=FILE to the URL",
  });
});

/** Nothing is sent to it. */
const BARE: Target = {
  ...{ host: "127.0.0.1", port: 1, user: "ada", password: null, database: "d", schema: "public" },
  ...{ applicationName: "vocabdb", options: null, poolMax: 1, embedded: false },
  ...{ connectTimeoutMs: 1_000, poolTimeoutMs: 1_000, tls: settings({}) },
};
