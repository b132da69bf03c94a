// The licences of the packages that stand in dist/, each of which asks that its notice goes wherever it goes.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @param {string} root the package's folder, as the paths of the metafiles have it
 * @param {import("esbuild").Metafile[]} metafiles of all bundles
 * @param {string} file to be written
 */
export function writeNotices(root, metafiles, file) {
  const folders = new Set(
    metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path) ?? []),
  );
  const notices = [...folders].sort().map((folder) => noticeOf(join(root, folder)));
  const introduction = "vocabdb holds parts of these packages.\n";
  writeFileSync(file, [introduction, ...notices].join(`\n${"-".repeat(80)}\n\n`));
}

/** @param {string} folder of an installed package */
function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((entry) => /^(licen[cs]e|notice)\b/i.test(entry))
    .map((entry) => readFileSync(join(folder, entry), "utf8").trim());
  const text = texts.length > 0 ? texts.join("\n\n") : sectionOfReadme(folder);
  if (!text) {
    throw new Error(`${name} comes without a licence text: it cannot be part of dist/`);
  }
  return `${name}@${version} (${license})\n\n${text.replaceAll("\r\n", "\n")}\n`;
}

/** Where some have their licence, and no file of its own. @param {string} folder */
function sectionOfReadme(folder) {
  const readme = readFileSync(join(folder, "README.md"), "utf8");
  return /^#+ licen[cs]e\s+(.+)/ims.exec(readme)?.[1]?.trim();
}
