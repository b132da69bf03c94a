// `npm run bench -- NAME`: runs bench/NAME.mjs.
import { existsSync } from "node:fs";
import { join } from "node:path";

const name = process.argv[2] ?? "";
const file = join(import.meta.dirname, `${name}.mjs`);
if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
  console.error("usage: npm run bench -- seed [ROWS] | parse [ROWS] | scale [FRACTION] | cli [RUNS]");
  process.exit(2);
}
await import(file);
