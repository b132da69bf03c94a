/** Waiting for a database that somebody else creates. */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { waitUntilReady } from "../../src/core/wait.js";
import { it, withAdmin } from "../support/database.js";

it("a database that is created in the meantime is there", async ({ db }) => {
  const database = `vocabdb_test_${randomBytes(8).toString("hex")}`;
  const reasons: string[] = [];
  let created: Promise<unknown> = Promise.resolve();
  try {
    const { attempts } = await waitUntilReady(
      { ...db.target, database },
      {
        ...{ timeoutMs: 20_000, signal: new AbortController().signal },
        onReason: (reason) => {
          reasons.push(reason);
          created = withAdmin((admin) => admin.query(`CREATE DATABASE ${database} TEMPLATE template0`));
        },
      },
    );
    expect(attempts).toBeGreaterThan(1);
    expect(reasons).toEqual([expect.stringContaining(database)]);
  } finally {
    await created;
    await withAdmin((admin) => admin.query(`DROP DATABASE ${database} WITH (FORCE)`));
  }
});
