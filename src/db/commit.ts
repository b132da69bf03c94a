/** The end of a transaction that is to stay. */
import pg from "pg";
import { CommitUnknownError } from "../errors/connection.js";
import { describeTarget, type Target } from "./target.js";

/** @throws {CommitUnknownError} when the connection was lost before the answer came */
export async function commit(client: pg.ClientBase, target: Target): Promise<void> {
  try {
    await client.query("COMMIT");
  } catch (error) {
    throw isAnswer(error) ? error : new CommitUnknownError(describeTarget(target), { cause: error });
  }
}

/** Whether the error tells that nothing was committed: the server has refused it, or was never asked. */
function isAnswer(error: unknown): boolean {
  return error instanceof pg.DatabaseError
    ? !/^(57P|08)/.test(error.code ?? "")
    : error instanceof Error && error.message.includes("not queryable");
}
