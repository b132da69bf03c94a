/** The house's rules on who may import whom, held by a test because nobody remembers them at review. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../src/package-root.js";

const SOURCE = join(packageRoot, "src");

interface Module {
  /** Relative to src, as in `core/users.ts`. */
  readonly path: string;
  readonly text: string;
  /** Modules of src it imports, in the same form. */
  readonly internal: readonly string[];
  /** Packages and Node's own modules. */
  readonly external: readonly string[];
}

function modules(): Module[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.startsWith("generated"))
    .map((path) => {
      const text = readFileSync(join(SOURCE, path), "utf8");
      const imports = [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
      const internal = imports
        .filter((name) => name.startsWith("."))
        .map((name) => relative(SOURCE, resolve(dirname(join(SOURCE, path)), name)).replace(/\.js$/, ".ts"));
      return { path, text, internal, external: imports.filter((name) => !name.startsWith(".")) };
    });
}

/** Which layer a module belongs to: its folder, or itself where it lies at the top. */
const layerOf = (path: string): string => (path.includes("/") ? (path.split("/")[0] ?? "") : path);

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: [
    ...["core", "db", "config.ts", "errors", "finding.ts", "secret.ts", "package-root.ts", "shell.ts"],
    ...["age.ts", "blocker.ts", "nearest.ts"],
  ],
  core: [
    ...["db", "config.ts", "errors", "finding.ts", "nearest.ts", "secret.ts", "package-root.ts", "shell.ts"],
    ...["blocker.ts", "excerpt.ts"],
  ],
  db: ["generated", "config.ts", "errors", "finding.ts", "nearest.ts", "secret.ts", "blocker.ts", "shell.ts"],
  "index.ts": ["core", "db", "generated", "config.ts", "errors", "finding.ts", "secret.ts", "blocker.ts"],
  "config.ts": ["env-file.ts", "near-miss.ts", "errors", "finding.ts", "secret.ts"],
  "env-file.ts": ["finding.ts", "shell.ts"],
  "near-miss.ts": ["env-file.ts"],
  errors: ["finding.ts", "shell.ts", "blocker.ts"],
  "blocker.ts": ["age.ts"],
  "age.ts": [],
  "finding.ts": [],
  "nearest.ts": [],
  "excerpt.ts": [],
  "shell.ts": [],
  "secret.ts": [],
  "package-root.ts": [],
  "webassembly.d.ts": [],
};

describe("imports", () => {
  it("go one way: cli, core, db, then configuration and errors", () => {
    const wrong = modules().flatMap(({ path, internal }) => {
      const layer = layerOf(path);
      return internal
        .filter((target) => layerOf(target) !== layer && !MAY_IMPORT[layer]?.includes(layerOf(target)))
        .map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it("are seen by this test at all", () => {
    const users = modules().find(({ path }) => path === "core/users.ts");
    expect(users?.internal).toContain("db/database.ts");
    expect(users?.external).toEqual([]);
    expect(modules().length).toBeGreaterThan(40);
  });

  it("never join two nouns: each has a file, and a folder of its own for what does not fit in", () => {
    const commands = modules().filter(({ path }) => path.startsWith("cli/commands/"));
    expect(commands.length).toBeGreaterThan(4);
    const nounOf = (path: string): string => path.split(/[/.]/)[2] ?? "";
    for (const { path, internal } of commands) {
      const others = internal.filter((target) => target.startsWith("cli/commands/") && nounOf(target) !== nounOf(path));
      expect(others, path).toEqual([]);
    }
  });

  it("of drivers and Prisma's adapters stay in db; elsewhere only their types", () => {
    for (const { path, text } of modules().filter(({ path }) => !path.startsWith("db/"))) {
      const values = [...text.matchAll(/^import (?!type )[^;]*from "(pg|pg-copy-streams|@prisma\/[^"]+)"/gm)];
      expect(
        values.map((match) => match[1]),
        path,
      ).toEqual([]);
    }
  });

  it("of anything but Node are not in the way of --version and the first page of help", () => {
    const frontPage = readFileSync(join(packageRoot, "dist", "front-page.cjs"), "utf8");
    const required = [...frontPage.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name);
    expect(required.sort()).toEqual(["node:fs", "node:path"]);
    expect(frontPage.length).toBeLessThan(20_000);
  });

  it("of zod, Prisma and the driver are not in the way of other help", () => {
    const entry = readFileSync(join(packageRoot, "dist", "cli.js"), "utf8");
    const loaded = new Set<string>();
    const follow = (file: string, text: string): void => {
      for (const [, name = ""] of text.matchAll(/^import\s?(?:[^"(]*from\s?)?"(\.[^"]+)"/gm)) {
        const path = join(dirname(file), name);
        if (!loaded.has(path)) {
          loaded.add(path);
          follow(path, readFileSync(path, "utf8"));
        }
      }
    };
    const file = join(packageRoot, "dist", "cli.js");
    follow(file, entry);
    const bytes = [...loaded].map((path) => readFileSync(path, "utf8")).join("") + entry;
    expect(bytes).not.toContain("PrismaClientKnownRequestError");
    expect(bytes).not.toContain("SCRAM-SERVER-FIRST-MESSAGE");
  });
});

it("Prisma is not loaded before a command asks for it", () => {
  const known = new Map(modules().map((module) => [module.path, module]));
  /** What is loaded with it at once: types are erased, and import() waits until it is called. */
  const loaded = (path: string, seen = new Set<string>()): Set<string> => {
    seen.add(path);
    const { text = "", internal = [] } = known.get(path) ?? {};
    const atOnce = [...text.matchAll(/^import (?!type )[^;]*from "(\.[^"]+)"/gm)].map(([, name = ""]) =>
      join(dirname(path), name).replace(/\.js$/, ".ts"),
    );
    for (const next of internal.filter((each) => atOnce.includes(each) && !seen.has(each))) {
      loaded(next, seen);
    }
    return seen;
  };
  const nouns = [...known.keys()].filter((path) => /^cli\/commands\/[^/]+$/.test(path));
  expect(nouns.length).toBeGreaterThan(4);
  for (const noun of nouns) {
    const unwanted = [...loaded(noun)].filter((path) => /^generated\/|^db\/(database|engine-adapter)\.ts$/.test(path));
    expect(unwanted, noun).toEqual([]);
  }
  expect(loaded("index.ts")).toContain("db/database.ts");
});

it("nothing is printed that has not been made visible", () => {
  const SAFE =
    /printable\(|drawn\(|visible(?:Lines)?\b|errorJson|annotations\(|jsonText\(|printed\.|latest|held|\.write\("",/;
  const writes = modules()
    .filter(({ path }) => path.startsWith("cli/"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/^.*\b(?:stdout|stderr|stream|terminal)\.write\(.*$/gm)].map(([line]) => ({ path, line })),
    );
  expect(writes.length).toBeGreaterThan(8);
  expect(writes.filter(({ line }) => !SAFE.test(line))).toEqual([]);
});

it("colours have a meaning, which one place gives them", () => {
  const painting = modules().filter(({ external }) => external.includes("chalk"));
  expect(painting.map(({ path }) => path).sort()).toEqual(["cli/render/ink.ts", "cli/run.ts"]);
});

it("only the edge knows the process", () => {
  for (const { path, text } of modules().filter(({ path }) => path !== "cli/main.ts")) {
    expect(text, path).not.toMatch(/process\.(exit|argv|exitCode|stdout|stdin)\b|\bconsole\./);
  }
});

it("every source file keeps to a size that can be read at once", () => {
  const long = modules()
    .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
    .filter(({ lines }) => lines > 300);
  expect(long).toEqual([]);
});
