/** The history: written with the change or not at all, and never changed again. */
import { describe, expect } from "vitest";
import { type Changes, listHistory, recordChange } from "../../src/core/audit.js";
import { resetProgress } from "../../src/core/progress-reset.js";
import { createUser, deleteUser, restoreUser } from "../../src/core/users.js";
import type { Database } from "../../src/db/database.js";
import type { Connection } from "../../src/db/pool.js";
import { inPrismaTransaction } from "../../src/db/prisma-transaction.js";
import { inTransaction } from "../../src/db/transaction.js";
import { it, type TestDatabase } from "../support/database.js";
import { addUsers, learn, markDeleted } from "../support/learning.js";
import { withRole } from "../support/roles.js";

const ADA = "ada@example.org";
const ACTOR = { commandLine: "vocabdb test", operator: "eve@host", reason: "because" };
const USER_CREATED = { action: "user create", subjects: [ADA], changes: { users: { inserted: 1 } } };

const recorded = (db: TestDatabase) =>
  db.query("SELECT action, subjects, changes, command_line, operator, reason FROM audit_log ORDER BY occurred_at, id");

/** The failure of a statement, as the server tells it. */
async function refusal(statement: Promise<unknown>): Promise<unknown> {
  const { code, constraint } = await statement.then(
    () => expect.unreachable(),
    (error: { code: string; constraint?: string }) => error,
  );
  return constraint === undefined ? code : `${code} ${constraint}`;
}

describe("a record", () => {
  it("is the same through the driver and through Prisma", async ({ connection, database, db }) => {
    await inTransaction(connection, {}, (client) => recordChange(client, USER_CREATED, ACTOR));
    await inPrismaTransaction(database, {}, (prisma) => recordChange(prisma, USER_CREATED, ACTOR));
    const row = {
      ...{ action: "user create", subjects: [ADA], changes: { users: { inserted: 1 } } },
      ...{ command_line: "vocabdb test", operator: "eve@host", reason: "because" },
    };
    expect(await recorded(db)).toEqual([row, row]);
  });

  it("says nothing of rows that were not changed, and is not made when none was", async ({
    connection,
    database,
    db,
  }) => {
    const some: Changes = { users: { updated: 1, deleted: 0 }, sessions: { updated: 0 } };
    const none: Changes = { users: { updated: 0 }, sessions: {} };
    await inTransaction(connection, {}, async (client) => {
      await recordChange(client, { action: "some", changes: some });
      await recordChange(client, { action: "none", changes: none });
      await recordChange(client, { action: "none", changes: {} });
    });
    await inPrismaTransaction(database, {}, (prisma) => recordChange(prisma, { action: "none", changes: none }));
    expect(await recorded(db)).toEqual([
      {
        ...{ action: "some", subjects: [], changes: { users: { updated: 1 } } },
        ...{ command_line: null, operator: null, reason: null },
      },
    ]);
  });

  it("is left by every change that the library makes, of nobody where no actor is given", async ({
    connection,
    database,
    db,
  }) => {
    await createUser(database, { email: ADA });
    await learn(db, ADA, [{ term: "一" }, { term: "二" }]);
    await resetProgress(connection, ADA, { confirm: ADA });
    await deleteUser(database, ADA);
    await restoreUser(database, ADA);
    const nobody = { subjects: [ADA], command_line: null, operator: null, reason: null };
    expect(await recorded(db)).toEqual([
      { ...nobody, action: "user create", changes: { users: { inserted: 1 } } },
      { ...nobody, action: "progress reset", changes: { progress: { deleted: 2 } } },
      { ...nobody, action: "user delete", changes: { users: { updated: 1 } } },
      { ...nobody, action: "user restore", changes: { users: { updated: 1 } } },
    ]);
  });
});

