/** The commands on users, on tables that are big for what they ask: nothing is read from end to end. */
import { Writable } from "node:stream";
import { expect } from "vitest";
import { suggestionsFrom } from "../src/core/suggestions.js";
import { exportUser, exportUsers } from "../src/core/user-export.js";
import { type ListOptions, listUsers } from "../src/core/user-list.js";
import { countDeletedBefore, countPurgeable, purgeUser, purgeUsersDeletedBefore } from "../src/core/user-purge.js";
import { updateUser } from "../src/core/users.js";
import { withPrisma } from "../src/db/database.js";
import { type Connection, withConnection } from "../src/db/pool.js";
import { Secret } from "../src/secret.js";
import { itOn, type TestDatabase } from "./support/database.js";

const LATER = new Date("2026-09-01T00:00:00Z");
const TABLES = ["users", "sessions", "progress", "audit_log"];

/** 20,000 users at 200 domains, every hundredth of them deleted; 100,000 rows of progress; 20,000 entries of history. */
const it = itOn(async (db) => {
  await db.query(`INSERT INTO users (email, display_name, created_at, deleted_at)
    SELECT 'user' || n || '@d' || n % 200 || '.example.org', 'Name ' || n, '2026-01-01Z'::timestamptz + n * interval '10 min',
           CASE WHEN n % 100 = 0 THEN '2026-08-01Z'::timestamptz END
      FROM generate_series(1, 20000) AS n`);
  await db.query(`INSERT INTO vocabulary_words (language, term, definition)
    SELECT 'de', 'Wort ' || n, 'word' FROM generate_series(1, 5) AS n`);
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, last_studied_at)
    SELECT u.id, w.id, 1, '2026-10-01Z' FROM users AS u, vocabulary_words AS w`);
  await db.query(`INSERT INTO sessions (user_id, token_hash, created_at, expires_at, revoked_at)
    SELECT id, encode(sha256(id::text::bytea), 'hex'), '2026-01-01Z', '2027-01-01Z', deleted_at FROM users`);
  await db.query(`INSERT INTO audit_log (action, subjects, changes)
    SELECT 'user create', ARRAY[email], '{"users":{"inserted":1}}' FROM users`);
  await db.query("ANALYZE");
});

/** Rows that sequential scans have read so far. */
async function scanned(db: TestDatabase): Promise<Record<string, number>> {
  // A server process hands its statistics over when it ends, or a second later.
  await expect
    .poll(
      () =>
        db.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend'`),
      { timeout: 20_000 },
    )
    .toHaveLength(0);
  const rows = await db.query<{ relname: string; seq_tup_read: string }>(
    "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY($1) ORDER BY relname",
    [TABLES],
  );
  return Object.fromEntries(rows.map(({ relname, seq_tup_read }) => [relname, Number(seq_tup_read)]));
}

async function listInEveryWay(connection: Connection): Promise<void> {
  const since = new Date("2026-06-01T00:00:00Z");
  const filters: [ListOptions, number][] = [
    [{}, 20],
    [{ sort: "created" }, 20],
    [{ which: "deleted" }, 20],
    [{ which: "deleted", sort: "created" }, 20],
    [{ which: "all", domain: "d7.example.org" }, 20],
    [{ domain: "d7.example.org", sort: "created" }, 20],
    [{ createdAfter: new Date("2026-05-19T00:00:00Z") }, 20],
    [{ createdAfter: new Date("2026-05-19T00:00:00Z"), sort: "created" }, 20],
    [{ createdAfter: new Date("2026-02-01T00:00:00Z") }, 20],
    // The hard case: nobody is inactive, and everybody has to be asked.
    [{ inactiveSince: since }, 0],
    [{ inactiveSince: since, sort: "created", which: "all" }, 0],
    [{ inactiveSince: LATER, domain: "d7.example.org" }, 0],
    [{ search: "ser1999" }, 11],
    [{ search: "ser1999", sort: "created", inactiveSince: new Date("2026-12-01T00:00:00Z") }, 11],
  ];
  for (const [options, count] of filters) {
    const { users, nextCursor } = await listUsers(connection, { ...options, limit: 20 });
    expect(users, JSON.stringify(options)).toHaveLength(count);
    if (nextCursor !== null) {
      await listUsers(connection, { ...options, limit: 20, after: nextCursor });
    }
  }
}

it("listing, updating, exporting and purging users read by index alone", async ({ db }) => {
  const before = await scanned(db);
  await withConnection(db.target, (connection) =>
    withPrisma(connection, async (database) => {
      await listInEveryWay(connection);
      for (const what of ["liveEmails", "deletedEmails", "allEmails"] as const) {
        for (const [prefix, count] of [
          ["", 101],
          ["user1999", what === "deletedEmails" ? 0 : 11],
          ["x", 0],
        ] as const) {
          expect(await suggestionsFrom(connection, { what, prefix }), `${what} ${prefix}`).toHaveLength(count);
        }
      }
      const email = "renamed@example.org";
      await updateUser(database, "user77@d77.example.org", {
        email,
        displayName: "X",
        password: new Secret("12345678"),
      });
      const { progress, history } = await exportUser(connection, email);
      expect([progress.length, history.length]).toEqual([5, 2]);
      expect(await countPurgeable(connection, "user100@d100.example.org")).toMatchObject({ progress: 5 });
      expect(await purgeUser(connection, "user100@d100.example.org")).toMatchObject({ users: 1, progress: 5 });
      expect(await purgeUser(connection, "user100@d100.example.org")).toMatchObject({ users: 0 });
      expect(await countDeletedBefore(connection, LATER)).toBe(199);
      expect(await purgeUsersDeletedBefore(connection, LATER)).toEqual({ users: 199, sessions: 199, progress: 995 });
    }),
  );
  expect(await scanned(db)).toEqual(before);
});

it("a scan would be noticed: the export of all users is one", async ({ db }) => {
  const before = await scanned(db);
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const rows = await withConnection(db.target, (connection) => exportUsers(connection, sink, { format: "csv" }));
  expect(rows).toBe(19_800);
  expect(await scanned(db)).toEqual({ ...before, users: (before.users ?? 0) + 20_000 });
});
