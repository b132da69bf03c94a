/** `db wait` before a server that comes up, one that does not, and one that will not let us in. */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { errorResponse, withFake } from "../doctor/fake.js";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { freePort } from "../support/ports.js";

/** Listens for the database at another port; to the first logins it says that the server is starting. */
async function appear(db: TestDatabase, port: number, refusals: number): Promise<void> {
  const { host, port: actual } = db.target;
  let left = refusals;
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    if (left > 0) {
      left -= 1;
      socket.once("data", () => socket.end(errorResponse("57P03", "the database system is starting up")));
      return;
    }
    const upstream = net.connect(actual, host);
    upstream.on("error", () => socket.destroy()).pipe(socket);
    socket.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
}

it("ends as soon as the server answers, and says what it waits for", async ({ db }) => {
  const port = await freePort();
  const url = db.url.replace(`:${db.target.port}/`, `:${port}/`);
  const waiting = vocabdb(["db", "wait", "--timeout", "30s"], {
    url,
    onStart: ({ stderr }) =>
      stderr?.once("data", (said: string) => {
        expect(said).toContain(`waiting for 127.0.0.1:${port}/${db.target.database}`);
        void appear(db, port, 2);
      }),
  });
  const { exitCode, stdout, stderr } = await waiting;
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(/^ready after [\d.]+ s, \d+ attempts\n$/),
  });
  // Each reason once, however many attempts meet it.
  expect(stderr.trim().split("\n")).toEqual([
    expect.stringContaining("nothing accepts connections"),
    expect.stringContaining("starting up"),
  ]);
});

it("a server that is there is not waited for", async ({ db }) => {
  const { exitCode, stderr, json } = await vocabdb(["db", "wait", "--json"], { url: db.url });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(json()).toEqual({ ready: true, attempts: 1, waitedMs: expect.any(Number) });
});

it("gives up in time, with the last reason", async () => {
  const url = `postgresql://app:secret@127.0.0.1:${await freePort()}/vocab`;
  const start = performance.now();
  const { exitCode, stdout, stderr } = await vocabdb(["db", "wait", "--timeout", "1500ms", "--json"], { url });
  const elapsed = performance.now() - start;
  expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
  expect(JSON.parse(stderr).error).toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringMatching(/^not ready after 1\.\d s and \d+ attempts: /),
  });
  expect(elapsed).toBeGreaterThan(1_300);
  expect(elapsed).toBeLessThan(4_000);
});

it("a server that is silent uses up no more than the time there is", async () => {
  await withFake({}, async ({ port }) => {
    const start = performance.now();
    const { exitCode, stderr } = await vocabdb(["db", "wait", "--timeout", "2s"], {
      url: `postgresql://app:secret@127.0.0.1:${port}/vocab`,
    });
    expect(exitCode).toBe(7);
    expect(stderr).toContain("not ready after 2.");
    expect(performance.now() - start).toBeLessThan(4_500);
  });
});

it("a wrong password is told at once, and sent once", async ({ db }) => {
  const refusal = errorResponse("28P01", 'password authentication failed for user "app"');
  await withFake({ offer: "N", login: refusal }, async ({ port, logins }) => {
    const start = performance.now();
    const { exitCode, stderr } = await vocabdb(["db", "wait", "--timeout", "60s", "--json"], {
      url: `postgresql://app:secret@127.0.0.1:${port}/vocab`,
    });
    expect(exitCode).toBe(7);
    expect(JSON.parse(stderr).error.code).toBe("AUTHENTICATION_FAILED");
    expect(performance.now() - start).toBeLessThan(20_000);
    await sleep(100);
    expect(logins()).toBe(1);
  });
  const { host, port, user, database } = db.target;
  const real = await vocabdb(["db", "wait", "--timeout", "60s", "--json"], {
    url: `postgresql://${user}:wrong@${host}:${port}/${database}`,
  });
  expect(real.exitCode).toBe(7);
  expect(JSON.parse(real.stderr).error.code).toBe("AUTHENTICATION_FAILED");
});

it("Ctrl-C ends the waiting", async () => {
  const { exitCode, stderr } = await vocabdb(["db", "wait", "--timeout", "60s"], {
    url: `postgresql://app:secret@127.0.0.1:${await freePort()}/vocab`,
    onStart: (child) => child.stderr?.once("data", () => child.kill("SIGINT")),
  });
  expect(exitCode).toBe(130);
  expect(stderr).toContain("interrupted by SIGINT");
});

it.for(["0s", "2d", "soon", "-1s"])("--timeout %s is refused", async (timeout, { db }) => {
  const { exitCode, stderr } = await vocabdb(["db", "wait", `--timeout=${timeout}`], { url: db.url });
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("--timeout") });
});
