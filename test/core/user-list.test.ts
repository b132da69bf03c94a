/** Filters, sorts and pages of the list of users, each compared with a plain filter over all of them. */
import { describe, expect } from "vitest";
import type { User } from "../../src/core/user.js";
import { type ListOptions, listUsers } from "../../src/core/user-list.js";
import type { Connection } from "../../src/db/pool.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";

const CREATED_AFTER = new Date("2026-03-01T00:00:00Z");
const INACTIVE_SINCE = new Date("2026-06-01T00:00:00Z");
const LONG_AGO = "2026-05-31T23:59:59.999Z";

interface ListedUser extends User {
  readonly isActive: boolean;
}

/** 72 users, in each combination of domain, times and names, some of them created at the same moment. */
async function fill(db: TestDatabase): Promise<ListedUser[]> {
  const domains = ["example.org", "mail.example.org", "other.net"];
  const times = ["2026-02-28T23:59:59.999Z", CREATED_AFTER.toISOString(), "2026-04-01T00:00:00Z"];
  const people = Array.from({ length: 72 }, (_, n) => ({
    email: `${n % 4 === 0 ? "anna" : "u-ser"}.${(n * 37) % 72}@${domains[n % 3]}`,
    ...(n % 5 === 0 && { displayName: `Anna ${n}` }),
    createdAt: times[Math.floor(n / 3) % 3] ?? "",
    ...(n % 6 === 5 && { deletedAt: "2026-07-01Z" }),
    ...{ words: n % 2, sessions: n % 2 },
  }));
  await addPeople(db, ...people);
  await db.query(`UPDATE progress SET last_studied_at = '${LONG_AGO}'`);
  await db.query("UPDATE sessions SET created_at = '2026-01-01Z'");
  // One sign of life each, at the very moment or later; what is no sign is left as it is.
  const alive = async (statement: string, remainder: number): Promise<void> => {
    await db.query(
      `${statement} (SELECT id FROM users WHERE split_part(split_part(email, '.', 2), '@', 1)::integer % 8 = $1)`,
      [remainder],
    );
  };
  await alive("UPDATE progress SET last_studied_at = '2026-06-01Z' WHERE user_id IN", 1);
  await alive(`UPDATE sessions SET last_used_at = '2026-08-01Z' WHERE user_id IN`, 3);
  await alive(`UPDATE sessions SET created_at = '2026-06-01Z' WHERE user_id IN`, 5);
  await alive(`UPDATE sessions SET last_used_at = '${LONG_AGO}' WHERE user_id IN`, 7);
  return db.query<ListedUser & Record<string, unknown>>(
    `SELECT id, email, display_name AS "displayName", created_at AS "createdAt", updated_at AS "updatedAt",
            deleted_at AS "deletedAt",
            id IN (SELECT user_id FROM progress WHERE last_studied_at >= $1
                    UNION SELECT user_id FROM sessions WHERE last_used_at >= $1 OR created_at >= $1) AS "isActive"
       FROM users ORDER BY email`,
    [INACTIVE_SINCE],
  );
}

/** What the options say, in other words. */
function expected(all: readonly ListedUser[], options: ListOptions): string[] {
  const { which = "live", search, domain, createdAfter, inactiveSince, sort } = options;
  const found = all.filter(
    (user) =>
      (which === "all" || (user.deletedAt === null) === (which === "live")) &&
      (search === undefined || `${user.email}\n${user.displayName}`.toLowerCase().includes(search)) &&
      (domain === undefined || user.email.endsWith(`@${domain}`)) &&
      (createdAfter === undefined || user.createdAt >= createdAfter) &&
      (inactiveSince === undefined || !user.isActive),
  );
  if (sort === "created") {
    found.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
  }
  return found.map(({ email }) => email);
}

async function allPages(connection: Connection, options: ListOptions): Promise<string[]> {
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await listUsers(connection, { ...options, ...(after !== undefined && { after }) });
    expect(page.users.length).toBeLessThanOrEqual(options.limit ?? 50);
    seen.push(...page.users.map(({ email }) => email));
    after = page.nextCursor ?? undefined;
  } while (after !== undefined);
  return seen;
}

/** Every choice of the filters, each given or not. */
function combinations(): ListOptions[] {
  const choices: ListOptions[][] = [
    [{ which: "live" }, { which: "deleted" }, { which: "all" }],
    [{}, { search: "anna" }],
    [{}, { domain: "example.org" }],
    [{}, { createdAfter: CREATED_AFTER }],
    [{}, { inactiveSince: INACTIVE_SINCE }],
    [{ sort: "email" }, { sort: "created" }],
  ];
  return choices.reduce<ListOptions[]>(
    (combined, choice) => combined.flatMap((options) => choice.map((more) => ({ ...options, ...more }))),
    [{}],
  );
}

describe("listing users", () => {
  it("keeps to all filters and to the order, on every page", async ({ connection, db }) => {
    const all = await fill(db);
    const sizes = new Set<number>();
    for (const options of combinations()) {
      const wanted = expected(all, options);
      sizes.add(wanted.length);
      expect(await allPages(connection, { ...options, limit: 7 }), JSON.stringify(options)).toEqual(wanted);
    }
    // The filters do tell users apart.
    expect(combinations()).toHaveLength(96);
    expect(sizes.size).toBeGreaterThan(15);
  });

  it("takes only the domain itself, not those that end or begin like it", async ({ connection, db }) => {
    await addPeople(
      db,
      ...["a@example.org", "b@mail.example.org", "c@example.org.uk", "d@anexample.org", "example.org@e.net"].map(
        (email) => ({ email }),
      ),
    );
    expect(await allPages(connection, { domain: "example.org" })).toEqual(["a@example.org"]);
    expect(await allPages(connection, { domain: "org" })).toEqual([]);
    expect(await allPages(connection, { domain: "' OR true --" })).toEqual([]);
  });

  it("shows users without any sign of life, and those whose signs are older", async ({ connection, db }) => {
    await addPeople(
      db,
      { email: "never@example.org" },
      { email: "new@example.org", words: 1 },
      { email: "studied@example.org", words: 1 },
      { email: "signed-in@example.org", sessions: 1 },
    );
    await db.query(
      "UPDATE progress SET last_studied_at = now() FROM users AS u WHERE u.id = user_id AND u.email = 'studied@example.org'",
    );
    // Words that were never studied are no sign.
    expect(await allPages(connection, { inactiveSince: INACTIVE_SINCE })).toEqual([
      "never@example.org",
      "new@example.org",
    ]);
  });

  it("refuses the cursor of another order", async ({ connection, db }) => {
    await addPeople(db, { email: "a@example.org" }, { email: "b@example.org" });
    for (const [sort, other] of [
      ["email", "created"],
      ["created", "email"],
    ] as const) {
      const { nextCursor } = await listUsers(connection, { sort, limit: 1 });
      const after = nextCursor ?? expect.unreachable();
      await expect(listUsers(connection, { sort: other, after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
    }
  });

  it("of everybody created in one statement loses and repeats nobody", async ({ connection, db }) => {
    const people = Array.from({ length: 25 }, (_, n) => ({ email: `user${n}@example.org`, createdAt: "2026-01-01Z" }));
    await addPeople(db, ...people);
    const seen = await allPages(connection, { sort: "created", limit: 4 });
    expect(seen.toSorted()).toEqual(people.map(({ email }) => email).sort());
  });
});
