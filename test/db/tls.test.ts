/** What each sslmode accepts, against servers that have every kind of certificate. See ../fixtures/tls. */
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { describe, expect, test as it } from "vitest";
import { withPrisma } from "../../src/db/database.js";
import { translateError } from "../../src/db/errors.js";
import { withConnection } from "../../src/db/pool.js";
import type { Target, TlsSettings } from "../../src/db/target.js";
import { tlsOptions } from "../../src/db/tls.js";
import { ConfigError, VocabdbError } from "../../src/errors.js";
import { packageRoot } from "../../src/package-root.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";

type Certificate = "localhost" | "address" | "elsewhere" | "expired" | "self-signed";

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);
const CA = fixture("ca.crt");

/** What a server saw of one session: the way in, and the name in the client's certificate. */
interface Session {
  readonly encrypted: boolean;
  readonly client: string | null;
}

/**
 * Runs `work` beside a server that speaks just enough of the protocol for queries without results.
 *
 * @param certificate null: it offers no TLS
 */
async function serving<T>(
  certificate: Certificate | null,
  work: (target: Target, sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const sockets = new Set<net.Socket>();
  const sessions: Session[] = [];
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.once("data", (first) => {
      const asksForTls = first.length === 8 && first.readInt32BE(4) === 80877103;
      if (!asksForTls) {
        converse(socket, first, sessions);
      } else if (certificate === null) {
        socket.once("data", (startup) => converse(socket, startup, sessions));
        socket.write("N");
      } else {
        const key = readFileSync(fixture(`${certificate}.key`));
        const cert = readFileSync(fixture(`${certificate}.crt`));
        const ca = readFileSync(CA);
        const secured = new tls.TLSSocket(socket, {
          ...{ isServer: true, requestCert: true, rejectUnauthorized: false, key, cert, ca },
        });
        secured.on("error", () => {});
        secured.once("data", (startup) => converse(secured, startup, sessions));
        socket.write("S");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as net.AddressInfo;
    return await work(
      {
        ...{ host: "localhost", port, user: "ada", password: new Secret("secret"), database: "db", schema: "public" },
        tls: { mode: "prefer", rootCert: null, clientCert: null, clientKey: null },
        ...{ applicationName: "vocabdb", options: null, poolMax: 1, embedded: false },
        ...{ connectTimeoutMs: 30_000, poolTimeoutMs: 30_000 },
      },
      sessions,
    );
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Lets everybody in and answers every query with success. */
function converse(socket: net.Socket, startup: Buffer, sessions: Session[]): void {
  expect(startup.readInt32BE(4)).toBe(196608);
  const peer = socket instanceof tls.TLSSocket ? socket.getPeerCertificate() : null;
  sessions.push({ encrypted: peer !== null, client: peer?.subject?.CN ?? null });
  const ready = "Z\0\0\0\x05I";
  socket.write(`R\0\0\0\x08\0\0\0\0${ready}`, "latin1");
  socket.on("data", (message) => {
    if (message.toString("latin1", 0, 1) === "Q") {
      socket.write(`C\0\0\0\x0dSELECT 0\0${ready}`, "latin1");
    }
  });
}

type Outcome = "encrypted" | "plain" | "refused";

/** How a session came about; `refused` when the server's offer was not good enough and nothing was sent. */
async function attempt(target: Target, sessions: readonly Session[]): Promise<Outcome> {
  const error = await withConnection(target, ({ pool }) => pool.query("SELECT")).then(
    () => null,
    (reason: unknown) => translateError(reason, target),
  );
  if (error === null) {
    return sessions.at(-1)?.encrypted ? "encrypted" : "plain";
  }
  expect(error).toMatchObject({ code: "TLS_FAILED", exitCode: 7 });
  expect(sessions).toEqual([]);
  return "refused";
}

function settings(mode: TlsSettings["mode"], rootCert: string | null = null): TlsSettings {
  return { mode, rootCert, clientCert: null, clientKey: null };
}

describe("a server without TLS", () => {
  it.for<[TlsSettings, Outcome]>([
    [settings("disable"), "plain"],
    [settings("prefer"), "plain"],
    [settings("require"), "refused"],
    [settings("verify-ca", CA), "refused"],
    [settings("verify-full", CA), "refused"],
  ])("with $0.mode is $1", async ([chosen, outcome]) => {
    await serving(null, async (target, sessions) => {
      expect(await attempt({ ...target, tls: chosen }, sessions)).toBe(outcome);
    });
  });

  it("is told as one without TLS, through pg and through Prisma", async () => {
    await serving(null, async (localhost) => {
      const target = { ...localhost, tls: settings("require") };
      const failures = [
        withConnection(target, ({ pool }) => pool.query("SELECT")),
        withConnection(target, (connection) => withPrisma(connection, ({ prisma }) => prisma.user.count())),
      ].map((work) => work.catch((error: unknown) => translateError(error, target)));
      for (const failure of failures) {
        expect(await failure).toMatchObject({
          code: "TLS_FAILED",
          message: expect.stringContaining("offers no TLS, but the URL asks for it (sslmode=require)"),
          hint: expect.stringContaining("sslmode=prefer"),
        });
      }
    });
  });
});

describe("a server with TLS", () => {
  it.for<[TlsSettings["mode"], string | null, Outcome]>([
    ["disable", null, "plain"],
    ["prefer", null, "encrypted"],
    ["prefer", CA, "encrypted"],
    ["require", null, "encrypted"],
  ])("and any certificate, with %s and sslrootcert=%s, is %s", async ([mode, rootCert, outcome]) => {
    for (const certificate of ["localhost", "elsewhere", "expired", "self-signed"] as const) {
      await serving(certificate, async (target, sessions) => {
        expect(await attempt({ ...target, tls: settings(mode, rootCert) }, sessions), certificate).toBe(outcome);
      });
    }
  });

  const SELF = fixture("self-signed.crt");
  it.for<[Certificate, string, TlsSettings["mode"], string | null, Outcome]>([
    // As libpq does, an authority turns require into verify-ca.
    ["localhost", "localhost", "require", CA, "encrypted"],
    ["elsewhere", "localhost", "require", CA, "encrypted"],
    ["self-signed", "localhost", "require", CA, "refused"],
    ["expired", "localhost", "require", CA, "refused"],

    ["localhost", "localhost", "verify-ca", CA, "encrypted"],
    ["elsewhere", "localhost", "verify-ca", CA, "encrypted"],
    ["self-signed", "localhost", "verify-ca", CA, "refused"],
    ["self-signed", "localhost", "verify-ca", SELF, "encrypted"],
    ["localhost", "localhost", "verify-ca", SELF, "refused"],
    ["expired", "localhost", "verify-ca", CA, "refused"],
    ["localhost", "localhost", "verify-ca", null, "refused"],

    ["localhost", "localhost", "verify-full", CA, "encrypted"],
    ["address", "127.0.0.1", "verify-full", CA, "encrypted"],
    ["address", "localhost", "verify-full", CA, "refused"],
    ["localhost", "127.0.0.1", "verify-full", CA, "refused"],
    ["elsewhere", "localhost", "verify-full", CA, "refused"],
    ["self-signed", "localhost", "verify-full", CA, "refused"],
    ["self-signed", "localhost", "verify-full", SELF, "encrypted"],
    ["expired", "localhost", "verify-full", CA, "refused"],
    ["localhost", "localhost", "verify-full", null, "refused"],
    ["localhost", "localhost", "verify-full", "system", "refused"],
  ])("whose certificate is %s, at %s with %s and sslrootcert=%s, is %s", async (trial) => {
    const [certificate, host, mode, rootCert, outcome] = trial;
    await serving(certificate, async (target, sessions) => {
      expect(await attempt({ ...target, host, tls: settings(mode, rootCert) }, sessions)).toBe(outcome);
    });
  });

  it("that is refused is told with the reason and the way to trust it", async () => {
    await serving("elsewhere", async (localhost) => {
      const target = { ...localhost, tls: settings("verify-full", CA) };
      const error = await withConnection(target, ({ pool }) => pool.query("SELECT")).catch((reason: unknown) =>
        translateError(reason, target),
      );
      expect(error).toMatchObject({
        message: expect.stringMatching(/certificate of localhost.*db\.example\.org/),
        hint: expect.stringContaining("sslrootcert="),
      });
      expect((error as VocabdbError).message).not.toContain("secret");
    });
  });

  it("gets the client's certificate when there is one", async () => {
    const client = { clientCert: fixture("client.crt"), clientKey: fixture("client.key") };
    await serving("localhost", async (target, sessions) => {
      await attempt({ ...target, tls: settings("verify-full", CA) }, sessions);
      await attempt({ ...target, tls: { ...settings("verify-full", CA), ...client } }, sessions);
      expect(sessions).toEqual([
        { encrypted: true, client: null },
        { encrypted: true, client: "vocabdb test" },
      ]);
    });
  });
});

describe("certificate files", () => {
  it("that cannot be read are all named, before anything is sent", async () => {
    const missing = {
      rootCert: "/nonexistent/ca.crt",
      clientCert: "/nonexistent/me.crt",
      clientKey: "/nonexistent/me.key",
    };
    await serving("localhost", async (target, sessions) => {
      const error = await tlsOptions({ ...target, tls: { mode: "require", ...missing } }).catch((reason) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error).toMatchObject({
        exitCode: 2,
        problems: [
          "sslrootcert names /nonexistent/ca.crt, which cannot be read (ENOENT)",
          "sslcert names /nonexistent/me.crt, which cannot be read (ENOENT)",
          "sslkey names /nonexistent/me.key, which cannot be read (ENOENT)",
        ],
      });
      expect(sessions).toEqual([]);
    });
  });

  it.for(["rootCert", "clientCert", "clientKey"] as const)(
    "that hold no certificate (%s) are the user's to correct",
    async (file) => {
      const garbage = join(temporaryFolder(), "garbage");
      writeFileSync(garbage, "<html>404 Not Found</html>\n");
      await serving("localhost", async (localhost) => {
        const client = { clientCert: fixture("client.crt"), clientKey: fixture("client.key") };
        const target = { ...localhost, tls: { ...settings("verify-full", CA), ...client, [file]: garbage } };
        const error = await withConnection(target, ({ pool }) => pool.query("SELECT")).catch((reason: unknown) =>
          translateError(reason, target),
        );
        console.log(file, error);
        expect(error).toBeInstanceOf(VocabdbError);
      });
    },
  );
});

it("a socket folder and sslmode=disable need no TLS, whatever the files", async () => {
  await serving("localhost", async (target) => {
    const tlsSettings = settings("verify-full", "/nonexistent/ca.crt");
    expect(await tlsOptions({ ...target, host: "/var/run/postgresql", tls: tlsSettings })).toBe(false);
    expect(await tlsOptions({ ...target, tls: { ...tlsSettings, mode: "disable" } })).toBe(false);
  });
});
