// The pictures of docs/images: a report of the demo's users and of a class that is made up here, in Chromium.
// Uses a home and a server of its own. Look at what `npm run screenshots` made before it is committed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = dirname(import.meta.dirname);
const images = join(root, "docs", "images");
const home = mkdtempSync(join(tmpdir(), "vocabdb-screenshots-"));
const { DATABASE_URL: _url, DIRECT_URL: _direct, ...env } = process.env;

const CLASS = [
  ...["Amara Okafor", "Ben Fischer", "Chiara Rossi", "Dmitri Volkov", "Elif Yılmaz", "Fatima Al-Sayed"],
  ...["Grace Kim", "Hugo Moreau", "Ines Duarte", "Jonas Lindqvist", "Leila Haddad", "Mateo Vargas"],
  ...["Nadia Kowalska", "Oscar Nilsen", "Priya Raman", "Quentin Blanc", "Rosa Jiménez", "Sami Korhonen"],
];
/** A machine without a desktop has no font that anybody has chosen: Debian's fonts-inter, where it is installed. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit>
  </match>
</fontconfig>
`;
const WEEKS = 12;
const WORDS_OF_LEVEL = 45;

/** @param {string[]} args @returns {string} */
function vocabdb(...args) {
  const { status, stdout, error } = spawnSync(process.execPath, [join(root, "bin", "vocabdb.js"), ...args], {
    cwd: home,
    env: { ...env, VOCABDB_HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) {
    throw error ?? new Error(`\`vocabdb ${args.join(" ")}\` ended with exit code ${status}`);
  }
  return stdout;
}

/** Numbers from 0 to 1, the same with each run. */
function* chances() {
  for (let state = 20261125; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Who is more eager knows more; of late everybody was. @returns {string} */
function progressOfClass() {
  const words = ["HSK1", "HSK2", "HSK3"].flatMap((level) => {
    const listed = JSON.parse(
      vocabdb("word", "list", "--language", "zh", "--level", level, "--limit", "1000", "--json"),
    );
    return listed.words.slice(0, WORDS_OF_LEVEL);
  });
  const chance = chances();
  const next = () => chance.next().value ?? 0;
  const now = Date.now();
  const day = 24 * 60 * 60 * 1000;
  const lines = [
    "email,language,term,reading,sense,study_count,correct_count,confidence,last_studied_at,next_review_at",
  ];
  for (const name of CLASS) {
    const eager = 0.25 + 0.75 * next();
    for (const [index, { language, term, reading, sense }] of words.entries()) {
      if (next() > eager * (1.25 - index / words.length)) {
        continue;
      }
      const isStudied = next() < 0.9;
      const studied = isStudied ? 1 + Math.floor(next() * 6 * eager) : 0;
      const correct = Math.round(studied * Math.min(1, 0.55 + 0.45 * eager * next() + 0.1));
      const confidence = studied === 0 ? 0 : Math.min(1, 0.3 + 0.12 * studied + 0.25 * next());
      const last = isStudied ? new Date(now - next() ** 1.6 * WEEKS * 7 * day).toISOString() : "";
      const due = new Date(now + (next() * 16 - 4) * day).toISOString();
      const key = [emailOf(name), language, term, reading, sense];
      lines.push([...key, studied, correct, confidence.toFixed(2), last, due].join(","));
    }
  }
  return lines.join("\n");
}

/** @param {string} name */
const emailOf = (name) => `${name.split(" ")[0]?.toLowerCase()}@example.com`;

try {
  vocabdb("db", "start");
  vocabdb("migrate");
  vocabdb("seed", "--demo");
  const users = CLASS.map((name) => `${emailOf(name)},${name}`);
  writeFileSync(join(home, "users.csv"), ["email,display_name", ...users].join("\n"));
  vocabdb("user", "import", "--file", "users.csv");
  writeFileSync(join(home, "progress.csv"), progressOfClass());
  vocabdb("progress", "import", "--file", "progress.csv");
  vocabdb("progress", "report", "--domain", "example.com", "--html", "report.html");
  mkdirSync(images, { recursive: true });
  writeFileSync(join(home, "fonts.conf"), FONTS);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
    env: { ...env, FONTCONFIG_FILE: join(home, "fonts.conf") },
  });
  for (const [name, width, height, colorScheme] of /** @type {const} */ ([
    ["report-desktop-light", 1280, 1100, "light"],
    ["report-phone-dark", 390, 844, "dark"],
  ])) {
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme,
      deviceScaleFactor: width < 500 ? 2 : 1,
    });
    await page.goto(pathToFileURL(join(home, "report.html")).href);
    await page.screenshot({ path: join(images, `${name}.png`) });
  }
  await browser.close();
} finally {
  vocabdb("db", "destroy", "--confirm", "vocabdb", "--quiet");
  rmSync(home, { recursive: true, force: true });
}
