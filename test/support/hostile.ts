/** Text that nobody means well, and how all of the fuzz tests try it. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, inject } from "vitest";
import { count, tries } from "./experiment.js";

/** What has broken out of a text into SQL, psql, COPY, LIKE, a format or a JSON path somewhere. */
export const INJECTIONS = [
  ...["' OR ''='", "'; DROP TABLE users; --", '"; DROP TABLE users; --', "'); DELETE FROM progress; --", "''", "'"],
  ...[
    "' UNION SELECT password_hash FROM users --",
    "x'||(SELECT current_user)||'",
    "1; COMMIT; DROP SCHEMA public CASCADE",
  ],
  ...["\\'; DROP TABLE users; --", "E'\\''; DROP TABLE users", "\\", "\\\\'", "U&'\\0027'", "\\x27", "\\047", "%27"],
  ...["$$; DROP TABLE users; $$", "$tag$; DROP TABLE users; $tag$", "$1", "$1; --", ":'x'", ":x", "?", "@x"],
  ...["/* ' */ OR true --", "' /*", "*/ DROP TABLE users; /*", "-- x", "#", ";"],
  ...["\u2019 OR true --", "\u02bc; DROP TABLE users; --", "\uff07; DROP TABLE users; --", "\u2018\u2019", "\u00bf'"],
  ...["\\.", "\\N", "\\copy users to stdout", "\\gexec", "\\! id", "\\\n\\.\n", "a\n\\.\nb", "\\t"],
  ...["%s%I%L%n", "%1$s", "%%", "%", "_", "100%", "a_b", "\\%", "\\_", "[a-z]", ".*", "(a+)+$"],
  ...["$.** ? (@ == 1)", '{"$ne":null}', "{NULL}", '{"a"', "ARRAY[1]", "'{}'::jsonb", "NULL", "null", "DEFAULT"],
  ...["'; SELECT pg_sleep(30); --", "pg_sleep(30)", "'::regclass", "public.users", "pg_temp.staging"],
] as const;

/** What parsers of text stumble over. */
const STUMBLING_BLOCKS = [
  ...['"', '""', '"""', "'", ",", ";", "\t", "\n", "\r\n", "\r", "\u2028", "\u0085", "\v", " ", "\u00a0", "\u3000"],
  ...["\0", "\ufeff", "\u202e", "\u2066", "\u200b", "\u200d", "\u00ad", "\u0301", "e\u0301", "é", "\u1112\u1161\u11ab"],
  ...["ﷺ", "😀", "\u{10ffff}", "שלום", "\u001b[31m", "\u0007", "\b", "\u007f", "=1+1", "@SUM(A1)", "+1", "-1"],
  ...["9007199254740993", "1e400", "-0", "NaN", "Infinity", "0x10", "1_000", "٣", "0.1", "2147483648"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "{}", "[]", "{", "}", "null", "undefined", "true"],
  ...["%", "%00", "%C3", "%zz", "\\u0000", "\\ud800", "&", "#", "/", "../", ":", "://", "@", "=", "--", "-", "[", "]"],
] as const;

/** Of well-formed Unicode, as everything is that comes from an argument, the environment or a file in UTF-8. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...STUMBLING_BLOCKS) },
  { weight: 3, arbitrary: fc.constantFrom(...INJECTIONS) },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...STUMBLING_BLOCKS, "a", "b", "1"), { maxLength: 8 }).map(joined) },
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...STUMBLING_BLOCKS, "a"), fc.nat(5_000)).map(([text, n]) => text.repeat(n)),
  },
);

/** The same without what no argument of a process can hold. */
export const hostileArgument: fc.Arbitrary<string> = hostileText.map((text) => text.replaceAll("\0", ""));

/** What was meant well, with something hostile put into it now and then. */
export function nearly(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const spoilt = fc
    .tuple(text, hostileText, fc.nat(200))
    .map(([good, bad, at]) => `${good.slice(0, at % (good.length + 1))}${bad}${good.slice(at % (good.length + 1))}`);
  return fc.oneof({ weight: 2, arbitrary: text }, { weight: 1, arbitrary: spoilt });
}

/** What may become of the bytes of a text on their way into a file; `at` chooses a place. */
const WAYS: readonly ((text: string, at: number) => Buffer)[] = [
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(text, "utf16le"),
  (text) => Buffer.from(text, "latin1"),
  (text) => gzipSync(text),
  (text, at) => cut(gzipSync(text), at),
  (text, at) => cut(Buffer.from(text), at),
  (text, at) => {
    const bytes = Buffer.from(text);
    const before = cut(bytes, at);
    const broken = [0xff, 0xc3, 0x80, 0xed, 0x00, 0x1f];
    return Buffer.concat([before, Buffer.from([broken[at % broken.length] ?? 0]), bytes.subarray(before.length)]);
  },
];

/** Bytes of a file: mostly UTF-8; with a byte order mark, in another encoding, packed, cut off or broken. */
export function bytesOf(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const plain = text.map((content) => Buffer.from(content));
  const other = fc.tuple(text, fc.constantFrom(...WAYS), fc.nat()).map(([content, way, at]) => way(content, at));
  return fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: other });
}

function cut(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(0, at % (bytes.length + 1));
}

function joined(parts: readonly string[]): string {
  return parts.join("");
}

/** What became of one case: taken, or refused as documented. Anything else is thrown. */
export type Verdict = "accepted" | "refused";

export interface Trial<T> {
  /** Row of the table. */
  readonly parser: string;
  readonly cases: fc.Arbitrary<T>;
  readonly runs: { readonly full: number; readonly short: number };
  /** In milliseconds, for one value. */
  readonly limit?: number;
  /**
   * @returns a verdict for each case that the value holds
   * @throws when a promise is broken
   */
  readonly check: (value: T) => Promise<Verdict | readonly Verdict[]> | Verdict;
}

/** Tries all cases by the seed of the run, and counts them. @throws with the smallest case that fails, and how to repeat it */
export async function tryAll<T>({ parser, cases, runs, limit = 10_000, check }: Trial<T>): Promise<void> {
  const seen = { accepted: 0, refused: 0 };
  const property = fc.asyncProperty(cases, async (value) => {
    const start = performance.now();
    const verdicts = [await check(value)].flat();
    expect(performance.now() - start, "milliseconds that it took").toBeLessThan(limit);
    for (const verdict of verdicts) {
      seen[verdict] += 1;
    }
  });
  const result = await fc.check(property, { seed: inject("experiment").seed, numRuns: tries(runs) });
  const { accepted, refused } = seen;
  count("Hostile input", { parser, cases: accepted + refused, accepted, refused, failures: result.failed ? 1 : 0 });
  if (result.failed) {
    throw new Error(`${parser}: ${fc.defaultReportMessage(result)}`, { cause: result.errorInstance });
  }
  // Cases of one kind alone would try only half of what is promised.
  expect(Math.min(accepted, refused), JSON.stringify(seen)).toBeGreaterThan((accepted + refused) / 50);
}
