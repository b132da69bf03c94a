// Generates the Prisma client into src/generated.
//
// Every `prisma` command first downloads a native schema engine, which `generate` never runs. With
// PRISMA_SCHEMA_ENGINE_BINARY set to a file that exists (Node itself will do) nothing is downloaded,
// so this works with no network at all. Only `generate` may be run that way: `prisma migrate` would
// report success without having done anything.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const prisma = createRequire(import.meta.url).resolve("prisma/build/index.js");

rmSync(join(root, "src/generated"), { recursive: true, force: true });
execFileSync(process.execPath, [prisma, "generate", "--schema", "prisma/schema.prisma", "--no-hints"], {
  cwd: root,
  stdio: ["ignore", "ignore", "pipe"],
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: "1",
  },
});
