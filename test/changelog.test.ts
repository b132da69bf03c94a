/** Versions and what is said of them belong together. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot, packageVersion } from "../src/package-root.js";
import { folderWith } from "./support/cli.js";

it("the newest release of CHANGELOG.md is the version of the package", () => {
  const [newest] = readFileSync(join(packageRoot, "CHANGELOG.md"), "utf8").match(/(?<=^## )\d\S*/m) ?? [];
  expect(newest).toBe(packageVersion());
});

describe("npm version", () => {
  const release = (changelog: string) => {
    const cwd = folderWith({ "CHANGELOG.md": changelog });
    const env = { PATH: process.env.PATH, npm_package_version: "1.3.0" };
    const { status } = spawnSync(process.execPath, [join(packageRoot, "scripts", "changelog.mjs")], { cwd, env });
    return { status, text: readFileSync(join(cwd, "CHANGELOG.md"), "utf8") };
  };

  it("makes a release of what is unreleased", () => {
    const { status, text } = release("# Changes\n\n## Unreleased\n\n- New.\n\n## 1.2.0 (2026-01-01)\n\n- Old.\n");
    expect(status).toBe(0);
    expect(text.replace(/1\.3\.0 \(\d{4}-\d\d-\d\d\)/, "1.3.0 (today)")).toBe(
      "# Changes\n\n## Unreleased\n\n## 1.3.0 (today)\n\n- New.\n\n## 1.2.0 (2026-01-01)\n\n- Old.\n",
    );
  });

  it.each([
    "# Changes\n\n## Unreleased\n\n## 1.2.0 (2026-01-01)\n\n- Old.\n",
    "# Changes\n\n## 1.2.0 (2026-01-01)\n\n- Old.\n",
  ])("refuses one of which nothing is said", (changelog) => {
    expect(release(changelog)).toEqual({ status: 2, text: changelog });
  });
});
