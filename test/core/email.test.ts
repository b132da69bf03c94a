import { describe, expect } from "vitest";
import { emailSchema, normalizeEmail } from "../../src/core/email.js";
import { EmailInvalidError } from "../../src/errors/usage.js";
import { it } from "../support/database.js";

const LONG_LOCAL = "a".repeat(64);
const LONG_LABEL = "d".repeat(63);
/** 254 characters. */
const LONGEST = `${LONG_LOCAL}@${LONG_LABEL}.${LONG_LABEL}.${"e".repeat(58)}.de`;

/** Input, and what is stored. */
const ACCEPTED: readonly (readonly [input: string, stored: string])[] = [
  ["ada@example.org", "ada@example.org"],
  ["Ada@Example.ORG", "ada@example.org"],
  ["  ada@example.org\r\n", "ada@example.org"],
  ["\ufeffada@example.org\u00a0", "ada@example.org"],
  ["ada.lovelace+words@mail.example.co.uk", "ada.lovelace+words@mail.example.co.uk"],
  ["a@b.co", "a@b.co"],
  ["o'brien@example.org", "o'brien@example.org"],
  ["!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-@example.org"],
  ["_@example.org", "_@example.org"],
  ["123@456.example", "123@456.example"],
  ["ada@a-b--c.example", "ada@a-b--c.example"],
  ["ada@xn--exmple-cua.org", "ada@xn--exmple-cua.org"],
  ["ada@exämple.org", "ada@xn--exmple-cua.org"],
  ["ada@EXÄMPLE.ORG", "ada@xn--exmple-cua.org"],
  ["ada@exa\u0308mple.org", "ada@xn--exmple-cua.org"],
  ["ada@почта.рф", "ada@xn--80a1acny.xn--p1ai"],
  ["ada@例え。テスト", "ada@xn--r8jz45g.xn--zckzah"],
  ["ada@ｅｘａｍｐｌｅ.org", "ada@example.org"],
  [LONGEST, LONGEST],
];

const REFUSED: readonly string[] = [
  ...["", " ", "ada", "@", "ada@", "@example.org", "ada@example", "ada@localhost", "ada@@example.org"],
  ...["ada@exa@mple.org", "ada lovelace@example.org", "ada@exam ple.org", "ada\u0000@example.org", "a\nb@example.org"],
  ...[".ada@example.org", "ada.@example.org", "a..b@example.org", '"ada"@example.org', "ada(x)@example.org"],
  ...["Ada <ada@example.org>", "ada@example.org, bob@example.org", "mailto:ada@example.org", "ada@example.org;"],
  ...["ada@.example.org", "ada@example..org", "ada@example.org.", "ada@-example.org", "ada@example-.org"],
  ...["ada@exa_mple.org", "ada@example.c", "ada@example.1", "ada@example.12", "ada@example.o-", "ada@127.0.0.1"],
  ...["ada@[127.0.0.1]", "ada@0x7f.1", "ada@example.org:25", "ada@example.org/x"],
  // Within names that go through IDNA.
  ...["ada@exämple.org:25", "ada@exämple.org/x", "ada@exämple.org?x", "ada@exämple.org#x", "ada@ex\tämple.org"],
  ...["ada@ex%61mplé.org", "ada@ä\\b.org", "ada@exämple.org.", "ada@ex_ämple.org", "ada@１２７.0.0.1"],
  ...["ada@example.org\u202e", "ada@exämple\ud800.org"],
  // Letters that only look like ASCII, or become ASCII when made lower-case.
  ...["ädä@example.org", "\u0430da@example.org", "\u212aate@example.org", "ad\u0131@example.org", "ａｄａ@example.org"],
  ...["ada\u200b@example.org", "ada＠example.org"],
  ...[`${LONG_LOCAL}a@example.org`, `ada@${LONG_LABEL}d.org`, LONGEST.replace(".de", "e.de")],
];

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
  await db.query(`
    CREATE FUNCTION is_accepted(candidate text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO users (email) VALUES (candidate) ON CONFLICT DO NOTHING;
      RETURN true;
    EXCEPTION WHEN check_violation THEN
      RETURN false;
    END $$`);
  const rows = await db.query<{ email: string }>(
    "SELECT email FROM unnest($1::text[]) AS email WHERE is_accepted(email)",
    [emails],
  );
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.map(({ email }) => email)).toEqual(emails.filter((email) => emailSchema.safeParse(email).success));
});
