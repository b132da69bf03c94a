/** The embedded server through the commands that people type, each test with a home of its own. */
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test as base, describe, expect } from "vitest";
import { startEmbedded } from "../../src/core/embedded.js";
import { type Cluster, clusterPassword, findCluster } from "../../src/db/embedded/cluster.js";
import { type CliOptions, type CliResult, vocabdb, vocabdbHere } from "../support/cli.js";
import { withClient } from "../support/database.js";
import { withHome } from "../support/home.js";
import { freePort } from "../support/ports.js";

interface Fixtures {
  /** A VOCABDB_HOME without a server; one that a test creates there ends with the test. */
  readonly home: string;
  /** A running server that the tests of this file share and leave as it is. */
  readonly server: Cluster;
}

const it = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern
  home: ({}, use) => withHome(use),
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: as above
    ({}, use) =>
      withHome(async (home) => {
        await startEmbedded(home, null);
        await use(clusterOf(home));
      }),
    { scope: "file" },
  ],
});

function clusterOf(home: string): Cluster {
  const cluster = findCluster(home);
  if (cluster === null) {
    throw new Error(`no server was created under ${home}`);
  }
  return cluster;
}

/** `vocabdb ARGS --json` on the embedded server of a home. */
function on(home: string, args: string, options: CliOptions = {}): Promise<CliResult> {
  return vocabdbHere([...args.split(" "), "--json"], { ...options, env: { VOCABDB_HOME: home } });
}

/** The parsed result of a command that has to succeed. */
async function done(running: Promise<CliResult>) {
  const result = await running;
  expect(result).toMatchObject({ exitCode: 0 });
  return result.json();
}

/** Exit code and parsed error of a command that has to fail, with nothing on stdout. */
async function failure(running: Promise<CliResult>) {
  const { exitCode, stdout, stderr } = await running;
  expect(stdout).toBe("");
  return { exitCode, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error };
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

async function query<R>(cluster: Cluster, sql: string): Promise<R[]> {
  const { port, user, database } = cluster;
  const config = { host: "127.0.0.1", port, user, database, password: clusterPassword(cluster).reveal() };
  return withClient(config, async (client) => (await client.query(sql)).rows as R[]);
}

/** Kills the postmaster as the kernel does when memory runs out, and waits until it is gone. */
async function crash(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  const gone = (): boolean => {
    try {
      // A process that nobody has waited for yet still has a number, but no command line.
      return process.platform === "linux" ? readFileSync(`/proc/${pid}/cmdline`, "utf8") === "" : !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  while (!gone()) {
    await sleep(20);
  }
}

/** Holds a port of 127.0.0.1 while `work` runs. */
async function withListener<T>(port: number, work: (port: number) => Promise<T>): Promise<T> {
  const listener = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host: "127.0.0.1", port, exclusive: true }, resolve);
  });
  try {
    return await work((listener.address() as net.AddressInfo).port);
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}

describe("start, status and stop", () => {
  it("create the server once, and say whether they changed anything", async ({ home }) => {
    const started = await done(on(home, "db start"));
    expect(started).toMatchObject({ state: "running", created: true, changed: true });

    const { created, changed, ...again } = await done(on(home, "db start"));
    expect({ created, changed }).toEqual({ created: false, changed: false });
    expect(started).toMatchObject(again);
    expect(await done(on(home, "db status"))).toMatchObject(again);

    expect(await done(on(home, "db stop"))).toMatchObject({ state: "stopped", pid: null, changed: true });
    expect(await done(on(home, "db stop"))).toMatchObject({ state: "stopped", pid: null, changed: false });
    expect(await done(on(home, "db status"))).toMatchObject({ state: "stopped", port: started.port });
    expect(await done(on(home, "db start"))).toMatchObject({ created: false, changed: true, port: started.port });
  });

  it("know of no server where none was created", async ({ home }) => {
    expect(await done(on(home, "db status"))).toMatchObject({ state: "absent", url: null, port: null, pid: null });
    for (const command of ["db stop", "db url", "db destroy --confirm vocabdb"]) {
      expect(await failure(on(home, command)), command).toMatchObject({
        exitCode: 4,
        code: "EMBEDDED_NOT_CREATED",
        hint: "vocabdb db start",
      });
    }
    expect(await failure(on(home, "migrate status"))).toMatchObject({ exitCode: 2, code: "NO_DATABASE" });
  });

  it("work in a home that is closed to every other account", async ({ home }) => {
    chmodSync(home, 0o700);
    const { state, dataDirectory } = await done(on(home, "db start"));
    expect(state).toBe("running");
    expect(await done(on(home, "migrate status"))).toMatchObject({ state: "pending" });
    await done(on(home, "db destroy --confirm vocabdb"));
    expect(existsSync(dataDirectory)).toBe(false);
    expect(mode(home)).toBe("700");
  });

  it("agree on one server when six processes start it at once", async ({ home }) => {
    const start = () => vocabdb(["db", "start", "--json"], { env: { VOCABDB_HOME: home } });
    const results = await Promise.all(Array.from({ length: 6 }, () => done(start())));
    expect(new Set(results.map(({ port }) => port)).size).toBe(1);
    expect(new Set(results.map(({ pid }) => pid)).size).toBe(1);
    expect(results.filter(({ changed }) => changed)).toHaveLength(1);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(await done(on(home, "migrate status"))).toMatchObject({ state: "pending" });
  });
});