describe("change and record", () => {
  interface Fixtures {
    readonly connection: Connection;
    readonly database: Database;
  }
  const CHANGES = {
    "user create": { table: "users", run: ({ database }) => createUser(database, { email: "new@example.org" }) },
    "user delete": { table: "users", run: ({ database }) => deleteUser(database, ADA) },
    "user restore": { table: "users", run: ({ database }) => restoreUser(database, "gone@example.org") },
    "progress reset": { table: "progress", run: ({ connection }) => resetProgress(connection, ADA, { confirm: ADA }) },
  } satisfies Record<string, { table: string; run: (fixtures: Fixtures) => Promise<unknown> }>;
  const actions = Object.keys(CHANGES) as (keyof typeof CHANGES)[];

  async function prepare(db: TestDatabase): Promise<void> {
    await addUsers(db, ADA, "gone@example.org");
    await markDeleted(db, "gone@example.org");
    await learn(db, ADA, [{ term: "一" }]);
    await db.query("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''broken''; END'");
  }

  const state = (db: TestDatabase) =>
    db.query(
      "SELECT (SELECT json_agg(u) FROM users AS u) AS users, (SELECT json_agg(p) FROM progress AS p) AS progress",
    );

  it.for(actions)(
    "of %s go together: a failure at the very end leaves neither",
    async (action, { connection, database, db }) => {
      await prepare(db);
      const { table, run } = CHANGES[action];
      await db.query(`CREATE CONSTRAINT TRIGGER fail AFTER INSERT OR UPDATE OR DELETE ON ${table}
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`);
      const before = await state(db);
      await expect(run({ connection, database })).rejects.toThrow("broken");
      expect(await recorded(db)).toEqual([]);
      expect(await state(db)).toEqual(before);

      await db.query(`DROP TRIGGER fail ON ${table}`);
      await run({ connection, database });
      expect(await recorded(db)).toMatchObject([{ action }]);
    },
  );

  it.for(actions)(
    "of %s go together: without a record there is no change",
    async (action, { connection, database, db }) => {
      await prepare(db);
      await db.query("CREATE TRIGGER fail BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION fail()");
      const before = await state(db);
      await expect(CHANGES[action].run({ connection, database })).rejects.toThrow("broken");
      expect(await state(db)).toEqual(before);
    },
  );
});

describe("what is recorded", () => {
  const ATTEMPTS = [
    "UPDATE audit_log SET reason = 'another'",
    "UPDATE audit_log SET reason = 'another' WHERE FALSE",
    "DELETE FROM audit_log",
    "DELETE FROM audit_log WHERE FALSE",
    "TRUNCATE audit_log",
    "TRUNCATE users, audit_log CASCADE",
    "INSERT INTO audit_log (id, action, changes) SELECT id, 'x', '{}' FROM audit_log ON CONFLICT (id) DO UPDATE SET action = 'x'",
    "MERGE INTO audit_log AS a USING audit_log AS b ON a.id = b.id WHEN MATCHED THEN DELETE",
  ];

  it.for(ATTEMPTS)("stays, whoever tries: %s", async (attempt, { connection, db }) => {
    await inTransaction(connection, {}, (client) => recordChange(client, USER_CREATED, ACTOR));
    const before = await db.query("SELECT * FROM audit_log");
    expect(await refusal(db.query(attempt))).toBe("23001 audit_log_append_only");
    for (const attributes of ["", "BYPASSRLS"]) {
      await withRole(db, attributes, async (role) => {
        expect(await refusal(role.query(attempt))).toBe("23001 audit_log_append_only");
      });
    }
    expect(await db.query("SELECT * FROM audit_log")).toEqual(before);
  });

  it("has the server's time and the role that signed in, whatever a client says", async ({ db }) => {
    const forged = `INSERT INTO audit_log (action, changes, occurred_at, database_role)
                    VALUES ('user delete', '{}', '2001-01-01Z', 'somebody else')`;
    const start = new Date();
    await db.query(`${forged}; ${forged}`);
    const role = await withRole(db, `BYPASSRLS IN ROLE ${db.target.user}`, async ({ name, query }) => {
      await query(`SET ROLE ${db.target.user}; ${forged}`);
      return name;
    });
    const rows = await db.query("SELECT occurred_at, database_role FROM audit_log ORDER BY occurred_at, id");
    expect(rows.map(({ database_role }) => database_role)).toEqual([db.target.user, db.target.user, role]);
    for (const { occurred_at } of rows) {
      expect(occurred_at.getTime()).toBeGreaterThanOrEqual(start.getTime() - 1000);
      expect(occurred_at.getTime()).toBeLessThanOrEqual(Date.now() + 1000);
    }
  });

  it("is not shown to a role that does not own it, nor can that role add to it", async ({ connection, db }) => {
    await inTransaction(connection, {}, (client) => recordChange(client, USER_CREATED, ACTOR));
    await withRole(db, "", async (role) => {
      expect(await role.query("SELECT * FROM audit_log")).toEqual([]);
      const insert = "INSERT INTO audit_log (action, changes) VALUES ('user delete', '{}')";
      expect(await refusal(role.query(insert))).toBe("42501");
    });
    expect(await recorded(db)).toHaveLength(1);
  });
});

