import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder of the installed package, which holds `prisma/migrations` and `data`. Found by walking
 * up, because this code runs from `src` in the tests and from a bundle in `dist` everywhere else.
 */
export const packageRoot: string = findPackageRoot(import.meta.dirname);

export function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  return manifest.version;
}

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "prisma", "migrations"))) {
      return folder;
    }
    if (dirname(folder) === folder) {
      throw new Error(`no package root above ${from}: the installation is incomplete`);
    }
  }
}
