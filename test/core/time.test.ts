/** Times as people and files write them: a day, or a time that says its zone; nothing is guessed. */
import { describe, expect, it } from "vitest";
import { parseTime } from "../../src/core/time.js";

describe("a time", () => {
  it.each([
    ["2026-11-22", "2026-11-22T00:00:00.000Z"],
    ["2026-11-22T12:00Z", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22 12:00:00Z", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22 13:00+01", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T17:30:00+0530", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T17:45:00+05:45", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T04:00:00-08:00", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T00:30:00+14", "2026-11-21T10:30:00.000Z"],
    ["2026-11-22T12:00:00-00:00", "2026-11-22T12:00:00.000Z"],
    ["2026-11-22T12:00:00.5Z", "2026-11-22T12:00:00.500Z"],
    ["2026-11-22 12:00:00.123+00", "2026-11-22T12:00:00.123Z"],
    ["2026-11-22 12:00:00.123456789-03", "2026-11-22T15:00:00.123Z"],
    ["2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"],
  ])("%s is %s", (text, time) => {
    expect(parseTime(text)?.toISOString()).toBe(time);
  });

  it.each([
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2000-02-29T12:00Z", "2000-02-29T12:00:00.000Z"],
    ["2024-02-29T00:30:00+02", "2024-02-28T22:30:00.000Z"],
  ])("may be on a leap day: %s", (text, time) => {
    expect(parseTime(text)?.toISOString()).toBe(time);
  });

  it("may be the end of a day, as ISO 8601 has it", () => {
    expect(parseTime("2026-12-31T24:00:00Z")?.toISOString()).toBe("2027-01-01T00:00:00.000Z");
  });

  it.each(Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0")))("may be at %s hours", (hour) => {
    expect(parseTime(`2026-11-22T${hour}:59:59.999Z`)?.getTime()).toBe(
      Date.UTC(2026, 10, 22, Number(hour), 59, 59, 999),
    );
  });
});

describe("no time is", () => {
  it.each([
    ["without a zone", "2026-11-22T12:00:00"],
    ["without a zone, by a space", "2026-11-22 12:00"],
    ["a day with a zone", "2026-11-22Z"],
    ["a day that does not exist", "2026-02-30"],
    ["a leap day of another year", "2025-02-29"],
    ["a leap day of a century", "1900-02-29"],
    ["a month that does not exist", "2026-13-01"],
    ["the month 0", "2026-00-10"],
    ["the day 0", "2026-01-00"],
    ["a day that does not exist, with a time", "2026-06-31T12:00:00Z"],
    ["the 25th hour", "2026-11-22T25:00:00Z"],
    ["after the end of a day", "2026-11-22T24:00:01Z"],
    ["the 61st minute", "2026-11-22T12:60:00Z"],
    ["a leap second", "2016-12-31T23:59:60Z"],
    ["a zone of 24 hours", "2026-11-22T12:00+24:00"],
    ["a zone of 60 minutes", "2026-11-22T12:00+01:60"],
    ["a zone of one digit", "2026-11-22T12:00+1"],
    ["a zone of a name", "2026-11-22T12:00 UTC"],
    ["a zone of a lower-case letter", "2026-11-22T12:00z"],
    ["hours alone", "2026-11-22T12Z"],
    ["a fraction without digits", "2026-11-22T12:00:00.Z"],
    ["a fraction with a comma", "2026-11-22T12:00:00,5Z"],
    ["a fraction of minutes", "2026-11-22T12:00.5Z"],
    ["a year of two digits", "26-11-22"],
    ["a year of five digits", "12026-11-22"],
    ["a signed year", "+002026-11-22"],
    ["a month of one digit", "2026-1-22"],
    ["the German way", "22.11.2026"],
    ["the American way", "11/22/2026"],
    ["the way of HTTP", "Sun, 22 Nov 2026 12:00:00 GMT"],
    ["seconds since 1970", "1732276800"],
    ["a word", "yesterday"],
    ["infinity", "infinity"],
    ["nothing", ""],
    ["surrounded by spaces", " 2026-11-22 "],
    ["followed by a line", "2026-11-22\n"],
    ["in other digits", "٢٠٢٦-١١-٢٢"],
    ["twice", "2026-11-22T12:00Z2026-11-22T12:00Z"],
  ])("%s: %j", (_, text) => {
    expect(parseTime(text)).toBeNull();
  });
});
