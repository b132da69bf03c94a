import { PassThrough } from "node:stream";
import { Chalk } from "chalk";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { errorJson, errorText, reportOf } from "../../src/cli/render/error.js";
import { coloured, PLAIN } from "../../src/cli/render/ink.js";
import { openDisplay } from "../../src/cli/render/progress.js";
import { type Column, table } from "../../src/cli/render/table.js";
import {
  age,
  bar,
  count,
  facts,
  isPlain,
  jsonText,
  percent,
  printable,
  sparkline,
  timestamp,
  visible,
} from "../../src/cli/render/text.js";
import { textWidth } from "../../src/cli/render/width.js";
import { UserNotFoundError } from "../../src/errors/users.js";

const inColours = coloured(new Chalk({ level: 1 }));
const NOW = new Date("2026-06-01T12:00:00Z");

/** Characters that change what is seen around them. */
const UNSAFE = [
  ...["\u0000", "\u0007", "\b", "\t", "\n", "\r", "\u001b", "\u007f", "\u0085", "\u009b", "\u00ad", "\u061c"],
  ...["\u200b", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069"],
  ...["\ufeff", "\ufff9", "\u{e0001}", "\u{e0041}", "\u{e007f}"],
  ...["\u034f", "\u115f", "\u3164", "\uffa0", "\ufe0f", "\u{e0100}", "\u{1d173}"],
];

describe("visible", () => {
  it.each(UNSAFE.map((character) => [`U+${character.codePointAt(0)?.toString(16)}`, character] as const))(
    "shows %s as its number",
    (_, character) => {
      expect(visible(`a${character}b`)).toBe(`a\\u{${character.codePointAt(0)?.toString(16)}}b`);
    },
  );

  it("leaves nothing of an escape sequence that a terminal would obey", () => {
    expect(visible("\u001b[2J\u001b]0;title\u0007\u009b31m")).toBe("\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}31m");
  });

  it("shows marks as numbers from the ninth over one letter on", () => {
    expect(visible(`a${"\u0301".repeat(10)}b`)).toBe(`a${"\u0301".repeat(8)}\\u{301}\\u{301}b`);
  });

  it.each([
    "Haus",
    "你好",
    "привет",
    "한국어",
    "שלום",
    "e\u0301",
    "สวัสดี",
    "👍🏽",
    "❤\ufe0f",
    "葛\u{e0100}",
    "a\u00a0b",
    "\\u{1b}",
    "–",
  ])("leaves %j as it is", (text) => {
    expect(visible(text)).toBe(text);
  });
});

describe("what is printed", () => {
  const forgotten = "a\u001b[2Jb\u001b[31mc\td\ne";

  it("has no controls that were forgotten, but line ends", () => {
    expect(printable(forgotten, PLAIN)).toBe("a\\u{1b}[2Jb\\u{1b}[31mc\\u{9}d\ne");
    expect(printable(inColours.alarm("x"), inColours)).toBe(inColours.alarm("x"));
    expect(printable(forgotten, inColours)).not.toContain("\u001b[2J");
  });

  it("as JSON is the same document, in characters that move nothing", () => {
    const value = { [`k\u202e`]: ["\u009b31m", "\u{e0041}", "e\u0301", "👍🏽", "\n"] };
    const text = jsonText(value, 2);
    expect(text).not.toMatch(/[\u0080-\u009f\u202e]|\u{e0041}/u);
    expect(text).toContain("\\udb40\\udc41");
    expect(JSON.parse(text)).toEqual(value);
  });
});

interface Row {
  readonly term: string;
  readonly definition: string;
  readonly count: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "Term", value: (row) => row.term, flexible: true },
  { title: "Definition", value: (row) => row.definition, flexible: true },
  { title: "Count", value: (row) => row.count, align: "right" },
];

const ROWS: readonly Row[] = [
  { term: "Haus", definition: "house", count: "1" },
  { term: "你好", definition: "hello; hi", count: "22" },
  { term: "ありがとうございます", definition: "thank you very much", count: "333" },
  { term: "안녕하세요", definition: "hello (formal)", count: "4,444" },
  { term: "спаси́бо", definition: "thank you", count: "5" },
  { term: "e\u0301te\u0301", definition: "summer", count: "6" },
  { term: "สวัสดีครับ", definition: "hello", count: "7" },
  { term: "नमस्ते", definition: "hello", count: "8" },
  { term: "𠀀𠀁", definition: "rare characters", count: "9" },
  { term: "①★…—“x”", definition: "ambiguous width", count: "10" },
  { term: "👍🏽🇩🇪❤️", definition: "emoji", count: "11" },
];

