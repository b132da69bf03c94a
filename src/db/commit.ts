/** The end of a transaction that is to stay. */
import type pg from "pg";
import { translateCommitError } from "./errors.js";
import type { Target } from "./target.js";

/** @throws {CommitUnknownError} when the connection was lost before the answer came */
export async function commit(client: pg.ClientBase, target: Target): Promise<void> {
  await client.query("COMMIT").catch((error: unknown) => {
    throw translateCommitError(error, target);
  });
}
