/** Users from files: new ones are created, others renamed, and nobody is touched whom the files agree with. */
import { describe, expect } from "vitest";
import { importUsers } from "../../src/core/import.js";
import { RowsRejectedError } from "../../src/errors/loading.js";
import { it } from "../support/database.js";
import {
  ADA,
  addUsers,
  BOB,
  deleteUsers,
  history,
  ndjson,
  people,
  USER_HEADER,
  usersFrom,
} from "../support/importing.js";
import {
  allRows,
  counts,
  csv,
  expectNothingLeft,
  failureOf,
  waitingFor,
  whileWaitingToWrite,
} from "../support/seeding.js";

const CREATED = "2020-01-02T03:04:05.000Z";
const DELETED = "2026-03-04T05:06:07.000Z";

describe("new users", () => {
  it("are created with name and times, as far as the file says them", async ({ connection, db }) => {
    const lines = [
      `${ADA},Ada Lovelace,${CREATED},`,
      `${BOB},,2020-01-02,`,
      `old@example.org,Old,2019-01-01,${DELETED}`,
    ];
    expect(counts(await usersFrom(connection, lines))).toEqual({ rows: 3, inserted: 3 });
    expect(await people(db)).toEqual({
      [ADA]: { name: "Ada Lovelace", created: CREATED, deleted: null },
      [BOB]: { name: null, created: "2020-01-02T00:00:00.000Z", deleted: null },
      "old@example.org": { name: "Old", created: "2019-01-01T00:00:00.000Z", deleted: DELETED },
    });
  });

  it("of a file that has no times are created now, and live", async ({ connection, db }) => {
    await importUsers(connection, { files: [csv("email", ADA)] });
    await usersFrom(connection, [`${BOB},,,`]);
    expect(
      await db.query("SELECT FROM users WHERE created_at > now() - interval '1 minute' AND deleted_at IS NULL"),
    ).toHaveLength(2);
  });

  it("come from objects too, whose null is an empty cell", async ({ connection, db }) => {
    const files = [
      ndjson({ email: ADA, displayName: null, createdAt: null, deletedAt: null }, { mail: BOB, name: "Bob" }),
    ];
    expect(counts(await importUsers(connection, { files }))).toEqual({ rows: 2, inserted: 2 });
    expect(await people(db)).toMatchObject({ [ADA]: { name: null, deleted: null }, [BOB]: { name: "Bob" } });
  });

  it("have no password, whatever columns the file has", async ({ connection, db }) => {
    await db.query("INSERT INTO users (email, password_hash) VALUES ($1, '$argon2id$kept')", [BOB]);
    const header = "email,name,password,password_hash,passwordHash,hash";
    const result = await importUsers(connection, {
      files: [
        csv(header, `${ADA},Ada,secret,$argon2id$x,$argon2id$y,z`, `${BOB},Bob,secret,$argon2id$x,$argon2id$y,z`),
      ],
    });
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, updated: 1 });
    expect(result.files[0]?.unusedColumns).toEqual(["password", "password_hash", "passwordHash", "hash"]);
    expect(await db.query("SELECT email, password_hash AS hash FROM users ORDER BY 1")).toEqual([
      { email: ADA, hash: null },
      { email: BOB, hash: "$argon2id$kept" },
    ]);
  });

  it("have the name that the file says, letter by letter", async ({ connection, db }) => {
    const names = [
      "Robert'); DROP TABLE users;--",
      "=1+1",
      "\u001b[31mred\u202e",
      "\\N",
      '"quoted", and more',
      "李 小龙",
    ];
    const lines = names.map((name, n) => `u${n}@example.org,"${name.replaceAll('"', '""')}",,`);
    expect(counts(await usersFrom(connection, lines))).toEqual({ rows: 6, inserted: 6 });
    expect(Object.values(await people(db)).map(({ name }) => name)).toEqual(names);
  });
});

