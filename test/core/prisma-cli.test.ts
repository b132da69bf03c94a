/** Where Prisma's command line is looked for, among packages that only say what they are. */
import { chmodSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPrisma } from "../../src/core/prisma-cli.js";
import { folderWith, temporaryFolder } from "../support/cli.js";

/** A folder in which this version is installed. */
function withPrisma(version: string, name = "prisma"): string {
  const manifest = JSON.stringify({ name, version, bin: { prisma: "build/index.js" } });
  const folder = folderWith({
    "node_modules/prisma/package.json": manifest,
    "node_modules/prisma/build/index.js": "",
  });
  return realpathSync(folder);
}

const scriptIn = (folder: string): string => join(folder, "node_modules", "prisma", "build", "index.js");

describe("findPrisma", () => {
  it("takes that of the project, or of a folder above it, before that beside vocabdb", () => {
    const project = withPrisma("7.12.0");
    const inside = join(project, "src");
    mkdirSync(inside);
    const own = withPrisma("7.10.0");
    expect(findPrisma(inside, {}, own)).toEqual({ version: "7.12.0", script: scriptIn(project) });
    expect(findPrisma(temporaryFolder(), {}, own)).toEqual({ version: "7.10.0", script: scriptIn(own) });
  });

  it("takes that in PATH last, through npm's link", () => {
    const installed = withPrisma("7.11.3");
    chmodSync(scriptIn(installed), 0o755);
    const bin = temporaryFolder();
    symlinkSync(scriptIn(installed), join(bin, "prisma"));
    const found = findPrisma(temporaryFolder(), { PATH: `${temporaryFolder()}:${bin}` }, temporaryFolder());
    expect(found).toEqual({ version: "7.11.3", script: scriptIn(installed) });
  });

  it("passes over those whose Studio is another one", () => {
    const own = withPrisma("7.10.0");
    for (const version of ["6.19.2", "7.9.9", "8.0.0"]) {
      expect(findPrisma(withPrisma(version), {}, own).script, version).toBe(scriptIn(own));
    }
    expect(findPrisma(withPrisma("7.12.0", "not-prisma"), {}, own).script).toBe(scriptIn(own));
  });

  it("says what to install where there is none, and what there is", () => {
    const nowhere = temporaryFolder();
    const old = withPrisma("6.19.2");
    expect(() => findPrisma(nowhere, {}, nowhere)).toThrow(
      expect.objectContaining({ code: "PROGRAM_MISSING", exitCode: 2, hint: "npm install --save-dev prisma@7" }),
    );
    expect(() => findPrisma(old, {}, nowhere)).toThrow(`found: 6.19.2 (${join(old, "node_modules", "prisma")})`);
  });
});