const LONG_ROWS: readonly Row[] = [
  ...ROWS,
  { term: "漢".repeat(60), definition: "x".repeat(200), count: "1,000,000" },
  { term: "e\u0301".repeat(60), definition: "한국어 ".repeat(40), count: "0" },
  { term: "a\u001b[31m\nb", definition: "👍🏽".repeat(50), count: "0" },
];

function lines(rows: readonly Row[], width: number, columns = COLUMNS): string[] {
  return table(rows, columns, { width, ink: PLAIN, now: NOW }, "nothing").split("\n");
}

function widthOf(found: readonly string[]): number {
  return Math.max(...found.map((line) => stringWidth(line)));
}

it("nothing that has to be made visible is taken for plain", () => {
  const all = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(isPlain);
  expect(all.length).toBeGreaterThan(20_000);
  expect(all.filter((character) => visible(`\u0007${character}`) !== `\\u{7}${character}`)).toEqual([]);
});

it("a text is as wide as string-width has it, whichever of the two measures it", () => {
  const characters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  const texts = characters.flatMap((character) => [character, `é${character}${character}漢`]);
  expect(texts.filter((text) => textWidth(text) !== stringWidth(text))).toEqual([]);
});

describe("a table", () => {
  it("has a head, a rule and a line for each row", () => {
    expect(lines(ROWS.slice(0, 2), 80)).toEqual([
      " Term  Definition  Count",
      "─────────────────────────",
      " Haus  house           1",
      " 你好  hello; hi      22",
    ]);
  });

  it("is aligned whatever the width of its characters", () => {
    const [head = "", , ...body] = lines(ROWS, 200);
    expect(body).toHaveLength(ROWS.length);
    for (const [index, line] of body.entries()) {
      const { term = "", definition = "", count: number = "" } = ROWS[index] ?? {};
      expect(line.startsWith(` ${term} `), term).toBe(true);
      const start = line.indexOf(definition, term.length + 1);
      expect(stringWidth(line.slice(0, start)), term).toBe(stringWidth(head.slice(0, head.indexOf("Definition"))));
      expect(line.endsWith(` ${number}`), term).toBe(true);
      expect(stringWidth(line), term).toBe(stringWidth(head));
    }
  });

  it.each([40, 60, 80])("keeps to a width of %i by shortening its flexible columns", (width) => {
    const found = lines(LONG_ROWS, width);
    expect(found).toHaveLength(LONG_ROWS.length + 2);
    for (const line of found) {
      expect(stringWidth(line), line).toBeLessThanOrEqual(width);
    }
    expect(found.join("\n")).toContain("…");
    for (const [index, { count: number }] of LONG_ROWS.entries()) {
      expect(found[index + 2]).toMatch(new RegExp(` ${number}$`));
    }
  });

  it("is not shortened where it fits, or where nobody looks", () => {
    for (const width of [widthOf(lines(ROWS, 200)), 200]) {
      expect(lines(ROWS, width)).toEqual(lines(ROWS, Number.POSITIVE_INFINITY));
    }
    const all = lines(LONG_ROWS, Number.POSITIVE_INFINITY).join("\n");
    expect(all).toContain("漢".repeat(60));
    expect(all).toContain("x".repeat(200));
  });

  it("is shortened between characters as people see them", () => {
    const [, , line = ""] = lines([{ term: "e\u0301👍🏽".repeat(30), definition: "", count: "" }], 40);
    expect(line.trim()).toMatch(/^(e\u0301👍🏽)+(e\u0301)?…$/);
  });

  it("keeps columns that are not flexible whole, even where it gets too wide", () => {
    const columns = COLUMNS.map(({ title, value }) => ({ title, value }));
    expect(lines(LONG_ROWS, 40, columns).join("\n")).toContain("x".repeat(200));
  });

  it("is as wide with colours as without", () => {
    const inColour = table(ROWS, COLUMNS, { width: 60, ink: inColours, now: NOW }, "nothing").split("\n");
    expect(inColour[0]).toContain("\u001b[1m");
    expect(inColour.map((line) => stringWidth(line))).toEqual(lines(ROWS, 60).map((line) => stringWidth(line)));
  });

  it("never passes on what a terminal would obey, or a line break", () => {
    const rows = UNSAFE.map((character) => ({ term: `a${character}b`, definition: character, count: "1" }));
    const found = lines(rows, 200);
    expect(found).toHaveLength(UNSAFE.length + 2);
    expect(found.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("without rows says so", () => {
    expect(table([], COLUMNS, { width: 80, ink: PLAIN, now: NOW }, "no words yet")).toBe("no words yet");
  });

  it("of empty cells is still a table", () => {
    expect(lines([{ term: "", definition: "", count: "" }], 80)).toEqual([
      ...[" Term  Definition  Count", "─────────────────────────", ""],
    ]);
  });
});

describe("an error", () => {
  const error = new UserNotFoundError("eve\u001b[2J@example.org", "line 1\nline 2");

  it("is one line of JSON for a program, nothing of it changed", () => {
    const line = errorJson(reportOf(error));
    expect(line).not.toMatch(/[\n\u001b]/);
    expect(JSON.parse(line)).toEqual({
      error: {
        code: "USER_NOT_FOUND",
        message: "there is no user with the email eve\u001b[2J@example.org",
        hint: "line 1\nline 2",
      },
    });
  });

  it("is message and hint for a person, its lines kept and all else made visible", () => {
    expect(errorText(reportOf(error), PLAIN)).toBe(
      "error: there is no user with the email eve\\u{1b}[2J@example.org\nhint:  line 1\nline 2",
    );
  });

  it("without a hint has null in JSON and no line in text", () => {
    const report = { code: "USAGE", message: "m", hint: null, exitCode: 1 } as const;
    expect(errorJson(report)).toBe('{"error":{"code":"USAGE","message":"m","hint":null}}');
    expect(errorText(report, PLAIN)).toBe("error: m");
  });

  it.each([new TypeError("x is undefined"), "x is undefined"])("that is none of ours is a bug: exit code 1", (bug) => {
    expect(reportOf(bug)).toEqual({
      ...{ code: "INTERNAL", message: "unexpected: x is undefined", exitCode: 1 },
      hint: expect.stringContaining("--verbose"),
    });
  });
});

describe("values", () => {
  it("timestamps are UTC to the second", () => {
    expect(timestamp(new Date("2026-11-22T12:00:00.999Z"))).toBe("2026-11-22 12:00:00Z");
    expect(timestamp(new Date("2026-11-22T12:00:00+09:00"))).toBe("2026-11-22 03:00:00Z");
    expect(timestamp(new Date("+012026-11-22T12:00:00Z"))).toBe("+012026-11-22 12:00:00Z");
    expect(timestamp(null)).toBe("–");
  });

  it("ages are told in the largest unit that they fill", () => {
    const seconds = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 100 * 86_400, 2_000 * 86_400];
    expect(seconds.map((number) => age(new Date(NOW.getTime() - number * 1000), NOW))).toEqual([
      ...["0 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d", "100 d", "2,000 d"],
    ]);
    // Of a clock that is ahead.
    expect(age(new Date(NOW.getTime() + 60_000), NOW)).toBe("0 s");
  });

  it("percentages are whole, and a dash where there is none", () => {
    expect([0, 0.004, 0.5, 0.666, 1, null].map(percent)).toEqual(["0 %", "0 %", "50 %", "67 %", "100 %", "–"]);
  });

  it("counts have the plural and thousands", () => {
    expect([0, 1, 2, 12_345].map((number) => count(number, "word"))).toEqual([
      ...["0 words", "1 word", "2 words", "12,345 words"],
    ]);
  });

  it.each([
    [0, "░░░░"],
    [0.1, "░░░░"],
    [0.5, "██░░"],
    [1, "████"],
    [1.5, "████"],
    [-1, "░░░░"],
  ])("a bar of %d in four cells is %s", (fraction, expected) => {
    expect(bar(fraction, 4)).toBe(expected);
  });

  it.each([
    [[0, 1, 50, 100], "·▁▄█"],
    [[0, 0], "··"],
    [[3], "█"],
    [[], ""],
  ])("a sparkline of %j is %s: nothing is not little", (numbers, expected) => {
    expect(sparkline(numbers)).toBe(expected);
  });

  it("facts stand in two columns, made visible", () => {
    const rows = [["Email", "ada@example.org"] as const, ["Name", "Ada\u202e\nLovelace"] as const];
    expect(facts(rows, { width: 80, ink: PLAIN, now: NOW })).toBe(
      "Email  ada@example.org\nName   Ada\\u{202e}\\u{a}Lovelace",
    );
  });
});

describe("the moving line", () => {
  function stream(isTTY: boolean) {
    const chunks: string[] = [];
    const target = Object.assign(new PassThrough(), { isTTY });
    target.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
    return { target, written: () => chunks.join("") };
  }

  it.each([
    ["without a terminal, for work that is short", false, { quiet: false, json: false }],
    ["when it is not wanted", true, { quiet: true, json: false }],
    ["when a program reads along", false, { quiet: false, json: true }],
  ])("is nothing at all %s", async (_, isTTY, options) => {
    const { target, written } = stream(isTTY);
    const display = openDisplay(target, options);
    display.update("loading");
    display.end();
    display.end();
    target.end();
    await new Promise((resolve) => target.once("end", resolve));
    expect(written()).toBe("");
  });
});
