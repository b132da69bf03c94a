/**
 * Operators who delete, restore and purge the same users at the same time. Whatever the order, it is one in which
 * they might have done so one after the other: every answer fits it, and so does the history.
 */
import { describe, expect } from "vitest";
import { purgeUser, purgeUsersDeletedBefore } from "../../src/core/user-purge.js";
import { deleteUser, restoreUser } from "../../src/core/users.js";
import { type Database, withPrisma } from "../../src/db/database.js";
import { withConnection } from "../../src/db/pool.js";
import { VocabdbError } from "../../src/errors/base.js";
import { it, type TestDatabase } from "../support/database.js";
import { type Action, type Answer, addRound, expectOneOrder, operate, shuffled } from "../support/operators.js";

describe("operators at the same time", () => {
  it("64 at once over 8 pools, round after round, act as if one after the other", async ({ db }) => {
    const CORE: Readonly<Record<Action, (database: Database, email: string) => Promise<boolean>>> = {
      delete: async (database, email) => (await deleteUser(database, email)).changed,
      restore: async (database, email) => (await restoreUser(database, email)).changed,
      purge: async (database, email) => (await purgeUser(database, email)).users > 0,
    };
    const act = async (database: Database, action: Action, email: string): Promise<Answer> => {
      try {
        return { action, email, exitCode: 0, code: null, changed: await CORE[action](database, email) };
      } catch (error) {
        if (error instanceof VocabdbError) {
          return { action, email, exitCode: error.exitCode, code: error.code, changed: false };
        }
        throw error;
      }
    };
    const answers: Answer[] = [];
    let inBatches = 0;
    await withPools(db, 8, async (databases) => {
      for (let round = 0; round < 6; round += 1) {
        const emails = await addRound(db, round, 10);
        const actions = emails.flatMap((email) =>
          (["delete", "delete", "delete", "restore", "restore", "purge"] as const).map((action) => ({ action, email })),
        );
        const calls = shuffled([...actions, ...Array.from({ length: 4 }, () => null)], round);
        expect(calls).toHaveLength(64);
        await Promise.all(
          calls.map(async (call, n) => {
            const database = databases[n % databases.length] ?? expect.unreachable();
            if (call === null) {
              const { users } = await purgeUsersDeletedBefore(database, new Date("9999-01-01"));
              inBatches += users;
            } else {
              answers.push(await act(database, call.action, call.email));
            }
          }),
        );
      }
    });
    expect(answers).toHaveLength(6 * 60);
    await expectOneOrder(db, answers, inBatches);
  });

  it("16 processes at once act as if one after the other", async ({ db }) => {
    const emails = await addRound(db, 0, 2);
    const calls = emails.flatMap((email) =>
      (["delete", "delete", "delete", "restore", "restore", "restore", "purge", "purge"] as const).map((action) => ({
        ...{ action, email },
      })),
    );
    const answers = await operate(db, shuffled(calls, 7));
    expect(answers).toHaveLength(16);
    await expectOneOrder(db, answers, 0);
  });
});

async function withPools<T>(
  db: TestDatabase,
  count: number,
  work: (databases: readonly Database[]) => Promise<T>,
  opened: readonly Database[] = [],
): Promise<T> {
  if (opened.length === count) {
    return work(opened);
  }
  return withConnection(db.target, (connection) =>
    withPrisma(connection, (database) => withPools(db, count, work, [...opened, database])),
  );
}
