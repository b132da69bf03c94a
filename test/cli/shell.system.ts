/** `db shell` with the psql of this machine. */
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { folderWith, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { withServer } from "../support/server.js";
import { atTerminal, CTRL_C } from "../support/terminal.js";

const fixture = (file: string): string => join(packageRoot, "test", "fixtures", "tls", file);

describe("db shell", () => {
  it("runs one statement, or a script from standard input", async ({ db }) => {
    const one = await vocabdb(["db", "shell", "--", "-At", "-c", "SELECT current_database()"], { url: db.url });
    expect(one).toMatchObject({ exitCode: 0, stdout: `${db.target.database}\n` });
    const script = await vocabdb(["db", "shell", "--", "-At"], { url: db.url, input: "SELECT 1;\nSELECT 2;\n" });
    expect(script).toMatchObject({ exitCode: 0, stdout: "1\n2\n" });
  });

  it("ends as psql ends", async ({ db }) => {
    const options = { url: db.url, input: "SELECT nonsense;\n" };
    expect((await vocabdb(["db", "shell"], options)).exitCode).toBe(0);
    expect((await vocabdb(["db", "shell", "--", "-v", "ON_ERROR_STOP=1"], options)).exitCode).toBe(3);
    const wrong = await vocabdb(["db", "shell", "--", "--no-such-option"], { url: db.url });
    expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no-such-option") });
  });

  it("begins in the schema of the URL", async ({ db }) => {
    await db.query('CREATE SCHEMA "my ""words"""; CREATE TABLE "my ""words""".here (n integer)');
    const { stdout } = await vocabdb(["db", "shell", "--", "-At", "-c", "SELECT 'here'::regclass"], {
      url: `${db.url}&schema=${encodeURIComponent('my "words"')}`,
    });
    expect(stdout).toBe("here\n");
  });

  it("verifies the server, and signs in with a certificate, as the URL says", async () => {
    const hba = ["host all vocabdb all scram-sha-256", 'hostssl all "vocabdb test" all cert'];
    await withServer({ certificate: "localhost", hba }, async ({ query, target, url }) => {
      await query('CREATE ROLE "vocabdb test" LOGIN');
      const shell = ["db", "shell", "--", "-At", "-c", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"];
      const tls = `?sslmode=verify-full&sslrootcert=${fixture("ca.crt")}`;
      const verified = await vocabdb(shell, { url: `${url.replace("127.0.0.1", "localhost")}${tls}` });
      expect(verified).toMatchObject({ exitCode: 0, stdout: "t\n" });

      // libpq takes no key that others might read.
      const key = join(folderWith({ "client.key": readFileSync(fixture("client.key")) }), "client.key");
      chmodSync(key, 0o600);
      const certified = await vocabdb(["db", "shell", "--", "-At", "-c", "SELECT current_user"], {
        url: `postgresql://vocabdb%20test@localhost:${target.port}/vocabdb${tls}&sslcert=${fixture("client.crt")}&sslkey=${key}`,
      });
      expect(certified).toMatchObject({ exitCode: 0, stdout: "vocabdb test\n" });
    });
  });

  it("gives psql the terminal: Ctrl-C cancels the statement, and psql lives on", async ({ db }) => {
    const sleeping = (): Promise<unknown> =>
      expect
        .poll(() => db.query("SELECT FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60);'"))
        .toHaveLength(1);
    const { exitCode, screen } = await atTerminal(db, ["db", "shell", "--", "-X", "-P", "pager=off"], 80, [
      { on: "=# ", keys: "SELECT pg_sleep(60);\n" },
      { on: "pg_sleep", keys: CTRL_C, when: sleeping },
      { on: "=# ", keys: "SELECT 40 + 2 AS answer;\n" },
      { on: "(1 row)", keys: "\\q\n" },
    ]);
    expect(screen).toContain("canceling statement due to user request");
    expect(screen).toContain("42");
    expect(exitCode).toBe(0);
  });
});
