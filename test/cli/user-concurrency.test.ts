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
import { addPeople, runUser } from "../support/people.js";

type Action = "delete" | "restore" | "purge";
type State = "live" | "deleted" | "gone";

/** What an operator was told. */
interface Answer {
  readonly action: Action;
  readonly email: string;
  readonly exitCode: number;
  readonly code: string | null;
  readonly changed: boolean;
}

interface Entry {
  readonly action: string;
  readonly email: string;
  readonly time: Date;
}

/** What an action makes of a state that it changes. */
const TRANSITIONS: Readonly<Record<string, readonly [from: State, to: State]>> = {
  "user delete": ["live", "deleted"],
  "user restore": ["deleted", "live"],
  "user purge": ["deleted", "gone"],
};

async function stateOf(db: TestDatabase, email: string): Promise<State> {
  const [user] = await db.query<{ deleted: boolean }>(
    "SELECT deleted_at IS NOT NULL AS deleted FROM users WHERE email = $1",
    [email],
  );
  return user === undefined ? "gone" : user.deleted ? "deleted" : "live";
}

/** One entry for each user it is about. */
function entriesOf(db: TestDatabase): Promise<Entry[]> {
  return db.query<Entry & Record<string, unknown>>(
    "SELECT action, unnest(subjects) AS email, occurred_at AS time FROM audit_log ORDER BY occurred_at, id",
  );
}

/**
 * The state after all entries. Of entries of the same millisecond the history does not tell which was first: then
 * the one counts as first that was possible.
 */
function replay(entries: readonly Entry[]): State {
  const left = [...entries];
  let state: State = "live";
  while (left.length > 0) {
    const time = left[0]?.time.getTime();
    const next = left.findIndex((entry) => entry.time.getTime() === time && TRANSITIONS[entry.action]?.[0] === state);
    const [entry] = next === -1 ? [] : left.splice(next, 1);
    if (entry === undefined) {
      throw new Error(`no order of the history is possible: ${entries.map(({ action }) => action).join(", ")}`);
    }
    state = TRANSITIONS[entry.action]?.[1] ?? state;
  }
  return state;
}

/** @param inBatches how many entries come from purges of many, which answer with a number of users */
async function expectOneOrder(db: TestDatabase, answers: readonly Answer[], inBatches: number): Promise<void> {
  const entries = await entriesOf(db);
  expect(entries).toHaveLength(answers.filter(({ changed }) => changed).length + inBatches);
  for (const email of new Set(answers.map((answer) => answer.email))) {
    const state = await stateOf(db, email);
    expect(replay(entries.filter((entry) => entry.email === email))).toBe(state);
    for (const answer of answers.filter((candidate) => candidate.email === email)) {
      expect(answer).toSatisfy((candidate: Answer) => isPossible(candidate, state));
    }
  }
  expect(
    await db.query(
      "SELECT FROM sessions JOIN users AS u ON u.id = user_id WHERE u.deleted_at IS NOT NULL AND revoked_at IS NULL",
    ),
  ).toEqual([]);
}

/** Who is gone stays gone, so only then may an operator not have found the user; and only live users are refused. */
function isPossible({ action, exitCode, code, changed }: Answer, finally_: State): boolean {
  switch (exitCode) {
    case 0:
      return action !== "purge" || finally_ === "gone";
    case 4:
      return action !== "purge" && code === "USER_NOT_FOUND" && finally_ === "gone" && !changed;
    case 5:
      return action === "purge" && code === "USER_NOT_DELETED" && !changed;
    default:
      return false;
  }
}

/** Mixed up, but the same in every run. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const keys = items.map((item, n) => ({ item, key: Math.imul(n + 1, 2_654_435_761 ^ seed) >>> 0 }));
  return keys.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

const people = (round: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `user${n}.${round}@example.org`);

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
        const emails = people(round, 10);
        await addPeople(db, ...emails.map((email) => ({ email, words: 3, sessions: 2 })));
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
    const emails = people(0, 2);
    await addPeople(db, ...emails.map((email) => ({ email, words: 3, sessions: 2 })));
    const calls = emails.flatMap((email) =>
      (["delete", "delete", "delete", "restore", "restore", "restore", "purge", "purge"] as const).map((action) => ({
        action,
        email,
      })),
    );
    const answers = await Promise.all(
      shuffled(calls, 7).map(async ({ action, email }): Promise<Answer> => {
        const confirmation = action === "purge" ? ["--confirm", email] : [];
        const { exitCode, code = null, document } = await runUser(db, [action, email, ...confirmation]);
        return { action, email, exitCode: exitCode ?? -1, code, changed: document?.changed === true };
      }),
    );
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