describe("the next command", () => {
  it("starts a stopped server and says so", async ({ home }) => {
    await startEmbedded(home, null);
    await done(on(home, "db stop"));
    const { exitCode, stderr } = await on(home, "migrate status");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "started the embedded server\n" });
    expect(await done(on(home, "db status"))).toMatchObject({ state: "running" });
    expect(await on(home, "migrate status")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("works after the server was killed, and finds what was committed", async ({ home }) => {
    const { pid } = await startEmbedded(home, null);
    await done(on(home, "migrate"));
    await crash(pid ?? Number.NaN);
    expect(await done(on(home, "db status"))).toMatchObject({ state: "stopped" });
    expect(await done(on(home, "migrate status"))).toMatchObject({ state: "up-to-date" });
  });

  it("is not held up by a stale lock file whose number now belongs to another process", async ({ home }) => {
    const { pid, dataDirectory } = await startEmbedded(home, null);
    const lockFile = join(dataDirectory ?? "", "postmaster.pid");
    const stale = readFileSync(lockFile, "utf8").replace(String(pid), String(process.pid));
    await done(on(home, "db stop"));
    writeFileSync(lockFile, stale);
    expect(await done(on(home, "db status"))).toMatchObject({ state: "stopped" });
    expect(await done(on(home, "db stop"))).toMatchObject({ changed: false });
    expect(await done(on(home, "migrate status"))).toMatchObject({ state: "pending" });
    expect((await done(on(home, "db status"))).pid).not.toBe(process.pid);
  });
});

describe("the server", () => {
  it("keeps its files from other users", ({ server }) => {
    expect(mode(server.dataDirectory)).toBe("700");
    for (const file of [server.passFile, join(server.folder, "server.json"), server.logFile]) {
      expect(mode(file), file).toBe("600");
    }
  });

  it("listens on 127.0.0.1 and nowhere else", async ({ server }) => {
    const settings = await query<{ name: string; setting: string }>(
      server,
      "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories', 'port') ORDER BY 1",
    );
    expect(settings.map(({ setting }) => setting)).toEqual(["127.0.0.1", String(server.port), ""]);
  });

  it("lets nobody in without the password", async ({ server }) => {
    const methods = await query(server, "SELECT DISTINCT auth_method, error FROM pg_hba_file_rules");
    expect(methods).toEqual([{ auth_method: "scram-sha-256", error: null }]);
    const { port, user, database } = server;
    const wrong = withClient({ host: "127.0.0.1", port, user, database, password: "wrong" }, (client) =>
      client.query("SELECT 1"),
    );
    await expect(wrong).rejects.toMatchObject({ code: "28P01" });
  });

  it("sorts and encodes the same on every machine", async ({ server }) => {
    const databases = await query(
      server,
      `SELECT datname, pg_encoding_to_char(encoding) AS encoding, datlocprovider, datlocale
         FROM pg_database WHERE datallowconn ORDER BY datname`,
    );
    const same = { encoding: "UTF8", datlocprovider: "b", datlocale: "C.UTF-8" };
    expect(databases).toEqual(["postgres", "template1", "vocabdb"].map((datname) => ({ datname, ...same })));
    expect(await query(server, "SELECT current_setting('TimeZone') AS zone, upper('é') AS letter")).toEqual([
      { zone: "UTC", letter: "É" },
    ]);
  });

  it("appears with its password in no output", async ({ home }) => {
    const outputs: string[] = [];
    const run = async (...args: string[]): Promise<void> => {
      const { stdout, stderr } = await vocabdb(args, { cwd: home, env: { VOCABDB_HOME: home } });
      outputs.push(stdout, stderr);
    };
    await run("db", "start", "--verbose");
    for (const args of [
      ["db", "start", "--json"],
      ["db", "status"],
      ["db", "url"],
      ["db", "url", "--output", "vocabdb.env", "--json"],
      ["db", "url", "--output", "vocabdb.env", "--verbose"],
      ["db", "start", "--port", "1"],
      ["migrate", "status", "--verbose"],
      ["migrate", "--json", "--verbose"],
      ["db", "destroy", "--confirm", "other", "--verbose"],
      ["db", "stop"],
    ]) {
      await run(...args);
    }
    const password = clusterPassword(clusterOf(home)).reveal();
    expect(password).toMatch(/^[\w-]{32}$/);
    expect(outputs.join("")).toContain("postgresql://vocabdb@127.0.0.1:");
    expect(outputs.join("")).not.toContain(password);
    expect(readFileSync(clusterOf(home).logFile, "utf8")).not.toContain(password);
  });
});

describe("the port", () => {
  it("taken by another program is an error that names the way out", async ({ home }) => {
    const { port } = await startEmbedded(home, null);
    await done(on(home, "db stop"));
    await withListener(port ?? 0, async () => {
      for (const command of ["db start", "migrate status"]) {
        expect(await failure(on(home, command)), command).toMatchObject({
          exitCode: 7,
          code: "EMBEDDED_START_FAILED",
          message: expect.stringContaining(`port ${port} is taken`),
          hint: expect.stringContaining("vocabdb db start --port PORT"),
        });
      }
      const moved = await done(on(home, `db start --port ${await freePort()}`));
      expect(moved).toMatchObject({ state: "running", created: false, changed: true });
      expect(moved.port).not.toBe(port);
    });
  });

  it("can be chosen for a new server, and changed with the data kept", async ({ home }) => {
    const [first, second] = [await freePort(), await freePort()];
    expect(await done(on(home, `db start --port ${first}`))).toMatchObject({ port: first, created: true });
    await done(on(home, "migrate"));
    expect(await done(on(home, `db start --port ${first}`))).toMatchObject({ port: first, changed: false });
    expect(await done(on(home, `db start --port ${second}`))).toMatchObject({ port: second, changed: true });
    expect(await query(clusterOf(home), "SHOW port")).toEqual([{ port: String(second) }]);
    expect(await done(on(home, "migrate status"))).toMatchObject({ state: "up-to-date" });
    await done(on(home, "db stop"));
    expect(await done(on(home, "db start"))).toMatchObject({ port: second });
  });

  it("is checked before anything is created", async ({ home }) => {
    for (const port of ["0", "80", "65536", "x"]) {
      expect(await failure(on(home, `db start --port ${port}`)), port).toMatchObject({ exitCode: 2, code: "USAGE" });
    }
    expect(findCluster(home)).toBeNull();
  });
});

it("destroy removes everything, and nothing without the name of the database", async ({ home }) => {
  const { pid, dataDirectory } = await startEmbedded(home, null);
  for (const args of ["db destroy", "db destroy --yes", "db destroy --confirm postgres"]) {
    expect(await failure(on(home, args)), args).toMatchObject({
      exitCode: 2,
      code: "CONSENT_MISSING",
      hint: "vocabdb db destroy --confirm vocabdb",
    });
  }
  expect(await done(on(home, "db destroy --dry-run"))).toEqual({ removed: dataDirectory, dryRun: true });
  expect(await done(on(home, "db status"))).toMatchObject({ state: "running", pid });

  expect(await done(on(home, "db destroy --confirm vocabdb"))).toEqual({ removed: dataDirectory, dryRun: false });
  expect(existsSync(join(dataDirectory ?? "", ".."))).toBe(false);
  expect(await done(on(home, "db status"))).toMatchObject({ state: "absent" });
});

describe("url", () => {
  it("--output writes a file for its owner that works as an env file", async ({ home }) => {
    await startEmbedded(home, null);
    expect(await done(on(home, "db url --output db.env", { cwd: home }))).toMatchObject({ writtenTo: "db.env" });
    const file = join(home, "db.env");
    expect(mode(file)).toBe("600");
    const { exitCode, stdout } = await vocabdb(["migrate", "status", "--env-file", file]);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("pending") });
  });

  it("--output overwrites nothing and follows no link", async ({ home }) => {
    await startEmbedded(home, null);
    writeFileSync(join(home, "mine.env"), "A=1\n");
    symlinkSync(join(home, "target"), join(home, "link.env"));
    for (const name of ["mine.env", "link.env"]) {
      const refused = await failure(on(home, `db url --output ${name}`, { cwd: home }));
      expect(refused, name).toMatchObject({ exitCode: 2, code: "FILE_UNUSABLE" });
    }
    expect(readFileSync(join(home, "mine.env"), "utf8")).toBe("A=1\n");
    expect(existsSync(join(home, "target"))).toBe(false);
    expect(await failure(on(home, "db url --output -", { cwd: home }))).toMatchObject({ exitCode: 2, code: "USAGE" });
    await done(on(home, "db url --output mine.env --force", { cwd: home }));
    expect(readFileSync(join(home, "mine.env"), "utf8")).toMatch(/^DATABASE_URL="postgresql:/);
  });
});
