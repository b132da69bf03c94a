/** `db studio`, driven in Chromium. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { inChromium } from "../support/chromium.js";
import { EXECUTABLE, type Running, startProcess, temporaryFolder, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { withServer } from "../support/server.js";

interface Studio extends Running {
  /** Where it says that it answers. */
  readonly url: string;
}

async function startStudio(databaseUrl: string, ...options: string[]): Promise<Studio> {
  const home = temporaryFolder();
  const running = startProcess(process.execPath, [EXECUTABLE, "db", "studio", ...options], {
    cwd: home,
    // One that is killed leaves its socket there.
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, DATABASE_URL: databaseUrl },
  });
  await expect.poll(() => running.said.stdout, { timeout: 60_000, message: "what Studio says" }).toContain("http://");
  return { ...running, url: /http:[^"\s]+/.exec(running.said.stdout)?.[0] ?? "" };
}

/** Ctrl-C at a terminal is sent to both processes. */
async function stop({ child, ended }: Studio): Promise<number | null> {
  child.kill("SIGINT");
  return ended;
}

/** @returns of a process and all it has started */
function family(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, parent = ""] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        return [{ pid: Number(name), parent: Number(parent) }];
      } catch {
        return [];
      }
    });
  const children = parents.filter(({ parent }) => parent === pid);
  return [pid, ...children.flatMap((child) => family(child.pid))];
}

/** What Studio's page asks its server. */
async function query(url: string, sql: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/bff`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ procedure: "query", query: { sql, parameters: [] } }),
  });
}

describe("db studio", { timeout: 180_000 }, () => {
  it("shows the seeded words in the browser, which asks nobody but Studio", async ({ db }) => {
    await vocabdb(["seed"], { url: db.url });
    const studio = await startStudio(db.url);
    expect(studio.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { host, port, user, database } = db.target;
    expect(studio.said.stderr).toBe(`writing to ${host}:${port}/${database} (${user})\n`);

    await inChromium(async (page) => {
      const answered: string[] = [];
      page.on("response", (response) => answered.push(response.url()));
      const refused: string[] = [];
      page.on("console", (message) => refused.push(message.text()));
      await page.goto(studio.url);
      await page.getByText("vocabulary_words", { exact: true }).first().click();
      await page.getByText("péngyou", { exact: true }).waitFor();
      expect(await page.getByText("朋友", { exact: true }).isVisible()).toBe(true);
      expect(await page.getByText("friend", { exact: true }).isVisible()).toBe(true);

      expect(new Set(answered.map((url) => new URL(url).origin))).toEqual(new Set([studio.url]));
      // It would report to Prisma, were it let.
      expect(refused.join("\n")).toMatch(/checkpoint\.prisma\.io.*violates .*"?connect-src 'self'/);
    });
    expect(await stop(studio)).toBe(130);
    await expect(fetch(studio.url)).rejects.toThrow("fetch failed");
  });

  it("listens on loopback only, and has no secret in its arguments", async ({ db }) => {
    const studio = await startStudio(db.url, "--no-open", "--json");
    expect(JSON.parse(studio.said.stdout)).toEqual({
      url: studio.url,
      target: expect.stringContaining(db.target.database),
    });
    const pids = family(studio.child.pid ?? 0);
    expect(pids.length).toBeGreaterThan(1);
    const sockets = execFileSync("ss", ["-Hltnp"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
      .map((line) => line.trim().split(/\s+/)[3]);
    expect(sockets).toEqual([new URL(studio.url).host]);

    for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      const isThere = (): string => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, "utf8");
        } catch {
          return "";
        }
      };
      expect(isThere()).not.toContain(inject("server").password);
    }
    // Other pages in the same browser are not let in.
    expect((await query(studio.url, "SELECT 1", { Origin: "https://elsewhere.example" })).status).toBe(403);
    expect(await stop(studio)).toBe(130);
    expect(pids.slice(1).filter((pid) => readdirSync("/proc").includes(String(pid)))).toEqual([]);
  });

  it("has a port of its own where several begin at once", async ({ db }) => {
    const studios = await Promise.all(Array.from({ length: 3 }, () => startStudio(db.url, "--no-open")));
    expect(new Set(studios.map(({ url }) => url)).size).toBe(3);
    for (const studio of studios) {
      expect((await fetch(studio.url)).status).toBe(200);
      expect(await stop(studio)).toBe(130);
    }
  });

  it("connects as the URL says, verified TLS and all, and says what the database is marked as", async () => {
    await withServer({ certificate: "localhost" }, async ({ url, query: ask }) => {
      const ca = join(packageRoot, "test", "fixtures", "tls", "ca.crt");
      const verified = `${url.replace("127.0.0.1", "localhost")}?sslmode=verify-full&sslrootcert=${ca}&application_name=desk&options=-c%20work_mem%3D9MB`;
      await vocabdb(["migrate"], { url: verified });
      await ask("INSERT INTO database_mark (environment) VALUES ('production')");
      const studio = await startStudio(verified);
      const answer = await query(
        studio.url,
        "SELECT ssl, application_name, current_setting('work_mem') AS mem FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()",
      );
      expect(await answer.json()).toEqual([null, [{ ssl: true, application_name: "desk", mem: "9MB" }]]);
      await stop(studio);
      expect(studio.said.stderr).toContain("[production]");
    });
  });

  it("says so when its port is taken, and takes another one where none is asked for", async ({ db }) => {
    const first = await startStudio(db.url);
    const { port } = new URL(first.url);
    const refused = await vocabdb(["db", "studio", "--port", port], { url: db.url });
    expect(refused).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining(`port ${port} on 127.0.0.1 is taken`),
    });
    const second = await startStudio(db.url);
    expect(new URL(second.url).port).not.toBe(port);
    expect(await Promise.all([stop(first), stop(second)])).toEqual([130, 130]);
  });

  it("leaves no Studio behind when it is killed", async ({ db }) => {
    const studio = await startStudio(db.url);
    studio.child.kill("SIGKILL");
    await expect.poll(() => fetch(studio.url).catch((error: Error) => error.message)).toBe("fetch failed");
  });

  it("ends when Studio ends by itself", async ({ db }) => {
    const studio = await startStudio(db.url);
    const [, child = 0] = family(studio.child.pid ?? 0);
    process.kill(child, "SIGKILL");
    expect(await studio.ended).toBe(1);
    expect(studio.said.stderr).toContain("Prisma Studio was ended by SIGKILL");
  });
});
