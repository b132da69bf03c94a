import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_FILES, MAX_LINES, placeOf, RowIds } from "../../../src/core/load/row-id.js";

const NOW = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
/** RFC 9562: version 7 in the third group, variant 10 in the fourth. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const places = fc.record({
  file: fc.oneof(fc.integer({ min: 0, max: MAX_FILES - 1 }), fc.constantFrom(0, 1, MAX_FILES - 1)),
  line: fc.oneof(
    fc.integer({ min: 1, max: MAX_LINES }),
    // Where bits move from one group of digits to the next.
    fc.constantFrom(...[1, 255, 256, 257, 0xffff, 0x10000, 0x10001, MAX_LINES - 1, MAX_LINES]),
  ),
});

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function timestampOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

it("there is room for 4096 files of a billion lines", () => {
  expect(MAX_FILES).toBe(4096);
  expect(MAX_LINES).toBe(2 ** 30 - 1);
});

it.each([
  [0, 1],
  [0, MAX_LINES],
  [MAX_FILES - 1, 1],
  [MAX_FILES - 1, MAX_LINES],
])("the key of file %i, line %i is a UUID of version 7 that leads back to it", (file, line) => {
  const id = new RowIds(NOW).next(file, line);
  expect(id).toMatch(UUID_V7);
  expect(placeOf(id)).toEqual({ file, line });
  expect(timestampOf(id)).toBe(NOW);
});

it("any key is a UUID of version 7 that leads back to its place, whatever key came before", () => {
  const ids = new RowIds(NOW);
  fc.assert(
    fc.property(places, ({ file, line }) => {
      const id = ids.next(file, line);
      expect(id).toMatch(UUID_V7);
      expect(placeOf(id)).toEqual({ file, line });
    }),
    { numRuns: 5_000 },
  );
});

it.each([0, 1, NOW, 2 ** 48 - 1])("the time can be read back: %i", (now) => {
  expect(timestampOf(new RowIds(now).next(3, 17))).toBe(now);
  expect(new RowIds(now).next(3, 17)).toMatch(UUID_V7);
});

describe("keys sort", () => {
  it("as file and line do", () => {
    const ids = new RowIds(NOW);
    fc.assert(
      fc.property(places, places, (a, b) => {
        const [first, second] = [ids.next(a.file, a.line), ids.next(b.file, b.line)];
        const expected = Math.sign(a.file - b.file || a.line - b.line);
        expect(expected === 0 || compare(first, second) === expected).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it("as lines that follow each other do, over every boundary", () => {
    const ids = new RowIds(NOW);
    const lines = Array.from({ length: 70_000 }, (_, index) => ids.next(0, index + 1));
    expect(lines).toEqual([...lines].sort(compare));
  });

  it("after those of an earlier run", () => {
    expect(compare(new RowIds(NOW).next(MAX_FILES - 1, MAX_LINES), new RowIds(NOW + 1).next(0, 1))).toBe(-1);
  });
});

it("no two keys are the same", () => {
  const ids = new RowIds(NOW);
  const made = new Set<string>();
  for (let line = 1; line <= 200_000; line += 1) {
    made.add(ids.next(line % 3, line));
  }
  expect(made.size).toBe(200_000);
});

it("keys of the same place in two runs of the same millisecond differ", () => {
  const [one, other] = [new RowIds(NOW), new RowIds(NOW)];
  const made = Array.from({ length: 1_000 }, (_, index) => [one.next(0, index + 1), other.next(0, index + 1)]);
  expect(made.filter(([a, b]) => a === b)).toEqual([]);
});

describe("the first key of a file", () => {
  it("is not above any of its keys, but above all of the files before it", () => {
    const ids = new RowIds(NOW);
    fc.assert(
      fc.property(places, ({ file, line }) => {
        const id = ids.next(file, line);
        expect(compare(ids.first(file), id)).toBe(-1);
        if (file + 1 < MAX_FILES) {
          expect(compare(id, ids.first(file + 1))).toBe(-1);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("is a UUID too", () => {
    const ids = new RowIds(NOW);
    expect(ids.first(0)).toMatch(UUID_V7);
    expect(placeOf(ids.first(MAX_FILES - 1))).toEqual({ file: MAX_FILES - 1, line: 0 });
  });

  it("does not disturb the keys that are being made", () => {
    const ids = new RowIds(NOW);
    ids.next(1, 5);
    ids.first(2);
    expect(placeOf(ids.next(1, 6))).toEqual({ file: 1, line: 6 });
  });
});