describe("users that exist", () => {
  const BEFORE = [`${ADA},Ada,2020-01-01,`, `${BOB},Bob,2020-01-01,`, "eve@example.org,Eve,2020-01-01,"];

  it("are renamed under their id; the others keep their place and version", async ({ connection, db }) => {
    await usersFrom(connection, BEFORE);
    const before = await allRows(db);
    const result = await usersFrom(connection, [`${ADA},Ada,,`, `${BOB},Robert,,`, "eve@example.org,,,"]);
    expect(counts(result)).toEqual({ rows: 3, updated: 2, unchanged: 1 });
    expect(await people(db)).toMatchObject({
      [ADA]: { name: "Ada" },
      [BOB]: { name: "Robert" },
      "eve@example.org": { name: null },
    });
    const after = await allRows(db);
    const adaIn = ({ users = [] }: typeof before) => users.find(({ email }) => email === ADA);
    const idsIn = ({ users = [] }: typeof before) => new Set(users.map(({ id }) => id));
    expect(adaIn(after)).toEqual(adaIn(before));
    expect(idsIn(after)).toEqual(idsIn(before));
  });

  it("keep their times, whatever the file says", async ({ connection, db }) => {
    await usersFrom(connection, BEFORE);
    const before = await allRows(db);
    const others = BEFORE.map((line) => line.replace("2020-01-01,", `2025-05-05,${DELETED}`));
    expect(counts(await usersFrom(connection, others))).toEqual({ rows: 3, unchanged: 3 });
    expect(await allRows(db)).toEqual(before);
    await usersFrom(connection, [`${ADA},Countess,2025-05-05,${DELETED}`]);
    expect((await people(db))[ADA]).toEqual({ name: "Countess", created: "2020-01-01T00:00:00.000Z", deleted: null });
  });

  it("keep their name where the file has no column for it", async ({ connection, db }) => {
    await usersFrom(connection, BEFORE);
    const before = await allRows(db);
    const files = [csv("email,created_at", `${ADA},2025-05-05`), ndjson({ email: BOB })];
    expect(counts(await importUsers(connection, { files }))).toEqual({ rows: 2, unchanged: 2 });
    expect(await allRows(db)).toEqual(before);
  });

  it("are left alone with onConflict keep", async ({ connection, db }) => {
    await usersFrom(connection, BEFORE);
    const before = await people(db);
    const result = await usersFrom(connection, [`${ADA},Other,,`, "new@example.org,New,,"], { onConflict: "keep" });
    expect(counts(result)).toEqual({ rows: 2, inserted: 1, unchanged: 1 });
    expect(await people(db)).toMatchObject(before);
  });

  it("are not touched when the same file comes again, and nothing is recorded", async ({ connection, db }) => {
    await usersFrom(connection, [...BEFORE, `gone@example.org,Gone,,${DELETED}`]);
    const before = [await allRows(db), await history(db)];
    const again = await usersFrom(connection, [...BEFORE, `gone@example.org,Gone,,${DELETED}`]);
    expect(counts(again)).toEqual({ rows: 4, unchanged: 4 });
    expect([await allRows(db), await history(db)]).toEqual(before);
  });
});

describe("deleted users", () => {
  it("are bad records, which name the way out", async ({ connection, db }) => {
    await usersFrom(connection, [`${ADA},Ada,,`, `${BOB},Bob,,`]);
    await deleteUsers(db, ADA);
    const before = await allRows(db);
    const failure = await failureOf(usersFrom(connection, [`${BOB},Robert,,`, `${ADA},Other,,`]));
    expect(failure).toBeInstanceOf(RowsRejectedError);
    expect(failure).toMatchObject({
      ...{ total: 1, hint: `vocabdb user restore ${ADA}` },
      rejects: [
        {
          ...{ line: 3, column: 1, recordLine: 3, field: "email", code: "USER_DELETED" },
          reason: "belongs to a user who was deleted at 2026-03-04 05:06:07Z",
        },
      ],
    });
    expect(await allRows(db)).toEqual(before);
    const others = await usersFrom(connection, [`${BOB},Robert,,`, `${ADA},Other,,`], { maxRejects: { records: 1 } });
    expect(counts(others)).toEqual({ rows: 2, updated: 1, rejected: 1 });
    expect(await people(db)).toMatchObject({ [ADA]: { name: "Ada", deleted: DELETED }, [BOB]: { name: "Robert" } });
  });

  it("are met by records that say so too, and stay deleted", async ({ connection, db }) => {
    await usersFrom(connection, [`${ADA},Ada,,`]);
    await deleteUsers(db, ADA);
    const same = await usersFrom(connection, [`${ADA},Ada,,2001-01-01`]);
    expect(counts(same)).toEqual({ rows: 1, unchanged: 1 });
    expect(counts(await usersFrom(connection, [`${ADA},A. L.,,2001-01-01`]))).toEqual({ rows: 1, updated: 1 });
    expect((await people(db))[ADA]).toMatchObject({ name: "A. L.", deleted: DELETED });
  });
});

describe("records of one user", () => {
  const SPELLINGS = [`${ADA},Ada,,`, " ADA@Example.ORG ,Ada,,"];

  it("that differ in spelling only are the same record", async ({ connection, db }) => {
    const international = ["u@bücher.example,U,,", "u@xn--bcher-kva.example,U,,", "U@BÜCHER.example,U,,"];
    const result = await usersFrom(connection, [...SPELLINGS, ...international]);
    expect(counts(result)).toEqual({ rows: 5, inserted: 2, duplicates: 3 });
    expect(Object.keys(await people(db))).toEqual([ADA, "u@xn--bcher-kva.example"]);
  });

  it("that say different things are refused, unless one counts", async ({ connection, db }) => {
    const lines = [`${ADA},First,,`, "Ada@example.org,Last,,"];
    await expect(usersFrom(connection, lines)).rejects.toMatchObject({
      ...{ code: "DUPLICATE_ROWS", total: 1, noun: "user" },
      duplicates: [{ line: 3, first: { line: 2 }, key: [ADA] }],
    });
    expect(await people(db)).toEqual({});
    for (const onDuplicate of ["first", "last"] as const) {
      const result = await usersFrom(connection, lines, { onDuplicate });
      expect(result.total).toMatchObject({ duplicates: 1, rejected: 0 });
      expect((await people(db))[ADA]?.name).toBe(onDuplicate === "first" ? "First" : "Last");
    }
  });
});

