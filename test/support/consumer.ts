/** Programs that use the built library as a backend would: from a package of their own, in a process of their own. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/package-root.js";
import { type Running, startProcess, temporaryFolder } from "./cli.js";

/** A folder in which `import "vocabdb"` finds this package. */
export function consumer(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageRoot, join(folder, "node_modules", "vocabdb"), "junction");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Starts a module that finds the database in DATABASE_URL. */
export function startConsumer(script: string, url: string, args: readonly string[] = []): Running {
  const folder = consumer({ "main.js": script });
  const env = { PATH: process.env.PATH, DATABASE_URL: url, HOME: folder };
  return startProcess(process.execPath, ["main.js", ...args], { cwd: folder, env });
}
