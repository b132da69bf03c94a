/** The rule for emails is written twice, in TypeScript and as check constraints: both have to say the same. */
import fc from "fast-check";
import { expect } from "vitest";
import { parseEmail } from "../../src/core/email.js";
import { it } from "../support/database.js";
import { makeIsAccepted } from "../support/emails.js";
import { hostileText, nearly, tryAll } from "../support/hostile.js";

const label = fc.oneof(
  fc.constantFrom(
    "example",
    "a",
    "xn--exmple-cua",
    "exämple",
    "EXAMPLE",
    "例え",
    "почта",
    "a-b",
    "-a",
    "a-",
    "a_b",
    "1",
  ),
  fc.nat(70).map((length) => "d".repeat(length)),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
);
const topLevel = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("org", "de", "рф", "テスト", "xn--p1ai", "ORG") },
  { weight: 1, arbitrary: fc.constantFrom("c", "1", "12", "o-", "", "\u{1f600}", "o\u0301rg") },
);
const local = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("ada", "Ada", "a.b", "a+b", "o'brien", "!#$%&'*+/=?^_`{|}~-") },
  { weight: 1, arbitrary: fc.constantFrom("", ".a", "a.", "a..b", '"a b"', "ädä", "\u212aate", "a\0", "a\u202e") },
  { weight: 1, arbitrary: fc.nat(70).map((length) => "l".repeat(length)) },
  { weight: 1, arbitrary: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 4 }) },
);
const emails = fc.oneof(
  {
    weight: 8,
    arbitrary: nearly(
      fc
        .tuple(local, fc.array(label, { minLength: 1, maxLength: 4 }), topLevel)
        .map(([name, labels, top]) => `${name}@${[...labels, top].join(".")}`),
    ),
  },
  { weight: 1, arbitrary: hostileText },
);

it("emails", async ({ db }) => {
  await makeIsAccepted(db);
  await tryAll({
    parser: "email, in TypeScript and in the database",
    cases: fc.array(emails, { minLength: 100, maxLength: 100 }),
    runs: { full: 60, short: 6 },
    check: async (all) => {
      const outcomes = all.map((input) => parseEmail(input));
      const stored = outcomes.flatMap((outcome) => ("email" in outcome ? [outcome.email] : []));
      // Text that the server does not take at all was refused before.
      const asTyped = all.filter((input) => !input.includes("\0"));
      const rows = await db.query<{ email: string; accepted: boolean }>(
        "SELECT email, is_accepted(email) AS accepted FROM unnest($1::text[]) AS email",
        [[...stored, ...asTyped]],
      );
      for (const [index, { email, accepted }] of rows.entries()) {
        const outcome = parseEmail(email);
        const isStorable = "email" in outcome && outcome.email === email;
        expect({ email, accepted }).toEqual({ email, accepted: index < stored.length || isStorable });
      }
      return outcomes.map((outcome) => ("email" in outcome ? "accepted" : "refused"));
    },
  });
});
