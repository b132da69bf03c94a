import { describe, expect } from "vitest";
import { normalizeEmail } from "../../src/core/email.js";
import { emailSchema } from "../../src/core/email-schema.js";
import { EmailInvalidError } from "../../src/errors/usage.js";
import { it } from "../support/database.js";
import { ACCEPTED, LONG_LOCAL, makeIsAccepted, REFUSED } from "../support/emails.js";

describe("accepted, and stored as", () => {
  it.for(ACCEPTED)("%j: %j", ([input, stored]) => {
    expect(normalizeEmail(input)).toBe(stored);
    expect(normalizeEmail(stored)).toBe(stored);
    expect(emailSchema.parse(input)).toBe(stored);
  });

  it("what the users table accepts too", async ({ db }) => {
    const stored = [...new Set(ACCEPTED.map(([, email]) => email))];
    const rows = await db.query("INSERT INTO users (email) SELECT unnest($1::text[]) RETURNING email", [stored]);
    expect(rows).toHaveLength(stored.length);
  });
});

describe("refused", () => {
  it.for(REFUSED)("%j", (input) => {
    expect(() => normalizeEmail(input)).toThrow(EmailInvalidError);
    expect(emailSchema.safeParse(input).success).toBe(false);
  });

  it("with the reason, and as wrong usage", () => {
    expect(() => normalizeEmail("ada")).toThrow('"ada" is not a valid email address: it must have the form name@');
    expect(() => normalizeEmail("ädä@example.org")).toThrow("only ASCII letters");
    expect(() => normalizeEmail("a..b@example.org")).toThrow("a dot at its end or beside another");
    expect(() => normalizeEmail("ada@localhost")).toThrow("not a domain name");
    expect(() => normalizeEmail(`${LONG_LOCAL}a@example.org`)).toThrow("64 before the @");
    expect(() => normalizeEmail("ada")).toThrow(expect.objectContaining({ code: "EMAIL_INVALID", exitCode: 2 }));
  });

  it("by the schema with the same words", () => {
    const { error } = emailSchema.safeParse("ada@localhost");
    expect(error?.issues.map(({ message }) => message)).toEqual([
      '"ada@localhost" is not a valid email address: the part after @ is not a domain name such as example.org',
    ]);
  });
});

it("of plain lower-case ASCII, exactly what the users table accepts is accepted", async ({ db }) => {
  const characters = Array.from({ length: 0x7e - 0x20 }, (_, index) => String.fromCodePoint(0x21 + index));
  const shapes = ["X@example.org", "aXb@example.org", "ada@X.org", "ada@aXb.org", "ada@example.Xrg", "ada@example.oX"];
  const emails = shapes
    .flatMap((shape) => characters.map((character) => shape.replace("X", () => character)))
    .filter((email) => email === email.toLowerCase());
  await makeIsAccepted(db);
  const rows = await db.query<{ email: string }>(
    "SELECT email FROM unnest($1::text[]) AS email WHERE is_accepted(email)",
    [emails],
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.map(({ email }) => email)).toEqual(emails.filter((email) => emailSchema.safeParse(email).success));
});
