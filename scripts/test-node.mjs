// `npm run test:node -- VERSION [FILE…]`: the tests, and all that they start, on another version of Node.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { otherNode } from "./other-node.mjs";

const [version = "", ...filters] = process.argv.slice(2);
if (!/^\d+(\.\d+)*$/.test(version)) {
  console.error("usage: npm run test:node -- VERSION [FILE…], such as 22, or 24 test/library.test.ts");
  process.exit(2);
}
const executables = otherNode(version);
const { status } = spawnSync(join(executables, "node"), ["node_modules/vitest/vitest.mjs", "run", ...filters], {
  env: { ...process.env, PATH: `${executables}${delimiter}${process.env.PATH}` },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
