/** The page of a report: what is from data is text in it, and what it may do is what was written here. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type AboutReport, reportPage } from "../../src/cli/commands/progress/report-page.js";
import { html, isolated } from "../../src/cli/render/page/markup.js";
import { DARK, LIGHT, type Palette } from "../../src/cli/render/page/palette.js";
import type { ProgressReport, UserProgress } from "../../src/core/progress-report.js";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>\u202e\u001b[2J&amp;`;
const SHOWN =
  "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#60;img src=x onerror=&#39;alert(2)&#39;&#62;\\u{202e}\\u{1b}[2J&#38;amp;";

const COUNTS = { words: 4, studied: 3, mastered: 1, learning: 2, due: 2, reviews: 8, correct: 6, accuracy: 0.75 };
const STUDIED = new Date("2026-05-31T10:00:00Z");
const USER: UserProgress = {
  ...{ email: "ada@example.org", displayName: HOSTILE, ...COUNTS },
  ...{ lastActivity: STUDIED, weeklyWords: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2] },
};
const REPORT: ProgressReport = {
  report: { by: "all", since: null, recentWeeks: null },
  total: { users: 1, activeUsers: 1, ...COUNTS, lastActivity: STUDIED },
  users: [USER],
  levels: [{ key: HOSTILE, activeUsers: 1, ...COUNTS }],
  weeks: [
    { week: "2026-05-25", words: 1, activeUsers: 1 },
    { week: "2026-06-01", words: 2, activeUsers: 1 },
  ],
  notFound: [],
};
const ABOUT: AboutReport = {
  ...{ scope: "all users", now: new Date("2026-06-01T12:00:00Z"), database: "words at db.example.org:5432" },
  ...{ command: "vocabdb progress report --html report.html", sort: "email" },
};

const pageOf = (report: Partial<ProgressReport> = {}, about: Partial<AboutReport> = {}): string =>
  [...reportPage({ ...REPORT, ...report }, { ...ABOUT, ...about })].join("");

describe("the page", () => {
  it("has every text from outside as text, with a direction of its own", () => {
    const page = pageOf({ notFound: [HOSTILE] }, { scope: HOSTILE, database: HOSTILE, command: HOSTILE });
    expect(page.split(SHOWN)).toHaveLength(8);
    expect(page.split(`<bdi>${SHOWN}</bdi>`)).toHaveLength(7);
    expect(page).toContain(`<title>Progress of ${SHOWN}, 2026-06-01</title>`);
    expect(page).not.toContain("<img");
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/[\u001b\u202e]/);
  });

  it("lets one style and one script through, and nothing from elsewhere", () => {
    const page = pageOf({ users: [{ ...USER, displayName: "Ada" }], levels: [] });
    const hashOf = (text = ""): string => createHash("sha256").update(text).digest("base64");
    const [, style] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? [];
    const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    expect(policy.replaceAll("&#39;", "'")).toBe(
      `default-src 'none'; style-src 'sha256-${hashOf(style)}'; script-src 'sha256-${hashOf(script)}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page).not.toMatch(/https?:|url\(|@import| style=| on\w+=/);
  });

  it("says which users it lists, where it does not list all", () => {
    expect(pageOf()).not.toContain("The first");
    const page = pageOf({ total: { ...REPORT.total, users: 12_345 } }, { sort: "last-activity" });
    expect(page).toContain("The first 1 of 12,345, by last activity.");
    expect(page.match(/<th [^>]*aria-sort="descending"/g)).toHaveLength(1);
  });

  it("shows no more weeks than have room, and says so", () => {
    const weeks = Array.from({ length: 300 }, (_, n) => ({ week: `w${n}`, words: n, activeUsers: 1 }));
    const page = pageOf({ weeks });
    expect(page.match(/<li/g)).toHaveLength(104);
    expect(page).toContain("The last 104 of 300 weeks.");
    expect(page).toContain("Week of w299: 299 words, 1 active user");
  });

  it("of nobody is a page too", () => {
    const nothing = { words: 0, studied: 0, mastered: 0, learning: 0, due: 0, reviews: 0, correct: 0, accuracy: null };
    const total = { users: 0, activeUsers: 0, ...nothing, lastActivity: null };
    const page = pageOf({ total, users: [], levels: [], weeks: [] });
    expect(page.split("<script>")[0]).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(page.match(/None\./g)).toHaveLength(2);
  });
});

it("markup is not escaped twice, and a list of it stays markup", () => {
  expect(html`<p title="${'"'}">${[isolated("<b>"), " & ", 1, null]}</p>`.text).toBe(
    '<p title="&#34;"><bdi>&#60;b&#62;</bdi> &#38; 1</p>',
  );
});

it.each([
  ["light", LIGHT],
  ["dark", DARK],
] as const)("colours can be told from the ground, %s", (_, palette) => {
  const texts: (keyof Palette)[] = ["ink", "soft", "link"];
  const pictures: (keyof Palette)[] = ["mastered", "learning", "rest", "activity"];
  for (const ground of [palette.page, palette.card]) {
    expect(Math.min(...texts.map((name) => contrast(palette[name], ground)))).toBeGreaterThan(4.5);
  }
  expect(Math.min(...pictures.map((name) => contrast(palette[name], palette.card)))).toBeGreaterThan(3);
});

/** As WCAG 2.2 defines it. */
function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[0-9a-f]{2}/g) ?? []).map((part) => {
    const share = Number.parseInt(part, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