describe("a plan", () => {
  it.for(["dry-run", "check"] as const)(
    "with mode %s shows names old and new, and writes nothing",
    async (mode, { connection, db }) => {
      await usersFrom(connection, [`${ADA},Ada,,`, `${BOB},Bob,,`]);
      const before = [await allRows(db), await history(db)];
      const result = await usersFrom(connection, [`${ADA},Countess,2001-01-01,`, "new@example.org,,,", "nobody,,,"], {
        mode,
      });
      expect(counts(result)).toEqual({ rows: 3, inserted: 1, updated: 1, rejected: 1 });
      expect(result).toMatchObject({ dryRun: mode === "dry-run", check: mode === "check" });
      expect(result.changes).toMatchObject([
        { line: 2, key: { email: ADA }, changes: [{ field: "displayName", old: "Ada", new: "Countess" }] },
      ]);
      expect(result.rejects).toMatchObject([{ line: 4, field: "email" }]);
      expect([await allRows(db), await history(db)]).toEqual(before);
      await expectNothingLeft(db);
    },
  );
});

describe("the history", () => {
  it("gets one record of a run that changed something, with who and why", async ({ connection, db }) => {
    const actor = { commandLine: "vocabdb user import -f u.csv", operator: "me", reason: "new class" };
    await usersFrom(connection, [`${ADA},Ada,,`, `${BOB},Bob,,`], { actor });
    await usersFrom(connection, [`${ADA},A,,`, `${BOB},Bob,,`, "new@example.org,,,"]);
    expect(await history(db)).toEqual([
      { action: "user import", subjects: [], changes: { users: { inserted: 2 } }, reason: "new class" },
      { action: "user import", subjects: [], changes: { users: { inserted: 1, updated: 1 } }, reason: null },
    ]);
  });

  it("gets none of a run that fails", async ({ connection, db }) => {
    await failureOf(usersFrom(connection, [`${ADA},Ada,,`, "nobody,,,"]));
    expect([await history(db), await people(db)]).toEqual([[], {}]);
  });
});

describe("in the meantime", () => {
  it.for(["update", "keep"] as const)(
    "a user whom another client creates is met, with onConflict %s",
    async (onConflict, { connection, db }) => {
      const start = () => usersFrom(connection, [`${ADA},Imported,${CREATED},`, `${BOB},Bob,,`], { onConflict });
      await whileWaitingToWrite(db, "users", start, (client) =>
        client.query("INSERT INTO users (email, display_name, created_at) VALUES ($1, 'By hand', '2001-01-01Z')", [
          ADA,
        ]),
      );
      const name = onConflict === "keep" ? "By hand" : "Imported";
      expect((await people(db))[ADA]).toEqual({ name, created: "2001-01-01T00:00:00.000Z", deleted: null });
    },
  );

  it("a user whom another client purges is there again", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await whileWaitingToWrite(
      db,
      "users",
      () => usersFrom(connection, [`${ADA},Ada,,`]),
      async (client) => {
        await client.query("UPDATE users SET deleted_at = now()");
        await client.query("DELETE FROM users");
      },
    );
    expect(await people(db)).toMatchObject({ [ADA]: { name: "Ada", deleted: null } });
  });

  it("a user whom another client deletes stays deleted", async ({ connection, db }) => {
    await addUsers(db, ADA);
    await whileWaitingToWrite(
      db,
      "users",
      () => usersFrom(connection, [`${ADA},Ada,,`]),
      () => deleteUsers(db, ADA),
    );
    expect((await people(db))[ADA]?.deleted).toBe(DELETED);
  });

  it("a second import waits for the first, and meets its users", async ({ connection, db }) => {
    const second = { importing: Promise.resolve<unknown>(null) };
    const start = () => importUsers(connection, { files: [csv(USER_HEADER, `${ADA},One,,`, `${BOB},One,,`)] });
    await whileWaitingToWrite(db, "users", start, async () => {
      second.importing = usersFrom(connection, [`${BOB},Two,,`, `${ADA},One,,`]).then(counts);
      await waitingFor(db, "locktype = 'advisory' AND objid <> 1");
    });
    expect(await second.importing).toEqual({ rows: 2, updated: 1, unchanged: 1 });
    expect(await people(db)).toMatchObject({ [ADA]: { name: "One" }, [BOB]: { name: "Two" } });
  });
});
