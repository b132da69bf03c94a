/** The cells of a file of users: what is taken, and where it is said to be wrong. */
import { describe, expect } from "vitest";
import { importUsers } from "../../src/core/import.js";
import type { RowsRejectedError } from "../../src/errors/loading.js";
import { it } from "../support/database.js";
import { ADA, BOB, ndjson, people, usersFrom } from "../support/importing.js";
import { counts, csv, failureOf } from "../support/seeding.js";

const BAD_EMAILS = [
  ["nobody", "it must have the form name@domain.tld"],
  ["a@b@example.org", "it must have the form name@domain.tld"],
  ["@example.org", "it must have the form name@domain.tld"],
  ["a b@example.org", "holds a character that is not allowed there"],
  [".a@example.org", "a dot at its end"],
  ["müller@example.org", "only ASCII letters"],
  ["\u212aelvin@example.org", "only ASCII letters"],
  ["a@localhost", "is not a domain name"],
  ["a@127.0.0.1", "is not a domain name"],
  ["a@-x.org", "is not a domain name"],
  [`${"a".repeat(65)}@example.org`, "longer than 254 characters (64 before the @)"],
  ["ada@example.org'; DROP TABLE users--", "is not a domain name"],
  ["=cmd()@example.org", "holds a character that is not allowed there"],
  ["ada\u001b[31m@example.org", "only ASCII letters"],
  ["", "is empty"],
  [" \u3000", "is empty"],
] as const;

/** As people and programs write them, and as they are stored. */
const TIMES = [
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z"],
  ["2026-11-22 12:00:00.1234567+02:00", "2026-11-22T10:00:00.123Z"],
  ["2026-11-22 12:00:00-0330", "2026-11-22T15:30:00.000Z"],
  ["2026-11-22 12:00:00+00", "2026-11-22T12:00:00.000Z"],
  [" 2026-11-22T12:00Z ", "2026-11-22T12:00:00.000Z"],
  ["1900-01-01", "1900-01-01T00:00:00.000Z"],
  ["9999-12-31", "9999-12-31T00:00:00.000Z"],
] as const;

const BAD_TIMES = [
  ...["2026-11-22T12:00:00", "22.11.2026", "2026-02-29", "2026-11-22T25:00Z", "1899-12-31T23:59Z"],
  ...["9999-12-31T24:00Z", "0000-01-01", "1732276800", "now", "infinity"],
];

describe("an email", () => {
  it("that is none is a bad record, told with its place", async ({ connection, db }) => {
    const lines = BAD_EMAILS.map(([email]) => `Eve,${email}`);
    const failure = await failureOf(importUsers(connection, { files: [csv("name,email", `Ada,${ADA}`, ...lines)] }));
    expect(failure).toMatchObject({ code: "ROWS_REJECTED", total: BAD_EMAILS.length });
    expect((failure as RowsRejectedError).rejects).toEqual(
      BAD_EMAILS.map(([, reason], n) => ({
        ...{ file: expect.any(String), line: n + 3, column: 5, recordLine: n + 3, field: "email" },
        ...{ code: "INVALID_CELL", reason: expect.stringContaining(reason), hint: null },
      })),
    );
    expect(await people(db)).toEqual({});
  });

  it("is needed as a column", async ({ connection }) => {
    await expect(importUsers(connection, { files: [csv("name,password", "Ada,x")] })).rejects.toMatchObject({
      ...{ code: "BAD_HEADER", message: expect.stringContaining("no column for email") },
    });
  });

  it("may stand under the usual headers", async ({ connection }) => {
    const headers = ["Email", "E-Mail", "e_mail address", "MAIL", "User"];
    const files = headers.map((header, n) => csv(header, `u${n}@example.org`));
    expect(counts(await importUsers(connection, { files }))).toEqual({ rows: 5, inserted: 5 });
  });

  it("may stand under any header that is mapped", async ({ connection, db }) => {
    const files = [csv("Adresse,Anzeigename,name", `${ADA},Ada,other`)];
    const result = await importUsers(connection, { files, map: { email: "Adresse", displayName: "Anzeigename" } });
    expect(result.files[0]?.unusedColumns).toEqual(["name"]);
    expect(await people(db)).toMatchObject({ [ADA]: { name: "Ada" } });
  });
});

describe("a name", () => {
  it("is trimmed and composed; of 200 characters it is taken, of 201 it is not", async ({ connection, db }) => {
    const long = "𝒳".repeat(200);
    await usersFrom(connection, [`${ADA},  Ame\u0301lie\u00a0,,`, `${BOB},${long},,`]);
    expect(await people(db)).toMatchObject({ [ADA]: { name: "Am\u00e9lie" }, [BOB]: { name: long } });
    await expect(usersFrom(connection, [`${ADA},${long}x,,`])).rejects.toMatchObject({
      rejects: [{ line: 2, column: 17, field: "display_name", reason: "is longer than 200 characters" }],
    });
  });
});

describe("a time", () => {
  it("is stored in UTC, to the millisecond", async ({ connection, db }) => {
    const lines = TIMES.map(([text], n) => `u${n}@example.org,,${text},${text}`);
    expect(counts(await usersFrom(connection, lines))).toMatchObject({ inserted: TIMES.length });
    const stored = TIMES.map(([, time], n) => [`u${n}@example.org`, { name: null, created: time, deleted: time }]);
    expect(await people(db)).toEqual(Object.fromEntries(stored));
  });

  it("that is none is a bad record, told with its place", async ({ connection, db }) => {
    const lines = BAD_TIMES.map((text) => `${ADA},Ada,${text},${text}`);
    const failure = await failureOf(usersFrom(connection, lines));
    const reason = "is not a time that says its zone, such as 2026-11-22T12:00:00Z";
    expect(failure).toMatchObject({
      total: BAD_TIMES.length,
      rejects: BAD_TIMES.flatMap((text, n) => [
        { line: n + 2, column: 21, field: "created_at", code: "INVALID_CELL", reason },
        { line: n + 2, column: 22 + text.length, field: "deleted_at", code: "INVALID_CELL", reason },
      ]),
    });
    expect(await people(db)).toEqual({});
  });

  it("of an object is a text too", async ({ connection }) => {
    const files = [ndjson({ email: ADA, createdAt: 1732276800000 })];
    await expect(importUsers(connection, { files })).rejects.toMatchObject({
      rejects: [{ line: 1, column: 1, field: "createdAt", reason: expect.stringContaining("is not a time") }],
    });
  });
});
