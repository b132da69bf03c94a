/** The rule for emails by example, for its tests and for docs/emails.md. */
import type { TestDatabase } from "./database.js";

export const LONG_LOCAL = "a".repeat(64);
const LONG_LABEL = "d".repeat(63);
/** 254 characters. */
const LONGEST = `${LONG_LOCAL}@${LONG_LABEL}.${LONG_LABEL}.${"e".repeat(58)}.de`;

/** Input, and what is stored. */
export const ACCEPTED: readonly (readonly [input: string, stored: string])[] = [
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

export const REFUSED: readonly string[] = [
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

/** Makes the function `is_accepted`, which tells whether the table of users takes a text. */
export async function makeIsAccepted(db: TestDatabase): Promise<void> {
  await db.query(`
    CREATE FUNCTION is_accepted(candidate text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO users (email) VALUES (candidate) ON CONFLICT DO NOTHING;
      RETURN true;
    EXCEPTION WHEN check_violation THEN
      RETURN false;
    END $$`);
}
