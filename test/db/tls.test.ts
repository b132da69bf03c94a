/** What each sslmode accepts, against servers that have every kind of certificate. See ../fixtures/tls. */
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { describe, expect, it } from "vitest";
import { withPrisma } from "../../src/db/database.js";
import { translateError } from "../../src/db/errors.js";
import { withConnection } from "../../src/db/pool.js";
import type { SslMode, Target, TlsSettings } from "../../src/db/target.js";
import { tlsOptions } from "../../src/db/tls.js";
import type { VocabdbError } from "../../src/errors/base.js";
import { ConfigError } from "../../src/errors/usage.js";
import { packageRoot } from "../../src/package-root.js";
import { Secret } from "../../src/secret.js";
import { temporaryFolder } from "../support/cli.js";

type Certificate = "localhost" | "address" | "elsewhere" | "expired" | "self-signed";

/** Value of sslrootcert: a file among the fixtures, `system`, or none. */
type Root = "ca" | "self-signed" | "system" | null;

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);

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
        converse(socket, sessions);
      } else if (certificate === null) {
        socket.once("data", () => converse(socket, sessions));
        socket.write("N");
      } else {
        const key = readFileSync(fixture(`${certificate}.key`));
        const cert = readFileSync(fixture(`${certificate}.crt`));
        const ca = readFileSync(fixture("ca.crt"));
        const secured = new tls.TLSSocket(socket, {
          ...{ isServer: true, requestCert: true, rejectUnauthorized: false, key, cert, ca },
        });
        secured.on("error", () => {});
        secured.once("data", () => converse(secured, sessions));
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

/** What follows the startup message: everybody is let in, and every query succeeds. */
function converse(socket: net.Socket, sessions: Session[]): void {
  const client = socket instanceof tls.TLSSocket ? socket.getPeerCertificate().subject?.CN : null;
  sessions.push({ encrypted: socket instanceof tls.TLSSocket, client: typeof client === "string" ? client : null });
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

function settings(mode: SslMode, root: Root = null): TlsSettings {
  const rootCert = root === null || root === "system" ? root : fixture(`${root}.crt`);
  return { mode, rootCert, clientCert: null, clientKey: null };
}

describe("a server without TLS", () => {
  it.for<[SslMode, Root, Outcome]>([
    ["disable", null, "plain"],
    ["prefer", null, "plain"],
    ["prefer", "ca", "plain"],
    ["require", null, "refused"],
    ["verify-ca", "ca", "refused"],
    ["verify-full", "ca", "refused"],
  ])("with %s and sslrootcert=%s is %s", async ([mode, root, outcome]) => {
    await serving(null, async (target, sessions) => {
      expect(await attempt({ ...target, tls: settings(mode, root) }, sessions)).toBe(outcome);
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
          hint: expect.stringContaining("sslmode=disable"),
          finding: "tls.not-offered",
        });
      }
    });
  });
});