describe("reading", () => {
  /** `of` entries at each of three times, the user of each named by its number. */
  async function fill(db: TestDatabase, of: number): Promise<void> {
    // Otherwise the times are the server's own.
    await db.query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_stamp");
    await db.query(
      `INSERT INTO audit_log (occurred_at, action, subjects, changes)
       SELECT t, 'user update', ARRAY['user' || n || '@example.org', '${ADA}'], '{"users":{"updated":2}}'
         FROM generate_series(1, ${of}) AS n,
              unnest(ARRAY['2026-06-01 00:00Z', '2026-06-01 00:00:00.001Z', '2026-06-02 00:00Z']::timestamptz[]) AS t`,
    );
  }

  it.for([undefined, ADA])(
    "goes back in time without loss or repetition, over equal times too (of %s)",
    async (subject, { connection, db }) => {
      await fill(db, 7);
      const expected = await db.query<{ id: string }>("SELECT id FROM audit_log ORDER BY occurred_at DESC, id DESC");
      for (const limit of [1, 4, 20, 21, 22]) {
        const ids: string[] = [];
        let after: string | null = null;
        do {
          const options = { limit, ...(subject && { subject }), ...(after !== null && { after }) };
          const page: Awaited<ReturnType<typeof listHistory>> = await listHistory(connection, options);
          expect(page.entries.length).toBeGreaterThan(0);
          ids.push(...page.entries.map(({ id }) => id));
          after = page.nextCursor;
        } while (after !== null);
        expect(ids).toEqual(expected.map(({ id }) => id));
      }
    },
  );

  it("begins where it is told to, to the millisecond", async ({ connection, db }) => {
    await fill(db, 1);
    const since = async (time: string) =>
      (await listHistory(connection, { since: new Date(time) })).entries.map(({ occurredAt }) =>
        occurredAt.toISOString(),
      );
    expect(await since("2026-06-01T00:00:00.000Z")).toHaveLength(3);
    expect(await since("2026-06-01T00:00:00.001Z")).toEqual(["2026-06-02T00:00:00.000Z", "2026-06-01T00:00:00.001Z"]);
    expect(await since("2026-06-02T00:00:00.001Z")).toEqual([]);
  });

  it("finds any of the subjects, by the whole email, also of users who never were", async ({ connection, db }) => {
    await fill(db, 3);
    const about = async (subject: string) => (await listHistory(connection, { subject })).entries.length;
    expect(await about(ADA)).toBe(9);
    expect(await about("user2@example.org")).toBe(3);
    expect(await about("user")).toBe(0);
    expect(await about("'}'; DROP TABLE audit_log; --")).toBe(0);
    expect(await about("user2@example.org,ada@example.org")).toBe(0);
  });

  it("refuses a cursor of another list", async ({ connection }) => {
    const after = Buffer.from(JSON.stringify(["user list", ["ada@example.org"]])).toString("base64url");
    await expect(listHistory(connection, { after })).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  });

  it("gives times in UTC, whatever zone the database is in", async ({ connection, db }) => {
    await db.query(`ALTER DATABASE ${db.target.database} SET TimeZone = 'Asia/Kolkata'`);
    await fill(db, 1);
    const { entries } = await listHistory(connection, { limit: 1 });
    expect(entries[0]?.occurredAt.toISOString()).toBe("2026-06-02T00:00:00.000Z");
  });
});
