/** Migrations and the poolers that would hang them. */
import { expect } from "vitest";
import { vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { type PoolMode, withPgBouncer } from "../support/pgbouncer.js";

it.for<PoolMode>(["transaction", "statement"])(
  "are refused in %s mode, with the URL to set",
  async (mode, { emptyDb }) => {
    await withPgBouncer({ mode, target: emptyDb.target }, async (_, { url }) => {
      const { exitCode, stdout, stderr } = await vocabdb(["migrate", "--json"], { url });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      const { error } = JSON.parse(stderr);
      expect(error).toMatchObject({
        code: "POOLER_MODE",
        message: expect.stringContaining(`a pooler in ${mode} mode`),
      });
      expect(error.hint).toContain(`DIRECT_URL=postgresql://${emptyDb.target.user}:PASSWORD@HOST:5432/`);
    });
    expect(await emptyDb.query("SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  },
);

it("go to DIRECT_URL, and in session mode through the pooler", async ({ emptyDb }) => {
  await withPgBouncer({ mode: "transaction", target: emptyDb.target }, async (_, { url }) => {
    const { exitCode, json } = await vocabdb(["migrate", "--json"], { url, env: { DIRECT_URL: emptyDb.url } });
    expect(exitCode).toBe(0);
    expect(json().applied.length).toBeGreaterThan(0);
    expect((await vocabdb(["user", "list"], { url })).exitCode).toBe(0);
  });
  await withPgBouncer({ mode: "session", target: emptyDb.target }, async (_, { url }) => {
    const { exitCode, json } = await vocabdb(["migrate", "--json"], { url });
    expect({ exitCode, applied: json().applied }).toEqual({ exitCode: 0, applied: [] });
  });
});