describe("a server with TLS", () => {
  it.for<[SslMode, Root, Outcome]>([
    ["disable", null, "plain"],
    ["prefer", null, "encrypted"],
    ["prefer", "ca", "encrypted"],
    ["require", null, "encrypted"],
  ])("and any certificate, with %s and sslrootcert=%s, is %s", async ([mode, root, outcome]) => {
    for (const certificate of ["localhost", "elsewhere", "expired", "self-signed"] as const) {
      await serving(certificate, async (target, sessions) => {
        expect(await attempt({ ...target, tls: settings(mode, root) }, sessions), certificate).toBe(outcome);
      });
    }
  });

  it.for<[Certificate, string, SslMode, Root, Outcome]>([
    // As libpq does, an authority turns require into verify-ca.
    ["localhost", "localhost", "require", "ca", "encrypted"],
    ["elsewhere", "localhost", "require", "ca", "encrypted"],
    ["self-signed", "localhost", "require", "ca", "refused"],
    ["expired", "localhost", "require", "ca", "refused"],

    ["localhost", "localhost", "verify-ca", "ca", "encrypted"],
    ["elsewhere", "localhost", "verify-ca", "ca", "encrypted"],
    ["self-signed", "localhost", "verify-ca", "ca", "refused"],
    ["self-signed", "localhost", "verify-ca", "self-signed", "encrypted"],
    ["localhost", "localhost", "verify-ca", "self-signed", "refused"],
    ["expired", "localhost", "verify-ca", "ca", "refused"],
    ["localhost", "localhost", "verify-ca", null, "refused"],

    ["localhost", "localhost", "verify-full", "ca", "encrypted"],
    ["address", "127.0.0.1", "verify-full", "ca", "encrypted"],
    ["address", "localhost", "verify-full", "ca", "refused"],
    ["localhost", "127.0.0.1", "verify-full", "ca", "refused"],
    ["elsewhere", "localhost", "verify-full", "ca", "refused"],
    ["self-signed", "localhost", "verify-full", "ca", "refused"],
    ["self-signed", "localhost", "verify-full", "self-signed", "encrypted"],
    ["expired", "localhost", "verify-full", "ca", "refused"],
    ["localhost", "localhost", "verify-full", null, "refused"],
    ["localhost", "localhost", "verify-full", "system", "refused"],
  ])("whose certificate is %s, at %s with %s and sslrootcert=%s, is %s", async (trial) => {
    const [certificate, host, mode, root, outcome] = trial;
    await serving(certificate, async (target, sessions) => {
      expect(await attempt({ ...target, host, tls: settings(mode, root) }, sessions)).toBe(outcome);
    });
  });

  it("that is refused is told with the reason and the way to trust it", async () => {
    await serving("elsewhere", async (localhost) => {
      const target = { ...localhost, tls: settings("verify-full", "ca") };
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
      await attempt({ ...target, tls: settings("verify-full", "ca") }, sessions);
      await attempt({ ...target, tls: { ...settings("verify-full", "ca"), ...client } }, sessions);
      expect(sessions).toEqual([
        { encrypted: true, client: null },
        { encrypted: true, client: "vocabdb test" },
      ]);
    });
  });
});

describe("certificate files", () => {
  /** The ConfigError that these files lead to, with nothing sent to the server. */
  function refusedFiles(files: Partial<TlsSettings>): Promise<unknown> {
    const client = { clientCert: fixture("client.crt"), clientKey: fixture("client.key") };
    return serving("localhost", async (target, sessions) => {
      const tlsSettings = { ...settings("verify-full", "ca"), ...client, ...files };
      const error = await tlsOptions({ ...target, tls: tlsSettings }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect(sessions).toEqual([]);
      return error;
    });
  }

  it("that cannot be read are all named", async () => {
    const [rootCert, clientCert, clientKey] = ["/nonexistent/ca", "/nonexistent/me", "/nonexistent/key"];
    expect(await refusedFiles({ rootCert, clientCert, clientKey })).toMatchObject({
      exitCode: 2,
      problems: [
        "sslrootcert names /nonexistent/ca, which does not exist",
        "sslcert names /nonexistent/me, which does not exist",
        "sslkey names /nonexistent/key, which does not exist",
      ],
    });
  });

  it.for([
    ["rootCert", "sslrootcert"],
    ["clientCert", "sslcert"],
    ["clientKey", "sslkey"],
  ] as const)("without what their name promises are named (%s)", async ([file, parameter]) => {
    for (const content of ["", "<html>404 Not Found</html>\n"]) {
      const path = join(temporaryFolder(), "file");
      writeFileSync(path, content);
      const problems = [expect.stringContaining(`${parameter} names ${path}, which is not in the form PEM`)];
      expect(await refusedFiles({ [file]: path })).toMatchObject({ problems });
    }
  });

  it("that do not belong together are named", async () => {
    const clientKey = fixture("localhost.key");
    const problems = [`sslkey names ${clientKey}, which is not the key of sslcert (${fixture("client.crt")})`];
    expect(await refusedFiles({ clientKey })).toMatchObject({ problems });
  });
});

it("a socket folder and sslmode=disable get no TLS, whatever the files", async () => {
  await serving("localhost", async (target) => {
    const tlsSettings = { ...settings("verify-full"), rootCert: "/nonexistent/ca" };
    expect(await tlsOptions({ ...target, host: "/var/run/postgresql", tls: tlsSettings })).toBe(false);
    expect(await tlsOptions({ ...target, tls: { ...tlsSettings, mode: "disable" } })).toBe(false);
  });
});
