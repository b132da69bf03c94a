/** What the documents show of vocabdb is what it prints: `npm run docs` writes it, from the same run. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { destroyEmbedded, embeddedStatus } from "../src/core/embedded.js";
import { packageRoot } from "../src/package-root.js";
import { checkoutIn, recorded, typistAt } from "./support/recording.js";

/** In this order on one machine, so that the later ones find what the earlier ones made. */
const RECORDED = ["README.md", "docs/operations.md"];

it(`${RECORDED.join(" and ")} show what the commands print (npm run docs)`, async () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "vocabdb-docs-")));
  const server = join(home, ".local", "share", "vocabdb");
  onTestFinished(async () => {
    if (embeddedStatus(server).state !== "absent") {
      await destroyEmbedded(server, "vocabdb", false);
    }
    rmSync(home, { recursive: true, force: true });
  });
  // Root runs the server as another account, which has to get in.
  chmodSync(home, 0o711);
  checkoutIn(home);
  const type = await typistAt(home);
  for (const name of RECORDED) {
    const path = join(packageRoot, name);
    const document = readFileSync(path, "utf8");
    expect(document).toContain("```console");
    await expect(await recorded(document, type)).toMatchFileSnapshot(path);
  }
  // One after the other, which a busy machine takes its time for.
}, 180_000);

it("no other document shows a session, which nobody would try again", () => {
  const names = readdirSync(join(packageRoot, "docs")).filter((name) => name.endsWith(".md"));
  const documents = names.map((name) => `docs/${name}`);
  const sessions = documents.filter((name) => readFileSync(join(packageRoot, name), "utf8").includes("```console"));
  expect(sessions.filter((name) => !RECORDED.includes(name))).toEqual([]);
});
