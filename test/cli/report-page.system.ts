/** The page of `progress report --html` in Chromium: on a phone and on a desk, in light and in the dark, and on paper. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { inChromium } from "../support/chromium.js";
import { temporaryFolder, vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const HOSTILE = `"><script>document.title='taken'</script><img src=https://evil.example/x onerror="document.title='taken'">\u202e`;

/** Ninety users, one with a name that would like to be markup, one with the longest names that there are. */
async function writePage(db: TestDatabase): Promise<string> {
  await db.query(
    "INSERT INTO users (email, display_name) SELECT 'u' || n || '@x.org', 'U ' || n FROM generate_series(1, 88) AS n",
  );
  await db.query("INSERT INTO users (email, display_name) VALUES ('zoe@x.org', $1), ($2, $3)", [
    HOSTILE,
    `${"a".repeat(64)}@${"b".repeat(60)}.${"c".repeat(60)}.org`,
    "W".repeat(200),
  ]);
  await db.query(
    `INSERT INTO vocabulary_words (language, term, definition, level)
     SELECT 'de', 'Wort ' || n, 'word', CASE WHEN n % 3 = 0 THEN $1 ELSE 'A' || n % 3 END FROM generate_series(1, 30) AS n`,
    ["</bdi><img src=x>"],
  );
  await db.query(`INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at)
    SELECT u.id, w.id, 4, 3, 0.9, now() - u.n * interval '1 day'
      FROM (SELECT id, row_number() OVER (ORDER BY email) AS n FROM users) AS u,
           (SELECT id, row_number() OVER (ORDER BY id) AS n FROM vocabulary_words) AS w WHERE w.n <= u.n`);
  const cwd = temporaryFolder();
  const { exitCode, stderr } = await vocabdb(["progress", "report", "--html", "report.html"], { url: db.url, cwd });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return pathToFileURL(join(cwd, "report.html")).href;
}

/** Opens it and gives what it asked of anybody, and what the browser had to say. */
async function opened<T>(url: string, options: BrowserContextOptions, look: (page: Page) => Promise<T>): Promise<T> {
  return inChromium(async (page) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("dialog", (dialog) => said.push(dialog.message()));
    await page.goto(url);
    const result = await look(page);
    expect({ asked, said }).toEqual({ asked: [url], said: [] });
    return result;
  }, options);
}

describe("the page of a report", { timeout: 180_000 }, () => {
  it("fits a phone and a desk, in light and in the dark, and runs nothing from data", async ({ db }) => {
    const url = await writePage(db);
    for (const width of [390, 1280]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await opened(url, { viewport: { width, height: 844 }, colorScheme }, async (page) => {
          expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
          expect(await page.title()).toMatch(/^Progress of all users, \d{4}-\d\d-\d\d$/);
          expect(await page.locator("img").count()).toBe(0);
          const hostile = page.getByRole("cell", { name: "document.title='taken'" });
          expect(await hostile.textContent()).toBe(HOSTILE.replace("\u202e", "\\u{202e}"));
          expect(await page.getByRole("rowheader").count()).toBe(90 + 3);
          const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
          expect(ground).toBe(colorScheme === "dark" ? "rgb(15, 19, 23)" : "rgb(244, 245, 247)");
        });
      }
    }
  });

  it("is sorted by the head that is pressed, by mouse and by key", async ({ db }) => {
    const url = await writePage(db);
    await opened(url, {}, async (page) => {
      const users = page.getByRole("table").nth(1);
      const first = () => users.getByRole("rowheader").first().textContent();
      const head = users.getByRole("columnheader", { name: "Words" });
      expect(await first()).toMatch(/^a{64}@/);
      await head.getByRole("button").click();
      expect([await head.getAttribute("aria-sort"), await first()]).toEqual([
        "descending",
        expect.stringMatching(/^u/),
      ]);
      await head.getByRole("button").focus();
      await page.keyboard.press("Enter");
      expect([await head.getAttribute("aria-sort"), await first()]).toEqual([
        "ascending",
        expect.stringMatching(/^a{64}@/),
      ]);
      await users.getByRole("button", { name: "Email" }).click();
      await users.getByRole("button", { name: "Email" }).click();
      expect(await first()).toBe("zoe@x.org");
      expect(await users.locator("[aria-sort]").count()).toBe(1);
    });
  });

  it("can be read without scripts, and has headings, captions and names for what is drawn", async ({ db }) => {
    const url = await writePage(db);
    await opened(url, { javaScriptEnabled: false }, async (page) => {
      expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Progress report");
      expect(await page.getByRole("heading", { level: 2 }).allTextContents()).toEqual([
        ...["Words by week", "How well the words are known", "Levels", "Users"],
      ]);
      expect(await page.getByRole("button").count()).toBe(0);
      expect(await page.getByRole("listitem").first().textContent()).toMatch(
        /Week of \d{4}-\d\d-\d\d: \d+ words, \d+ active user/,
      );
      expect(await page.getByRole("img").first().getAttribute("aria-label")).toMatch(/^\d+(, \d+){11}$/);
      expect(await page.getByRole("row").filter({ hasText: "u88@x.org" }).isVisible()).toBe(true);
    });
  });

  it("is printed with the heads of its tables on every page, and light", async ({ db }) => {
    const url = await writePage(db);
    const path = join(temporaryFolder(), "report.pdf");
    await opened(url, { colorScheme: "dark" }, async (page) => {
      await page.pdf({ path, format: "A4" });
      await page.emulateMedia({ media: "print" });
      expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(27, 34, 44)");
    });
    const pages = execFileSync("pdftotext", ["-layout", path, "-"], { encoding: "utf8" }).split("\f").slice(0, -1);
    const withUsers = pages.filter((text) => /u\d+@/.test(text));
    expect(withUsers.length).toBeGreaterThan(1);
    expect(withUsers.filter((text) => !/Email.*Last activity/.test(text))).toEqual([]);
  });
});
