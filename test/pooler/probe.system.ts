/** Telling what stands before the server, with PgBouncer in each of its modes. */
import { describe, expect } from "vitest";
import { withConnection } from "../../src/db/pool.js";
import { probePooler } from "../../src/db/pooler.js";
import { it } from "../support/database.js";
import { withPgBouncer } from "../support/pgbouncer.js";

describe("probePooler", () => {
  it("knows a direct connection", async ({ db }) => {
    expect(await withConnection(db.target, ({ pool }) => probePooler(pool))).toBe("direct");
  });

  for (const mode of ["session", "transaction"] as const) {
    it(`knows ${mode} mode, ten times out of ten`, async ({ db }) => {
      await withPgBouncer({ mode, target: db.target }, async (target) => {
        for (let round = 0; round < 10; round += 1) {
          expect(await withConnection(target, ({ pool }) => probePooler(pool)), `round ${round}`).toBe(mode);
        }
      });
    });
  }
});
