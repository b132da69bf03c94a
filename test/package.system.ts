/** The package as it is published: packed, installed in a folder of its own, and run on every Node that it is for. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registry } from "../src/cli/registry.js";
import { packageRoot, packageVersion } from "../src/package-root.js";

const execute = promisify(execFile);

/** Nothing of this project is above it, it has a space in its name, and who runs the embedded server for root can reach it. */
const folder = mkdtempSync(join(tmpdir(), "vocabdb package "));
chmodSync(folder, 0o755);
const project = join(folder, "project");
mkdirSync(project);
const tarball = join(folder, `vocabdb-${packageVersion()}.tgz`);

/** As a backend uses it, and as one does that still uses require, which every supported Node lets it. */
const LIBRARY_SCRIPT = `
  import { createRequire } from "node:module";
  import { openDatabase } from "vocabdb";
  const required = createRequire(import.meta.url)("vocabdb");
  const { prisma, close } = await openDatabase();
  console.log(JSON.stringify({ users: (await prisma.user.count()) > 0, isSame: required.openDatabase === openDatabase }));
  await close();`;

beforeAll(async () => {
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await execute("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: packageRoot });
  const quick = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await execute("npm", ["install", ...quick, tarball], { cwd: project });
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs programs as a shell would that has the Node of a folder before all others. */
function shell(node: string, home: string) {
  const links = join(home, "bin");
  mkdirSync(links, { recursive: true });
  // As `npm install --global` makes it: a link to a link.
  symlinkSync(join(project, "node_modules", ".bin", "vocabdb"), join(links, "vocabdb"));
  const env = { PATH: [links, node, process.env.PATH].join(delimiter), HOME: home, VOCABDB_HOME: join(home, "data") };
  return async (program: string, args: readonly string[], cwd = home): Promise<string> =>
    (await execute(program, args, { cwd, env })).stdout;
}

async function nodeOf(version: string): Promise<string> {
  if (version === "this one") {
    return dirname(process.execPath);
  }
  const script = pathToFileURL(join(packageRoot, "scripts", "other-node.mjs")).href;
  const { otherNode } = (await import(script)) as { otherNode: (version: string) => string };
  return otherNode(version);
}

describe.each(["this one", "22", "24"])("on Node: %s", (version) => {
  let run: ReturnType<typeof shell>;

  beforeAll(async () => {
    const home = join(folder, `home of ${version}`);
    mkdirSync(home);
    run = shell(await nodeOf(version), home);
  }, 300_000);

  afterAll(() => run("vocabdb", ["db", "destroy", "--confirm", "vocabdb", "--quiet"]));

  it("tells its version and the help of every noun", async () => {
    if (version !== "this one") {
      expect(await run("node", ["--version"])).toMatch(`v${version}.`);
    }
    expect(await run("vocabdb", ["--version"])).toBe(`${packageVersion()}\n`);
    for (const noun of Object.keys(registry)) {
      expect(await run("vocabdb", [noun, "--help"])).toContain(`vocabdb ${noun}`);
    }
  });

  it("does the main job on the embedded server, which the library finds as well", async () => {
    const vocabdb = async (line: string) => JSON.parse(await run("vocabdb", [...line.split(" "), "--quiet", "--json"]));
    expect(await vocabdb("db start")).toMatchObject({ state: "running" });
    expect((await vocabdb("migrate")).applied).not.toEqual([]);
    expect((await vocabdb("migrate status")).state).toBe("up-to-date");
    expect((await vocabdb("seed --demo")).total).toMatchObject({ rejected: 0 });
    const created = await run(
      "vocabdb",
      ["user", "create", "grace@example.com", "--generate-password", "--json"],
      project,
    );
    expect(JSON.parse(created)).toMatchObject({ changed: true });
    expect((await vocabdb("user show grace@example.com")).user.email).toBe("grace@example.com");
    expect((await vocabdb("user delete grace@example.com")).changed).toBe(true);
    expect((await vocabdb("user restore grace@example.com")).changed).toBe(true);
    expect((await vocabdb("progress show ada@example.com")).summary.studied).toBeGreaterThan(0);
    expect((await vocabdb("word search xuesheng")).words.length).toBeGreaterThan(0);
    expect((await vocabdb("db doctor --fail-on error")).passed).toContain("schema.drift");

    writeFileSync(join(project, "library.js"), LIBRARY_SCRIPT);
    expect(JSON.parse(await run("node", ["library.js"], project))).toEqual({ users: true, isSame: true });
  });
});

it("npx runs it in the folder where it is installed", async () => {
  const { stdout } = await execute("npx", ["--no-install", "vocabdb", "--version"], { cwd: project });
  expect(stdout).toBe(`${packageVersion()}\n`);
});

describe("types", () => {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  writeFileSync(
    join(project, "main.ts"),
    `import { openDatabase, Prisma, type User, type VocabularyWord } from "vocabdb";
     const { prisma, pool, close } = await openDatabase({ url: "postgresql://a@b/c" });
     const words: VocabularyWord[] = await prisma.vocabularyWord.findMany({ where: { language: "zh" } });
     const isKnown = (error: unknown): boolean => error instanceof Prisma.PrismaClientKnownRequestError;
     const user: User | null = await prisma.user.findUnique({ where: { email: "a@b.c" } });
     const { rows } = await pool.query<{ one: number }>("SELECT 1 AS one");
     const one: number | undefined = rows[0]?.one;
     // @ts-expect-error
     await prisma.user.findMany({ where: { nickname: "x" } });
     await close();
     export { isKnown, one, user, words };`,
  );

  it.each([
    ["nodenext", "nodenext"],
    ["bundler", "esnext"],
  ])("are found and strict with moduleResolution %s", async (moduleResolution, module) => {
    const config = join(project, `tsconfig.${moduleResolution}.json`);
    const compilerOptions = { strict: true, moduleResolution, module, target: "es2023", noEmit: true, types: [] };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ["main.ts"] }));
    const output = await execute(process.execPath, [tsc, "-p", config]).then(
      () => "",
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(output).toBe("");
  });

  it("are right for every way of importing an ES module", async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
    const problems = result.types ? result.problems : expect.unreachable("no types are found");
    // The package is an ES module alone: what reads no exports cannot find it, and from CommonJS it is required or imported.
    const asEsModule = problems.filter(
      (problem) => !("resolutionKind" in problem && ["node10", "node16-cjs"].includes(problem.resolutionKind)),
    );
    expect(asEsModule).toEqual([]);
  });
});

it("publint has nothing to say", async () => {
  const { messages } = await publint({ pkgDir: join(project, "node_modules", "vocabdb"), pack: false, strict: true });
  expect(messages).toEqual([]);
});
