/** Two transactions in every order in which their statements can meet. */
import type { Client } from "pg";

export interface Player {
  /** Sends the next statement; resolves when it is done, or waits for a lock. */
  readonly turn: () => Promise<void>;
  /** Resolves with the SQLSTATE by which the transaction was refused, null if it was not. */
  readonly end: () => Promise<string | null>;
}

/** @param watcher another connection, which sees who waits */
export async function player(client: Client, statements: readonly string[], watcher: Client): Promise<Player> {
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const waits = async (): Promise<boolean> => {
    const text = "SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'";
    return (await watcher.query(text, [rows[0]?.pid])).rowCount !== 0;
  };
  const remaining = [...statements];
  const state = { unfinished: 0, refusal: null as string | null };
  let running = Promise.resolve();
  const send = async (statement: string): Promise<void> => {
    if (state.refusal === null) {
      await client.query(statement).catch((error: { code: string }) => {
        state.refusal = error.code;
      });
    }
    state.unfinished -= 1;
  };
  return {
    turn: async () => {
      const statement = remaining.shift() ?? "";
      state.unfinished += 1;
      running = running.then(() => send(statement));
      while (state.unfinished > 0 && !(await waits())) {}
    },
    end: async () => {
      await running;
      await client.query("ROLLBACK");
      return state.refusal;
    },
  };
}

/** Every order of so many turns of the first and of the second. */
export function interleavings(first: number, second: number): (0 | 1)[][] {
  if (first === 0 || second === 0) {
    return [[...Array<0>(first).fill(0), ...Array<1>(second).fill(1)]];
  }
  return [
    ...interleavings(first - 1, second).map((rest): (0 | 1)[] => [0, ...rest]),
    ...interleavings(first, second - 1).map((rest): (0 | 1)[] => [1, ...rest]),
  ];
}
