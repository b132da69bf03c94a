/** docs/library.md: its programs compile, run, and print what stands beside them; and it names all that is public. */
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import { expect } from "vitest";
import { packageRoot } from "../src/package-root.js";
import { startProcess } from "./support/cli.js";
import { consumer } from "./support/consumer.js";
import { it } from "./support/database.js";

const page = readFileSync(join(packageRoot, "docs", "library.md"), "utf8");

/** By file name: what its first line calls it, else its number. */
const programs = new Map(
  [page, readFileSync(join(packageRoot, "README.md"), "utf8")]
    .flatMap((text) => [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)])
    .map(([, code = ""], index) => [/^\/\/ (\w+)\.ts\n/.exec(code)?.[1] ?? `program${index + 1}`, code] as const),
);

/** A backend's folder, with what this page tells it to install. */
function backend(files: Readonly<Record<string, string>>): string {
  const folder = consumer(files);
  for (const name of ["@types", "@node-rs"]) {
    symlinkSync(join(packageRoot, "node_modules", name), join(folder, "node_modules", name), "junction");
  }
  return folder;
}

const asJavaScript = (code: string): string => transformSync(code, { loader: "ts", format: "esm" }).code;

it("its programs compile, and those of the README", async () => {
  expect(programs.size).toBeGreaterThan(10);
  const compilerOptions = {
    ...{ strict: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true },
    ...{ module: "NodeNext", target: "ES2023", types: ["node"] },
  };
  const files = Object.fromEntries([...programs].map(([name, code]) => [`${name}.ts`, code]));
  const folder = backend({ ...files, "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }) });
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const output = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
  expect(output).toBe("");
});

it("its programs print what stands beside them", async ({ db }) => {
  await db.query(`INSERT INTO vocabulary_words (language, term, reading, definition)
                  VALUES ('zh', '学生', 'xuésheng', 'student'), ('zh', '谢谢', 'xièxie', 'thanks')`);
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  const numbered = [...programs].filter(([name]) => name.startsWith("program"));
  const folder = backend({
    ...Object.fromEntries(numbered.map(([name, code]) => [`${name}.js`, asJavaScript(code)])),
    "main.js": numbered.map(([name]) => `await import("./${name}.js");\n`).join(""),
  });
  const env = { PATH: process.env.PATH, DATABASE_URL: db.url, HOME: folder };
  const { ended, said } = startProcess(process.execPath, ["main.js"], { cwd: folder, env });
  expect(await ended, said.stderr).toBe(0);
  const promised = numbered.flatMap(([, code]) => [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => line));
  expect(promised.length).toBeGreaterThan(10);
  expect(said.stdout.trimEnd().split("\n")).toEqual(promised);
});

it("its server answers, and ends when it is told to", async ({ db }) => {
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  const folder = backend({ "main.js": asJavaScript(programs.get("server") ?? "") });
  const env = { PATH: process.env.PATH, DATABASE_URL: db.url, HOME: folder, PORT: "0" };
  const { child, ended, said } = startProcess(process.execPath, ["main.js"], { cwd: folder, env });
  await expect.poll(() => said.stdout, { timeout: 30_000 }).toMatch(/listening on \d+\n/);
  const origin = `http://127.0.0.1:${/\d+/.exec(said.stdout)?.[0]}`;
  const get = async (path: string) => {
    const response = await fetch(origin + path);
    return [response.status, await response.json()];
  };
  expect(await get("/health")).toEqual([200, { ok: true }]);
  expect(await get("/progress/ada@example.org")).toMatchObject([200, { words: 0 }]);
  expect(await get("/progress/bob@example.org")).toEqual([404, { error: "USER_NOT_FOUND" }]);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});

it("its handler for functions answers one request after the other", async ({ db }) => {
  await db.query("INSERT INTO users (email) VALUES ('ada@example.org')");
  const folder = backend({
    "handler.js": asJavaScript(programs.get("handler") ?? ""),
    "main.js": `import { handler } from "./handler.js";
      const event = { email: "ada@example.org" };
      console.log((await handler(event)).statusCode, (await handler(event)).statusCode);`,
  });
  const url = `${db.url}${db.url.includes("?") ? "&" : "?"}connection_limit=1`;
  const env = { PATH: process.env.PATH, DATABASE_URL: url, HOME: folder };
  const { ended, said } = startProcess(process.execPath, ["main.js"], { cwd: folder, env });
  expect(await ended, said.stderr).toBe(0);
  expect(said.stdout).toBe("200 200\n");
});

it("names everything that the package exports", async () => {
  const library: object = await import(pathToFileURL(join(packageRoot, "dist", "index.js")).href);
  const names = Object.keys(library);
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
