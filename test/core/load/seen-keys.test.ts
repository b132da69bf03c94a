import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SeenKeys } from "../../../src/core/load/seen-keys.js";

type Key = readonly (string | null)[];

/** How many keys are taken for repeated ones. */
function suspected(keys: Iterable<Key>): number {
  const seen = new SeenKeys();
  let count = 0;
  for (const key of keys) {
    count += Number(seen.add(key, key.length));
  }
  return count;
}

function* times(count: number, keyOf: (n: number) => Key): Generator<Key> {
  for (let n = 0; n < count; n += 1) {
    yield keyOf(n);
  }
}

const MILLION = 1_000_000;
const HAN = 0x4e00;
const HAN_COUNT = 20_000;

const han = (n: number): string => String.fromCharCode(HAN + (n % HAN_COUNT), HAN + Math.floor(n / HAN_COUNT));
const letters = (n: number): string => {
  let text = "";
  for (let rest = n; rest > 0; rest = Math.floor(rest / 26)) {
    text += String.fromCharCode(97 + (rest % 26));
  }
  return text;
};

describe("of a million different keys almost none is suspected", () => {
  it.each<[string, (n: number) => Key]>([
    ["terms that count up", (n) => ["de", `wort${n}`, "", ""]],
    ["padded numbers", (n) => ["de", String(n).padStart(8, "0"), "", ""]],
    ["every word of a few letters", (n) => ["en", letters(n), "", ""]],
    ["Chinese words of two characters", (n) => ["zh", han(n), "", ""]],
    ["terms with a reading each", (n) => ["ja", han(n % 5_000), `yomi${n}`, ""]],
    ["one term in many senses", (n) => ["de", "Bank", "", `sense ${n}`]],
    ["many languages, few terms", (n) => [`de-x-${n % 1_000}`, `wort${Math.floor(n / 1_000)}`, "", ""]],
  ])("%s", (_, keyOf) => {
    expect(suspected(times(MILLION, keyOf))).toBeLessThan(5);
  });
});

describe("a repeated key is never missed", () => {
  it("among a million", () => {
    const seen = new SeenKeys();
    const keyOf = (n: number) => ["de", `wort${n}`, "", n % 7 === 0 ? "b" : ""];
    for (const key of times(MILLION, keyOf)) {
      seen.add(key, 4);
    }
    let missed = 0;
    for (const key of times(MILLION, keyOf)) {
      missed += Number(!seen.add(key, 4));
    }
    expect(missed).toBe(0);
  });

  it("whatever characters it has", () => {
    const part = fc.string({ unit: "binary", maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part, part, part), { minLength: 1, maxLength: 10 }), (keys) => {
        const seen = new SeenKeys();
        for (const key of keys) {
          seen.add(key, 4);
        }
        expect(keys.filter((key) => !seen.add(key, 4))).toEqual([]);
      }),
      // Each takes a filter of its own.
      { numRuns: 100 },
    );
  });

  it("whatever follows the key's own values", () => {
    const seen = new SeenKeys();
    expect(seen.add(["de", "Haus", "", "", "house", null], 4)).toBe(false);
    expect(seen.add(["de", "Haus", "", "", "home", "noun"], 4)).toBe(true);
  });
});

describe("keys are told apart", () => {
  it.each<[string, Key, Key]>([
    ["by where one value ends and the next begins", ["ab", "c"], ["a", "bc"]],
    ["also where a value is empty", ["", "abc"], ["abc", ""]],
    ["by which of their values are empty", ["de", "a", "", "b"], ["de", "a", "b", ""]],
    ["by the order of their values", ["a", "b"], ["b", "a"]],
    ["by case", ["de", "Weg"], ["de", "weg"]],
    ["by characters beyond the BMP", ["zh", "𠀀"], ["zh", "𠀁"]],
    ["by a single character in a long text", ["de", `${"x".repeat(255)}a`], ["de", `${"x".repeat(255)}b`]],
    ["by what Java's hash of strings takes for the same", ["de", "AaAa"], ["de", "BBBB"]],
    ["by the number of their characters", ["de", "\0"], ["de", "\0\0"]],
  ])("%s", (_, one, other) => {
    expect(suspected([one, other])).toBe(0);
    expect(suspected([one, one])).toBe(1);
  });

  it("by the filter: what another one has seen counts for nothing", () => {
    new SeenKeys().add(["de", "Haus"], 2);
    expect(new SeenKeys().add(["de", "Haus"], 2)).toBe(false);
  });
});
