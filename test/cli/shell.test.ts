/** `db shell` with a psql that tells how it was called; test/cli/shell.system.ts has the real one. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { folderWith, temporaryFolder, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { freePort } from "../support/ports.js";

/** @returns a PATH on which psql is this shell script */
function psqlThat(script: string): string {
  const folder = folderWith({ psql: `#!/bin/sh\n${script}\n` });
  chmodSync(join(folder, "psql"), 0o755);
  return `${folder}:/usr/bin:/bin`;
}

describe("db shell", () => {
  it("starts psql on the target, with the password in its environment alone", async ({ db }) => {
    const PATH = psqlThat('echo "argv=$*"; tr "\\0" " " </proc/$PPID/cmdline; echo; env | grep ^PG | sort');
    const { exitCode, stdout, stderr } = await vocabdb(["db", "shell", "--", "-A", "-c", "SELECT 1"], {
      url: db.url,
      env: { PATH, PGHOST: "elsewhere", PGSERVICE: "other", PGDATABASE: "other" },
      mayTell: "this psql prints its environment",
    });
    const { host, port, user, database } = db.target;
    const [argv, parent, ...variables] = stdout.trim().split("\n");
    expect(exitCode).toBe(0);
    expect(argv).toBe("argv=-A -c SELECT 1");
    expect(`${argv} ${parent}`).not.toContain(db.target.password?.reveal());
    expect(variables).toEqual([
      ...["PGAPPNAME=vocabdb", "PGCONNECT_TIMEOUT=10", `PGDATABASE=${database}`, "PGGSSENCMODE=disable"],
      ...[`PGHOST=${host}`, `PGPASSWORD=${db.target.password?.reveal()}`, `PGPORT=${port}`, "PGSSLMODE=disable"],
      `PGUSER=${user}`,
    ]);
    expect(stderr).toBe(`writing to ${host}:${port}/${database} (${user})\n`);
  });

  it("hands over standard input, and passes on the exit code", async ({ db }) => {
    const { exitCode, stdout } = await vocabdb(["db", "shell"], {
      ...{ url: db.url, input: "SELECT 1;\n", env: { PATH: psqlThat("cat; exit 3") } },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "SELECT 1;\n" });
  });

  it("says what the database is marked as, and opens it without another word", async ({ db }) => {
    await db.query("INSERT INTO database_mark (environment) VALUES ('production')");
    const { exitCode, stderr } = await vocabdb(["db", "shell"], { url: db.url, env: { PATH: psqlThat("exit 0") } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringMatching(/^writing to .* \[production\]\n$/),
    });
  });

  it("says how psql is installed where there is none, before it connects", async () => {
    const url = `postgresql://app:secret@127.0.0.1:${await freePort()}/vocab`;
    const { exitCode, stdout, stderr } = await vocabdb(["db", "shell"], { url, env: { PATH: temporaryFolder() } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("psql is not in PATH");
    expect(stderr).toContain("apt-get install postgresql-client");
  });

  it("explains a failed connection as every command does", async () => {
    const url = `postgresql://app:secret@127.0.0.1:${await freePort()}/vocab`;
    const { exitCode, stderr } = await vocabdb(["db", "shell"], { url, env: { PATH: psqlThat("echo started") } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 7,
      stderr: expect.stringContaining("nothing accepts connections"),
    });
  });

  it("tells a psql that was killed from one that failed", async ({ db }) => {
    const killed = await vocabdb(["db", "shell"], { url: db.url, env: { PATH: psqlThat("kill -9 $$") } });
    expect(killed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("psql was ended by SIGKILL") });
    const interrupted = await vocabdb(["db", "shell"], { url: db.url, env: { PATH: psqlThat("kill -INT $$") } });
    expect(interrupted.exitCode).toBe(130);
  });

  it("leaves Ctrl-C to psql, and ends it when it is to end itself", async ({ db }) => {
    const PATH = psqlThat("trap 'echo interrupted' INT; echo ready; cat; sleep 0.2; echo done");
    const survived = await vocabdb(["db", "shell"], {
      ...{ url: db.url, env: { PATH } },
      onStart: (child) => child.stdout?.once("data", () => child.kill("SIGINT")),
    });
    expect(survived).toMatchObject({ exitCode: 0, stdout: "ready\ndone\n" });
    const ended = await vocabdb(["db", "shell"], {
      ...{ url: db.url, env: { PATH: psqlThat("echo $$; exec sleep 60") } },
      onStart: (child) => child.stdout?.once("data", () => child.kill("SIGTERM")),
    });
    expect(ended.exitCode).toBe(143);
    expect(() => process.kill(Number(ended.stdout), 0)).toThrow(/ESRCH/);
  });

  it.for([
    [["--json"], /psql knows no --json/],
    [["other"], /"other" would lead it elsewhere/],
    [["--", "-h", "elsewhere"], /"-h" would lead it elsewhere/],
    [["-c", "SELECT 1"], /unknown option '-c'/],
  ] as const)("refuses %j", async ([args, message], { db }) => {
    const { exitCode, stderr } = await vocabdb(["db", "shell", ...args], { url: db.url });
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
  });
});
