// `npm version`, between the new number and its commit: what CHANGELOG.md has under "Unreleased" becomes that release.
import { readFileSync, writeFileSync } from "node:fs";

const HEADING = "## Unreleased\n";
const version = process.env.npm_package_version ?? "";
const text = readFileSync("CHANGELOG.md", "utf8");
const [before = "", rest] = text.split(HEADING);
const entries = rest?.split("\n## ")[0]?.trim();
if (version === "" || rest === undefined || !entries) {
  console.error('CHANGELOG.md has nothing under "## Unreleased": say first what changes for those who use it');
  process.exit(2);
}
const today = new Date().toISOString().slice(0, 10);
writeFileSync("CHANGELOG.md", `${before}${HEADING}\n## ${version} (${today})\n${rest}`);
