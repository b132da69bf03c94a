// Emits the library's types into dist/types: what can be reached from index.d.ts, and nothing else.
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

const require = createRequire(import.meta.url);
const PRISMA = "@prisma/client/runtime/client";

/** @param {string} root the package's folder */
export function emitTypes(root) {
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.types.json"], { cwd: root, stdio: "inherit" });

  const folder = join(root, "dist/types");
  const prisma = join(folder, "prisma.d.ts");
  // Its code is part of the bundle, so the package that has its types is not there to be asked.
  copyFileSync(require.resolve(PRISMA).replace(/\.js$/, ".d.ts"), prisma);
  const reached = reachableFrom(join(folder, "index.d.ts"), prisma);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = join(folder, name);
    if (file.endsWith(".d.ts") && !reached.has(file)) {
      rmSync(file);
    }
  }
}

/**
 * Every file that the first one imports, directly or not, with Prisma's types imported from `prisma`.
 *
 * @param {string} first @param {string} prisma
 */
function reachableFrom(first, prisma) {
  const reached = new Set([first]);
  // A set goes on to what is added while it is gone through.
  for (const file of reached) {
    const path = relative(dirname(file), prisma)
      .replaceAll("\\", "/")
      .replace(/\.d\.ts$/, ".js");
    const local = path.startsWith(".") ? path : `./${path}`;
    const text = readFileSync(file, "utf8").replaceAll(`"${PRISMA}"`, `"${local}"`);
    writeFileSync(file, text);
    for (const [, specifier = ""] of text.matchAll(/(?:from |import\()["'](\.[^"']+)\.js["']/g)) {
      reached.add(join(dirname(file), `${specifier}.d.ts`));
    }
  }
  return reached;
}
