/** Single values: cells of every field, options, times, durations, cursors. */
import fc from "fast-check";
import { expect, it } from "vitest";
import * as z from "zod";
import { cellOf, loadOptions } from "../../src/cli/load-options.js";
import { displayName, duration, limit, requiredMoment } from "../../src/cli/options.js";
import { defineCursor } from "../../src/core/cursor.js";
import { PROGRESS } from "../../src/core/load/progress-shape.js";
import { fieldsOf, Refusal, type Shape } from "../../src/core/load/shape.js";
import { USERS } from "../../src/core/load/user-shape.js";
import { WORDS } from "../../src/core/load/word-shape.js";
import { parseTime } from "../../src/core/time.js";
import { UsageError } from "../../src/errors/usage.js";
import { hostileText, nearly, tryAll, type Verdict } from "../support/hostile.js";

const number = (max: number, digits: number) => fc.nat(max).map((n) => String(n).padStart(digits, "0"));

const times = nearly(
  fc
    .tuple(
      number(9999, 4),
      number(13, 2),
      number(32, 2),
      fc.constantFrom("", "T12:34", " 23:59:60", "T25:00:00"),
      fc.constantFrom("", ".5", ".1234567890"),
      fc.constantFrom("", "Z", "+01", "-0330", "+24:00", "+14:00"),
    )
    .map(([year, month, day, time, fraction, zone]) => `${year}-${month}-${day}${time}${fraction}${zone}`),
);

it("times", () =>
  tryAll({
    parser: "time",
    cases: fc.oneof(
      times,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    ),
    runs: { full: 2_000, short: 200 },
    check: (text) => {
      const time = parseTime(text);
      if (time === null) {
        return "refused";
      }
      expect(parseTime(time.toISOString())?.getTime() ?? time.getTime()).toBe(time.getTime());
      expect(Number.isFinite(time.getTime())).toBe(true);
      return "accepted";
    },
  }));

const DURATION = duration("--timeout <duration>", "x", "30s").schema;
const MOMENT = requiredMoment("--since <time>", "x", "30d").schema;

it("durations and ages", () =>
  tryAll({
    parser: "duration, age",
    cases: nearly(
      fc
        .tuple(fc.nat(10_000_000).map(String), fc.constantFrom("", "s", "ms", "m", "h", "d", "w", "y"))
        .map((parts) => parts.join("")),
    ),
    runs: { full: 1_500, short: 150 },
    check: (text): Verdict => {
      const asDuration = DURATION.safeParse(text);
      const asMoment = MOMENT.safeParse(text);
      if (asDuration.success) {
        expect(asDuration.data >= 100 && asDuration.data <= 3_600_000).toBe(true);
      }
      if (asMoment.success) {
        const now = new Date("2026-11-25T00:00:00Z");
        expect(Number.isFinite(asMoment.data(now).getTime())).toBe(true);
      }
      return asDuration.success || asMoment.success ? "accepted" : "refused";
    },
  }));

const CURSOR = defineCursor("word list", z.array(z.string()).length(4));

const cursors = fc.oneof(
  fc.tuple(hostileText, hostileText, hostileText, hostileText).map((position) => CURSOR.encode(position)),
  fc.json().map((json) => Buffer.from(json).toString("base64url")),
  fc.anything().map((value) => Buffer.from(JSON.stringify(["word list", value])).toString("base64url")),
  hostileText,
);

it("cursors", () =>
  tryAll({
    parser: "cursor",
    cases: cursors,
    runs: { full: 2_000, short: 200 },
    check: (cursor) => {
      try {
        const position = CURSOR.decode(cursor);
        expect(position.join("")).not.toContain("\0");
        expect(CURSOR.decode(CURSOR.encode(position))).toEqual(position);
        return "accepted";
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        return "refused";
      }
    },
  }));

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  email: ["ada@example.org", "Ada@EXÄMPLE.org", "a+b@c.de"],
  language: ["zh", "pt-BR", "ZH-hant", "iw", "Chinese"],
  createdAt: ["2026-11-22T12:00:00Z", "1899-12-31", "9999-12-31T23:59:59-12:00"],
  studyCount: ["7", "0007", "2147483647", "2147483648"],
  confidence: ["0.5", ".5", "1e-7", "5e-324", "1.0000000000000001"],
};

const cells = (shape: Shape) =>
  fc
    .constantFrom(...fieldsOf(shape))
    .chain((field) =>
      nearly(fc.constantFrom(...(EXAMPLES[field.name] ?? ["爸爸｜爸", "e\u0301", " dì ", "x".repeat(255)]))).map(
        (text) => ({ field, text }),
      ),
    );

it.for([
  ["words", WORDS],
  ["users", USERS],
  ["progress", PROGRESS],
] as const)("cells of %s", ([name, shape]) =>
  tryAll({
    parser: `cell of ${name}`,
    cases: cells(shape),
    runs: { full: 1_500, short: 150 },
    check: ({ field, text }) => {
      const value = field.parse(text);
      if (value instanceof Refusal) {
        expect(value.reason).not.toBe("");
        expect(value.reason.length).toBeLessThan(2_500);
        return "refused";
      }
      // What is stored would be stored again as it is, so that an export can be imported.
      expect(field.parse(value ?? "")).toBe(value);
      return "accepted";
    },
  }),
);

const { map, maxRejects, delimiter } = loadOptions(WORDS, "");
const OPTIONS = {
  ...{ map, maxRejects, delimiter, name: displayName, limit },
  language: { schema: cellOf(WORDS, "language") },
};

it("values of options", () =>
  tryAll({
    parser: "value of an option",
    cases: fc.tuple(
      fc.constantFrom(...(Object.keys(OPTIONS) as (keyof typeof OPTIONS)[])),
      nearly(fc.constantFrom("term=Chinese", "term=a,b=c,reading=x", "10", "0.5%", "tab", ";", "zh", "Ada", "1e3", "")),
    ),
    runs: { full: 2_000, short: 200 },
    check: ([name, text]) => {
      const { success, error } = OPTIONS[name].schema.safeParse(name === "map" ? [text] : text);
      expect(success || error.issues.length > 0).toBe(true);
      return success ? "accepted" : "refused";
    },
  }));
