/** Operators who delete, restore and purge the same users at the same time, and whether they might have done so one after the other. */
import { expect } from "vitest";
import type { TestDatabase } from "./database.js";
import { addPeople, runUser } from "./people.js";

export type Action = "delete" | "restore" | "purge";
type State = "live" | "deleted" | "gone";

/** What an operator was told. */
export interface Answer {
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
export async function expectOneOrder(db: TestDatabase, answers: readonly Answer[], inBatches: number): Promise<void> {
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
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const keys = items.map((item, n) => ({ item, key: Math.imul(n + 1, 2_654_435_761 ^ seed) >>> 0 }));
  return keys.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** @returns what operators at so many terminals were told who do all that at once */
export function operate(db: TestDatabase, calls: readonly Pick<Answer, "action" | "email">[]): Promise<Answer[]> {
  return Promise.all(
    calls.map(async ({ action, email }): Promise<Answer> => {
      const confirmation = action === "purge" ? ["--confirm", email] : [];
      const { exitCode, code = null, document } = await runUser(db, [action, email, ...confirmation]);
      return { action, email, exitCode: exitCode ?? -1, code, changed: document?.changed === true };
    }),
  );
}

/** Emails of one round; with learned words and sessions, so that there is something to lose. */
export async function addRound(db: TestDatabase, round: number, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, n) => `user${n}.${round}@example.org`);
  await addPeople(db, ...emails.map((email) => ({ email, words: 3, sessions: 2 })));
  return emails;
}
